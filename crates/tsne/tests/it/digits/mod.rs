//! scikit-learn's handwritten digits and what it makes of them, see `make.py`.

use std::path::PathBuf;

use modiste_tsne::Points;
use serde_json::Value;

/// Values of a digit.
pub(crate) const DIMENSIONS: usize = 64;

/// The files beside `make.py`.
pub(crate) struct Digits {
    /// `[1797, 64]`, whole numbers from 0 to 16.
    pub(crate) values: Vec<f32>,
    pub(crate) labels: Vec<u8>,
    /// scikit-learn's map.
    pub(crate) map: Vec<[f32; 2]>,
    pub(crate) reference: Value,
}

impl Digits {
    pub(crate) fn load() -> Self {
        let values = read("digits.u8").into_iter().map(f32::from).collect();
        let (coordinates, labels) = (read("map.f32"), read("labels.u8"));
        let coordinate = |at: usize| f32::from_le_bytes(coordinates[4 * at..][..4].try_into().unwrap());
        let map = (0..labels.len()).map(|point| [coordinate(2 * point), coordinate(2 * point + 1)]).collect();
        let reference = serde_json::from_slice(&read("reference.json")).unwrap();
        Self { values, labels, map, reference }
    }

    pub(crate) fn points(&self) -> Points<'_> {
        Points::new(&self.values, DIMENSIONS).unwrap()
    }

    /// The first so many.
    pub(crate) fn first(&self, count: usize) -> Points<'_> {
        Points::new(&self.values[..count * DIMENSIONS], DIMENSIONS).unwrap()
    }

    /// A number in `reference.json`, by the keys that lead to it.
    pub(crate) fn number(&self, pointer: &str) -> f64 {
        self.reference.pointer(pointer).and_then(Value::as_f64).unwrap()
    }
}

/// The lines `i j p` of `affinities.txt`, i < j.
pub(crate) fn affinities() -> Vec<(u32, u32, f64)> {
    let text = String::from_utf8(read("affinities.txt")).unwrap();
    let line = |line: &str| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        (word().parse().unwrap(), word().parse().unwrap(), word().parse().unwrap())
    };
    text.lines().map(line).collect()
}

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/digits").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
