//! A set in a Parquet file. What the library asserts of it is caught by the reader, before the hook that would end the process.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| load(&PLACE.file("set.parquet", bytes)));
