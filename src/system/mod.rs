//! What is asked of the operating system.

pub mod memory;
pub mod signals;
