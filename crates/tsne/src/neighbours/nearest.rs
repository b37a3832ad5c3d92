//! The nearest few of many candidates.

/// Keeps the nearest of all that it is shown, as many as its heap holds; of equally near ones those with the lowest numbers.
///
/// A heap with the farthest on top (Williams, 1964) in a slice of one large buffer: millions of small ones would be kept by
/// the allocator when they are done with, and at that time memory is needed most.
pub(super) struct Nearest<'a> {
    /// Distance in the upper half, number in the lower: distances are not negative, so their bits sort like they do.
    heap: &'a mut [u64],
    /// How many of them there are.
    length: usize,
    /// As many as the heap holds are known to be no farther away.
    limit: f32,
}

impl<'a> Nearest<'a> {
    /// For as many as `heap` holds, which are known not to be farther away than `limit`.
    pub(super) fn new(heap: &'a mut [u64], limit: f32) -> Self {
        Self { heap, length: 0, limit }
    }

    /// What is farther away than this is not among the nearest.
    pub(super) fn threshold(&self) -> f32 {
        if self.is_full() { distance(self.heap[0]) } else { self.limit }
    }

    /// Whether it has been shown as many as it keeps.
    pub(super) fn is_full(&self) -> bool {
        self.length == self.heap.len()
    }

    /// Shows it a candidate at this distance, which is not negative; each candidate once.
    pub(super) fn offer(&mut self, distance: f32, number: u32) {
        let candidate = u64::from(distance.to_bits()) << 32 | u64::from(number);
        if !self.is_full() {
            self.length += 1;
            self.rise(self.length - 1, candidate);
        } else if candidate < self.heap[0] {
            self.sink(candidate);
        }
    }

    /// Puts a candidate at this place or above it.
    fn rise(&mut self, mut place: usize, candidate: u64) {
        while place > 0 {
            let above = (place - 1) / 2;
            if self.heap[above] >= candidate {
                break;
            }
            self.heap[place] = self.heap[above];
            place = above;
        }
        self.heap[place] = candidate;
    }

    /// Puts a candidate in the place of the farthest or below it.
    fn sink(&mut self, candidate: u64) {
        let mut place = 0;
        loop {
            let mut below = 2 * place + 1;
            if below + 1 < self.length && self.heap[below + 1] > self.heap[below] {
                below += 1;
            }
            if below >= self.length || self.heap[below] <= candidate {
                break;
            }
            self.heap[place] = self.heap[below];
            place = below;
        }
        self.heap[place] = candidate;
    }

    /// Numbers and distances, the nearest first.
    pub(super) fn into_sorted(self) -> impl Iterator<Item = (u32, f32)> {
        let found = &mut self.heap[..self.length];
        found.sort_unstable();
        found.iter().map(|&candidate| (candidate as u32, distance(candidate)))
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
        let mut heap = [0; 3];
        let mut nearest = Nearest::new(&mut heap, 9.0);
        assert_eq!(nearest.threshold(), 9.0);
        for (distance, number) in [(4.0, 1), (0.0, 2), (4.0, 0), (8.0, 3), (4.0, 5), (1.5, 4)] {
            nearest.offer(distance, number);
        }
        assert_eq!(nearest.threshold(), 4.0);
        assert_eq!(nearest.into_sorted().collect::<Vec<_>>(), [(2, 0.0), (4, 1.5), (0, 4.0)]);
    }
    #[test]
    fn what_is_kept_is_what_sorting_finds() {
        for (count, candidates) in [(1, 5), (2, 40), (7, 7), (30, 500), (64, 200)] {
            let distances: Vec<f32> = (0..candidates).map(|at| ((at * 7919 + 13) % 101) as f32).collect();
            let mut heap = vec![0; count];
            let mut nearest = Nearest::new(&mut heap, f32::INFINITY);
            (0..).zip(&distances).for_each(|(number, &distance)| nearest.offer(distance, number));
            let mut sorted: Vec<(u32, f32)> = (0..).zip(distances).collect();
            sorted.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
            assert_eq!(nearest.into_sorted().collect::<Vec<_>>(), sorted[..count], "{count} of {candidates}");
        }
    }
}
