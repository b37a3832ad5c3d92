//! A model file.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, tensor_file};
use modiste_network::Model;

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(model) = Model::open(&PLACE.file("model.safetensors", &tensor_file(bytes))) {
        assert_eq!(model.network.parameter_count(), model.parameters.len());
    }
});
