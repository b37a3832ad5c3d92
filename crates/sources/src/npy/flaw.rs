//! Why an array cannot be read.

use std::io;

pub(crate) enum Flaw {
    /// It is none that can be read, a half-sentence.
    Format(String),
    /// The system, or what unpacks it, does not give it.
    Io(io::Error),
}

impl From<String> for Flaw {
    fn from(why: String) -> Self {
        Flaw::Format(why)
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Flaw::Io(error)
    }
}
