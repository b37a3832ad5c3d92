//! The recipe `auto`: an ordinary recipe, resolved for the images at hand, with a reason for each choice.
//!
//! What is decided here was chosen by experiments on many small sets, with images held out, which `recipes/NOTES.md` has. One
//! thing they do not settle: mixed images teach much where there are few, and blur what is told by where it is. So where it
//! may help it is tried, on halves of the training images. The recipe is a function of the images and the seed, and of no
//! clock.

mod comments;
mod facts;
mod layers;
mod length;
mod trial;

use std::sync::atomic::{AtomicBool, Ordering};

use modiste_data::{Augmentation, Dataset, Fill, Flip, Subset};
use modiste_executors::Device;
use modiste_network::{
    Adamw, ClassWeights, Comment, DataRecipe, EvaluationRecipe, Keep, LayerRecipe, Muon, Optimiser, Recipe, Schedule,
    TrainingRecipe, Validation,
};

use self::comments::comments;
use self::facts::Facts;
use self::length::Length;
use crate::experiment::{ExperimentError, network};
use crate::splits::{Limit, Splits};
use crate::start::Start;
use crate::trainer::TrainError;

/// What the recipe is called.
pub const AUTOMATIC: &str = "auto";

/// Training images from which on some are held out, so that validation can be watched; below, each is worth more learned from.
const MANY: usize = 10_000;
/// The share held out then.
const HELD_OUT: f64 = 0.05;

/// Channels of the network's first level.
const WIDTH: usize = 32;
/// Pixels of the shorter side for each pixel that images are shifted by.
const PIXELS_A_SHIFT: usize = 14;
/// Images of a class below which mixed ones may teach more than they blur.
const FEW_OF_A_CLASS: usize = 200;
/// Images above which it would take too long to try.
const MOST_TRIED: usize = 2_000;

/// Learning rate of matrices in a run that starts from trained weights, and that of all else.
const FINE_RATE: f64 = 0.01;
const FINE_RATE_OF_OTHERS: f64 = 0.002;

/// How much larger than the smallest class the largest is where each image counts by its class.
const UNEQUAL: usize = 5;

/// A recipe resolved for some images.
#[derive(Clone, Debug)]
pub struct Automatic {
    /// An ordinary recipe.
    pub recipe: Recipe,
    /// Why its fields have their values.
    pub comments: Vec<Comment>,
    facts: Facts,
    train: Subset,
    /// Classes of the whole set.
    class_count: usize,
}

impl Automatic {
    /// For the training images of a set, or as many as `limit` leaves by `seed`.
    ///
    /// # Errors
    /// When there is no network for the images.
    pub fn for_images(dataset: &Dataset, limit: Option<Limit>, seed: u64) -> Result<Self, ExperimentError> {
        let train = Splits::new(dataset, Validation::Share(0.0), limit, seed).train;
        let facts = Facts::of(&train, &dataset.class_names);
        let recipe = resolve(&facts, seed, false)?;
        Ok(Self { comments: comments(&facts, &recipe), recipe, facts, train, class_count: dataset.class_names.len() })
    }

    /// For training images as [`Automatic::for_images`] has them, from trained weights: with their layers, and with smaller
    /// steps, so that what they know is not lost.
    ///
    /// # Errors
    /// When their layers do not fit the images.
    pub fn from_start(
        dataset: &Dataset,
        limit: Option<Limit>,
        seed: u64,
        start: &Start,
    ) -> Result<Self, ExperimentError> {
        let Self { mut recipe, mut comments, facts, train, class_count } = Self::for_images(dataset, limit, seed)?;
        let trained = &start.model.card.recipe;
        recipe.layers.clone_from(&trained.layers);
        if let Some(LayerRecipe::Dense { units, .. }) = recipe.layers.last_mut() {
            // As many as there are classes.
            *units = None;
        }
        recipe.data.scaling = trained.data.scaling;
        recipe.optimiser = Optimiser::Muon(Muon {
            learning_rate: FINE_RATE,
            momentum: 0.9,
            weight_decay: 0.0,
            others: Adamw { learning_rate: FINE_RATE_OF_OTHERS, weight_decay: 0.0, beta_2: 0.98, ..Adamw::default() },
            ..Muon::default()
        });
        let network = network(&recipe, facts.shape, facts.classes.max(2))?;
        let length = Length::from_start(&facts, &network);
        (recipe.training.epochs, recipe.training.batch) = (length.epochs, length.batch);
        comments.retain(|comment| comment.field != "layers" && comment.field != "training.epochs");
        comments.push(Comment {
            field: "layers",
            text: format!("those of {}, whose weights it starts from", start.source),
        });
        comments.push(Comment {
            field: "optimiser",
            text: "small steps, so that what is learned already is not lost".to_owned(),
        });
        Ok(Self { recipe, comments, facts, train, class_count })
    }

    /// Whether something is left that has to be tried: whether mixed images help.
    pub fn is_open(&self) -> bool {
        let Facts { images, classes, .. } = self.facts;
        images < FEW_OF_A_CLASS * classes && images <= MOST_TRIED && classes > 1
    }

    /// Tries it, which takes about as long as the training that follows.
    ///
    /// # Errors
    /// When training diverges.
    pub fn settled(self, device: &Device) -> Result<Self, TrainError> {
        self.settled_until(&AtomicBool::new(false), device)
    }

    /// The same until `stop` is true; then it is as if nothing had been tried.
    ///
    /// # Errors
    /// When training diverges.
    pub fn settled_until(mut self, stop: &AtomicBool, device: &Device) -> Result<Self, TrainError> {
        let Ok(mixed) = resolve(&self.facts, self.recipe.training.seed, true) else { return Ok(self) };
        let Ok(network) = network(&mixed, self.facts.shape, self.class_count) else { return Ok(self) };
        let [plain, mixed_too] =
            [&self.recipe, &mixed].map(|recipe| trial::of(recipe, &network, &self.train, device, stop));
        let (plain, mixed_too) = (plain?, mixed_too?);
        if stop.load(Ordering::Relaxed) {
            return Ok(self);
        }
        if mixed_too.right as f64 + allowance(&plain) >= plain.right as f64 {
            self.comments = comments(&self.facts, &mixed);
            self.recipe = mixed;
        }
        self.comments.push(Comment {
            field: "augmentation",
            text: format!(
                "of {} images that were not learned from, {} were right with mixed images and {} without",
                plain.images, mixed_too.right, plain.right
            ),
        });
        Ok(self)
    }
}

/// By how many fewer right ones mixed images may still be the better choice: chance moves the number by so many, and what they
/// teach takes more steps than a trial has.
fn allowance(plain: &trial::Outcome) -> f64 {
    2.0 * ((plain.images - plain.right) as f64).sqrt()
}

/// The recipe for these images, with mixed ones or without.
fn resolve(facts: &Facts, seed: u64, mixes: bool) -> Result<Recipe, ExperimentError> {
    let mirrors = facts.one_sided.is_none();
    let mut recipe = Recipe {
        name: AUTOMATIC.to_owned(),
        layers: layers::layers(facts.shape, WIDTH),
        data: DataRecipe {
            validation: Validation::Share(if facts.images < MANY { 0.0 } else { HELD_OUT }),
            ..DataRecipe::default()
        },
        augmentation: Augmentation {
            flip: if mirrors { Flip::Alternating } else { Flip::None },
            shift: (facts.shape.height.min(facts.shape.width) + PIXELS_A_SHIFT / 2) / PIXELS_A_SHIFT,
            mixup: mixes.then_some(0.4),
            cutmix: mixes.then_some(1.0),
            fill: if facts.on_black { Fill::Zero } else { Fill::Reflect },
            ..Augmentation::default()
        },
        optimiser: Optimiser::Muon(Muon {
            learning_rate: 0.05,
            momentum: 0.9,
            weight_decay: if mixes { 0.1 } else { 0.02 },
            others: Adamw { learning_rate: 0.005, weight_decay: 0.05, beta_2: 0.98, ..Adamw::default() },
            ..Muon::default()
        }),
        schedule: Schedule::Linear { warm_up: 0.2, first: 0.2, last: 0.0 },
        training: TrainingRecipe {
            epochs: 1,
            batch: 1,
            seed,
            label_smoothing: 0.1,
            class_weights: (facts.largest >= UNEQUAL * facts.smallest).then_some(ClassWeights::Balanced),
            clip_norm: None,
            average: None,
            freeze: None,
            keep: Keep::Last,
            patience: None,
        },
        evaluation: EvaluationRecipe { flip: mirrors, shift: 0 },
    };
    let length = Length::of(facts, &network(&recipe, facts.shape, facts.classes.max(2))?, mixes);
    recipe.training.epochs = length.epochs;
    recipe.training.batch = length.batch;
    Ok(recipe)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use modiste_data::{ImageShape, Images};

    use super::*;
    use crate::experiment::Experiment;
    use crate::runs::run_source::RunSource;
    use modiste_sources::Source;

    /// `count` images of this shape with noise, of `classes` classes in turn.
    fn noise(count: usize, shape: ImageShape, classes: usize) -> Dataset {
        let pixel = |place: usize| (place.wrapping_mul(2_654_435_761) >> 16) as u8;
        let part = |count: usize| {
            let labels = (0..count).map(|image| (image % classes) as u8).collect();
            Arc::new(Images::new(shape, (0..count * shape.len()).map(pixel).collect(), labels, classes).unwrap())
        };
        Dataset {
            name: "noise".to_owned(),
            class_names: (0..classes).map(|class| format!("class {class}")).collect(),
            train: part(count),
            validation: None,
            test: part(4),
            preparation: None,
        }
    }

    fn shape(height: usize, width: usize, channels: usize) -> ImageShape {
        ImageShape { height, width, channels }
    }

    #[test]
    fn every_set_gets_a_recipe_that_can_be_trained_and_written_down() {
        let sets = [
            (2, shape(1, 1, 1), 2),
            (2, shape(28, 28, 1), 2),
            (10, shape(3, 70, 3), 10),
            (21, shape(8, 8, 1), 10),
            (41, shape(64, 64, 3), 40),
            (300, shape(12, 20, 1), 3),
            (12_000, shape(4, 4, 1), 255),
        ];
        for (count, shape, classes) in sets {
            let dataset = noise(count, shape, classes);
            let Automatic { recipe, comments, .. } = Automatic::for_images(&dataset, None, 3).unwrap();
            assert_eq!(Recipe::parse(&recipe.to_toml_with(&comments), "text").unwrap(), recipe);
            assert_eq!(recipe.training.seed, 3);
            let source = RunSource::new(&dataset, &Source::DrawnGarments, None, None).unwrap();
            let prepared = Experiment { recipe, comments, dataset, source, start: None }.prepare().unwrap();
            assert_eq!(prepared.splits.validation.is_some(), count >= MANY, "{count} images");
        }
    }

    #[test]
    fn every_comment_is_of_a_field_of_the_recipe() {
        let Automatic { recipe, comments, .. } =
            Automatic::for_images(&noise(300, shape(28, 28, 1), 3), None, 0).unwrap();
        let text = recipe.to_toml_with(&comments);
        for Comment { field, text: comment } in comments {
            assert!(text.contains(&format!("# {comment}\n")), "{field} is no field");
        }
    }

    #[test]
    fn a_limit_is_what_counts() {
        let dataset = noise(3_000, shape(4, 4, 1), 3);
        let epochs = |limit| Automatic::for_images(&dataset, limit, 0).unwrap().recipe.training.epochs;
        assert!(epochs(Some(Limit::Stratified(30))) > epochs(Some(Limit::Stratified(300))));
        assert!(epochs(Some(Limit::Stratified(300))) > epochs(None));
    }
}
