//! What the page of several runs shows.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use modiste_executors::Device;
use modiste_inference::McNemar;
use modiste_report::numbers::counted;
use modiste_report::run::Answer;
use modiste_report::runs::{Answered, Experiment, RunsPage};
use modiste_training::RunPaths;

use super::one::{self, answers};
use crate::cli::{DataOptions, Split};
use crate::commands::compare::{self, Group};
use crate::commands::trained::Trained;
use crate::output::{comparison_text, sentence};

/// What the page shows of these runs, or directories of them, and how many they are.
pub fn page(
    named: &[PathBuf],
    options: &DataOptions,
    device: &Device,
    quiet: bool,
) -> Result<(RunsPage, Vec<PathBuf>)> {
    let groups = compare::groups(named)?;
    let directories: Vec<PathBuf> = groups.iter().flat_map(|group| group.directories.clone()).collect();
    let mut experiments = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let runs = group.directories.iter().map(|run| one::epochs(&RunPaths::new(run))).collect::<Result<_>>()?;
        experiments.push(Experiment { name: name(&groups, number), runs });
    }
    let mut notices = Vec::new();
    let answered = match answered(&directories, options, device, quiet) {
        Ok(Ok(answered)) => Some(answered),
        Ok(Err(why)) => {
            notices.push(why);
            None
        }
        Err(error) if options.data.is_some() => return Err(error),
        Err(error) => {
            notices.push(format!("there are no images in it: {}", sentence(&error)));
            None
        }
    };
    let judgement = answered.as_ref().and_then(|answered| judgement(&answered.runs));
    let title =
        format!("{} of {}", counted(directories.len() as u64, "run"), counted(groups.len() as u64, "experiment"));
    let (rows, places): (Vec<_>, Vec<_>) = groups.into_iter().map(|group| (group.aggregate, group.place)).unzip();
    let page = RunsPage {
        title,
        notices,
        columns: comparison_text::COLUMNS.map(|(name, _)| name.to_owned()).to_vec(),
        rows: comparison_text::rows(&rows, &places).into_iter().map(Vec::from).collect(),
        experiments,
        answered,
        judgement,
    };
    Ok((page, directories))
}

/// The recipe of an experiment, with its place where another one has the same.
fn name(groups: &[Group], number: usize) -> String {
    let recipe = |group: &Group| group.aggregate.recipe.clone();
    let group = &groups[number];
    let alike = groups.iter().filter(|other| recipe(other) == recipe(group)).count() > 1;
    if alike { format!("{} ({})", recipe(group), group.place) } else { recipe(group) }
}

/// What the runs say of the test images that they share; or why they share none.
fn answered(
    directories: &[PathBuf],
    options: &DataOptions,
    device: &Device,
    quiet: bool,
) -> Result<Result<Answered, String>> {
    let runs = directories.iter().map(|run| Trained::find(Some(run))).collect::<Result<Vec<_>>>()?;
    let Some(first) = runs.first() else { return Ok(Err("there are no runs".to_owned())) };
    let same = |other: &Trained| {
        let (one, other) = (&first.model.card, &other.model.card);
        (&one.data.fingerprint, &one.class_names, one.image_shape)
            == (&other.data.fingerprint, &other.class_names, other.image_shape)
    };
    if !runs.iter().all(same) {
        return Ok(Err("it has no images, since the runs have different test images".to_owned()));
    }
    let (dataset, own) = first.data(options, quiet)?;
    let images = first.part_of(dataset, own, Split::Test)?.images;
    let mut all: Vec<(String, Vec<Answer>)> = Vec::new();
    for run in &runs {
        let mut predictor = run.predictor(device, images.len())?;
        let Some(classified) = predictor.classify(&images, &AtomicBool::new(false)) else { continue };
        let name = run.path.display().to_string();
        let card = &run.model.card;
        all.push((name, answers(classified, card.class_names.len(), card.temperature)));
    }
    Ok(Ok(Answered { classes: first.model.card.class_names.clone(), images, runs: all }))
}

/// Of two runs: whether one is better, by McNemar's test.
fn judgement(runs: &[(String, Vec<Answer>)]) -> Option<String> {
    let [(one, first), (other, second)] = runs else { return None };
    let right = |answer: &Answer| answer.truth == answer.predicted;
    let only = |these: &[Answer], those: &[Answer]| {
        these.iter().zip(those).filter(|(this, that)| right(this) && !right(that)).count() as u64
    };
    let test = McNemar::new(only(first, second), only(second, first));
    let how = if test.is_exact { "exact binomial" } else { "χ² with continuity correction" };
    let verdict = match test.p_value {
        p if p < 0.05 => "the difference is larger than chance would make it in one of twenty cases",
        _ => "the difference may well be chance",
    };
    let p = if test.p_value < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {:.4}", test.p_value) };
    Some(format!(
        "McNemar's test ({how}): {one} alone is right on {}, {other} alone on {}; {p}, so {verdict}.",
        counted(test.only_first, "test image"),
        test.only_second
    ))
}
