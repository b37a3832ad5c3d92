//! What kernels run on: threads, memory, and a recorder of their time.

pub(super) mod memory;
pub(super) mod recorder;
pub(super) mod thread_pool;
