//! Where the time of a training step goes, and how fast the machine could be at most.
//!
//! All seconds are shares of the step's wall time: what several threads spend is divided by their number, so that
//! everything in a [`Profile`] adds up to the time of the step.

/// One training step, section by section.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What the step did, in this order.
    pub sections: Vec<Section>,
}

/// A part of a step, such as the forward pass of a layer and of what is joined with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The layer's name and what is done: `conv1 forward`.
    pub name: String,
    /// Time in which one thread works and the others have nothing to do.
    pub serial_seconds: f64,
    /// Time in which threads wait for the last one of them.
    pub waiting_seconds: f64,
    /// Time in which threads work, but in no kernel: copies, sums, the kernels' calls.
    pub outside_seconds: f64,
    /// The kernels that ran.
    pub kernels: Vec<KernelTime>,
}

/// All calls of one kernel in a section.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// What it computes.
    pub name: &'static str,
    /// How often it ran.
    pub calls: u64,
    /// Time in it.
    pub seconds: f64,
    /// Operations on single values; a multiply-add is one. Padding is computed too, and counts.
    pub arithmetic: u64,
    /// Bytes of all that a call reads and all that it writes, each value once.
    pub bytes: u64,
}

/// What all threads together can do at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Multiply-adds of f32 values in registers.
    pub arithmetic_per_second: f64,
    /// Bytes read and written by copies within a core's own cache.
    pub cache_bytes_per_second: f64,
    /// Bytes read and written by copies through memory.
    pub memory_bytes_per_second: f64,
}

impl Profile {
    /// The step's wall time.
    pub fn seconds(&self) -> f64 {
        self.sections.iter().map(Section::seconds).sum()
    }

    /// Of several profiles of the same step the mean. None if there are none, or if they did not do the same.
    pub fn mean(profiles: &[Profile]) -> Option<Profile> {
        let (mut mean, others) = profiles.split_first().map(|(first, others)| (first.clone(), others))?;
        let add = |sum: &mut Section, other: &Section| {
            for (sum, other) in sum.times().into_iter().zip(other.clone().times()) {
                *sum += *other;
            }
        };
        if others.iter().any(|other| !other.is_like(&mean)) {
            return None;
        }
        for other in others {
            mean.sections.iter_mut().zip(&other.sections).for_each(|(sum, other)| add(sum, other));
        }
        for seconds in mean.sections.iter_mut().flat_map(Section::times) {
            *seconds /= profiles.len() as f64;
        }
        Some(mean)
    }

    /// Whether both did the same, in whatever time.
    fn is_like(&self, other: &Profile) -> bool {
        let kernels = |section: &Section| section.kernels.iter().map(|kernel| kernel.name).collect::<Vec<_>>();
        let done = |profile: &Profile| -> Vec<_> {
            profile.sections.iter().map(|section| (section.name.clone(), kernels(section))).collect()
        };
        done(self) == done(other)
    }
}

impl Section {
    /// Its share of the step's wall time.
    pub fn seconds(&self) -> f64 {
        let kernels: f64 = self.kernels.iter().map(|kernel| kernel.seconds).sum();
        self.serial_seconds + self.waiting_seconds + self.outside_seconds + kernels
    }

    /// Every time in it.
    fn times(&mut self) -> Vec<&mut f64> {
        let Self { serial_seconds, waiting_seconds, outside_seconds, kernels, .. } = self;
        let kernels = kernels.iter_mut().map(|kernel| &mut kernel.seconds);
        [serial_seconds, waiting_seconds, outside_seconds].into_iter().chain(kernels).collect()
    }
}

impl Limits {
    /// The higher of two measurements of each limit: whatever else ran meanwhile can only have lowered them.
    pub fn highest(self, other: Limits) -> Limits {
        Limits {
            arithmetic_per_second: self.arithmetic_per_second.max(other.arithmetic_per_second),
            cache_bytes_per_second: self.cache_bytes_per_second.max(other.cache_bytes_per_second),
            memory_bytes_per_second: self.memory_bytes_per_second.max(other.memory_bytes_per_second),
        }
    }

    /// The least time that so many operations and bytes can take while all data is in the cores' own caches.
    pub fn floor_seconds(&self, arithmetic: u64, bytes: u64) -> f64 {
        (arithmetic as f64 / self.arithmetic_per_second).max(bytes as f64 / self.cache_bytes_per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(seconds: f64) -> Profile {
        let kernel = KernelTime { name: "product", calls: 3, seconds, arithmetic: 10, bytes: 20 };
        let name = "dense1 forward".to_owned();
        let (serial_seconds, waiting_seconds, outside_seconds) = (seconds, 2.0 * seconds, 3.0 * seconds);
        let section = Section { name, serial_seconds, waiting_seconds, outside_seconds, kernels: vec![kernel] };
        Profile { sections: vec![section] }
    }

    #[test]
    fn means_are_of_times_and_leave_counts_alone() {
        assert_eq!(Profile::mean(&[profile(1.0), profile(2.0), profile(6.0)]), Some(profile(3.0)));
        assert_eq!(Profile::mean(&[]), None);
        assert_eq!(Profile::mean(&[profile(1.0), Profile { sections: Vec::new() }]), None);
        assert_eq!(profile(1.0).seconds(), 7.0);
    }

    #[test]
    fn the_floor_is_the_slower_of_the_two_limits() {
        let limits =
            Limits { arithmetic_per_second: 10.0, cache_bytes_per_second: 100.0, memory_bytes_per_second: 1.0 };
        assert_eq!(limits.floor_seconds(20, 100), 2.0);
        assert_eq!(limits.floor_seconds(20, 400), 4.0);
    }
}
