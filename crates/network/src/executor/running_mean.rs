//! How the running means of batch normalisation follow the batches.

/// How much of a running mean stays with step t, counted from 0: `momentum`, but t / (t + 4) as long as that is less.
///
/// So a mean begins with the first batch's moments and not with a value that no image has, and is over about the last quarter
/// of the steps (polynomial decay, Shamir and Zhang, 2013, with η = 3), until `momentum` forgets sooner. Parameters change
/// most in the first steps: what those say of the layers behind them is soon false.
pub fn running_momentum(momentum: f32, step: u64) -> f64 {
    f64::from(momentum).min(step as f64 / (step as f64 + 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_batch_is_the_first_mean_and_momentum_takes_over() {
        let kept = [0, 1, 4, 35, 36, 37, u64::MAX].map(|step| running_momentum(0.9, step));
        let momentum = f64::from(0.9f32);
        assert_eq!(kept, [0.0, 0.2, 0.5, 35.0 / 39.0, momentum, momentum, momentum]);
        assert_eq!(running_momentum(0.0, 1000), 0.0);
    }
}
