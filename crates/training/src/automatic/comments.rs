//! Why the recipe `auto` is as it is, in a line each, for those who read `recipe.toml`.

use modiste_network::{Comment, Recipe, Validation};

use super::facts::{Facts, OneSided};

/// For the fields that depend on the images, and those that somebody would wonder about.
pub(super) fn comments(facts: &Facts, recipe: &Recipe) -> Vec<Comment> {
    let Facts { shape, images, classes, largest, smallest, one_sided, .. } = facts;
    let each =
        if largest == smallest { format!("{largest} of each") } else { format!("{smallest} to {largest} of each") };
    let (epochs, batch) = (recipe.training.epochs, recipe.training.batch);
    let steps = epochs * images.div_ceil(batch);
    let mut comments = vec![
        (
            "name",
            format!(
                "chosen for {images} training images of {}x{}x{} in {classes} classes, {each}",
                shape.height, shape.width, shape.channels
            ),
        ),
        (
            "layers",
            "three levels of residual convolutions, as many pixels on each as images of this size allow".to_owned(),
        ),
        (
            "data.validation",
            match recipe.data.validation {
                Validation::Share(share) if share > 0.0 => format!(
                    "there are enough images to hold out {:.0}% of them and watch how training goes",
                    100.0 * share
                ),
                _ => "so few images are all needed to learn from: none is held out".to_owned(),
            },
        ),
        (
            "augmentation.flip",
            match one_sided {
                None => "mirrored images look like others of their class".to_owned(),
                Some(OneSided::Mirrored) => "no flips: classes are each other's mirror image".to_owned(),
                Some(OneSided::Unlike(likeness)) => format!(
                    "no flips: the nearest neighbour of an image is of its class in {:.0}% of cases, of a mirrored one in {:.0}%",
                    100.0 * likeness.as_they_are,
                    100.0 * likeness.mirrored
                ),
                Some(OneSided::Names) => {
                    "no flips: the classes are called by letters, which are not mirrored".to_owned()
                }
            },
        ),
        ("augmentation.shift", "shifted images are new images to learn from, which few images need most".to_owned()),
        (
            "augmentation.fill",
            if facts.on_black {
                "the images lie on black, which comes in at the border then".to_owned()
            } else {
                "what comes in at the border is like what is there".to_owned()
            },
        ),
        ("augmentation.mixup", "mixed images, since there are few of each class to learn by heart".to_owned()),
        (
            "training.class_weights",
            format!("images of rare classes count more: there are {smallest} to {largest} of a class"),
        ),
        ("training.epochs", format!("{steps} steps in all: few images are shown more often")),
        ("training.batch", "small batches of few images, larger ones of many".to_owned()),
    ];
    comments.retain(|(field, _)| match *field {
        "augmentation.shift" => recipe.augmentation.shift > 0,
        "training.class_weights" => recipe.training.class_weights.is_some(),
        "augmentation.mixup" => recipe.augmentation.mixup.is_some(),
        _ => true,
    });
    comments.into_iter().map(|(field, text)| Comment { field, text }).collect()
}
