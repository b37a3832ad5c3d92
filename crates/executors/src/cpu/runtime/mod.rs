//! What kernels run on: threads, memory, and a recorder of their time.

pub mod memory;
pub mod recorder;
pub mod thread_pool;
