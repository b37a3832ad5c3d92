//! A gzipped table.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| load(&PLACE.file("set.csv.gz", bytes)));
