#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod access_log;
mod batching;
mod body;
mod connections;
mod limits;
mod metrics;
mod models;
mod openapi;
mod page;
mod pictures;
mod problem;
mod protocol;
mod router;
mod server;
mod shared;
mod statistics;
mod times;
mod token;

pub use connections::tls::Tls;
pub use limits::Limits;
pub use models::{Loader, ModelSource};
pub use pictures::examples::{Example, Examples};
pub use server::{End, Options, Server, ServerError};
pub use token::{NoToken, Token};
