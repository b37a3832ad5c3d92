//! Tensors that others have written, as the weights of a small network.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_files::tensor_file::TensorFile;
use modiste_fuzz::{Place, small_card, tensor_file};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|bytes: &[u8]| {
    let path = PLACE.file("weights.safetensors", &tensor_file(bytes));
    let Ok(file) = TensorFile::read_foreign(&path, "file of weights") else { return };
    let network = small_card().network().expect("the small card is of a network");
    if let Ok(parameters) = modiste_torch::import(&file, &network) {
        assert_eq!(parameters.len(), network.parameter_count());
    }
});
