//! A batch of CIFAR-10, and before it its names of classes, as far as the first zero byte; where that is the first byte of all,
//! there are none.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, load};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| {
    let Some(names) = bytes.iter().position(|&byte| byte == 0) else { return };
    match names {
        0 => PLACE.remove("batches.meta.txt"),
        _ => drop(PLACE.file("batches.meta.txt", &bytes[..names])),
    }
    PLACE.file("data_batch_1.bin", &bytes[names + 1..]);
    load(PLACE.path());
});
