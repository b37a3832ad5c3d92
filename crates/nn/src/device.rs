//! Which device runs a network.

use crate::cpu::{CpuExecutor, Isa, UnknownIsa};
use crate::executor::Executor;
use crate::network::Network;
use crate::profile::Limits;

/// A place where networks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu {
        /// Threads that compute; at least 1.
        threads: usize,
        /// Instruction set of the kernels.
        isa: Isa,
    },
}

impl Device {
    /// The processor with so many threads and its fastest instruction set, or the one that `$MODISTE_ISA` names.
    ///
    /// # Errors
    /// When the variable names none that this machine has.
    pub fn cpu(threads: usize) -> Result<Self, UnknownIsa> {
        Ok(Device::Cpu { threads, isa: Isa::choose()? })
    }

    /// Bytes of memory that training a network in batches of up to `batch` images will take.
    pub fn planned_bytes(&self, network: &Network, batch: usize) -> u64 {
        match *self {
            Device::Cpu { threads, isa } => CpuExecutor::planned_bytes(network, batch, threads, isa),
        }
    }

    /// Measures what the device can do at most; takes about a second.
    pub fn limits(&self) -> Limits {
        match *self {
            Device::Cpu { threads, isa } => CpuExecutor::limits(threads, isa),
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
            Device::Cpu { threads, isa } => Box::new(CpuExecutor::new(network, batch, threads, isa, seed)),
        }
    }
}
