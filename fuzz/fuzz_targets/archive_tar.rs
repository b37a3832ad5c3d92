//! A tar archive of any form.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load, tar_with_sums};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| load(&PLACE.file("set.tar", &tar_with_sums(bytes))));
