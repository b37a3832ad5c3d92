//! A recipe, the same written and read again, and its network for images whose shape its first four bytes give.
#![no_main]

use libfuzzer_sys::fuzz_target;
use modiste_data::ImageShape;
use modiste_network::{Network, Recipe};

fuzz_target!(|bytes: &[u8]| {
    let [height, width, channels, classes, text @ ..] = bytes else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let Ok(recipe) = Recipe::parse(text, "fuzz") else { return };
    assert_eq!(Recipe::parse(&recipe.to_toml(), "fuzz").expect("what it wrote itself"), recipe);
    let [height, width, channels, classes] = [height, width, channels, classes].map(|&byte| usize::from(byte).max(1));
    let shape = ImageShape { height, width, channels };
    let _ = recipe.check_shifts(shape);
    let _ = Network::new(&recipe.layers, shape, classes);
});
