//! `import`: takes weights from elsewhere into a model file.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use modiste_data::ImageShape;
use modiste_files::tensor_file::TensorFile;
use modiste_files::{regular_file, shell};
use modiste_network::{DataReference, ModelCard, Network, Recipe, model};
use modiste_onnx::{Imported, OnnxFile};
use modiste_report::numbers::counted;
use modiste_training::RunSource;
use modiste_training::experiment::network;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::setup::{Outcome, find_recipe};
use crate::cli::ImportArgs;
use crate::output::{self, download_display};

/// `--json`
#[derive(Serialize)]
struct Document {
    file: String,
    recipe: String,
    out: String,
    classes: usize,
    /// Values in all tensors together.
    parameters: usize,
}

/// A file that weights are taken from.
enum Source {
    Onnx(OnnxFile),
    Tensors(TensorFile),
}

/// Writes a model file with weights from elsewhere.
pub fn run(arguments: &ImportArgs) -> Result<Outcome> {
    let path = &arguments.file;
    let recipe = find_recipe(&arguments.recipe)?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.safetensors", recipe.name)));
    if let (Ok(file), Ok(written)) = (path.canonicalize(), out.canonicalize())
        && file == written
    {
        bail!("--out {} is the file that is imported: name another", out.display());
    }
    let source = Source::read(path)?;
    let mut card = source.card(arguments, recipe)?;
    let network = network(&card.recipe, card.image_shape, card.class_names.len())?;
    let parameters = match &source {
        Source::Tensors(file) => modiste_torch::import(file, &network)?,
        Source::Onnx(file) => {
            let Imported { parameters, temperature } =
                file.import(&card.recipe, &network).with_context(|| format!("cannot import {}", path.display()))?;
            card.temperature = temperature;
            parameters
        }
    };
    save(arguments, &card, &network, &parameters, &out)?;
    Ok(Outcome::Done)
}

fn save(arguments: &ImportArgs, card: &ModelCard, network: &Network, parameters: &[f32], out: &Path) -> Result<()> {
    let replaces = out.exists();
    model::save(out, card, network, parameters, None)?;
    if replaces {
        output::note(&format!("note: {} was there and has been replaced", out.display()));
    }
    let file = arguments.file.display();
    if arguments.output.json {
        return output::print_json(&Document {
            file: file.to_string(),
            recipe: card.recipe.name.clone(),
            out: out.display().to_string(),
            classes: card.class_names.len(),
            parameters: parameters.len(),
        });
    }
    if arguments.output.quiet {
        return Ok(());
    }
    let (count, word) = (counted(parameters.len() as u64, "parameter"), shell::word(out));
    output::print(&format!("{count} of {file} are in {}; look closer with `modiste evaluate {word}`", out.display()))
}

impl Source {
    fn read(path: &Path) -> Result<Self> {
        match path.extension().and_then(OsStr::to_str) {
            Some("onnx") => {
                let bytes = regular_file::read(path).with_context(|| format!("cannot read {}", path.display()))?;
                let file = OnnxFile::parse(&bytes).with_context(|| format!("cannot import {}", path.display()))?;
                Ok(Self::Onnx(file))
            }
            Some("safetensors") => Ok(Self::Tensors(TensorFile::read_foreign(path, "file of weights")?)),
            _ => bail!("{} ends in neither .safetensors nor .onnx: name such a file", path.display()),
        }
    }

    /// What a text beside the weights says, if there is one.
    fn text(&self, key: &str) -> Option<&str> {
        match self {
            Self::Onnx(file) => file.text(key),
            Self::Tensors(file) => file.has_text(key).then(|| file.text(key).ok()).flatten(),
        }
    }

    fn document<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.text(key)?).ok()
    }

    /// What the weights are of: by `--data`, or by what the file says.
    fn card(&self, arguments: &ImportArgs, recipe: Recipe) -> Result<ModelCard> {
        let (class_names, image_shape, data) = match &arguments.data.data {
            Some(_) => {
                let (source, place) = (arguments.data.source()?, arguments.data.place());
                let dataset = download_display::load(&source, place, arguments.output.quiet)?;
                let data = RunSource::new(&dataset, &source, place, None)?.data;
                (dataset.class_names.clone(), dataset.train.shape(), data)
            }
            None => self.own_images().with_context(|| {
                format!(
                    "{} does not say which images and classes it is for: name a set of such by --data",
                    arguments.file.display()
                )
            })?,
        };
        let temperature: Option<f64> = self.document("temperature");
        Ok(ModelCard {
            recipe,
            class_names,
            image_shape,
            data,
            appearance: self.document("appearance"),
            epochs: self.document("epochs").unwrap_or_default(),
            temperature: temperature.filter(|temperature| temperature.is_normal() && *temperature > 0.0).unwrap_or(1.0),
        })
    }

    /// Classes, shape of images and data, as modiste writes them beside weights.
    fn own_images(&self) -> Option<(Vec<String>, ImageShape, DataReference)> {
        Some((self.document("class_names")?, self.document("image_shape")?, self.document("data")?))
    }
}
