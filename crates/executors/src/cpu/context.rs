//! Where stages and optimisers run.

use super::runtime::thread_pool::Threads;
use super::simd::Isa;

/// Where a stage runs.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// Threads that compute.
    pub threads: &'a Threads,
}
