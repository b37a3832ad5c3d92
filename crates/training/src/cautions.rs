//! What is to be said before an experiment is trained: it can be, but not to what somebody would expect.

use std::fmt;

use modiste_data::{Dataset, Flip, Imbalance, listed_classes, mirrored_classes};
use modiste_network::{Network, Operation, Recipe, Validation};

use super::splits::Splits;

/// More are not named one by one.
const NAMED: usize = 10;

/// Something that will surprise. As text: a sentence that says what to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Caution {
    /// Classes that have no image in the whole data set.
    NoImages(Vec<String>),
    /// All training images are of this class.
    OneClass(String),
    /// Classes that are in the test images and have no training image.
    NotLearned(Vec<String>),
    /// Classes of which the limit leaves no training image.
    LimitedOut(Vec<String>),
    /// A share of the images was to be held out, and of no class does it come to one.
    NothingHeldOut {
        /// The share.
        share: f64,
        /// The smallest share that comes to one.
        least: f64,
    },
    /// Classes with no image among those that are held out, where others have some.
    NotHeldOut(Vec<String>),
    /// Classes have very unequal numbers of training images, and all images count alike.
    Unequal(Imbalance),
    /// Classes that look like each other's mirror image, where images are mirrored.
    Mirrored(Vec<(String, String)>),
    /// The last batch of each epoch has one image, whose normalisation is 0 whatever it shows.
    LastBatchOfOne {
        /// Images of the other batches.
        batch: usize,
    },
}

impl fmt::Display for Caution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImages(classes) => write!(
                formatter,
                "no image is of {}: the labels leave {} out, and the network will never predict {}",
                listed_classes(classes),
                it(classes),
                it(classes)
            ),
            Self::OneClass(class) => write!(
                formatter,
                "all training images are of class {class}: there is nothing to tell apart, so give images of other classes"
            ),
            Self::NotLearned(classes) => write!(
                formatter,
                "no training image is of {}, but test images are: they cannot be classified rightly, so give images to learn from",
                listed_classes(classes)
            ),
            Self::LimitedOut(classes) => write!(
                formatter,
                "no training image of {} is among the few that --limit leaves: give a larger limit",
                listed_classes(classes)
            ),
            Self::NothingHeldOut { share, least } => write!(
                formatter,
                "no image is held out for validation, since a share of {share} is less than half an image of each class: give \
                 at least {least:.2}, or 0 for none"
            ),
            Self::NotHeldOut(classes) => write!(
                formatter,
                "no validation image is of {}: so few images leave none to hold out, and validation says nothing of {}",
                listed_classes(classes),
                it(classes)
            ),
            Self::Unequal(imbalance) => write!(formatter, "{imbalance}"),
            Self::Mirrored(pairs) => {
                let pairs: Vec<_> = pairs.iter().take(NAMED).map(|(one, other)| format!("{one} and {other}")).collect();
                write!(
                    formatter,
                    "classes {} look like each other's mirror image, and this recipe mirrors images, so that it cannot tell \
                     them apart: begin the run with --no-flip",
                    pairs.join(", ")
                )
            }
            Self::LastBatchOfOne { batch } => write!(
                formatter,
                "the last batch of each epoch has one image, of which batch normalisation leaves nothing: give another \
                 --batch than {batch}"
            ),
        }
    }
}

/// What is to be said of a recipe and its data.
pub fn cautions(recipe: &Recipe, network: &Network, dataset: &Dataset, splits: &Splits) -> Vec<Caution> {
    let names = &dataset.class_names;
    let named = |is_meant: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..names.len()).filter(|&class| is_meant(class)).map(|class| names[class].clone()).collect()
    };
    let (all, train, test) =
        (dataset.class_sizes(), splits.train.class_sizes(names.len()), splits.test.class_sizes(names.len()));
    let mut unlimited = vec![0; names.len()];
    dataset.train.labels().iter().for_each(|&label| unlimited[usize::from(label)] += 1);
    let mut found = vec![
        Caution::NoImages(named(&|class| all[class] == 0)),
        Caution::NotLearned(named(&|class| unlimited[class] == 0 && test[class] > 0)),
        Caution::LimitedOut(named(&|class| unlimited[class] > 0 && train[class] == 0)),
    ];
    if let (Validation::Share(share), None) = (recipe.data.validation, &splits.validation)
        && share > 0.0
    {
        let largest = train.iter().copied().max().unwrap_or(0).max(1);
        found.push(Caution::NothingHeldOut { share, least: (50.0 / largest as f64).ceil() / 100.0 });
    }
    if let [class] = &named(&|class| unlimited[class] > 0)[..] {
        found.push(Caution::OneClass(class.clone()));
    }
    if let (Some(validation), false) = (&splits.validation, splits.validates_on_test) {
        let held_out = validation.class_sizes(names.len());
        found.push(Caution::NotHeldOut(named(&|class| held_out[class] == 0 && train[class] > 0)));
    }
    if recipe.training.class_weights.is_none() {
        let classes = names.iter().map(String::as_str).zip(train.iter().copied());
        found.extend(Imbalance::of(classes).map(Caution::Unequal));
    }
    if recipe.augmentation.flip != Flip::None || recipe.evaluation.flip {
        let name = |class: u8| names[usize::from(class)].clone();
        let pairs = mirrored_classes(&splits.train).into_iter().map(|(one, other)| (name(one), name(other)));
        found.push(Caution::Mirrored(pairs.collect()));
    }
    let batch = recipe.training.batch;
    if splits.train.len() > batch && splits.train.len() % batch == 1 && normalises_single_values(network) {
        found.push(Caution::LastBatchOfOne { batch });
    }
    found.retain(|caution| match caution {
        Caution::NoImages(classes)
        | Caution::NotLearned(classes)
        | Caution::LimitedOut(classes)
        | Caution::NotHeldOut(classes) => !classes.is_empty(),
        Caution::Mirrored(pairs) => !pairs.is_empty(),
        Caution::OneClass(_)
        | Caution::NothingHeldOut { .. }
        | Caution::Unequal(_)
        | Caution::LastBatchOfOne { .. } => true,
    });
    found
}

/// Whether batch normalisation has a single value a channel of an image somewhere, so that it needs several images.
pub(super) fn normalises_single_values(network: &Network) -> bool {
    network.layers.iter().any(|layer| {
        let channels = || network.parameters[layer.parameters.start].range.len();
        matches!(layer.operation, Operation::BatchNorm { .. }) && layer.input.len() == channels()
    })
}

fn it(classes: &[String]) -> &'static str {
    if classes.len() == 1 { "it" } else { "them" }
}
