//! A checkpoint, of the network that its seed is of.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use modiste_fuzz::{Place, small_card, tensor_file};
use modiste_network::Network;
use modiste_training::checkpoint::CheckpointFile;

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);
static NETWORK: LazyLock<Network> = LazyLock::new(|| small_card().network().expect("a network"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = CheckpointFile::read(&PLACE.file("checkpoint.safetensors", &tensor_file(bytes))) else { return };
    let _ = file.origin();
    if let Ok(checkpoint) = file.checkpoint(&NETWORK) {
        assert_eq!(checkpoint.kept().len(), NETWORK.parameter_count());
        checkpoint.kept_epoch();
    }
});
