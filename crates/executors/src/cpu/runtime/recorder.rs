//! What kernels do and how long they take, recorded while a pool of threads is told to.
//!
//! Nothing here is global: a recorder is on a thread only while that thread works on a round of a pool that records. For
//! all others, a kernel's call costs one look at a thread's own flag.

use std::cell::{Cell, RefCell};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use modiste_network::{KernelTime, Profile, Section};

/// What one call of a kernel has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// What the kernel is called in a profile.
    pub name: &'static str,
    /// Operations of single lanes: each of [`crate::cpu::simd::Vector`]'s that computes counts one, a multiply-add too.
    pub arithmetic: u64,
    /// Bytes read plus bytes written, each value once.
    pub bytes: u64,
}

impl Work {
    /// Counts of lane operations, and of f32 values read and written.
    pub(crate) fn new(name: &'static str, arithmetic: usize, values: usize) -> Self {
        Self { name, arithmetic: arithmetic as u64, bytes: (values * size_of::<f32>()) as u64 }
    }
}

/// All calls of one kernel.
struct Calls {
    /// Sums.
    work: Work,
    calls: u64,
    time: Duration,
}

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(false) };
    /// What this thread has done in this round.
    static CALLS: RefCell<Vec<Calls>> = const { RefCell::new(Vec::new()) };
}

/// Before a kernel runs: its work and the time, if this thread records.
#[inline(always)]
pub(crate) fn begin(work: impl FnOnce() -> Work) -> Option<(Work, Instant)> {
    RECORDING.get().then(|| (work(), Instant::now()))
}

/// After a kernel has run: `begun` is what [`begin`] gave.
#[inline(always)]
pub(crate) fn end(begun: Option<(Work, Instant)>) {
    if let Some((work, start)) = begun {
        add(work, start.elapsed());
    }
}

#[cold]
fn add(work: Work, time: Duration) {
    CALLS.with_borrow_mut(|calls| merge(calls, Calls { work, calls: 1, time }));
}

/// Adds to the calls of the same kernel.
fn merge(all: &mut Vec<Calls>, more: Calls) {
    match all.iter_mut().find(|calls| calls.work.name == more.work.name) {
        Some(sum) => {
            sum.work.arithmetic += more.work.arithmetic;
            sum.work.bytes += more.work.bytes;
            sum.calls += more.calls;
            sum.time += more.time;
        }
        None => all.push(more),
    }
}

/// What a pool of threads does, section by section.
pub(crate) struct Recorder {
    threads: usize,
    sections: Mutex<Vec<Recorded>>,
}

/// One section.
struct Recorded {
    name: String,
    begun: Instant,
    /// Wall time in rounds.
    rounds: Duration,
    /// Time of all threads in tasks.
    busy: Duration,
    kernels: Vec<Calls>,
}

impl Recorder {
    /// Of a pool of so many threads; nothing is recorded before the first section begins.
    pub(crate) fn new(threads: usize) -> Self {
        Self { threads, sections: Mutex::new(Vec::new()) }
    }

    fn sections(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.sections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What follows belongs to a new section.
    pub(crate) fn section(&self, name: String) {
        let (rounds, busy, kernels) = (Duration::ZERO, Duration::ZERO, Vec::new());
        self.sections().push(Recorded { name, begun: Instant::now(), rounds, busy, kernels });
    }

    /// Runs a round of tasks.
    pub(crate) fn round(&self, run: impl FnOnce()) {
        let start = Instant::now();
        run();
        if let Some(section) = self.sections().last_mut() {
            section.rounds += start.elapsed();
        }
    }

    /// Records this thread's part of a round until the result is dropped.
    pub(crate) fn on_thread(&self) -> OnThread<'_> {
        RECORDING.set(true);
        OnThread { recorder: self, start: Instant::now() }
    }

    /// What has been recorded; the last section ends now.
    pub(crate) fn profile(&self) -> Profile {
        let now = Instant::now();
        let mut sections = self.sections();
        let ends: Vec<_> = sections.iter().skip(1).map(|section| section.begun).chain([now]).collect();
        let sections = sections.drain(..).zip(ends).map(|(section, end)| self.section_profile(section, end));
        Profile { sections: sections.collect() }
    }

    fn section_profile(&self, mut section: Recorded, end: Instant) -> Section {
        // Which thread came first is chance.
        section.kernels.sort_by_key(|calls| calls.work.name);
        let per_thread = |time: Duration| time.as_secs_f64() / self.threads as f64;
        let in_kernels: Duration = section.kernels.iter().map(|calls| calls.time).sum();
        let kernel = |calls: &Calls| KernelTime {
            name: calls.work.name,
            calls: calls.calls,
            seconds: per_thread(calls.time),
            arithmetic: calls.work.arithmetic,
            bytes: calls.work.bytes,
        };
        Section {
            serial_seconds: (end - section.begun).saturating_sub(section.rounds).as_secs_f64(),
            waiting_seconds: per_thread((section.rounds * self.threads as u32).saturating_sub(section.busy)),
            outside_seconds: per_thread(section.busy.saturating_sub(in_kernels)),
            kernels: section.kernels.iter().map(kernel).collect(),
            name: section.name,
        }
    }
}

/// A thread's part of a round.
pub(crate) struct OnThread<'a> {
    recorder: &'a Recorder,
    start: Instant,
}

impl Drop for OnThread<'_> {
    fn drop(&mut self) {
        let busy = self.start.elapsed();
        RECORDING.set(false);
        let calls = CALLS.take();
        if let Some(section) = self.recorder.sections().last_mut() {
            section.busy += busy;
            calls.into_iter().for_each(|calls| merge(&mut section.kernels, calls));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::thread_pool::ThreadPool;
    use crate::cpu::simd::{Isa, Kernel, Vector};

    /// A kernel that does nothing but be counted.
    struct Nothing(&'static str);

    impl Kernel for Nothing {
        #[inline(always)]
        unsafe fn run<V: Vector>(self) {}

        fn work(&self) -> Work {
            Work::new(self.0, 3, 5)
        }
    }

    fn run(name: &'static str) {
        // SAFETY: it does nothing.
        unsafe { Isa::Portable.run(Nothing(name)) };
    }

    #[test]
    fn calls_add_up_in_their_section_whichever_thread_made_them() {
        for count in [1, 3] {
            let mut threads = ThreadPool::new(count, 0);
            threads.run(4, |_, _| run("before"));
            threads.start_recording();
            threads.run(4, |_, _| run("before the first section"));
            threads.section(|| "first".to_owned());
            threads.run(10, |_, _| run("b"));
            threads.run(7, |task, _| run(if task < 3 { "a" } else { "b" }));
            run("outside of rounds");
            threads.section(|| "second".to_owned());
            threads.run(1, |_, _| run("a"));
            let profile = threads.stop_recording();
            threads.run(4, |_, _| run("after"));

            let calls = |section: &Section| {
                let of = |kernel: &KernelTime| (kernel.name, kernel.calls, kernel.arithmetic, kernel.bytes);
                (section.name.clone(), section.kernels.iter().map(of).collect::<Vec<_>>())
            };
            let sections: Vec<_> = profile.sections.iter().map(calls).collect();
            let first = ("first".to_owned(), vec![("a", 3, 9, 60), ("b", 14, 42, 280)]);
            assert_eq!(sections, [first, ("second".to_owned(), vec![("a", 1, 3, 20)])]);
            assert!(profile.seconds() > 0.0);
            assert_eq!(threads.stop_recording().sections.len(), 0);
        }
    }

    #[test]
    fn a_panic_ends_the_recording_of_its_thread() {
        let mut threads = ThreadPool::new(1, 0);
        threads.start_recording();
        threads.section(|| "first".to_owned());
        let failing = std::panic::AssertUnwindSafe(|| threads.run(1, |_, _| panic!("a task")));
        assert!(std::panic::catch_unwind(failing).is_err());
        assert!(begin(|| Work::new("after", 0, 0)).is_none());
    }
}
