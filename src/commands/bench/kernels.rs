//! `bench kernels`: where a training step's time goes, against what the machine could do.

use std::time::Instant;

use anyhow::{Context, Result};
use modiste_network::{Limits, Profile, Section, StepOptions};
use serde::Serialize;

use super::{Subject, WARM_UP, milliseconds_or_seconds, subject_line};
use crate::cli::BenchArgs;
use crate::output;

/// Of all entries, people are shown those with the largest gaps that make up this share of all gaps, or the first few.
const SHOWN_SHARE: f64 = 0.9;
const MOST_SHOWN: usize = 30;

/// `--json`
#[derive(Serialize)]
struct Roofline {
    recipe: String,
    /// The data set, or `random`.
    data: String,
    batch: usize,
    /// Recorded steps. All times are means of the faster half of them.
    steps: usize,
    /// Of steps that were not recorded.
    step_seconds: f64,
    /// Of those that were: what all entries add up to.
    recorded_step_seconds: f64,
    floor_seconds: f64,
    /// One thread works and the others have nothing to do.
    serial_seconds: f64,
    /// Threads wait for the last one of them.
    waiting_seconds: f64,
    /// Threads work, but in no kernel.
    outside_seconds: f64,
    device: &'static str,
    isa: String,
    threads: usize,
    /// Of all threads together.
    multiply_adds_per_second: f64,
    cache_bytes_per_second: f64,
    memory_bytes_per_second: f64,
    /// The largest gap first.
    entries: Vec<Entry>,
}

/// What one kernel takes in one section of the step, or `serial`, `waiting` and `outside kernels` do.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    section: String,
    kernel: &'static str,
    calls: u64,
    /// Share of the step's wall time: thread-seconds divided by the number of threads.
    seconds: f64,
    /// Operations on single values, a multiply-add being one.
    arithmetic: u64,
    /// Read and written.
    bytes: u64,
    /// The least time at the machine's limits, all data being in the cores' own caches.
    floor_seconds: f64,
    /// What is between the two.
    gap_seconds: f64,
}

const SERIAL: &str = "serial";
const WAITING: &str = "waiting";
const OUTSIDE: &str = "outside kernels";

/// Records training steps, measures the machine, and prints both.
pub fn run(arguments: &BenchArgs) -> Result<()> {
    let Subject { recipe, images, device, mut executor } = Subject::new(arguments)?;
    let before = device.limits();
    // Each step is taken twice, with a record and without.
    let all = WARM_UP as u64 + 2 * arguments.steps;
    let mut step = 0;
    let mut next = || {
        step += 1;
        StepOptions::of(&recipe, step - 1, all)
    };
    for _ in 0..WARM_UP {
        executor.train_step(images.batch(), &next());
    }
    let (mut plain, mut profiles) = (Vec::new(), Vec::new());
    // In turn, so that both see the same machine.
    for _ in 0..arguments.steps {
        let options = next();
        let start = Instant::now();
        executor.train_step(images.batch(), &options);
        plain.push(start.elapsed().as_secs_f64());
        profiles.push(executor.profile_step(images.batch(), &next()));
    }
    let info = executor.device();
    // Its memory is wanted for the limits of memory.
    drop(executor);
    let limits = before.highest(device.limits());
    let plain = faster_half(plain, |seconds| *seconds);
    let profiles = faster_half(profiles, Profile::seconds);
    let profile = Profile::mean(&profiles)
        .context("the steps did not all do the same: their loss has become infinite or no number")?;

    let entries = entries(&profile, &limits);
    let sum = |value: fn(&Section) -> f64| profile.sections.iter().map(value).sum();
    let roofline = Roofline {
        recipe: recipe.name,
        data: images.name,
        batch: images.labels.len(),
        steps: arguments.steps as usize,
        step_seconds: plain.iter().sum::<f64>() / plain.len() as f64,
        recorded_step_seconds: profile.seconds(),
        floor_seconds: entries.iter().map(|entry| entry.floor_seconds).sum(),
        serial_seconds: sum(|section| section.serial_seconds),
        waiting_seconds: sum(|section| section.waiting_seconds),
        outside_seconds: sum(|section| section.outside_seconds),
        device: info.device,
        isa: info.isa,
        threads: info.threads,
        multiply_adds_per_second: limits.arithmetic_per_second,
        cache_bytes_per_second: limits.cache_bytes_per_second,
        memory_bytes_per_second: limits.memory_bytes_per_second,
        entries,
    };
    if arguments.output.json {
        output::print_json(&roofline)
    } else {
        output::print(&text(&roofline, arguments.output.quiet))
    }
}

/// The faster half of some steps, since others may be at work on the machine too.
fn faster_half<T>(mut steps: Vec<T>, seconds: impl Fn(&T) -> f64) -> Vec<T> {
    steps.sort_by(|one, other| seconds(one).total_cmp(&seconds(other)));
    steps.truncate(steps.len().div_ceil(2));
    steps
}

/// Everything a profile holds, the largest gap first.
fn entries(profile: &Profile, limits: &Limits) -> Vec<Entry> {
    let mut entries = Vec::new();
    for section in &profile.sections {
        let mut add = |kernel, calls, seconds, arithmetic, bytes| {
            let floor_seconds = limits.floor_seconds(arithmetic, bytes);
            let gap_seconds = seconds - floor_seconds;
            let section = section.name.clone();
            entries.push(Entry { section, kernel, calls, seconds, arithmetic, bytes, floor_seconds, gap_seconds });
        };
        for kernel in &section.kernels {
            add(kernel.name, kernel.calls, kernel.seconds, kernel.arithmetic, kernel.bytes);
        }
        add(OUTSIDE, 0, section.outside_seconds, 0, 0);
        add(WAITING, 0, section.waiting_seconds, 0, 0);
        add(SERIAL, 0, section.serial_seconds, 0, 0);
    }
    by_gap(entries)
}

fn by_gap(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|one, other| other.gap_seconds.total_cmp(&one.gap_seconds));
    entries
}

/// All entries of one kernel as one, for each kernel.
fn totals(entries: &[Entry]) -> Vec<Entry> {
    let mut kernels: Vec<&str> = entries.iter().map(|entry| entry.kernel).collect();
    kernels.sort_unstable();
    kernels.dedup();
    let of = |kernel| entries.iter().filter(|entry| entry.kernel == kernel).cloned().collect::<Vec<_>>();
    by_gap(kernels.into_iter().filter_map(|kernel| sum("all", kernel, &of(kernel))).collect())
}

/// Entries as one of this name; none of none.
fn sum(section: &str, kernel: &'static str, entries: &[Entry]) -> Option<Entry> {
    let (mut sum, others) = entries.split_first().map(|(first, others)| (first.clone(), others))?;
    sum.section = section.to_owned();
    sum.kernel = kernel;
    for entry in others {
        sum.calls += entry.calls;
        sum.seconds += entry.seconds;
        sum.arithmetic += entry.arithmetic;
        sum.bytes += entry.bytes;
        sum.floor_seconds += entry.floor_seconds;
        sum.gap_seconds += entry.gap_seconds;
    }
    Some(sum)
}

/// What people read; `quiet` leaves out all but the last part.
fn text(roofline: &Roofline, quiet: bool) -> String {
    let Roofline { recipe, batch, data, device, isa, threads, entries, .. } = roofline;
    let step = roofline.recorded_step_seconds;
    let mut lines = Vec::new();
    if !quiet {
        let wanted = SHOWN_SHARE * entries.iter().map(|entry| entry.gap_seconds).sum::<f64>();
        let mut shown = 0.0;
        let enough = entries.iter().position(|entry| {
            shown += entry.gap_seconds;
            shown >= wanted
        });
        let (shown, rest) = entries.split_at(enough.map_or(entries.len(), |last| last + 1).min(MOST_SHOWN));
        lines.push(subject_line(recipe, *batch, data, device, isa, *threads));
        lines.push(format!(
            "limits: {:.0} billion multiply-adds per second in registers, copying {:.0} GB/s in cache, {:.0} GB/s in memory",
            roofline.multiply_adds_per_second / 1e9,
            roofline.cache_bytes_per_second / 1e9,
            roofline.memory_bytes_per_second / 1e9,
        ));
        lines.push(String::new());
        lines.push(header());
        lines.extend(shown.iter().map(|entry| row(entry, step)));
        let rest = sum(&format!("and {} smaller", rest.len()), "", rest);
        lines.extend(rest.map(|rest| row(&rest, step)));
        lines.push(String::new());
    }
    lines.push(header());
    lines.extend(totals(entries).iter().map(|entry| row(entry, step)));
    lines.extend(sum("step", "", entries).map(|all| row(&all, step)));
    lines.push(String::new());
    let share = |seconds: f64| format!("{:.1}%", 100.0 * seconds / step);
    lines.push(format!(
        "a step: {} ({} while recorded); serial {}, waiting {}, outside kernels {}",
        milliseconds_or_seconds(roofline.step_seconds),
        milliseconds_or_seconds(step),
        share(roofline.serial_seconds),
        share(roofline.waiting_seconds),
        share(roofline.outside_seconds),
    ));
    lines.join("\n")
}

fn header() -> String {
    format!(
        "{:<20}  {:<16}{:>7}{:>9}{:>8}{:>10}{:>7}{:>10}{:>10}{:>9}",
        "section", "kernel", "calls", "Mop", "MB", "time, ms", "share", "floor, ms", "gap, ms", "of limit"
    )
}

fn row(entry: &Entry, step: f64) -> String {
    let (mega, milli) = (|count: u64| count as f64 / 1e6, |seconds: f64| format!("{:.3}", seconds * 1e3));
    let percent = |share: f64, digits: usize| format!("{:.digits$}%", 100.0 * share);
    // What is no kernel has no work.
    let of_kernel = |text: String| if entry.calls > 0 { text } else { String::new() };
    let row = format!(
        "{:<20}  {:<16}{:>7}{:>9}{:>8}{:>10}{:>7}{:>10}{:>10}{:>9}",
        entry.section,
        entry.kernel,
        of_kernel(entry.calls.to_string()),
        of_kernel(format!("{:.1}", mega(entry.arithmetic))),
        of_kernel(format!("{:.1}", mega(entry.bytes))),
        milli(entry.seconds),
        percent(entry.seconds / step, 1),
        of_kernel(milli(entry.floor_seconds)),
        milli(entry.gap_seconds),
        of_kernel(percent(entry.floor_seconds / entry.seconds, 0)),
    );
    row.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_steps_count_at_least_one() {
        assert_eq!(faster_half(vec![3.0, 1.0, 2.0], |&seconds| seconds), [1.0, 2.0]);
        assert_eq!(faster_half(vec![3.0], |&seconds| seconds), [3.0]);
    }

    #[test]
    fn nothing_of_the_step_is_lost_and_lines_are_narrow() {
        let kernel = |name, seconds| modiste_network::KernelTime {
            name,
            calls: 123_456,
            seconds,
            arithmetic: 20_000_000_000,
            bytes: 9_000_000_000,
        };
        let section = |name: &str, seconds| Section {
            name: name.to_owned(),
            serial_seconds: seconds,
            waiting_seconds: 2.0 * seconds,
            outside_seconds: 3.0 * seconds,
            kernels: vec![kernel("product", 4.0 * seconds), kernel("filter transform", 5.0 * seconds)],
        };
        let profile = Profile { sections: vec![section("conv12 backward", 7.0), section("update", 1.0)] };
        let limits =
            Limits { arithmetic_per_second: 1e10, cache_bytes_per_second: 1e10, memory_bytes_per_second: 1e10 };
        let entries = entries(&profile, &limits);
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(entries.iter().map(|entry| entry.seconds).sum(), profile.seconds()));
        assert!(close(totals(&entries).iter().map(|entry| entry.seconds).sum(), profile.seconds()));
        assert_eq!((entries[0].kernel, entries[0].gap_seconds), ("filter transform", 33.0));
        assert!(header().len() <= 110);
        for entry in &entries {
            assert!(row(entry, profile.seconds()).len() <= 110, "{}", row(entry, profile.seconds()));
        }
    }
}
