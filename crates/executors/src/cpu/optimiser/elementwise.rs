//! A rule that changes values where they lie, each by what stands in the same place of other slices.

use crate::cpu::runtime::memory::LINE;
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// What becomes of N values by a given one.
pub(super) trait Rule<const N: usize>: Copy {
    /// What it is called in a profile.
    const NAME: &'static str;
    /// How often it computes.
    const OPERATIONS: usize;

    /// A register of it.
    ///
    /// # Safety
    /// As [`Vector`] says.
    unsafe fn apply<V: Vector>(self, given: V, changed: [V; N]) -> [V; N];
}

/// A rule for all values of some slices. Valid where all have one length.
pub(super) struct Elementwise<'a, R, const N: usize> {
    /// The rule.
    pub rule: R,
    /// What is only read.
    pub given: &'a [f32],
    /// What is changed.
    pub changed: [&'a mut [f32]; N],
}

impl<R: Rule<N>, const N: usize> Kernel for Elementwise<'_, R, N> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Self { rule, given, changed } = self;
        let whole = given.len() - given.len() % V::LANES;
        let to = changed.map(|values| values.as_mut_ptr());
        for start in (0..whole).step_by(V::LANES) {
            // SAFETY: a register inside each of the slices, whose lengths the caller vouches for.
            unsafe {
                let at = to.map(|to| to.add(start));
                let after = rule.apply(V::load(given.as_ptr().add(start)), at.map(|at| V::load(at)));
                for (after, at) in after.into_iter().zip(at) {
                    after.store(at);
                }
            }
        }
        // What does not fill a register goes through one that is filled up with zeros: behind it lies what others change.
        let rest = given.len() - whole;
        if rest > 0 {
            let mut given_rest = [0.0; LINE];
            let mut changed_rest = [[0.0; LINE]; N];
            given_rest[..rest].copy_from_slice(&given[whole..]);
            // SAFETY: the rest of each slice; a line holds any register.
            unsafe {
                for (register, to) in changed_rest.iter_mut().zip(to) {
                    std::ptr::copy_nonoverlapping(to.add(whole), register.as_mut_ptr(), rest);
                }
                let before = changed_rest.each_ref().map(|register| V::load(register.as_ptr()));
                let after = rule.apply(V::load(given_rest.as_ptr()), before);
                for ((after, register), to) in after.into_iter().zip(&mut changed_rest).zip(to) {
                    after.store(register.as_mut_ptr());
                    std::ptr::copy_nonoverlapping(register.as_ptr(), to.add(whole), rest);
                }
            }
        }
    }

    /// The rule for each value; all are read, and those that change are written. What does not fill a register counts as
    /// little as it is.
    fn work(&self) -> Work {
        Work::new(R::NAME, R::OPERATIONS * self.given.len(), (1 + 2 * N) * self.given.len())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cpu::simd::Isa;
    use crate::cpu::simd::counting::declared_and_done;

    /// Holds a rule against what it says that it computes.
    pub(crate) fn check_work<R: Rule<N>, const N: usize>(rule: R) {
        let given = [0.5; 3 * LINE];
        let mut changed = [[0.25; 3 * LINE]; N];
        let kernel = Elementwise { rule, given: &given, changed: changed.each_mut().map(|values| &mut values[..]) };
        // SAFETY: all have one length.
        let (declared, done) = unsafe { declared_and_done(kernel) };
        assert_eq!(declared, done);
    }

    #[derive(Clone, Copy)]
    struct Sum;

    impl Rule<2> for Sum {
        const NAME: &'static str = "sum";
        const OPERATIONS: usize = 2;

        unsafe fn apply<V: Vector>(self, given: V, [a, b]: [V; 2]) -> [V; 2] {
            // SAFETY: passed on to the caller.
            unsafe { [a.add(given), b.sub(given)] }
        }
    }

    #[test]
    fn every_length_is_changed_to_its_end_and_not_beyond() {
        check_work(Sum);
        for isa in Isa::available() {
            for length in 0..40 {
                let given: Vec<f32> = (0..length).map(|place| place as f32).collect();
                let (mut a, mut b) = (vec![1.0; length + 1], vec![2.0; length + 1]);
                let changed = [&mut a[..length], &mut b[..length]];
                // SAFETY: all have one length.
                unsafe { isa.run(Elementwise { rule: Sum, given: &given, changed }) };
                for (place, &given) in given.iter().enumerate() {
                    assert_eq!((a[place], b[place]), (1.0 + given, 2.0 - given), "{isa}, {place} of {length}");
                }
                assert_eq!((a[length], b[length]), (1.0, 2.0), "{isa}, behind {length}");
            }
        }
    }
}
