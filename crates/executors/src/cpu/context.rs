//! Where stages and optimisers run.

use super::runtime::thread_pool::ThreadPool;
use super::simd::Isa;

/// Where a stage runs.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// Instruction set of the kernels.
    pub isa: Isa,
    /// ThreadPool that compute.
    pub threads: &'a ThreadPool,
}
