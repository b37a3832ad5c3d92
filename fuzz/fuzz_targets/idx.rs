//! An IDX file, gzipped or not, alone and as the training images of a set.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load};
use modiste_sources::idx;

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    place.file("t10k-images-idx3-ubyte", &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9]);
    for part in ["train", "t10k"] {
        place.file(&format!("{part}-labels-idx1-ubyte"), &[0, 0, 8, 1, 0, 0, 0, 2, 0, 1]);
    }
    place
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(found) = idx::decode(bytes, bytes.len() as u64, Path::new("idx")) {
        assert_eq!(found.dims.iter().product::<usize>(), found.values.len());
    }
    PLACE.file("train-images-idx3-ubyte", bytes);
    load(PLACE.path());
});
