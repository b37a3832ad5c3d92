//! Which kind of tree stands at a path: a directory, or an archive known by its content.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use modiste_files::regular_file;

use super::FileTree;
use super::directory::Directory;
use super::zip::Zip;
use crate::error::Error;

/// Opens a directory or a zip archive; none where the path is a file of another kind.
///
/// # Errors
/// When the system does not let it be read, or an archive is damaged.
pub(crate) fn open(path: &Path) -> Result<Option<Arc<dyn FileTree>>, Error> {
    if path.is_dir() {
        return Ok(Some(Arc::new(Directory::open(path)?)));
    }
    Ok(match beginning(path).map_err(|source| Error::io("read", path, source))?.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Arc::new(Zip::open(path)?)),
        _ => None,
    })
}

/// The first block of a file.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular_file::open(path)?.0.take(512).read_to_end(&mut bytes)?;
    Ok(bytes)
}
