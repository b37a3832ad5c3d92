//! Which device runs a network.

use crate::cpu::{CpuExecutor, Isa};
use crate::executor::Executor;
use crate::network::Network;

/// A place where networks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor, with this many threads.
    Cpu {
        /// Threads that compute; at least 1.
        threads: usize,
    },
}

impl Device {
    /// Compiles a network for batches of up to `batch` images; dropout follows from `seed`.
    ///
    /// All parameters are zero until [`Executor::set_state`].
    pub fn compile(&self, network: &Network, batch: usize, seed: u64) -> Box<dyn Executor> {
        match *self {
            Device::Cpu { threads } => Box::new(CpuExecutor::new(network, batch, threads, Isa::choose(), seed)),
        }
    }
}
