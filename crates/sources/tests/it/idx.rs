//! The IDX reader: what it reads, and that nothing malformed gets through or brings it down.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::Path;

use modiste_sources::idx::{Idx, decode, read};
use proptest::prelude::*;

use crate::support::{gzip, idx};

/// What reading a file of these bytes says.
fn outcome(bytes: &[u8]) -> Result<Idx, String> {
    decode(bytes, bytes.len() as u64, Path::new("some-file")).map_err(|error| {
        let text = error.to_string();
        assert!(text.contains("some-file"), "no file in: {text}");
        assert!(!text.contains('\n'), "more than a sentence: {text}");
        text
    })
}

fn complaint(bytes: &[u8]) -> String {
    outcome(bytes).expect_err("this is malformed")
}

#[test]
fn one_to_four_dimensions_are_read_raw_and_gzipped() {
    for dims in [vec![6], vec![2, 3], vec![1, 2, 3], vec![2, 1, 2, 3], vec![0, 5]] {
        let count = dims.iter().product::<u32>() as u8;
        let values: Vec<u8> = (0..count).collect();
        let expected = Idx { dims: dims.iter().map(|&dim| dim as usize).collect(), values: values.clone() };
        let raw = idx(&dims, &values);
        assert_eq!(outcome(&raw).unwrap(), expected);
        assert_eq!(outcome(&gzip(&raw)).unwrap(), expected);
    }
}

#[test]
fn the_content_tells_whether_it_is_gzipped_and_not_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let raw = idx(&[2], &[4, 5]);
    for (name, bytes) in [("raw.gz", raw.clone()), ("gzipped", gzip(&raw))] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path).unwrap().values, [4, 5]);
    }
    let missing = dir.path().join("missing");
    assert!(read(&missing).unwrap_err().to_string().contains(&missing.display().to_string()));
    assert!(read(dir.path()).unwrap_err().to_string().contains(&dir.path().display().to_string()));
}

#[test]
fn several_gzip_members_are_one_file() {
    let raw = idx(&[4], &[1, 2, 3, 4]);
    let members = [gzip(&raw[..7]), gzip(&raw[7..])].concat();
    assert_eq!(outcome(&members).unwrap().values, [1, 2, 3, 4]);
}

#[test]
fn headers_are_checked() {
    for cut in 0..8 {
        assert!(complaint(&idx(&[1], &[9])[..cut]).contains("ends"), "cut to {cut}");
    }
    assert!(complaint(b"\x89PNG\r\n and more").contains("begins with"));
    assert!(complaint(&[0, 0, 8, 0]).contains("0 dimensions"));
    assert!(complaint(&idx(&[1; 5], &[9])).contains("5 dimensions"));
    assert!(complaint(&[0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0]).contains("type 0x0d"));
}

#[test]
fn what_is_another_kind_of_file_is_called_by_its_name() {
    let twice = gzip(&gzip(&idx(&[1], &[9])));
    for (bytes, name) in [
        (&b"<html>not found</html>"[..], "web page"),
        (b"\r\n<!DOCTYPE html>", "web page"),
        (b"PK\x03\x04 and more", "zip archive"),
        (b"\x93NUMPY and more", "NumPy array"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"\xfd7zXZ and more", "compressed in another way"),
        (b"\xef\xbb\xbf<html>", "web page; fetch the file itself"),
        (b"7,0,0,0,0", "it is text; write the values"),
    ] {
        assert!(complaint(bytes).contains(name), "{name}");
        assert!(complaint(&gzip(bytes)).contains(name), "{name}, gzipped");
    }
    assert!(complaint(&twice).contains("gzipped twice"));
}

/// Gives a byte at a time, and is interrupted by a signal before each.
struct Halting<'a>(&'a [u8], bool);

impl Read for Halting<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = bytes.len().min(1);
        self.0.read(&mut bytes[..count])
    }
}

#[test]
fn a_sound_file_is_read_however_its_bytes_come() {
    let raw = idx(&[2, 3], &[1, 2, 3, 4, 5, 6]);
    let members = [gzip(&raw[..7]), gzip(&raw[7..])].concat();
    for bytes in [raw.clone(), gzip(&raw), members] {
        let reader = BufReader::with_capacity(1, Halting(&bytes, false));
        let found = decode(reader, bytes.len() as u64, Path::new("some-file"));
        assert_eq!(found.unwrap().values, [1, 2, 3, 4, 5, 6]);
    }
}

#[test]
fn files_end_where_their_header_says() {
    for wrap in [|bytes: Vec<u8>| bytes, |bytes: Vec<u8>| gzip(&bytes)] {
        assert!(complaint(&wrap(idx(&[2, 2], &[1, 2, 3]))).contains("promises 2x2"));
        complaint(&wrap(idx(&[2, 2], &[1, 2, 3, 4, 5])));
    }
    let valid = gzip(&idx(&[3], &[1, 2, 3]));
    for garbage in [&[0x1f][..], &valid[..4]] {
        complaint(&[&valid[..], garbage].concat());
    }
    for garbage in [&b"garbage"[..], b"\0\0x"] {
        assert!(complaint(&[&valid[..], garbage].concat()).contains("something else follows"));
    }
    // Zeros fill up what was kept in blocks.
    assert_eq!(outcome(&[&valid[..], &[0; 20]].concat()).unwrap().values, [1, 2, 3]);
    for cut in 2..valid.len() {
        complaint(&valid[..cut]);
    }
    let mut damaged = valid.clone();
    let checksum = valid.len() - 6;
    damaged[checksum] ^= 1;
    assert!(complaint(&damaged).contains("damaged"));
}

#[test]
fn absurd_promises_are_not_believed() {
    for dims in [vec![u32::MAX], vec![u32::MAX; 4], vec![60_000, 1 << 20, 1 << 20], vec![1 << 31, 28, 28]] {
        assert!(complaint(&idx(&dims, &[0; 100])).contains("follow are 100"));
        assert!(complaint(&gzip(&idx(&dims, &[0; 100]))).contains("absurdly many"));
    }
}

#[test]
fn no_more_is_unpacked_than_the_header_says() {
    let bomb = gzip(&idx(&[3], &vec![0; 16 << 20]));
    let mut rest = &bomb[..];
    let error = decode(&mut rest, bomb.len() as u64, Path::new("some-file")).unwrap_err();
    assert!(error.to_string().contains("more follows"), "{error}");
    assert!(rest.len() > bomb.len() / 2, "{} of {} bytes were left alone", rest.len(), bomb.len());
}

/// A valid file of some shape, gzipped or not.
fn sound_file() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(0_u32..5, 1..=4), any::<bool>(), any::<u8>()).prop_map(|(dims, gzipped, first)| {
        let count = dims.iter().product::<u32>();
        let raw = idx(&dims, &(0..count).map(|index| first.wrapping_add(index as u8)).collect::<Vec<_>>());
        if gzipped { gzip(&raw) } else { raw }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damage_never_brings_it_down(
        bytes in sound_file(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut bytes = bytes;
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = outcome(&bytes);
        bytes.truncate(cut.index(bytes.len() + 1));
        bytes.extend(tail);
        if let Ok(idx) = outcome(&bytes) {
            prop_assert_eq!(idx.dims.iter().product::<usize>(), idx.values.len());
        }
    }

    #[test]
    fn noise_never_brings_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200), start in 0..3) {
        let start: &[u8] = [&[][..], &[0, 0, 8], &[0x1f, 0x8b, 8, 0]][start as usize];
        let _ = outcome(&[start, &bytes].concat());
    }
}
