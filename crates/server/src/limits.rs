//! How much of everything a server has at a time.

use std::time::Duration;

/// Bounds. What is beyond one is refused, and said so; nothing grows with what clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body: usize,
    /// Bytes of all bodies that are held.
    pub bodies: usize,
    /// Images of a request for tensors.
    pub images: usize,
    /// Pictures of a request.
    pub pictures: usize,
    /// Pixels of a picture, as it declares them before it is decoded.
    pub pixels: u64,
    /// Images that wait for a model.
    pub waiting: usize,
    /// Connections, idle ones among them.
    pub connections: usize,
    /// For the head of a request, from its first byte.
    pub header_time: Duration,
    /// For a connection without a request.
    pub idle_time: Duration,
    /// For a request's body, and for a client that does not read its answer.
    pub body_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 16 << 20,
            bodies: 256 << 20,
            images: 1024,
            pictures: 64,
            pixels: 32 << 20,
            waiting: 2048,
            connections: 4096,
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            body_time: Duration::from_secs(30),
        }
    }
}
