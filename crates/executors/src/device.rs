//! Which device runs a network.

use modiste_network::{Executor, Limits, Network};

use crate::cpu::{CpuExecutor, CpuOptions, InvalidOption};

/// A place where networks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu(CpuOptions),
}

impl Device {
    /// The processor with so many threads, as [`CpuOptions::new`] chooses.
    ///
    /// # Errors
    /// As [`CpuOptions::new`].
    pub fn cpu(threads: usize) -> Result<Self, InvalidOption> {
        Ok(Device::Cpu(CpuOptions::new(threads)?))
    }

    /// Bytes of memory that training a network in batches of up to `batch` images will take.
    pub fn planned_bytes(&self, network: &Network, batch: usize) -> u64 {
        match *self {
            Device::Cpu(options) => CpuExecutor::planned_bytes(network, batch, options),
        }
    }

    /// Measures what the device can do at most; takes about a second.
    pub fn limits(&self) -> Limits {
        match *self {
            Device::Cpu(options) => CpuExecutor::limits(options),
        }
    }

    /// Compiles a network for batches of up to `batch` images; dropout follows from `seed`.
    ///
    /// All parameters are zero until [`Executor::set_state`].
    ///
    /// # Panics
    /// If this machine lacks the device's instruction set.
    pub fn compile(&self, network: &Network, batch: usize, seed: u64) -> Box<dyn Executor> {
        match *self {
            Device::Cpu(options) => Box::new(CpuExecutor::new(network, batch, options, seed)),
        }
    }
}
