//! A tree of files that data sets are found in: a directory, or an archive as if it were one.

pub(crate) mod directory;
pub(crate) mod listing;
pub(crate) mod open;
mod shared_file;
mod tar;
mod zip;

use std::path::Path;

use crate::error::Error;
use listing::Listing;

/// The most bytes of one file of an archive: what an archive says of sizes is not believed further.
const MOST_BYTES: u64 = 256 << 20;

/// Files below one place, to be read on any thread.
pub(crate) trait FileTree: Send + Sync {
    /// What the user called the place.
    fn place(&self) -> &Path;

    /// The files there are.
    fn listing(&self) -> &Listing;

    /// All bytes of file `index` of the listing.
    ///
    /// # Errors
    /// When the system or the archive does not give them.
    fn read(&self, index: usize) -> Result<Vec<u8>, Error>;
}
