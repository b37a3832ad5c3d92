//! What garments are cut from.

use super::dice::Dice;
use super::outline::Outline;

/// A part of a garment.
pub(super) struct Piece {
    pub(super) outline: Outline,
    /// Its brightness relative to the garment's cloth.
    pub(super) tone: f32,
}

impl Piece {
    pub(super) fn new(outline: Outline, tone: f32) -> Self {
        Self { outline, tone }
    }
}

/// A tone that stands out from the cloth by at least `least`, darker more often than lighter.
pub(super) fn accent(dice: &mut Dice, least: f32, most: f32) -> f32 {
    let step = dice.between(least, most);
    if dice.chance(0.65) { 1.0 - step } else { 1.0 + step }
}
