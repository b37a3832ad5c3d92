//! Self-interaction: what a point reads of itself off a grid, which is taken off again. In `bench/NOTES.md`, "Maps":
//! "taking off what a point reads of itself off the grid".
//!
//! A grid misses waves shorter than two nodes, and most of them are at the peak of the similarity, where a point reads
//! itself. So it reads less than 1, how much less depends on its position between nodes, and that change looks like a
//! force. With t that position along each axis, from 0 to 1, the value is m + a (cos 2π t₁ + cos 2π t₂) to a
//! hundred-thousandth. The force follows from half of its gradient, since a point that moves changes both where it is
//! spread and where it reads.

use std::f64::consts::TAU;

use super::spline::{ORDER, weights_and_slopes};

/// Positions between two nodes from which the mean and the first wave are found; more would change them too little to matter.
const PLACES: usize = 16;

/// What all points of a grid read of themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SelfInteraction {
    mean: f32,
    wave: f32,
}

impl SelfInteraction {
    /// Of a convolution whose similarity has this spectrum, `[across, down]`, for waves of these frequencies, in cycles
    /// from node to node, along both axes. Each wave `across` comes with the number of waves that it stands for.
    pub(super) fn new(spectrum: &[f32], across: &[(f64, f64)], down: &[f64]) -> Self {
        let overlaps = Overlaps::new();
        let responses: Vec<f64> = down.iter().map(|&frequency| overlaps.response(&overlaps.mean, frequency)).collect();
        let (mut mean, mut wave) = (0.0, 0.0);
        for (&(frequency, count), column) in across.iter().zip(spectrum.chunks_exact(down.len())) {
            let sum: f64 = column.iter().zip(&responses).map(|(&value, response)| f64::from(value) * response).sum();
            mean += count * sum * overlaps.response(&overlaps.mean, frequency);
            wave += count * sum * overlaps.response(&overlaps.wave, frequency);
        }
        Self { mean: mean as f32, wave: 2.0 * wave as f32 }
    }

    /// What a point reads that is so far beyond a node, as a share of the spacing; and how fast it seems to change, for a
    /// step of one spacing.
    #[inline(always)]
    pub(super) fn at(&self, beyond: [f32; 2]) -> (f32, [f32; 2]) {
        let waves = beyond.map(cosine_and_sine);
        let value = self.mean + self.wave * (waves[0].0 + waves[1].0);
        (value, waves.map(|(_, sine)| -std::f32::consts::PI * self.wave * sine))
    }
}

/// Cosine and sine of a share of a turn, from 0 to 1, to a thousandth.
#[inline(always)]
fn cosine_and_sine(share: f32) -> (f32, f32) {
    let x = share - 0.5;
    let squared = x * x;
    // Polynomials whose largest error is least, for half a turn more.
    let cosine = 0.998_606 + squared * (-19.555_59 + squared * (61.137_77 - 59.661_47 * squared));
    let sine = x * (6.278_635 + squared * (-41.093_703 + squared * (77.930_08 - 56.085_675 * squared)));
    (-cosine, -sine)
}

/// How much the splines that spread a point and those that read it overlap, by the nodes between them, from 0 on: the mean
/// over all places between two nodes, and the part that goes with the cosine of the place.
struct Overlaps {
    mean: [f64; ORDER],
    wave: [f64; ORDER],
}

impl Overlaps {
    fn new() -> Self {
        let (mut mean, mut wave) = ([0.0; ORDER], [0.0; ORDER]);
        for place in 0..PLACES {
            let beyond = place as f64 / PLACES as f64;
            let weights = weights_and_slopes(beyond as f32).0.map(f64::from);
            for apart in 0..ORDER {
                let overlap: f64 = weights[..ORDER - apart].iter().zip(&weights[apart..]).map(|(a, b)| a * b).sum();
                mean[apart] += overlap / PLACES as f64;
                wave[apart] += overlap * (TAU * beyond).cos() / PLACES as f64;
            }
        }
        Self { mean, wave }
    }

    /// What such overlaps make of a wave of so many cycles from node to node.
    fn response(&self, overlaps: &[f64; ORDER], frequency: f64) -> f64 {
        let both_sides = (1..ORDER).map(|apart| 2.0 * overlaps[apart] * (TAU * frequency * apart as f64).cos());
        overlaps[0] + both_sides.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_right_to_a_thousandth() {
        for at in 0..=100 {
            let share = at as f32 / 100.0;
            let (cosine, sine) = cosine_and_sine(share);
            let angle = std::f32::consts::TAU * share;
            assert!((cosine - angle.cos()).abs() < 2e-3 && (sine - angle.sin()).abs() < 1e-3, "{share}");
        }
    }

    #[test]
    fn a_similarity_of_one_node_is_the_overlap_itself() {
        // Its transform is 1 everywhere; here over 20 x 20 frequencies.
        let down: Vec<f64> = (0..20).map(|at| f64::from(at) / 20.0).collect();
        let across: Vec<(f64, f64)> = down.iter().map(|&frequency| (frequency, 1.0)).collect();
        let interaction = SelfInteraction::new(&[1.0 / 400.0; 400], &across, &down);
        for place in [[0.0, 0.0], [0.3, 0.8], [0.5, 0.25]] {
            let overlap = |beyond| weights_and_slopes(beyond).0.map(|weight| weight * weight).iter().sum::<f32>();
            let right = overlap(place[0]) * overlap(place[1]);
            assert!((interaction.at(place).0 - right).abs() < 1e-4 * right, "{} for {right}", interaction.at(place).0);
        }
    }
}
