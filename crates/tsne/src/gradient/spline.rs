//! Quintic B-splines: how a point between nodes belongs to the nodes around it.

/// Nodes that a point belongs to, in each direction.
pub(super) const ORDER: usize = 6;
/// The same filled up to whole registers; the weights beyond are zero.
pub(super) const WIDTH: usize = 8;

/// How much a point belongs to each of six nodes in a row, by how far it is beyond the third, as a share of the spacing; and
/// how fast that changes, for a step of one spacing.
///
/// By the recurrence that makes splines of each order from those of the one before (Cox, 1972; de Boor, 1972).
#[inline(always)]
pub(super) fn weights_and_slopes(beyond: f32) -> ([f32; WIDTH], [f32; WIDTH]) {
    let mut weights = [0.0; WIDTH];
    (weights[0], weights[1]) = (1.0 - beyond, beyond);
    for order in 3..ORDER {
        weights = next_order(weights, order, beyond);
    }
    let mut slopes = [0.0; WIDTH];
    slopes[0] = -weights[0];
    for node in 1..ORDER {
        slopes[node] = weights[node - 1] - weights[node];
    }
    (next_order(weights, ORDER, beyond), slopes)
}

#[inline(always)]
fn next_order(before: [f32; WIDTH], order: usize, beyond: f32) -> [f32; WIDTH] {
    let share = 1.0 / (order - 1) as f32;
    let mut weights = [0.0; WIDTH];
    weights[0] = share * (1.0 - beyond) * before[0];
    for node in 1..order {
        let rising = beyond + (order - 1 - node) as f32;
        let falling = (node + 1) as f32 - beyond;
        weights[node] = share * (rising * before[node - 1] + falling * before[node]);
    }
    weights
}

/// What the splines make of a wave of so many cycles from node to node: by this it comes out smaller.
pub(super) fn response(frequency: f64) -> f64 {
    let wave = |nodes: f64| (std::f64::consts::TAU * frequency * nodes).cos();
    (33.0 + 26.0 * wave(1.0) + wave(2.0)) / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one_and_slopes_are_their_derivatives() {
        for at in 1..20 {
            let t = at as f32 / 20.0;
            let (weights, slopes) = weights_and_slopes(t);
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{t}");
            let centre: f32 = weights.iter().zip(-2i8..).map(|(weight, node)| weight * f32::from(node)).sum();
            assert!((centre - t).abs() < 1e-5, "{centre} for {t}");
            let (before, after) = (weights_and_slopes(t - 1e-2).0, weights_and_slopes(t + 1e-2).0);
            for (node, slope) in slopes.into_iter().enumerate() {
                assert!(((after[node] - before[node]) / 2e-2 - slope).abs() < 1e-3, "node {node} at {t}");
            }
            assert_eq!(weights[ORDER..], [0.0; WIDTH - ORDER]);
        }
    }

    #[test]
    fn a_wave_is_answered_at_the_nodes() {
        for frequency in [0.0, 0.1, 0.25, 0.5] {
            let wave = |node: f64| (std::f64::consts::TAU * frequency * node).cos();
            let found: f64 = weights_and_slopes(0.0)
                .0
                .iter()
                .zip(-2i8..)
                .map(|(&weight, node)| f64::from(weight) * wave(f64::from(node)))
                .sum();
            assert!((found - response(frequency)).abs() < 1e-6, "{frequency}");
        }
    }
}
