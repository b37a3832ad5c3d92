//! A garment as it lies on the table: posed, lit, partly covered, and photographed with a poor camera.

use super::canvas::{Canvas, PIXELS, SIDE};
use super::cloth::Cloth;
use super::dice::Dice;
use super::outline::{Outline, Point, rectangle, sine_and_cosine};
use super::patterns::Garment;

/// Pixels per unit of a pattern.
const SCALE: f32 = 13.0;

/// Draws one garment into `image`, `[28, 28]`.
pub(super) fn draw(garment: Garment, dice: &mut Dice, image: &mut [u8]) {
    let pose = Pose::new(dice);
    let cloth = Cloth::new(dice);
    let mut canvas = Canvas::new();
    let mut light = background(dice);
    let inverted = dice.chance(0.1);

    for piece in garment.cut(dice) {
        let coverage = canvas.cover(&pose.of(&piece.outline));
        for (at, (light, &coverage)) in light.iter_mut().zip(coverage).enumerate() {
            if coverage > 0.0 {
                *light += coverage * (cloth.at(place(at)) * piece.tone - *light);
            }
        }
    }
    if dice.chance(0.12) {
        let (outline, shade) = obstacle(dice);
        for (light, &coverage) in light.iter_mut().zip(canvas.cover(&outline)) {
            *light += coverage * (shade - *light);
        }
    }

    let noise = dice.between(0.01, 0.05);
    for (pixel, light) in image.iter_mut().zip(light) {
        let light = if inverted { 0.95 - light } else { light };
        let seen = light + noise * dice.normal();
        // The conversion saturates, so it also limits to 0..=255.
        *pixel = (seen * 255.0 + 0.5) as u8;
    }
}

/// How a garment lies: turned, shifted, stretched, sheared, perhaps mirrored.
struct Pose {
    /// Pattern to pixels: `[[xx, xy, x0], [yx, yy, y0]]`.
    matrix: [[f32; 3]; 2],
}

impl Pose {
    fn new(dice: &mut Dice) -> Self {
        let (sine, cosine) = sine_and_cosine(0.035 * dice.normal());
        let size = SCALE * dice.between(0.86, 1.02);
        let (wide, high) = (size * dice.between(0.93, 1.07), size * dice.between(0.95, 1.05));
        let shear = dice.between(-0.08, 0.08);
        let wide = if dice.chance(0.1) { -wide } else { wide };
        let middle = SIDE as f32 / 2.0;
        let mut shift = || middle + dice.between(-1.2, 1.2);
        Self {
            matrix: [
                [cosine * wide, (shear * cosine - sine) * high, shift()],
                [sine * wide, (shear * sine + cosine) * high, shift()],
            ],
        }
    }

    /// An outline in pixels.
    fn of(&self, outline: &[Point]) -> Outline {
        let on = |row: [f32; 3], [x, y]: Point| row[0] * x + row[1] * y + row[2];
        outline.iter().map(|&point| [on(self.matrix[0], point), on(self.matrix[1], point)]).collect()
    }
}

/// A table, dark as a rule, with light from a side.
fn background(dice: &mut Dice) -> [f32; PIXELS] {
    let shade = dice.between(0.0, 0.2) * dice.unit();
    let slope = [dice.between(-0.06, 0.06), dice.between(-0.06, 0.06)];
    std::array::from_fn(|at| {
        let [x, y] = place(at);
        shade + x * slope[0] + y * slope[1]
    })
}

/// A strip that lies over the picture, in pixels, and its shade.
fn obstacle(dice: &mut Dice) -> (Outline, f32) {
    let side = SIDE as f32;
    let (width, from) = (dice.between(1.5, 5.0), dice.between(2.0, side - 6.0));
    let (start, end) = if dice.chance(0.5) { (0.0, side) } else { (dice.between(0.0, 10.0), dice.between(16.0, side)) };
    let shade = dice.unit();
    let outline = if dice.chance(0.5) {
        rectangle([from, start], [from + width, end])
    } else {
        rectangle([start, from], [end, from + width])
    };
    (outline, shade)
}

/// Where a pixel is in units of patterns, the middle being the origin.
fn place(at: usize) -> Point {
    let from_middle = |pixels: usize| (pixels as f32 + 0.5 - SIDE as f32 / 2.0) / SCALE;
    [from_middle(at % SIDE), from_middle(at / SIDE)]
}
