//! A tar archive as a tree of files: a plain one is read where it lies, a gzipped one is unpacked into memory.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::listing::{Listing, TreeFile};
use super::shared_file::SharedFile;
use super::{FileTree, MOST_BYTES};
use crate::error::Error;
use crate::gzip::Members;

/// The most bytes that a gzipped archive may have when it is unpacked.
const MOST_UNPACKED: u64 = 4 << 30;

/// The files of a tar archive.
pub(super) struct Tar {
    place: PathBuf,
    bytes: Bytes,
    listing: Listing,
    /// Where the bytes of each file begin.
    starts: Vec<u64>,
}

/// Where an archive lies.
#[derive(Clone)]
enum Bytes {
    File(SharedFile),
    Memory(Cursor<Arc<[u8]>>),
}

impl Tar {
    pub(super) fn open(place: &Path) -> Result<Self, Error> {
        let file = SharedFile::open(place).map_err(|source| Error::io("read", place, source))?;
        Self::index(place, Bytes::File(file))
    }

    /// Opens what is gzipped; none where it holds something else than an archive.
    pub(super) fn open_gzipped(place: &Path) -> Result<Option<Self>, Error> {
        let file = SharedFile::open(place).map_err(|source| Error::io("read", place, source))?;
        // What grows more than deflate can is no archive of files.
        let most = file.length().saturating_mul(1000).saturating_add(64 << 20).min(MOST_UNPACKED);
        let damaged = |why: io::Error| Error::archive(place, "gzipped tar", why);
        let mut stream = Members::new(BufReader::with_capacity(1 << 16, file)).take(most + 1);
        let mut bytes = Vec::new();
        stream.by_ref().take(BLOCK).read_to_end(&mut bytes).map_err(damaged)?;
        if !is_tar(&bytes) {
            return Ok(None);
        }
        stream.read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 > most {
            return Err(Error::archive(place, "gzipped tar", format!("it unpacks to more than {} MB", most >> 20)));
        }
        Self::index(place, Bytes::Memory(Cursor::new(bytes.into()))).map(Some)
    }

    fn index(place: &Path, bytes: Bytes) -> Result<Self, Error> {
        let damaged = |why: io::Error| Error::archive(place, "tar", why);
        let length = bytes.length();
        let (mut found, mut folders, mut others, mut end) = (Vec::new(), Vec::new(), 0_usize, 0_u64);
        let mut archive = ::tar::Archive::new(bytes.clone());
        for entry in archive.entries_with_seek().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            let kind = entry.header().entry_type();
            end = entry.raw_file_position().saturating_add(entry.size());
            let path = String::from_utf8(entry.path_bytes().into_owned());
            match path {
                Ok(path) if kind.is_dir() || (kind.is_file() && path.ends_with('/')) => folders.push(path),
                Ok(path) if kind.is_file() || kind.is_contiguous() => {
                    let (start, size) = (entry.raw_file_position(), entry.size());
                    if start.checked_add(size).is_none_or(|end| end > length) {
                        return Err(Error::archive(place, "tar", format!("it ends in the midst of {path}")));
                    }
                    let modified = entry.header().mtime().ok().map(Duration::from_secs);
                    let modified = modified.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
                    found.push((TreeFile { path, size, modified }, start));
                }
                // What is said of the whole archive is no entry.
                _ if kind.is_pax_global_extensions() => {}
                // Links, devices, names that are no text.
                _ => others += 1,
            }
        }
        let mut notes = Vec::new();
        if others > 0 {
            notes.push(format!("what is no file (links, devices, names that are not UTF-8) is left out: {others}"));
        }
        // A block of zeros stands behind the last entry. Not every program writes it.
        if end.saturating_add(BLOCK) > length {
            notes.push(format!(
                "{} ends without the mark of its end, so that something may be missing: fetch it anew if it should have more",
                place.display()
            ));
        }
        let (listing, starts) = Listing::new(found, folders, notes);
        Ok(Self { place: place.to_owned(), bytes, listing, starts })
    }
}

/// Bytes of a header.
pub(super) const BLOCK: u64 = 512;

/// Whether a file that begins so is a tar archive.
pub(super) fn is_tar(beginning: &[u8]) -> bool {
    beginning.get(257..262) == Some(b"ustar")
}

impl FileTree for Tar {
    fn place(&self) -> &Path {
        &self.place
    }

    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        let TreeFile { path, size, .. } = &self.listing.files[index];
        let damaged = |why: String| Error::archive(&self.place, "tar", format!("{path}: {why}"));
        if *size > MOST_BYTES {
            return Err(damaged(format!("it has more than {} MB", MOST_BYTES >> 20)));
        }
        let mut source = self.bytes.clone();
        let mut bytes = Vec::new();
        let read = source.seek(SeekFrom::Start(self.starts[index]));
        read.and_then(|_| source.take(*size).read_to_end(&mut bytes)).map_err(|why| damaged(why.to_string()))?;
        if bytes.len() as u64 == *size { Ok(bytes) } else { Err(damaged("the archive has become shorter".to_owned())) }
    }
}

impl Bytes {
    fn length(&self) -> u64 {
        match self {
            Bytes::File(file) => file.length(),
            Bytes::Memory(bytes) => bytes.get_ref().len() as u64,
        }
    }
}

impl Read for Bytes {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::File(file) => file.read(bytes),
            Bytes::Memory(memory) => memory.read(bytes),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Bytes::File(file) => file.seek(to),
            Bytes::Memory(memory) => memory.seek(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn archive() -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        let deep = format!("set/b/{}/9.png", "long".repeat(40));
        for path in ["set/b/10.png", &deep] {
            let text = path.repeat(50);
            let mut header = ::tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mtime(1_000);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        for (path, kind) in [("set/empty/", ::tar::EntryType::Directory), ("set/link", ::tar::EntryType::Symlink)] {
            let mut header = ::tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(0);
            builder.append_data(&mut header, path, io::empty()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<Option<Tar>, Error>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("set");
        fs::write(&path, bytes).unwrap();
        let is_gzipped = bytes.starts_with(&[0x1f, 0x8b]);
        (directory, if is_gzipped { Tar::open_gzipped(&path) } else { Tar::open(&path).map(Some) })
    }

    #[test]
    fn plain_and_gzipped_archives_are_read() {
        for bytes in [archive(), gzipped(&archive())] {
            let (_directory, tree) = open(&bytes);
            let tree = tree.unwrap().unwrap();
            let files = &tree.listing().files;
            assert_eq!((files.len(), files[0].path.as_str()), (2, "b/10.png"));
            assert!(files[1].path.ends_with("/9.png") && files[1].path.len() > 160, "{}", files[1].path);
            assert_eq!(files[0].modified, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)));
            assert_eq!(tree.read(0).unwrap(), "set/b/10.png".repeat(50).into_bytes());
            assert_eq!((&tree.listing().empty_folders[..], tree.listing().notes.len()), (&["empty".to_owned()][..], 1));
        }
    }

    #[test]
    fn what_may_be_cut_between_entries_is_said() {
        let whole = archive();
        let used = whole.len() - whole.iter().rev().take_while(|byte| **byte == 0).count();
        let (_directory, tree) = open(&whole[..used.next_multiple_of(BLOCK as usize)]);
        let tree = tree.unwrap().unwrap();
        let notes = &tree.listing().notes;
        assert!(notes.iter().any(|note| note.contains("without the mark of its end")), "{notes:?}");
    }

    #[test]
    fn what_is_no_whole_archive_is_refused() {
        assert!(open(&gzipped(&[0; 2_000])).1.unwrap().is_none(), "gzipped, but no tar");
        let error = open(&archive()[..700]).1.err().unwrap().to_string();
        assert!(error.contains("ends in the midst of set/b/10.png"), "{error}");
        let whole = gzipped(&archive());
        assert!(open(&whole[..whole.len() - 9]).1.is_err());
    }

    proptest! {
        #[test]
        fn damaged_archives_are_refused_or_read(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            end in proptest::option::of(any::<prop::sample::Index>()),
            sums in any::<bool>(),
        ) {
            let mut bytes = archive();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if sums {
                // So that damage goes past the first check: every header gets the sum that it should have.
                for header in bytes.chunks_exact_mut(512).filter(|header| is_tar(header)) {
                    header[148..156].fill(b' ');
                    let sum: u32 = header.iter().copied().map(u32::from).sum();
                    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                }
            }
            if let Some(end) = end {
                bytes.truncate(end.index(bytes.len()));
            }
            if let (_directory, Ok(Some(tree))) = open(&bytes) {
                for index in 0..tree.listing().files.len() {
                    let _ = tree.read(index);
                }
            }
        }
    }
}
