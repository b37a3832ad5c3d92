//! Pictures, decoded and prepared on other threads while the network is at work.

use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result, bail};
use modiste_data::{Appearance, Preparation};
use modiste_executors::Device;
use modiste_inference::occlusion::occluded_images;
use modiste_sources::prepare_photograph;
use rayon::prelude::*;

use super::copies::Copies;
use super::drawings::Drawings;
use super::inputs::Input;
use super::{Told, scores};
use crate::cli::{PredictArgs, Prepare};
use crate::commands::trained::Trained;
use modiste_inference::Failure;
use modiste_inference::Judge;

/// Pictures that are prepared at a time.
const PREPARED: usize = 500;
/// Rounds of them that wait for the network.
const WAITING: usize = 2;

/// A picture as the network sees it, `[height, width, channels]`, and what was done to it.
struct Seen {
    /// Of the file, where it is to be shown.
    bytes: Option<Vec<u8>>,
    image: Vec<u8>,
    prepared: String,
}

/// Answers for all inputs, in their order.
pub fn predict(
    arguments: &PredictArgs,
    trained: &Trained,
    device: &Device,
    judge: &Judge<'_>,
    inputs: &[Input],
    told: &mut Told,
) -> Result<()> {
    let copies = arguments.copy_to.as_deref().map(Copies::create).transpose()?;
    if copies.is_some() && inputs.contains(&Input::Standard) {
        bail!("--copy-to copies files, and standard input is none: name the file, or leave --copy-to out");
    }
    let explanations = arguments.explain.as_deref().map(Drawings::new);
    let at_once = if explanations.is_some() { occluded_images(trained.model.card.image_shape) } else { 0 };
    let mut predictor = trained.predictor(device, inputs.len().max(at_once))?;
    if arguments.single_view {
        predictor = predictor.single_view();
    }
    let shown = arguments.show_prepared.as_deref().map(Drawings::new);
    let card = &trained.model.card;
    let eye = Eye {
        preparation: card.preparation(),
        appearance: card.appearance.as_ref().filter(|_| arguments.prepare == Prepare::Auto),
        keeps_bytes: shown.is_some(),
    };
    let (sender, receiver) = sync_channel(WAITING);
    thread::scope(|scope| {
        scope.spawn(move || {
            for round in inputs.chunks(PREPARED) {
                let seen: Vec<Result<Seen, String>> = round.par_iter().map(|input| eye.see(input)).collect();
                // Nobody waits for more where an error has ended all.
                if sender.send((round, seen)).is_err() {
                    break;
                }
            }
        });
        for (round, seen) in receiver {
            let pixels: Vec<u8> = seen.iter().flatten().flat_map(|seen| seen.image.iter().copied()).collect();
            let scores = scores(&mut predictor, &pixels, &trained.path)?;
            let mut scores = scores.each();
            for (input, seen) in round.iter().zip(seen) {
                let answer = match seen {
                    Ok(seen) => {
                        let score = scores.next().context("a picture has no scores")?;
                        let mut answer = judge.answer(input.name(), &score);
                        if let Some(explanations) = &explanations {
                            explanations.explain(&mut predictor, &seen.image, &answer, judge.names)?;
                        }
                        if let (Some(shown), Some(bytes)) = (&shown, &seen.bytes) {
                            shown.show(bytes, &seen.image, card.image_shape, &answer.input, &seen.prepared)?;
                        }
                        answer.prepared = Some(seen.prepared);
                        Ok(answer)
                    }
                    Err(error) => Err(Failure { input: input.name(), error }),
                };
                if let (Some(copies), Ok(answer), Input::File(path)) = (&copies, &answer, input) {
                    copies.add(path, &answer.class)?;
                }
                told.add(answer)?;
            }
        }
        Ok(())
    })
}

/// How pictures become what the network sees.
struct Eye<'a> {
    preparation: Preparation,
    /// What the images are like that the network has learned from, if pictures are to look like these.
    appearance: Option<&'a Appearance>,
    /// Whether the bytes of files are of use later.
    keeps_bytes: bool,
}

impl Eye<'_> {
    fn see(&self, input: &Input) -> Result<Seen, String> {
        let bytes = input.read().map_err(|error| format!("it cannot be read: {error}"))?;
        let (image, prepared) = prepare_photograph(&bytes, &self.preparation, self.appearance)?;
        Ok(Seen { bytes: self.keeps_bytes.then_some(bytes), image, prepared: prepared.to_string() })
    }
}
