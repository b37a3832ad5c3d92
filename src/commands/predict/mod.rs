//! `predict`: the class of pictures, or of the images of a data set.

mod copies;
mod drawings;
mod file;
mod inputs;
mod new_file;
mod pictures;
mod set;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use modiste_inference::{Predictor, Scores};
use modiste_report::numbers::counted;
use modiste_sources::read_class_names;
use modiste_training::RunPaths;
use modiste_training::runs::seed_directory;
use serde::Serialize;

use self::file::AnswerFile;
use self::inputs::inputs;
use super::fonts::{note_undrawn, use_font};
use super::setup::{Outcome, device};
use super::trained::Trained;
use crate::cli::{OutputOptions, PredictArgs};
use crate::output::{self, prediction_text};
use modiste_inference::Judge;
use modiste_inference::{Answer, Failure};

/// Classifies what was named.
pub fn run(arguments: &PredictArgs) -> Result<Outcome> {
    let device = device(&arguments.compute)?;
    let file = arguments.out.as_deref().map(AnswerFile::at).transpose()?;
    let (model, typed) = split_model(&arguments.inputs);
    let trained = Trained::find(model)?;
    let names = names(arguments, &trained)?;
    use_font(&arguments.font)?;
    if arguments.explain.is_some() {
        note_undrawn(&names, &arguments.font);
    }
    let judge = Judge { names: &names, top: arguments.top as usize, least: arguments.min_confidence.unwrap_or(0.0) };
    let mut told = Told { options: arguments.output, file, top: judge.top, answers: Vec::new(), measured: None };
    if arguments.data.data.is_some() {
        if let Some(input) = typed.first() {
            bail!("{} and --data are two things to classify: name one of them", input.display());
        }
        set::predict(arguments, &trained, &device, &judge, &mut told)?;
    } else {
        let inputs = inputs(typed)?;
        if inputs.is_empty() {
            bail!(
                "there is nothing to classify: name pictures, folders of them, - for standard input, or a set by --data"
            );
        }
        pictures::predict(arguments, &trained, &device, &judge, &inputs, &mut told)?;
    }
    told.end()
}

/// The run or model among what was typed, which comes first if it is there, and the pictures.
fn split_model(typed: &[PathBuf]) -> (Option<&Path>, &[PathBuf]) {
    match typed {
        [first, rest @ ..] if is_model(first) => (Some(first), rest),
        _ => (None, typed),
    }
}

fn is_model(path: &Path) -> bool {
    if path.is_dir() {
        return RunPaths::new(path).source().exists() || !seed_directory::runs(path).is_empty();
    }
    path.extension().is_some_and(|ending| ending == "safetensors")
}

/// What the classes are called: by `--names`, a name on each line, or as the model has it.
fn names(arguments: &PredictArgs, trained: &Trained) -> Result<Vec<String>> {
    let of_model = &trained.model.card.class_names;
    let Some(path) = &arguments.names else { return Ok(of_model.clone()) };
    let names = read_class_names(path)?;
    if names.len() != of_model.len() {
        bail!(
            "{} has {}, and {} has {}: give a line for each",
            path.display(),
            output::count(names.len(), "name"),
            trained.path.display(),
            counted(of_model.len() as u64, "class")
        );
    }
    Ok(names)
}

/// The last line of `--data` with `--json`.
#[derive(Serialize)]
struct Measured {
    images: usize,
    right: usize,
    accuracy: f64,
}

/// Of images `[n, height, width, channels]`, by the model that lies at `path`.
fn scores(predictor: &mut Predictor, images: &[u8], path: &Path) -> Result<Scores> {
    let scores = predictor.scores(images)?;
    if let Some(logit) = scores.logits.iter().find(|logit| !logit.is_finite()) {
        bail!("{} gives logits of {logit}: its weights are damaged, so train it again", path.display());
    }
    Ok(scores)
}

/// Answers as they come, told in the way that was asked for.
struct Told {
    options: OutputOptions,
    file: Option<AnswerFile>,
    /// Classes of each answer.
    top: usize,
    answers: Vec<Result<Answer, Failure>>,
    /// How many images there were whose class is known, and how many of them are right.
    measured: Option<(usize, usize)>,
}

impl Told {
    fn add(&mut self, answer: Result<Answer, Failure>) -> Result<()> {
        match &answer {
            Ok(answer) if self.options.json => output::print_json(answer)?,
            Ok(_) => {}
            Err(failure) => {
                if self.options.json {
                    output::print_json(failure)?;
                }
                output::note(&format!("{}: {}", failure.input, failure.error));
            }
        }
        self.answers.push(answer);
        Ok(())
    }

    /// All classes are known: so many images are right.
    fn measured(&mut self, images: usize, right: usize) {
        self.measured = Some((images, right));
    }

    fn end(self) -> Result<Outcome> {
        let failed = self.answers.iter().filter(|answer| answer.is_err()).count();
        match &self.file {
            Some(file) => file.write(&self.answers, self.top)?,
            None if !self.options.json => {
                let answers: Vec<Answer> = self.answers.iter().flatten().cloned().collect();
                if !answers.is_empty() {
                    output::print(&prediction_text::rows(&answers, self.measured.is_some()))?;
                }
            }
            None => {}
        }
        if let Some((images, right)) = self.measured {
            let accuracy = right as f64 / images as f64;
            if self.options.json {
                output::print_json(&Measured { images, right, accuracy })?;
            } else {
                output::print(&format!("{right} of {}: accuracy {accuracy:.4}", counted(images as u64, "image")))?;
            }
        }
        Ok(if failed == 0 { Outcome::Done } else { Outcome::SomeFailed })
    }
}
