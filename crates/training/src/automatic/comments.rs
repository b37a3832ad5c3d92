//! Why the recipe `auto` is as it is, in a line each, for those who read `recipe.toml`.

use modiste_network::{Comment, Recipe};

use super::facts::{Facts, OneSided};
use super::{HELD_OUT, MANY};

/// For the fields that depend on the images, and those that somebody would wonder about.
pub(super) fn comments(facts: &Facts, recipe: &Recipe) -> Vec<Comment> {
    let Facts { shape, images, classes, largest, smallest, one_sided } = facts;
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
            if *images < MANY {
                "so few images are all needed to learn from: none is held out".to_owned()
            } else {
                format!(
                    "there are enough images to hold out {:.0}% of them and watch how training goes",
                    100.0 * HELD_OUT
                )
            },
        ),
        (
            "augmentation.flip",
            match one_sided {
                None => "mirrored images look like others of their class".to_owned(),
                Some(OneSided::Mirrored) => "no flips: classes are each other's mirror image".to_owned(),
                Some(OneSided::Classes(count)) => {
                    format!("no flips: {count} of {classes} classes do not look like themselves when they are mirrored")
                }
                Some(OneSided::Names) => {
                    "no flips: the classes are called by letters, which are not mirrored".to_owned()
                }
            },
        ),
        ("augmentation.shift", "shifted images are new images to learn from, which few images need most".to_owned()),
        ("augmentation.fill", "what comes in at the border is like what is there, whatever the background".to_owned()),
        ("training.epochs", format!("{steps} steps in all: few images are shown more often")),
        ("training.batch", "small batches of few images, larger ones of many".to_owned()),
    ];
    comments.retain(|(field, _)| *field != "augmentation.shift" || recipe.augmentation.shift > 0);
    comments.into_iter().map(|(field, text)| Comment { field, text }).collect()
}
