//! What a garment is made of: brightness, weave and folds.

use super::dice::Dice;
use super::outline::{Point, sine_and_cosine};

/// A cloth, to be asked for its brightness at any place.
pub(super) struct Cloth {
    brightness: f32,
    weave: Weave,
    /// How much the weave stands out.
    contrast: f32,
    /// Direction across the stripes.
    across: Point,
    /// Direction in which the light falls off, and by how much.
    light: Point,
    phase: f32,
    period: f32,
}

enum Weave {
    Plain,
    Striped,
    Checked,
    Dotted,
}

impl Cloth {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let weave = match dice.below(8) {
            0..=3 => Weave::Plain,
            4 | 5 => Weave::Striped,
            6 => Weave::Checked,
            _ => Weave::Dotted,
        };
        // Mostly along or across the garment, as cloth is cut, but not quite.
        let (sine, cosine) = sine_and_cosine(dice.between(-0.15, 0.15));
        let across = if dice.chance(0.5) { [cosine, sine] } else { [-sine, cosine] };
        Self {
            brightness: dice.between(0.45, 0.95),
            weave,
            contrast: dice.between(0.1, 0.4),
            across,
            light: [dice.between(-0.15, 0.15), dice.between(-0.15, 0.15)],
            phase: dice.unit(),
            period: dice.between(0.18, 0.5),
        }
    }

    /// Brightness at a place, where 0 is black and 1 is white.
    pub(super) fn at(&self, [x, y]: Point) -> f32 {
        let u = (x * self.across[0] + y * self.across[1]) / self.period + self.phase;
        let v = (y * self.across[0] - x * self.across[1]) / self.period + self.phase;
        let weave = match self.weave {
            Weave::Plain => 0.0,
            Weave::Striped => wave(u),
            Weave::Checked => (wave(u) + wave(v)) / 2.0,
            Weave::Dotted => wave(u) * wave(v),
        };
        let light = 1.0 + x * self.light[0] + y * self.light[1];
        self.brightness * light * (1.0 - self.contrast * weave)
    }
}

/// A triangle wave of period 1 between 0 and 1.
fn wave(x: f32) -> f32 {
    (2.0 * (x - x.floor()) - 1.0).abs()
}
