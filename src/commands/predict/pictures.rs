//! Pictures, decoded and prepared on other threads while the network is at work.

use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result, bail};
use modiste_data::Preparation;
use modiste_executors::Device;
use modiste_sources::prepare_picture;
use rayon::prelude::*;

use super::answer::{Failure, Judge};
use super::copies::Copies;
use super::inputs::Input;
use super::{Told, scores};
use crate::cli::PredictArgs;
use crate::commands::trained::Trained;

/// Pictures that are prepared at a time.
const PREPARED: usize = 500;
/// Rounds of them that wait for the network.
const WAITING: usize = 2;

/// A picture as the network sees it, `[height, width, channels]`, and what was done to it.
struct Seen {
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
    let mut predictor = trained.predictor(device, inputs.len())?;
    if arguments.single_view {
        predictor = predictor.single_view();
    }
    let preparation = trained.model.card.preparation();
    let (sender, receiver) = sync_channel(WAITING);
    thread::scope(|scope| {
        scope.spawn(move || {
            for round in inputs.chunks(PREPARED) {
                let seen: Vec<Result<Seen, String>> = round.par_iter().map(|input| see(input, &preparation)).collect();
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

fn see(input: &Input, preparation: &Preparation) -> Result<Seen, String> {
    let bytes = input.read().map_err(|error| format!("it cannot be read: {error}"))?;
    let image = prepare_picture(&bytes, preparation)?;
    Ok(Seen { image, prepared: "as it is".to_owned() })
}
