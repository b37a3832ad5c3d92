//! A trained network in each format.

use std::path::Path;

use anyhow::{Context, Result};
use modiste_files::{atomic, regular_file};
use modiste_network::model;
use modiste_onnx::{Layout, Options, Pixels};
use modiste_training::{RunPaths, RunResult};
use sha2::{Digest, Sha256};

use crate::cli::{ExportArgs, ExportInput, ExportLayout};
use crate::commands::trained::Trained;

/// An ONNX file, with notes on the accuracy of the run and on which model it was.
pub fn onnx(trained: &Trained, arguments: &ExportArgs, out: &Path) -> Result<()> {
    let options = Options {
        layout: match arguments.layout {
            ExportLayout::Nchw => Layout::ChannelsFirst,
            ExportLayout::Nhwc => Layout::ChannelsLast,
        },
        pixels: match arguments.input {
            ExportInput::F32 => Pixels::Floats,
            ExportInput::U8 => Pixels::Bytes,
        },
        views: arguments.views,
    };
    let mut notes = vec![("source_sha256", sha256(&trained.file())?)];
    // A model file by itself does not know.
    if let Ok(result) = RunResult::open(&RunPaths::new(&trained.path).result()) {
        notes.push(("test_accuracy", result.test_accuracy.to_string()));
    }
    let bytes = modiste_onnx::export(&trained.model, &options, &notes)
        .with_context(|| format!("cannot export {}", trained.path.display()))?;
    Ok(atomic::write(out, |file| file.write_all(&bytes))?)
}

/// A model file.
pub fn safetensors(trained: &Trained, out: &Path) -> Result<()> {
    let model::Model { card, network, parameters, familiarity } = &trained.model;
    Ok(model::save(out, card, network, parameters, familiarity.as_ref())?)
}

/// Tensors under PyTorch's names, and the Python that reads them.
pub fn torch(trained: &Trained, out: &Path, python: &Path) -> Result<()> {
    modiste_torch::weights(out, &trained.model)?;
    let text = modiste_torch::module(&trained.model);
    Ok(atomic::write(python, |file| file.write_all(text.as_bytes()))?)
}

/// Of a file, as sixty-four hexadecimal digits.
fn sha256(path: &Path) -> Result<String> {
    let bytes = regular_file::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
