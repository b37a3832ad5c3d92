//! A NumPy array of points.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::Place;
use modiste_sources::read_matrix;

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(found) = read_matrix(&PLACE.file("points.npy", bytes)) {
        assert_eq!(found.rows * found.columns, found.values.len());
    }
});
