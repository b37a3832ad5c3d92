//! The images of a data set, whose classes are known.

use anyhow::{Context, Result, bail};
use modiste_executors::Device;
use modiste_inference::occlusion::occluded_images;

use super::drawings::Drawings;
use super::{Told, scores};
use crate::cli::PredictArgs;
use crate::commands::trained::Trained;
use modiste_inference::Judge;

/// Images that are classified at a time.
const ROUND: usize = 500;

/// Answers for all images of a part, in their order, and which of them are right.
pub fn predict(
    arguments: &PredictArgs,
    trained: &Trained,
    device: &Device,
    judge: &Judge<'_>,
    told: &mut Told,
) -> Result<()> {
    for (flag, folder) in [("--copy-to", &arguments.copy_to), ("--show-prepared", &arguments.show_prepared)] {
        if folder.is_some() {
            bail!("{flag} goes with pictures, and --data names a set: leave one of them out");
        }
    }
    let part = trained.part(&arguments.data, arguments.split, arguments.output.quiet || arguments.output.json)?;
    let explanations = arguments.explain.as_deref().map(Drawings::new);
    let at_once = if explanations.is_some() { occluded_images(trained.model.card.image_shape) } else { 0 };
    let mut predictor = trained.predictor(device, part.images.len().max(at_once))?;
    if arguments.single_view {
        predictor = predictor.single_view();
    }
    let (name, split) = (&part.data, part.split);
    let mut right = 0;
    for round in part.images.indices.chunks(ROUND) {
        let images = &part.images.images;
        let pixels: Vec<u8> = round.iter().flat_map(|&index| images.image(index as usize).iter().copied()).collect();
        let scores = scores(&mut predictor, &pixels, &trained.path)?;
        for (&index, score) in round.iter().zip(scores.each()) {
            let label = usize::from(images.labels()[index as usize]);
            let mut answer = judge.answer(format!("{name}/{split}/{index}"), &score);
            right += usize::from(answer.top.first().is_some_and(|likely| likely.index == label));
            if let Some(explanations) = &explanations {
                explanations.explain(&mut predictor, images.image(index as usize), &answer, judge.names)?;
            }
            answer.truth = Some(judge.names.get(label).context("a label has no name")?.clone());
            told.add(Ok(answer))?;
        }
    }
    told.measured(part.images.len(), right);
    Ok(())
}
