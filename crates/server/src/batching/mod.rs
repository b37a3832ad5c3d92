//! Requests for one network, computed together.
//!
//! Each model has a thread of its own ([`worker`]) and a [`queue`] before it. While the thread computes, what comes waits; when it
//! is done, all that waits is the next batch. So batches grow with the load by themselves, and who is alone is answered at once.
//! An image has the same bits in a batch of any size.

pub(crate) mod job;
pub(crate) mod queue;
pub(crate) mod worker;
