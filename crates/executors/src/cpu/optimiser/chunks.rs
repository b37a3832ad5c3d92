//! Parameters cut into tasks.

use std::ops::Range;

use modiste_network::Parameter;

use super::elementwise::{Elementwise, Rule};
use crate::cpu::context::Context;
use crate::cpu::runtime::memory::{Buffer, Disjoint};

/// Parameters of one task at most: with gradient and moments 256 KiB, what a core's second cache holds. More would leave
/// small networks too few tasks; not measured against other numbers.
const LONGEST: usize = 1 << 14;

/// Neighbouring parameters of one tensor.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// Where they lie.
    pub range: Range<usize>,
    /// Whether weight decay concerns them.
    pub decays: bool,
}

impl Chunk {
    /// Cuts a tensor up.
    pub(super) fn of(parameter: &Parameter) -> impl Iterator<Item = Chunk> {
        let (Range { start, end }, decays) = (parameter.range.clone(), parameter.role.decays());
        (start..end).step_by(LONGEST).map(move |start| Chunk { range: start..end.min(start + LONGEST), decays })
    }
}

/// Applies the rule that `rule` gives for a chunk to all chunks, which do not overlap.
pub(super) fn apply<R: Rule<N>, const N: usize>(
    context: Context<'_>,
    chunks: &[Chunk],
    given: &Buffer,
    changed: [&mut Buffer; N],
    rule: impl Fn(&Chunk) -> R + Sync,
) {
    let changed = changed.map(|buffer| Disjoint::new(&mut buffer[..]));
    context.threads.run(chunks.len(), |task, _| {
        let chunk = &chunks[task];
        let given = &given[chunk.range.clone()];
        // SAFETY: each chunk is one task's.
        let changed = changed.each_ref().map(|values| unsafe { values.exclusive(chunk.range.clone()) });
        // SAFETY: all are this chunk.
        unsafe { context.isa.run(Elementwise { rule: rule(chunk), given, changed }) };
    });
}

/// The Euclidean norm of some chunks; `sums` holds one number of each.
///
/// A chunk is summed up in the order of its values, and the chunks in theirs, so the norm does not depend on who does it.
pub(super) fn norm(context: Context<'_>, chunks: &[Chunk], values: &Buffer, sums: &mut [f64]) -> f64 {
    let sums_of = Disjoint::new(&mut *sums);
    context.threads.run(chunks.len(), |task, _| {
        // SAFETY: one number for each task.
        let sum = unsafe { sums_of.exclusive(task..task + 1) };
        sum[0] = sum_of_squares(&values[chunks[task].range.clone()]);
    });
    sums.iter().sum::<f64>().sqrt()
}

/// Σ value², in f64: eight sums, which do not wait for each other, and then their sum.
pub(super) fn sum_of_squares(values: &[f32]) -> f64 {
    const SUMS: usize = 8;
    let mut sums = [0.0; SUMS];
    for values in values.chunks(SUMS) {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += f64::from(value) * f64::from(value);
        }
    }
    sums.iter().sum()
}
