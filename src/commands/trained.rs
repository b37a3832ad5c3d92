//! A trained network, and data for it.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use modiste_data::{Dataset, ImageShape, Subset, UnknownClass, are_names};
use modiste_executors::Device;
use modiste_files::shell;
use modiste_inference::Predictor;
use modiste_network::{Model, Validation};
use modiste_sources::LoadOptions;
use modiste_training::runs::belonging::check_model;
use modiste_training::{Limit, RunPaths, Splits, data_source, runs};

use super::setup::{RUNS, ensure_memory, ensure_one_run};
use crate::cli::{DataOptions, Split};
use crate::output::{self, download_display};

/// Images of a data set that a network is shown.
pub struct Part {
    /// The set's name.
    pub data: String,
    /// `training`, `validation` or `test`.
    pub split: &'static str,
    pub images: Subset,
}

/// A model, and what its run says beside it.
pub struct Trained {
    /// The run directory or model file.
    pub path: PathBuf,
    pub model: Model,
    /// Where its data was.
    data_dir: Option<PathBuf>,
}

impl Trained {
    /// The model of a run directory or file, or of the newest run.
    pub fn find(named: Option<&Path>) -> Result<Self> {
        let path = Self::locate(named)?;
        if !path.is_dir() {
            return Ok(Self { model: Model::open(&path)?, path, data_dir: None });
        }
        ensure_one_run(&path)?;
        let paths = RunPaths::new(&path);
        // Also to say clearly that it is no run.
        let source = paths.read_source()?;
        if !paths.model().exists() {
            let word = shell::word(&path);
            bail!("{} has no model yet: train it with `modiste train --resume {word}`", path.display());
        }
        let model = Model::open(&paths.model())?;
        // The model has a recipe of its own, so that it can do without this one.
        if let Ok(recipe) = paths.read_recipe() {
            check_model(&paths, &model.card, &recipe, &source)?;
        }
        Ok(Self { model, path, data_dir: source.data_dir })
    }

    /// Where it is: what was named, or the newest run.
    pub fn locate(named: Option<&Path>) -> Result<PathBuf> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => match runs::newest(Path::new(RUNS)) {
                Some(path) => path,
                None => {
                    bail!("there is no trained run in {RUNS}/: train one with `modiste train`, or name a run or model")
                }
            },
        };
        if !path.exists() {
            bail!("there is no {}: name a run directory, or the model.safetensors of one", path.display());
        }
        Ok(path)
    }

    /// Where its run found its data.
    pub fn data_dir(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    /// The model file itself.
    pub fn file(&self) -> PathBuf {
        if self.path.is_dir() { RunPaths::new(&self.path).model() } else { self.path.clone() }
    }

    /// The data of `--data`, or what the network was trained on; and whether it is that, whatever its name and place.
    pub fn data(&self, options: &DataOptions, quiet: bool) -> Result<(Dataset, bool)> {
        let card = &self.model.card;
        let own = data_source(&card.data);
        // Pictures become what the network was trained for.
        let like = LoadOptions::again(Some(card.preparation()), None, false);
        let source = match (&options.data, options.reading.first_given()) {
            (Some(_), _) => options.source_like(&like)?,
            (None, None) => own,
            (None, Some(flag)) => {
                bail!("{flag} goes with --data: the images that a network was trained on are read as they were then")
            }
        };
        let data_dir = options.place().or(self.data_dir.as_deref());
        let dataset = download_display::load(&source, data_dir, quiet)?;
        self.check_shape(&dataset)?;
        let is_own = dataset.fingerprint() == card.data.fingerprint && dataset.class_names == card.class_names;
        if !is_own && options.data.is_none() {
            output::note(&format!("{} is not the same as when the network was trained on it", dataset.name));
        }
        Ok((self.with_classes(dataset)?, is_own))
    }

    /// A part of the data of `--data`, or of what the network was trained on, as that was parted then.
    pub fn part(&self, options: &DataOptions, split: Split, quiet: bool) -> Result<Part> {
        let (dataset, own) = self.data(options, quiet)?;
        let path = self.path.display();
        // The network may have learned from these very images, so what was held out has to be known.
        if !own && options.data.is_some() && split == Split::Validation {
            bail!(
                "{} is not the data that {path} was trained on, so nothing of it was held out: take --split train or test",
                dataset.name
            );
        }
        self.part_of(dataset, own, split)
    }

    /// A part of a set whose images and classes are those of the network; `own` is whether it was trained on that very set.
    pub fn part_of(&self, dataset: Dataset, own: bool, split: Split) -> Result<Part> {
        let card = &self.model.card;
        // All of a foreign set is new to the network.
        let (validation, limit) =
            if own { (card.recipe.data.validation, Limit::of(&card.data)) } else { (Validation::Share(0.0), None) };
        let splits = Splits::new(&dataset, validation, limit, card.recipe.training.seed);
        let (images, name) = match split {
            Split::Train => (Some(splits.train), "training"),
            Split::Validation => (splits.validation, "validation"),
            Split::Test => (Some(splits.test), "test"),
        };
        match images.filter(|images| !images.is_empty()) {
            Some(images) => Ok(Part { data: dataset.name, split: name, images }),
            None => bail!("the run has no {name} images: choose another --split"),
        }
    }

    fn check_shape(&self, dataset: &Dataset) -> Result<()> {
        let text = |ImageShape { height, width, channels }| format!("{height}x{width}x{channels}");
        let (takes, has, path) = (self.model.card.image_shape, dataset.test.shape(), self.path.display());
        if takes != has {
            let (takes, has, name) = (text(takes), text(has), &dataset.name);
            bail!(
                "{path} takes images of {takes}, but those of {name} are {has}: give images of the size it was trained for"
            );
        }
        Ok(())
    }

    /// The data with its classes numbered as the network has them.
    fn with_classes(&self, dataset: Dataset) -> Result<Dataset> {
        let (name, names, path) = (dataset.name.clone(), &self.model.card.class_names, self.path.display());
        if dataset.class_names == *names {
            return Ok(dataset);
        }
        let by_name = are_names(&dataset.class_names) && are_names(names);
        let dataset = dataset.with_classes(names).map_err(|unknown| {
            let advice = match unknown {
                UnknownClass::Number { .. } if are_names(names) => {
                    "leave such images out, or name its classes, in classes.txt, as those of the network"
                }
                UnknownClass::Number { .. } => "leave such images out, or train a network on all its classes",
                _ => "name its classes, in classes.txt, as those of the network",
            };
            anyhow!("{name} cannot be judged by {path}: {unknown}; {advice}")
        })?;
        let how = if by_name { "name" } else { "number" };
        output::note(&format!("note: the classes of {name} are matched with those of the network by {how}"));
        Ok(dataset)
    }

    /// The network on a device, ready for `images` images, if memory is enough.
    pub fn predictor(&self, device: &Device, images: usize) -> Result<Predictor> {
        let batch = Predictor::batch_size(&self.model, images);
        ensure_memory(device, &self.model.network, batch)?;
        Ok(Predictor::new(&self.model, device, batch))
    }
}
