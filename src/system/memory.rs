//! What the system says about memory. Nothing here allocates much or fails: `None` where the system does not say.

use std::fs;

/// Most memory this process has had resident, in bytes.
pub fn peak_bytes() -> Option<u64> {
    field(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Memory that can be had without swapping, in bytes; no more than a container may use.
pub fn available_bytes() -> Option<u64> {
    let available = field(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    let allowed = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(available.min(allowed.unwrap_or(u64::MAX)))
}

/// A line such as `VmHWM:  1234 kB` as bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
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
}
