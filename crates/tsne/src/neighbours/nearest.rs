//! The nearest few of many candidates.

use std::collections::BinaryHeap;

/// Keeps the `count` nearest of all that it is shown; of equally near ones those with the lowest numbers.
pub(super) struct Nearest {
    count: usize,
    /// That many are known to be no farther away.
    limit: f32,
    /// Distance in the upper half, number in the lower: distances are not negative, so their bits sort like they do.
    heap: BinaryHeap<u64>,
}

impl Nearest {
    /// For the `count` nearest, which are known not to be farther away than `limit`.
    pub(super) fn new(count: usize, limit: f32) -> Self {
        Self { count, limit, heap: BinaryHeap::with_capacity(count) }
    }

    /// What is farther away than this is not among the nearest.
    pub(super) fn threshold(&self) -> f32 {
        match self.heap.peek() {
            Some(&farthest) if self.is_full() => distance(farthest),
            _ => self.limit,
        }
    }

    /// Whether it has been shown as many as it keeps.
    pub(super) fn is_full(&self) -> bool {
        self.heap.len() == self.count
    }

    /// Shows it a candidate at this distance, which is not negative; each candidate once.
    pub(super) fn offer(&mut self, distance: f32, number: u32) {
        let candidate = u64::from(distance.to_bits()) << 32 | u64::from(number);
        if self.heap.len() < self.count {
            self.heap.push(candidate);
        } else if let Some(mut farthest) = self.heap.peek_mut()
            && candidate < *farthest
        {
            *farthest = candidate;
        }
    }

    /// Numbers and distances, the nearest first.
    pub(super) fn into_sorted(self) -> impl Iterator<Item = (u32, f32)> {
        self.heap.into_sorted_vec().into_iter().map(|candidate| (candidate as u32, distance(candidate)))
    }
}

fn distance(candidate: u64) -> f32 {
    f32::from_bits((candidate >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stay_and_the_lowest_numbers_of_equals() {
        let mut nearest = Nearest::new(3, 9.0);
        assert_eq!(nearest.threshold(), 9.0);
        for (distance, number) in [(4.0, 1), (0.0, 2), (4.0, 0), (8.0, 3), (4.0, 5), (1.5, 4)] {
            nearest.offer(distance, number);
        }
        assert_eq!(nearest.threshold(), 4.0);
        assert_eq!(nearest.into_sorted().collect::<Vec<_>>(), [(2, 0.0), (4, 1.5), (0, 4.0)]);
    }
}
