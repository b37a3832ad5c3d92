//! The thread of a model.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use modiste_inference::{Look, Predictor, Scores};

use super::job::{Done, Job, Outcome, Work};
use super::queue::Queue;
use crate::problem::Problem;
use crate::statistics::Statistics;
use crate::times::BatchTimes;

/// What a model's thread works with.
pub(crate) struct Worker {
    pub(crate) predictor: Predictor,
    pub(crate) queue: Arc<Queue>,
    pub(crate) statistics: Arc<Statistics>,
    /// How long a job may wait for others that are expected.
    pub(crate) delay: Duration,
}

/// Jobs of one look: their images are one batch.
#[derive(Default)]
struct Group {
    /// `[n, height, width, channels]`
    pixels: Vec<f32>,
    jobs: Vec<(Job, usize)>,
}

impl Worker {
    /// Computes what the queue holds until it is closed and empty.
    pub(crate) fn run(mut self) {
        let (mut last, mut ended) = (0, Instant::now());
        loop {
            let (batch, delay) = (self.predictor.batch(), self.delay);
            // Who was answered just now is likely to ask again, and then all that ask are here at once: a full batch, for which
            // the network has every core. When nobody has come for a while, nobody is expected.
            let expected = |first: Instant| if first.saturating_duration_since(ended) < delay { last } else { 1 };
            let Some(jobs) = self.queue.next(batch, expected, delay) else { return };
            last = jobs.iter().map(|job| job.work.images()).sum();
            self.compute(jobs);
            last += self.queue.images();
            ended = Instant::now();
        }
    }

    fn compute(&mut self, jobs: Vec<Job>) {
        let mut groups: HashMap<Look, Group> = HashMap::new();
        for mut job in jobs {
            // Who does not wait any more is not worked for.
            if job.asker.is_closed() {
                continue;
            }
            match &mut job.work {
                Work::Look { pixels, images, look } => {
                    let (images, group) = (*images, groups.entry(*look).or_default());
                    if group.pixels.is_empty() {
                        group.pixels = std::mem::take(pixels);
                    } else {
                        group.pixels.append(pixels);
                    }
                    group.jobs.push((job, images));
                }
                Work::Explain { image, .. } => {
                    let waited = job.arrived.elapsed();
                    let answer = self.predictor.occlusion(image);
                    let answer = answer.map(|occlusion| Done { outcome: Outcome::Occlusion(occlusion), waited });
                    let _ = job.asker.send(answer.map_err(|error| Problem::malformed(error.to_string())));
                }
            }
        }
        for (look, group) in groups {
            self.look(look, group);
        }
    }

    /// Computes a batch. An error of sending is that nobody waits any more.
    fn look(&mut self, look: Look, group: Group) {
        let began = Instant::now();
        let scores = match self.predictor.look(&group.pixels, look) {
            Ok(scores) => scores,
            Err(error) => {
                for (job, _) in group.jobs {
                    let _ = job.asker.send(Err(Problem::malformed(error.to_string())));
                }
                return;
            }
        };
        let computed = began.elapsed();
        let waits = group.jobs.iter().map(|(job, _)| began.saturating_duration_since(job.arrived));
        let images = group.jobs.iter().map(|(_, images)| images).sum();
        self.statistics.add_batch(&BatchTimes { images, jobs: group.jobs.len(), waited: waits.sum(), computed });
        let mut first = 0;
        for (job, images) in group.jobs {
            let waited = began.saturating_duration_since(job.arrived);
            let own = scores.of(first..first + images);
            first += images;
            let _ = job.asker.send(finite(own).map(|scores| Done { outcome: Outcome::Scores(scores), waited }));
        }
    }
}

/// Refuses scores that no JSON has a word for.
fn finite(scores: Scores) -> Result<Scores, Problem> {
    match scores.logits.iter().find(|logit| !logit.is_finite()) {
        None => Ok(scores),
        Some(logit) => Err(Problem::new(
            hyper::StatusCode::UNPROCESSABLE_ENTITY,
            format!("the network gives logits of {logit}: send pixels from 0 to 255"),
        )),
    }
}
