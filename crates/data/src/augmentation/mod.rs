//! What is done to training images anew in each epoch.
//!
//! What can be asked for stands here. [`augmenter`] does it: it gives each image a [`placement`], which [`shift`] or [`turn`]
//! carries out, and lets [`erase`] go over it, all in bytes; the images of a batch, scaled, are then [`mix`]ed.

pub(crate) mod augmenter;
mod erase;
pub(crate) mod mix;
mod placement;
mod shift;
mod turn;

use serde::{Deserialize, Serialize};

/// What is done to training images anew in each epoch, in this order. The default changes nothing.
///
/// What happens to an image follows from the seed, the epoch and the image's place in the epoch, and what a batch is mixed
/// by from its number: neither threads nor interruptions change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Mirrors left and right.
    pub flip: Flip,
    /// Turned about the centre by up to so many degrees to either side, uniformly: from 0 to 180.
    pub rotate: f64,
    /// Enlarged by a factor uniform between 1 less and 1 plus this share: from 0 to 0.9.
    pub zoom: f64,
    /// Moved by up to so many whole pixels, up or down and left or right, uniformly: from 0 to 1000.
    pub shift: usize,
    /// What comes in from outside when images are turned, reduced or moved.
    pub fill: Fill,
    /// A random rectangle replaced by noise, in some images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erase: Option<Erase>,
    /// Each image mixed with another one of its batch, value by value, and so its label (mixup: Zhang et al., 2018). The
    /// share of the other is drawn once for a batch, from the Beta distribution with this value as both parameters, and
    /// never above a half: share s and 1 - s make the same pairs. With `cutmix` too, each batch draws one of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixup: Option<f64>,
    /// A rectangle of each image replaced by what another one of its batch has there, and the label by the share of the
    /// pixels replaced (cutmix: Yun et al., 2019). The rectangle's share of the image is drawn once for a batch, from the
    /// Beta distribution with this value as both parameters; its centre is drawn for each image, and what lies beyond the
    /// border is cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutmix: Option<f64>,
}

/// Which images are mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// None.
    #[default]
    None,
    /// Each with probability a half, in each epoch.
    Random,
    /// About half of the images in the first epoch, all others in the second, and so on in turn, so that two epochs show
    /// each image from both sides (Jordan, 2024). Which half follows from the seed and the image's index in its set.
    Alternating,
}

/// What comes in from outside when images are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// Black: raw zeros, whatever the scaling makes of them.
    #[default]
    Zero,
    /// The image mirrored at its border, whose own pixels are not repeated.
    Reflect,
}

/// Random erasing (Zhong et al., 2020): a rectangle at a random place, filled with uniformly random bytes. With a fixed area
/// and `aspect` 1 it is cutout (DeVries and Taylor, 2017).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Erase {
    /// Share of images: from 0 to 1.
    pub probability: f64,
    /// Least and largest area, as shares of the image's, above 0 and up to 1; uniform between them.
    pub area: [f64; 2],
    /// Largest ratio of height to width, at least 1; the least one is its inverse. Its logarithm is uniform among those
    /// with which the rectangle fits into the image.
    pub aspect: f64,
}

impl Default for Erase {
    /// As in the paper: every second image, from 2% to 40% of it, aspect 0.3 to 3.3.
    fn default() -> Self {
        Self { probability: 0.5, area: [0.02, 0.4], aspect: 10.0 / 3.0 }
    }
}

/// The longest way an image can be moved, in pixels.
const LONGEST_SHIFT: usize = 1000;

impl Augmentation {
    /// Checks every value.
    ///
    /// # Errors
    /// The name of a value that is out of range, and what it must be.
    pub fn check(&self) -> Result<(), String> {
        within("rotate", self.rotate, 0.0, 180.0)?;
        within("zoom", self.zoom, 0.0, 0.9)?;
        if self.shift > LONGEST_SHIFT {
            return Err(format!("shift is {} and must be at most {LONGEST_SHIFT}", self.shift));
        }
        if let Some(erase) = self.erase {
            erase.check()?;
        }
        for (name, value) in [("mixup", self.mixup), ("cutmix", self.cutmix)] {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                return Err(format!("{name} is {value} and must be a finite number above 0"));
            }
        }
        Ok(())
    }
}

impl Erase {
    fn check(&self) -> Result<(), String> {
        within("erase.probability", self.probability, 0.0, 1.0)?;
        let [least, largest] = self.area;
        if !(0.0 < least && least <= largest && largest <= 1.0) {
            return Err(format!("erase.area is [{least}, {largest}] and must be two ascending shares in (0, 1]"));
        }
        if !(self.aspect >= 1.0 && self.aspect.is_finite()) {
            return Err(format!("erase.aspect is {} and must be a finite number of at least 1", self.aspect));
        }
        Ok(())
    }
}

fn within(name: &str, value: f64, least: f64, largest: f64) -> Result<(), String> {
    if (least..=largest).contains(&value) {
        return Ok(());
    }
    Err(format!("{name} is {value} and must be in [{least}, {largest}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named_with_its_value() {
        let usual = Augmentation::default();
        let erase = |erase: Erase| Augmentation { erase: Some(erase), ..usual };
        let area = |least, largest| erase(Erase { area: [least, largest], ..Erase::default() });
        let refused = [
            (Augmentation { rotate: 180.5, ..usual }, "rotate is 180.5 and must be in [0, 180]"),
            (Augmentation { rotate: -1.0, ..usual }, "rotate is -1 and must"),
            (Augmentation { rotate: f64::NAN, ..usual }, "rotate is NaN and must"),
            (Augmentation { zoom: 0.91, ..usual }, "zoom is 0.91 and must be in [0, 0.9]"),
            (Augmentation { shift: 1001, ..usual }, "shift is 1001 and must be at most 1000"),
            (erase(Erase { probability: 1.1, ..Erase::default() }), "erase.probability is 1.1 and must be in [0, 1]"),
            (area(0.0, 0.5), "erase.area is [0, 0.5] and must be two ascending shares"),
            (area(0.5, 0.4), "erase.area is [0.5, 0.4] and must"),
            (area(0.5, 1.1), "erase.area is [0.5, 1.1] and must"),
            (area(0.5, f64::NAN), "erase.area is [0.5, NaN] and must"),
            (erase(Erase { aspect: 0.9, ..Erase::default() }), "erase.aspect is 0.9 and must"),
            (erase(Erase { aspect: f64::INFINITY, ..Erase::default() }), "erase.aspect is inf and must"),
            (Augmentation { mixup: Some(0.0), ..usual }, "mixup is 0 and must be a finite number above 0"),
            (Augmentation { cutmix: Some(f64::NAN), ..usual }, "cutmix is NaN and must"),
            (Augmentation { cutmix: Some(f64::INFINITY), ..usual }, "cutmix is inf and must"),
        ];
        for (augmentation, message) in refused {
            let found = augmentation.check().unwrap_err();
            assert!(found.starts_with(message), "expected '{message}' in: {found}");
        }
        let most = Augmentation { rotate: 180.0, zoom: 0.9, shift: 1000, ..area(1.0, 1.0) };
        let both = Augmentation { mixup: Some(0.2), cutmix: Some(1.0), ..erase(Erase::default()) };
        for augmentation in [usual, most, both] {
            assert_eq!(augmentation.check(), Ok(()));
        }
    }
}
