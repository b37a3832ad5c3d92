//! The views of an image that a recipe's `[evaluation]` names, over whose logits the mean is taken (Jordan, 2024).
//!
//! With `flip` each image is shown as it is and mirrored, both with the same weight. With `shift` the image in its place has
//! half the weight; a quarter each have that moved up and left and that moved down and right by so many pixels, where black
//! comes in from outside: what a byte of 0 is after scaling.

use crate::recipe::EvaluationRecipe;

/// A way to show an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left and right changed, after the shift.
    pub mirrored: bool,
    /// Pixels down and to the right.
    pub shift: isize,
    /// Its share of the mean.
    pub weight: f32,
}

impl View {
    /// The image as it is, which is all there is to see.
    pub const PLAIN: View = View { mirrored: false, shift: 0, weight: 1.0 };

    /// Those of a recipe, in the order in which they are added up.
    pub fn of(evaluation: &EvaluationRecipe) -> Vec<Self> {
        let shift = evaluation.shift as isize;
        let places: &[(isize, f32)] = if shift == 0 { &[(0, 1.0)] } else { &[(0, 0.5), (-shift, 0.25), (shift, 0.25)] };
        let sides: &[bool] = if evaluation.flip { &[false, true] } else { &[false] };
        let view = |&(shift, weight): &(isize, f32), &mirrored: &bool| View {
            mirrored,
            shift,
            weight: weight / sides.len() as f32,
        };
        places.iter().flat_map(|place| sides.iter().map(move |side| view(place, side))).collect()
    }

    /// Whether it shows the image as it is.
    pub fn is_plain(&self) -> bool {
        !self.mirrored && self.shift == 0
    }
}
