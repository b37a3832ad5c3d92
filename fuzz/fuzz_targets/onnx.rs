//! An ONNX file, and its weights for a small network.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::small_card;
use modiste_onnx::OnnxFile;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = OnnxFile::parse(bytes) else { return };
    let card = small_card();
    let network = card.network().expect("the small card is of a network");
    if let Ok(imported) = file.import(&card.recipe, &network) {
        assert_eq!(imported.parameters.len(), network.parameter_count());
    }
});
