//! Exported networks with images and logits as files, for engines that are not written in Rust.
//!
//! Where `$MODISTE_ONNX_CASES` names a directory, each case that is tested leaves `N.onnx`, `N.pixels` (bytes in the layout of
//! the input), `N.logits` (f32) and a line of `cases.jsonl` there. `tests/python/onnx_engines.py` runs them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use modiste_network::Model;
use modiste_onnx::{Layout, Options, Pixels};

/// Leaves a case there: pixels `[n, height, width, channels]` and logits `[n, classes]`.
pub fn keep(model: &Model, options: &Options, file: &[u8], pixels: &[u8], logits: &[f32]) {
    let Some(directory) = std::env::var_os("MODISTE_ONNX_CASES").map(PathBuf::from) else { return };
    fs::create_dir_all(&directory).unwrap();
    let number = fs::read_dir(&directory)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "onnx"))
        .count();
    let name = format!("{}-{number}", model.card.recipe.name);
    let write = |ending: &str, bytes: &[u8]| fs::write(directory.join(format!("{name}.{ending}")), bytes).unwrap();
    write("onnx", file);
    write("pixels", pixels);
    write("logits", &logits.iter().flat_map(|logit| logit.to_le_bytes()).collect::<Vec<_>>());
    let shape = model.network.input;
    let line = format!(
        "{{\"name\": \"{name}\", \"shape\": [{}, {}, {}], \"classes\": {}, \"channels_last\": {}, \"bytes\": {}}}\n",
        shape.height,
        shape.width,
        shape.channels,
        model.network.classes,
        options.layout == Layout::ChannelsLast,
        options.pixels == Pixels::Bytes,
    );
    let list = OpenOptions::new().append(true).create(true).open(directory.join("cases.jsonl"));
    list.unwrap().write_all(line.as_bytes()).unwrap();
}
