//! What the machine can do at most, measured with the threads and the instruction set that train.

use std::hint::black_box;
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::Instant;

use modiste_network::Limits;

use super::runtime::memory::Buffer;
use super::runtime::recorder::Work;
use super::runtime::thread_pool::ThreadPool;
use super::simd::{Isa, Kernel, Vector};

/// Of each limit the best of so many tries counts, each so short that others at work on the machine leave some alone.
const TRIES: usize = 100;
/// How long a try lasts at least.
const SECONDS: f64 = 0.002;
/// Tries of copying through memory, which take longer.
const TRIES_IN_MEMORY: usize = 10;
/// Multiply-adds of each chain between looks at the clock.
const LINKS: usize = 10_000;
/// Values copied within a cache, 64 KiB: with the copy more than the first cache of a core, less than its second.
const IN_CACHE: usize = 1 << 14;
/// Values copied through memory by all threads together, 128 MiB: more than the caches that cores share.
const IN_MEMORY: usize = 1 << 25;

/// Measures the limits of so many threads; takes about a second.
pub(super) fn measure(isa: Isa, threads: usize) -> Limits {
    let threads = ThreadPool::new(threads, 0);
    let in_memory = IN_MEMORY / threads.count();
    Limits {
        arithmetic_per_second: together(&threads, TRIES, || multiply_adds(isa)),
        cache_bytes_per_second: together(&threads, TRIES, || copies(isa, IN_CACHE)),
        memory_bytes_per_second: together(&threads, TRIES_IN_MEMORY, || {
            copies(isa, in_memory.next_multiple_of(IN_CACHE))
        }),
    }
}

/// What all threads do per second, each calling again and again what `begin` gives: a function that says how much it did.
fn together<F: FnMut() -> usize>(threads: &ThreadPool, tries: usize, begin: impl Fn() -> F + Sync) -> f64 {
    let stretches = Mutex::new(vec![Vec::new(); tries]);
    let all_here = Barrier::new(threads.count());
    // Nobody passes the barrier before everybody has come, so no thread takes two of the tasks.
    threads.run(threads.count(), |_, _| {
        let mut work = begin();
        // Memory is touched, clocks settle.
        work();
        for index in 0..tries {
            all_here.wait();
            let (start, mut done) = (Instant::now(), 0);
            while start.elapsed().as_secs_f64() < SECONDS {
                done += work();
            }
            let stretch = Stretch { start, end: Instant::now(), done };
            stretches.lock().unwrap_or_else(PoisonError::into_inner)[index].push(stretch);
        }
    });
    let tries = stretches.into_inner().unwrap_or_else(PoisonError::into_inner);
    tries.iter().filter_map(|stretches| rate(stretches)).fold(0.0, f64::max)
}

/// What one thread did in a try.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: Instant,
    end: Instant,
    done: usize,
}

/// What threads did per second from the first one's start to the last one's end: where they took turns on a core, the time
/// of all turns counts.
fn rate(stretches: &[Stretch]) -> Option<f64> {
    let start = stretches.iter().map(|stretch| stretch.start).min()?;
    let end = stretches.iter().map(|stretch| stretch.end).max()?;
    let done: usize = stretches.iter().map(|stretch| stretch.done).sum();
    Some(done as f64 / (end - start).as_secs_f64())
}

/// Multiply-adds in registers.
fn multiply_adds(isa: Isa) -> impl FnMut() -> usize {
    move || {
        let mut done = 0;
        // SAFETY: the kernel reads and writes nothing else.
        unsafe { isa.run(Chains { links: black_box(LINKS), done: &mut done }) };
        done
    }
}

/// Copies of so many values from one buffer to another, in bytes read and written.
fn copies(isa: Isa, length: usize) -> impl FnMut() -> usize {
    let (mut from, mut to) = (Buffer::zeroed(length), Buffer::zeroed(length));
    // Else the system may have one page of zeros stand for all.
    from.fill(1.0);
    move || {
        let copy = Copy { from: &from, to: &mut to };
        let bytes = copy.work().bytes;
        // SAFETY: both have one length, a multiple of any register.
        unsafe { isa.run(copy) };
        black_box(&to);
        bytes as usize
    }
}

/// Chains of multiply-adds that depend on nothing but themselves: as many as the sums of a product's register tile, which
/// hide the latency of one and stay in registers.
struct Chains<'a> {
    /// Multiply-adds of each chain.
    links: usize,
    /// Receives the lanes of all multiply-adds.
    done: &'a mut usize,
}

impl Kernel for Chains<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: the caller has the instruction set.
        unsafe {
            if V::ROWS > 6 {
                lengthen::<V, 24>(self.links);
                *self.done = self.links * 24 * V::LANES;
            } else {
                lengthen::<V, 12>(self.links);
                *self.done = self.links * 12 * V::LANES;
            }
        }
    }

    /// Says it in `done`, since only the instruction set's copy knows its registers.
    fn work(&self) -> Work {
        Work::new("chains", 0, 0)
    }
}

/// x ← x · shrink + rest tends to one: it neither overflows nor becomes subnormal.
#[inline(always)]
unsafe fn lengthen<V: Vector, const CHAINS: usize>(links: usize) {
    // SAFETY: the caller has the instruction set; the array holds the lanes of the widest register.
    unsafe {
        let (shrink, rest) = (V::splat(black_box(0.999)), V::splat(black_box(0.001)));
        let mut chains = [V::splat(0.0); CHAINS];
        for (index, chain) in chains.iter_mut().enumerate() {
            *chain = V::splat(index as f32);
        }
        for _ in 0..links {
            for chain in &mut chains {
                *chain = chain.mul_add(shrink, rest);
            }
        }
        let mut sum = chains[0];
        for chain in &chains[1..] {
            sum = sum.add(*chain);
        }
        let mut kept = [0.0f32; 16];
        sum.store(kept.as_mut_ptr());
        black_box(kept);
    }
}

/// A copy. Valid where both slices have one length, a multiple of the lanes.
struct Copy<'a> {
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Copy<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for start in (0..self.from.len()).step_by(V::LANES) {
            // SAFETY: the caller vouches for the lengths.
            unsafe { V::load(self.from.as_ptr().add(start)).store(self.to.as_mut_ptr().add(start)) };
        }
    }

    /// Each value is read once and written once.
    fn work(&self) -> Work {
        Work::new("copy", 0, 2 * self.from.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_does_its_part() {
        let threads = ThreadPool::new(3, 0);
        let workers = Mutex::new(std::collections::HashSet::new());
        let rate = together(&threads, 3, || {
            || {
                workers.lock().unwrap().insert(std::thread::current().id());
                1000
            }
        });
        assert!(rate.is_finite() && rate > 0.0);
        assert_eq!(workers.into_inner().unwrap().len(), 3);
    }

    #[test]
    fn threads_that_take_turns_do_no_more_than_one() {
        let begin = Instant::now();
        let stretch = |from: u64, to: u64| {
            let after = |seconds| begin + std::time::Duration::from_secs(seconds);
            Stretch { start: after(from), end: after(to), done: 10 }
        };
        assert_eq!(rate(&[stretch(0, 2), stretch(0, 2)]), Some(10.0));
        assert_eq!(rate(&[stretch(2, 4), stretch(0, 2)]), Some(5.0));
        assert_eq!(rate(&[]), None);
    }

    #[test]
    fn multiply_adds_are_counted_for_every_instruction_set() {
        for isa in Isa::available() {
            let lanes = multiply_adds(isa)();
            assert!(lanes == 12 * LINKS * isa.lanes() || lanes == 24 * LINKS * isa.lanes(), "{isa}: {lanes}");
        }
    }
}
