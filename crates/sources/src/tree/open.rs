//! Which kind of tree stands at a path: a directory, or an archive known by its content.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use modiste_files::regular_file;

use super::FileTree;
use super::directory::Directory;
use super::tar::{self, Tar};
use super::zip::Zip;
use crate::error::Error;

/// Opens a directory or an archive (zip, tar, gzipped tar); none where the path is a file of another kind.
///
/// # Errors
/// When the system does not let it be read, or an archive is damaged.
pub(crate) fn open(path: &Path) -> Result<Option<Arc<dyn FileTree>>, Error> {
    if path.is_dir() {
        return Ok(Some(Arc::new(Directory::open(path)?)));
    }
    Ok(match beginning(path).map_err(|source| Error::io("read", path, source))?.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Arc::new(Zip::open(path)?)),
        [0x1f, 0x8b, ..] => Tar::open_gzipped(path)?.map(|tree| Arc::new(tree) as Arc<dyn FileTree>),
        beginning if tar::is_tar(beginning) => Some(Arc::new(Tar::open(path)?)),
        _ => None,
    })
}

/// The first block of a file.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular_file::open(path)?.0.take(tar::BLOCK).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    fn archives_are_known_by_their_content() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("text"), "label").unwrap();
        let mut plain = ::tar::Builder::new(Vec::new());
        plain.append_dir_all("a", directory.path()).unwrap();
        let plain = plain.into_inner().unwrap();
        let mut gzipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzipped.write_all(&plain).unwrap();
        let mut zip = ::zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        zip.start_file("a/text", ::zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"label").unwrap();
        fs::write(at("tar"), plain).unwrap();
        fs::write(at("gzipped"), gzipped.finish().unwrap()).unwrap();
        fs::write(at("zip"), zip.finish().unwrap().into_inner()).unwrap();
        for name in ["tar", "gzipped", "zip"] {
            let tree = open(&at(name)).unwrap().unwrap();
            assert_eq!((tree.listing().files[0].path.as_str(), tree.read(0).unwrap()), ("text", b"label".to_vec()));
        }
        assert_eq!(open(directory.path()).unwrap().unwrap().listing().files.len(), 4);
        assert!(open(&at("text")).unwrap().is_none() && open(&at("nothing")).is_err());
    }
}
