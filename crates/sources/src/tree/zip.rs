//! A zip archive as a tree of files, which are unpacked one by one when they are read.

use std::io::Read;
use std::path::{Path, PathBuf};

use ::zip::ZipArchive;

use super::listing::{Listing, TreeFile};
use super::shared_file::SharedFile;
use super::{FileTree, MOST_BYTES};
use crate::error::Error;

/// The files of a zip archive.
pub(super) struct Zip {
    place: PathBuf,
    archive: ZipArchive<SharedFile>,
    listing: Listing,
    /// Which entry of the archive each file is.
    entries: Vec<usize>,
}

impl Zip {
    pub(super) fn open(place: &Path) -> Result<Self, Error> {
        let damaged = |why: ::zip::result::ZipError| Error::archive(place, "zip", why);
        let file = SharedFile::open(place).map_err(|source| Error::io("read", place, source))?;
        let archive = ZipArchive::new(file).map_err(damaged)?;
        let (mut found, mut folders, mut without_text) = (Vec::new(), Vec::new(), 0_usize);
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(damaged)?;
            // Some programs for Windows write their own separator.
            let Some(path) = entry.name().ok().map(|name| name.replace('\\', "/")) else {
                without_text += 1;
                continue;
            };
            if entry.is_dir() || path.ends_with('/') {
                folders.push(path);
            } else if entry.encrypted() {
                return Err(Error::Archive {
                    path: place.to_owned(),
                    kind: "zip",
                    why: format!("{path} is encrypted"),
                    remedy: "unpack it with its password and give the directory",
                });
            } else if entry.is_file() {
                // Times in zip archives have no zone, and so say no moment.
                found.push((TreeFile { path, size: entry.size(), modified: None }, index));
            }
        }
        let note = format!("{without_text} names are no text, so what they name is left out");
        let notes = if without_text > 0 { vec![note] } else { Vec::new() };
        let (listing, entries) = Listing::new(found, folders, notes);
        Ok(Self { place: place.to_owned(), archive, listing, entries })
    }
}

impl FileTree for Zip {
    fn place(&self) -> &Path {
        &self.place
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        let path = &self.listing.files[index].path;
        let damaged = |why: String| Error::archive(&self.place, "zip", format!("{path}: {why}"));
        // A copy shares the list of entries, and moves through the file by itself.
        let mut archive = self.archive.clone();
        let entry = archive.by_index(self.entries[index]).map_err(|why| damaged(why.to_string()))?;
        let mut bytes = Vec::new();
        if entry.size() <= MOST_BYTES {
            entry.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|why| damaged(why.to_string()))?;
            if bytes.len() as u64 <= MOST_BYTES {
                return Ok(bytes);
            }
        }
        Err(damaged(format!("it has more than {} MB", MOST_BYTES >> 20)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Cursor, Write};

    use ::zip::write::SimpleFileOptions;
    use ::zip::{CompressionMethod, ZipWriter};
    use proptest::prelude::*;

    use super::*;

    fn archive() -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let plain = SimpleFileOptions::default();
        for (path, method) in
            [("set/b/10.png", CompressionMethod::Stored), ("set/b/9.png", CompressionMethod::Deflated)]
        {
            writer.start_file(path, plain.compression_method(method)).unwrap();
            writer.write_all(path.repeat(50).as_bytes()).unwrap();
        }
        writer.add_directory("set/empty", plain).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<Zip, Error>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("set.zip");
        fs::write(&path, bytes).unwrap();
        (directory, Zip::open(&path))
    }

    #[test]
    fn entries_are_read_in_place() {
        let (_directory, tree) = open(&archive());
        let tree = tree.unwrap();
        let paths: Vec<_> = tree.listing().files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["b/9.png", "b/10.png"]);
        assert_eq!(tree.listing().empty_folders, ["empty"]);
        std::thread::scope(|scope| {
            for (index, text) in [(0, "set/b/9.png"), (1, "set/b/10.png"), (0, "set/b/9.png")] {
                let tree = &tree;
                scope.spawn(move || assert_eq!(tree.read(index).unwrap(), text.repeat(50).as_bytes()));
            }
        });
    }

    #[test]
    fn what_is_encrypted_is_named() {
        let mut bytes = archive();
        let listed = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        bytes[listed + 8] |= 1;
        let error = open(&bytes).1.err().unwrap().to_string();
        assert!(error.contains("set/b/10.png is encrypted"), "{error}");
    }

    proptest! {
        #[test]
        fn damaged_archives_are_refused_or_read(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            end in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = archive();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if let Some(end) = end {
                bytes.truncate(end.index(bytes.len()));
            }
            if let (_directory, Ok(tree)) = open(&bytes) {
                for index in 0..tree.listing().files.len() {
                    let _ = tree.read(index);
                }
            }
        }
    }
}
