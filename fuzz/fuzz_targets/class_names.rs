//! Names of classes beside four sound IDX files.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load};

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    for part in ["train", "t10k"] {
        place.file(&format!("{part}-images-idx3-ubyte"), &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9]);
        place.file(&format!("{part}-labels-idx1-ubyte"), &[0, 0, 8, 1, 0, 0, 0, 2, 0, 1]);
    }
    place
});

fuzz_target!(|bytes: &[u8]| {
    PLACE.file("classes.txt", bytes);
    load(PLACE.path());
});
