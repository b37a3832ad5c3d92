//! What the system says about memory. Nothing here allocates much or fails: `None` where the system does not say.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Address space that is left for what is not planned: stacks of threads, and what the allocator keeps.
const UNPLANNED: u64 = 64 << 20;

/// Most memory this process has had resident, in bytes.
pub fn peak_bytes() -> Option<u64> {
    field(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Memory that can be had without swapping, in bytes; no more than the limits of this process (`ulimit -v`, `ulimit -d`) and
/// of the groups that it is in (containers, services) leave.
pub fn available_bytes() -> Option<u64> {
    let free = fs::read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemAvailable:"));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_groups = groups_of(&groups).into_iter().filter_map(|(directory, names)| left_in_group(&directory, names));
    free.into_iter().chain(left_to_process()).chain(of_groups).min()
}

/// Whether the system would give so many bytes at once. None of them is touched.
pub fn can_be_had(bytes: u64) -> bool {
    let mut room: Vec<u8> = Vec::new();
    let had = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    // Or the compiler would see that nobody needs it.
    black_box(&room);
    had
}

/// Has the process end with status 1 where it cannot get the memory that it must have. Rust says so on standard error, and
/// would then abort.
pub fn end_when_exhausted() {
    #[cfg(unix)]
    {
        let always = Arc::new(AtomicBool::new(true));
        // Without it the process ends all the same.
        let _ = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGABRT, 1, always);
    }
}

/// What the limits of this process leave, in bytes.
fn left_to_process() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let left = |limit: &str, used: &str| {
        let limit: u64 = after(&limits, limit)?.split_whitespace().next()?.parse().ok()?;
        Some(limit.saturating_sub(field(&status, used)?).saturating_sub(UNPLANNED))
    };
    let left = [left("Max address space", "VmSize:"), left("Max data size", "VmData:")];
    left.into_iter().flatten().min()
}

/// What files of a group are called: its limit, what it uses, and the kinds of memory within that which can be had back.
struct GroupFiles {
    limit: &'static str,
    used: &'static str,
    reclaimable: [&'static str; 2],
}

const VERSION_1: &GroupFiles = &GroupFiles {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: ["total_inactive_file ", "total_active_file "],
};
const VERSION_2: &GroupFiles =
    &GroupFiles { limit: "memory.max", used: "memory.current", reclaimable: ["inactive_file ", "active_file "] };

/// The groups that limit memory of a process with this `/proc/self/cgroup`: each, and those that it is part of. Within a
/// container the outermost is the container's own.
fn groups_of(text: &str) -> Vec<(PathBuf, &'static GroupFiles)> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, files) = match controllers {
            "" => ("/sys/fs/cgroup", VERSION_2),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", VERSION_1)
            }
            _ => continue,
        };
        let path = path.trim_start_matches('/');
        groups.extend(Path::new(path).ancestors().map(|path| (Path::new(root).join(path), files)));
    }
    groups
}

/// What the limit of a group leaves, in bytes; `None` if it has none.
fn left_in_group(directory: &Path, files: &GroupFiles) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(directory.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let (limit, used) = (number(files.limit)?, number(files.used)?);
    let kinds = read("memory.stat").unwrap_or_default();
    let reclaimable = |name: &&str| after(&kinds, name)?.trim().parse::<u64>().ok();
    let reclaimable: u64 = files.reclaimable.iter().filter_map(reclaimable).sum();
    Some(limit.saturating_sub(used.saturating_sub(reclaimable)))
}

/// A line such as `VmHWM:  1234 kB` as bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let kilobytes: u64 = after(text, name)?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What follows `name` on the line that begins with it.
fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_bytes() {
        let text = "VmPeak:\t  99 kB\nVmHWM:\t    12 kB\n";
        assert_eq!(field(text, "VmHWM:"), Some(12 * 1024));
        assert_eq!(field(text, "VmSwap:"), None);
    }

    #[test]
    fn a_process_is_limited_by_each_group_that_it_is_in() {
        let paths = |text: &str| -> Vec<String> {
            groups_of(text)
                .iter()
                .map(|(path, _)| path.display().to_string().trim_end_matches('/').to_owned())
                .collect()
        };
        assert_eq!(
            paths("0::/user.slice/a.scope\n"),
            ["/sys/fs/cgroup/user.slice/a.scope", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"]
        );
        let first = "9:name=systemd:/x\n4:cpuset,memory:/docker/1:2\n1:cpu:/\n";
        assert_eq!(
            paths(first),
            ["/sys/fs/cgroup/memory/docker/1:2", "/sys/fs/cgroup/memory/docker", "/sys/fs/cgroup/memory"]
        );
        assert!(paths("nonsense\n").is_empty());
    }

    #[test]
    fn a_group_leaves_what_it_does_not_use_and_what_it_can_have_back() {
        let directory = tempfile::tempdir().unwrap();
        let left = |files: [(&str, &str); 3], names| {
            files.iter().for_each(|(name, text)| fs::write(directory.path().join(name), text).unwrap());
            left_in_group(directory.path(), names)
        };
        let kinds = "anon 600\nactive_file 30\ninactive_file 70\ntotal_active_file 1\ntotal_inactive_file 2\n";
        let second = [("memory.max", "1000\n"), ("memory.current", "700\n"), ("memory.stat", kinds)];
        assert_eq!(left(second, VERSION_2), Some(400));
        let unlimited = [("memory.max", "max\n"), ("memory.current", "700\n"), ("memory.stat", kinds)];
        assert_eq!(left(unlimited, VERSION_2), None);
        let first = [("memory.limit_in_bytes", "500\n"), ("memory.usage_in_bytes", "700\n"), ("memory.stat", kinds)];
        assert_eq!(left(first, VERSION_1), Some(0));
    }

    #[test]
    fn more_than_any_address_is_never_had() {
        assert!(can_be_had(1 << 20) && !can_be_had(u64::MAX) && !can_be_had(1 << 60));
    }
}
