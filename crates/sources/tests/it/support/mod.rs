//! A data set small enough to be made for each test, and the server it may come from.

#[cfg(feature = "download")]
pub mod encrypted_server;
#[cfg(feature = "download")]
pub mod server;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Mutex;

use flate2::Compression;
use flate2::write::GzEncoder;
use modiste_sources::{Event, KnownFile, KnownSet, Progress};
use sha2::{Digest, Sha256};

/// An address at which nobody answers.
pub fn closed_address() -> &'static str {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap()).leak()
}

/// An IDX file's bytes.
pub fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let header = [0, 0, 8, dims.len() as u8].into_iter().chain(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    header.chain(values.iter().copied()).collect()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// The four files of a set of 600 and 100 images of 8x8 noise. The label files are of different sizes, as real ones.
pub fn small_files() -> Vec<(String, Vec<u8>)> {
    let noise = |count: u32| {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(|_| next()).collect::<Vec<_>>()
    };
    let labels = |count: u32| (0..count).map(|index| (index % 10) as u8).collect::<Vec<_>>();
    let part = |count: u32| [idx(&[count, 8, 8], &noise(count * 64)), idx(&[count], &labels(count))];
    let bytes = [part(600), part(100)].concat();
    NAMES.iter().zip(bytes).map(|(name, bytes)| ((*name).to_owned(), gzip(&bytes))).collect()
}

/// A set of those files, to be had at `mirrors`.
pub fn small_set(mirrors: &[&'static str]) -> &'static KnownSet {
    let files = small_files().into_iter().map(|(name, bytes)| KnownFile {
        name: name.leak(),
        size: bytes.len() as u64,
        sha256: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>().leak(),
    });
    Box::leak(Box::new(KnownSet {
        name: "small",
        about: "noise",
        class_names: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"],
        mirrors: mirrors.to_vec().leak(),
        files: files.collect::<Vec<_>>().try_into().unwrap(),
    }))
}

/// Puts the four files into `dir` as they should be.
pub fn put_files(dir: &Path) {
    for (name, bytes) in small_files() {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
}

/// Remembers what it was told.
#[derive(Default)]
pub struct Notes(Mutex<Vec<String>>);

impl Notes {
    /// Everything, a line for each event.
    pub fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

impl Progress for Notes {
    fn report(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Notice(text) => text.to_owned(),
            other => format!("{other:?}"),
        });
    }
}
