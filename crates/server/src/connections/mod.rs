//! Connections: accepted, bounded in number and time, and ended well.

pub(crate) mod accept;
mod descriptors;
pub(crate) mod signals;
mod timed_stream;
pub(crate) mod tls;
