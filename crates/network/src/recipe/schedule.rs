//! How learning rates change in the course of training.

use serde::{Deserialize, Serialize};

/// A factor of all learning rates, as a function of how much of the training is done, from 0 to 1.
///
/// Of `n` steps, counted from 0, the last of the `warm_up · n` steps of warming up has factor 1 and so is step
/// `warm_up · n - 1`, but never before step 0; the last step of all has factor `last`. This is what PyTorch's
/// `OneCycleLR(total_steps=n)`, `CosineAnnealingLR(T_max=n - 1)` and `LinearLR(total_iters=n - 1)` make of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// 1 throughout. With braces, since serde takes any field for a variant without.
    Constant {},
    /// 1 at first, multiplied by `factor` at each of these shares of the training, to the nearest step: PyTorch's
    /// `MultiStepLR`.
    Steps {
        /// Ascending shares of the training.
        at: Vec<f64>,
        /// What each brings.
        factor: f64,
    },
    /// A straight line from 0 up to 1 over `warm_up`, then half a cosine down to `last` (Loshchilov and Hutter, 2017).
    Cosine {
        /// Share of the training.
        #[serde(default)]
        warm_up: f64,
        /// Where it ends.
        #[serde(default)]
        last: f64,
    },
    /// Half a cosine from `first` up to 1 over `warm_up`, then half a cosine down to `last` (Smith and Topin, 2019).
    OneCycle {
        /// Share of the training.
        #[serde(default = "one_cycle_warm_up")]
        warm_up: f64,
        /// Where it begins.
        #[serde(default = "one_cycle_first")]
        first: f64,
        /// Where it ends.
        #[serde(default = "one_cycle_last")]
        last: f64,
    },
    /// A straight line from `first` up to 1 over `warm_up`, then one down to `last`.
    Linear {
        /// Share of the training.
        #[serde(default)]
        warm_up: f64,
        /// Where it begins.
        #[serde(default)]
        first: f64,
        /// Where it ends.
        #[serde(default)]
        last: f64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule::Constant {}
    }
}

/// PyTorch's defaults of `OneCycleLR`.
fn one_cycle_warm_up() -> f64 {
    0.3
}

fn one_cycle_first() -> f64 {
    1.0 / 25.0
}

fn one_cycle_last() -> f64 {
    1.0 / 25e4
}

impl Schedule {
    /// The factor of step `step` of `steps`, counted from 0.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let progress = |warm_up| Progress::new(step, steps, warm_up);
        match *self {
            Schedule::Constant {} => 1.0,
            Schedule::Steps { ref at, factor } => {
                let passed = at.iter().filter(|&&share| step as f64 >= (share * steps as f64).round());
                passed.fold(1.0, |product, _| product * factor)
            }
            Schedule::Cosine { warm_up, last } => match progress(warm_up) {
                Progress::Rising(share) => line(0.0, 1.0, share),
                Progress::Falling(share) => half_cosine(1.0, last, share),
            },
            Schedule::OneCycle { warm_up, first, last } => match progress(warm_up) {
                Progress::Rising(share) => half_cosine(first, 1.0, share),
                Progress::Falling(share) => half_cosine(1.0, last, share),
            },
            Schedule::Linear { warm_up, first, last } => match progress(warm_up) {
                Progress::Rising(share) => line(first, 1.0, share),
                Progress::Falling(share) => line(1.0, last, share),
            },
        }
    }

    /// Checks every value.
    pub(super) fn check(&self) -> Result<(), String> {
        match *self {
            Schedule::Constant {} => Ok(()),
            Schedule::Steps { ref at, factor } => {
                let inside = at.iter().all(|&share| share > 0.0 && share < 1.0);
                if !inside || !at.is_sorted_by(|before, after| before < after) {
                    return Err(format!("schedule.at is {at:?} and must be ascending numbers between 0 and 1"));
                }
                if !(factor > 0.0 && factor <= 1.0) {
                    return Err(format!("schedule.factor is {factor} and must lie in (0, 1]"));
                }
                Ok(())
            }
            Schedule::Cosine { warm_up, last } => {
                check_warm_up(warm_up)?;
                check_end("last", last)
            }
            Schedule::OneCycle { warm_up, first, last } | Schedule::Linear { warm_up, first, last } => {
                check_warm_up(warm_up)?;
                check_end("first", first)?;
                check_end("last", last)
            }
        }
    }
}

/// Where a step stands between the first step, the top and the last step: how much of its part of the way is done.
enum Progress {
    Rising(f64),
    Falling(f64),
}

impl Progress {
    fn new(step: u64, steps: u64, warm_up: f64) -> Self {
        let (step, last) = (step as f64, steps as f64 - 1.0);
        let top = (warm_up * steps as f64 - 1.0).max(0.0);
        if step < top {
            Progress::Rising(step / top)
        } else if step > top {
            Progress::Falling(((step - top) / (last - top)).clamp(0.0, 1.0))
        } else {
            Progress::Falling(0.0)
        }
    }
}

fn line(from: f64, to: f64, share: f64) -> f64 {
    from * (1.0 - share) + to * share
}

fn half_cosine(from: f64, to: f64, share: f64) -> f64 {
    line(to, from, (1.0 + (std::f64::consts::PI * share).cos()) / 2.0)
}

fn check_warm_up(warm_up: f64) -> Result<(), String> {
    if (0.0..1.0).contains(&warm_up) {
        Ok(())
    } else {
        Err(format!("schedule.warm_up is {warm_up} and must lie in [0, 1)"))
    }
}

fn check_end(name: &str, value: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(format!("schedule.{name} is {value} and must lie in [0, 1]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_training_is_too_short_or_too_long_for_a_schedule() {
        let schedules = [
            Schedule::Constant {},
            Schedule::Steps { at: vec![0.5, 0.75], factor: 0.1 },
            Schedule::Cosine { warm_up: 0.2, last: 0.0 },
            Schedule::OneCycle { warm_up: 0.3, first: 0.04, last: 4e-6 },
            Schedule::Linear { warm_up: 0.0, first: 0.5, last: 0.1 },
        ];
        for schedule in schedules {
            for steps in 0..5 {
                for step in 0..steps + 3 {
                    let factor = schedule.factor(step, steps);
                    assert!((0.0..=1.0).contains(&factor), "{schedule:?}: {factor} at {step} of {steps}");
                }
            }
        }
    }

    #[test]
    fn ends_and_top_are_met_exactly() {
        let one_cycle = Schedule::OneCycle { warm_up: 0.3, first: 0.04, last: 0.01 };
        assert_eq!([0, 29, 99, 200].map(|step| one_cycle.factor(step, 100)), [0.04, 1.0, 0.01, 0.01]);
        let cosine = Schedule::Cosine { warm_up: 0.0, last: 0.0 };
        assert_eq!([0, 50, 100].map(|step| cosine.factor(step, 101)), [1.0, 0.5, 0.0]);
        let steps = Schedule::Steps { at: vec![0.55], factor: 0.1 };
        // 0.55 · 100 is a little above 55.
        assert_eq!([54, 55].map(|step| steps.factor(step, 100)), [1.0, 0.1]);
    }
}
