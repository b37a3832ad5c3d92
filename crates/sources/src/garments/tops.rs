//! What is worn above the waist, and dresses: a body, sleeves, and what is sewn on.

use super::dice::Dice;
use super::outline::{Outline, Point, flipped, mirrored, rectangle, rounded, sine_and_cosine, stroke};
use super::piece::{Piece, accent};

/// Measures of a garment with a neck, shoulders and a hem; all widths are half widths.
struct Body {
    neck: f32,
    neck_depth: f32,
    shoulder: f32,
    chest: f32,
    waist: f32,
    hem: f32,
    /// Height of the hem.
    bottom: f32,
}

const TOP: f32 = -0.78;
const ARMPIT: f32 = -0.36;

impl Body {
    /// A loose body that ends between two heights.
    fn loose(dice: &mut Dice, bottom: (f32, f32)) -> Self {
        let chest = dice.between(0.36, 0.5);
        Self {
            neck: dice.between(0.12, 0.22),
            neck_depth: dice.between(0.05, 0.22),
            shoulder: chest * dice.between(0.95, 1.1),
            chest,
            waist: chest * dice.between(0.85, 1.02),
            hem: chest * dice.between(0.9, 1.15),
            bottom: dice.between(bottom.0, bottom.1),
        }
    }

    fn outline(&self) -> Outline {
        rounded(&mirrored(&[
            [0.0, TOP + self.neck_depth],
            [self.neck, TOP],
            [self.shoulder, TOP + 0.1],
            [self.chest, ARMPIT],
            [self.waist, (ARMPIT + self.bottom) * 0.5],
            [self.hem, self.bottom],
            [0.0, self.bottom],
        ]))
    }

    /// Both sleeves, hanging differently. Lengths are about 0.3 for short ones and 1 for long ones.
    fn sleeves(&self, dice: &mut Dice, length: f32) -> [Piece; 2] {
        let lift = dice.between(0.05, 0.4);
        let width = dice.between(0.85, 1.15);
        let bend = dice.between(-0.2, 0.1);
        let tone = dice.between(0.82, 1.05);
        let mut sleeve = || {
            let lift = lift + dice.between(-0.06, 0.06);
            let upper = sine_and_cosine(lift);
            let lower = sine_and_cosine(lift + bend + dice.between(-0.05, 0.05));
            Piece::new(self.sleeve(length, width, upper, lower), tone)
        };
        let (right, left) = (sleeve(), sleeve());
        [right, Piece::new(flipped(&left.outline), left.tone)]
    }

    /// The right sleeve; its upper and lower half each have a direction from hanging straight down.
    fn sleeve(&self, length: f32, width: f32, upper: (f32, f32), lower: (f32, f32)) -> Outline {
        let along = |[x, y]: Point, (sine, cosine): (f32, f32), by: f32| [x + sine * by, y + cosine * by];
        let aside = |[x, y]: Point, (sine, cosine): (f32, f32), by: f32| [x + cosine * by, y - sine * by];
        let shoulder = [self.shoulder - 0.06, TOP + 0.14];
        let elbow = along(shoulder, upper, length * 0.5);
        let wrist = along(elbow, lower, length * 0.5);
        let cuff = (0.15 - 0.06 * length) * width;
        let middle = (0.16 - 0.04 * length) * width;
        vec![
            [self.shoulder - 0.1, TOP + 0.06],
            aside(shoulder, upper, 0.1 * width),
            aside(elbow, upper, middle),
            aside(wrist, lower, cuff),
            aside(wrist, lower, -cuff),
            aside(elbow, upper, -middle),
            [self.chest - 0.06, ARMPIT + 0.02],
        ]
    }

    /// A band along the hem.
    fn hem_band(&self, height: f32, tone: f32) -> Piece {
        let right = self.hem * 0.96;
        Piece::new(rectangle([-right, self.bottom - height], [right, self.bottom]), tone)
    }

    /// A line down the middle, and buttons on it.
    fn opening(&self, dice: &mut Dice, pieces: &mut Vec<Piece>) {
        let from = TOP + self.neck_depth;
        let lean = dice.between(-0.03, 0.03);
        let line = stroke(&[[0.0, from], [lean, self.bottom]], dice.between(0.06, 0.11));
        pieces.push(Piece::new(line, accent(dice, 0.3, 0.6)));
        if dice.chance(0.75) {
            let (count, aside, tone) = (3 + dice.below(3), dice.between(0.02, 0.1), accent(dice, 0.3, 0.6));
            for button in 0..count {
                let y = from + (self.bottom - from) * (button as f32 + 0.7) / (count as f32 + 0.4);
                pieces.push(Piece::new(rectangle([aside - 0.04, y - 0.04], [aside + 0.04, y + 0.04]), tone));
            }
        }
    }

    /// A collar of two points, `size` deep.
    fn collar(&self, size: f32, tone: f32) -> [Piece; 2] {
        let right = vec![
            [0.0, TOP + self.neck_depth + 0.02],
            [self.neck, TOP - 0.04],
            [self.neck + 0.08, TOP + 0.06],
            [self.neck * 0.7, TOP + self.neck_depth + size],
        ];
        [Piece::new(flipped(&right), tone), Piece::new(right, tone)]
    }
}

/// Something printed or sewn on the chest.
fn print(dice: &mut Dice) -> Piece {
    let (width, height) = (dice.between(0.08, 0.26), dice.between(0.06, 0.22));
    let (x, y) = (dice.between(-0.1, 0.1), dice.between(-0.3, 0.1));
    let shape = if dice.chance(0.5) {
        rectangle([x - width, y - height], [x + width, y + height])
    } else {
        vec![[x, y - height], [x + width, y], [x, y + height], [x - width, y]]
    };
    Piece::new(rounded(&shape), accent(dice, 0.25, 0.7))
}

pub(super) fn t_shirt(dice: &mut Dice) -> Vec<Piece> {
    let body = Body::loose(dice, (0.4, 0.82));
    let mut pieces = Vec::new();
    // Some have no sleeves.
    if dice.chance(0.88) {
        let length = dice.between(0.22, 0.5);
        pieces.extend(body.sleeves(dice, length));
    }
    pieces.push(Piece::new(body.outline(), 1.0));
    if dice.chance(0.45) {
        pieces.push(print(dice));
    }
    if dice.chance(0.2) {
        let tone = accent(dice, 0.1, 0.4);
        pieces.extend(body.collar(0.06, tone));
    }
    pieces
}

pub(super) fn pullover(dice: &mut Dice) -> Vec<Piece> {
    let mut body = Body::loose(dice, (0.45, 0.82));
    body.neck_depth *= 0.6;
    let length = dice.between(0.8, 1.2);
    let mut pieces = Vec::from(body.sleeves(dice, length));
    pieces.push(Piece::new(body.outline(), 1.0));
    if dice.chance(0.7) {
        let (height, tone) = (dice.between(0.07, 0.16), accent(dice, 0.08, 0.3));
        pieces.push(body.hem_band(height, tone));
    }
    // A crew neck, or a turtleneck.
    let (rise, tone) = (if dice.chance(0.3) { 0.16 } else { 0.04 }, accent(dice, 0.1, 0.35));
    let collar = mirrored(&[
        [0.0, TOP - rise + 0.02],
        [body.neck, TOP - rise],
        [body.neck + 0.05, TOP + 0.05],
        [0.0, TOP + body.neck_depth + 0.08],
    ]);
    pieces.push(Piece::new(collar, tone));
    if dice.chance(0.25) {
        pieces.push(print(dice));
    }
    pieces
}

pub(super) fn shirt(dice: &mut Dice) -> Vec<Piece> {
    let body = Body::loose(dice, (0.42, 0.8));
    let length = if dice.chance(0.35) { dice.between(0.25, 0.5) } else { dice.between(0.75, 1.15) };
    let mut pieces = Vec::from(body.sleeves(dice, length));
    pieces.push(Piece::new(body.outline(), 1.0));
    body.opening(dice, &mut pieces);
    let (size, tone) = (dice.between(0.06, 0.16), accent(dice, 0.1, 0.4));
    pieces.extend(body.collar(size, tone));
    if dice.chance(0.3) {
        let tone = accent(dice, 0.15, 0.4);
        pieces.push(Piece::new(rectangle([0.1, -0.3], [0.26, -0.12]), tone));
    }
    pieces
}

pub(super) fn coat(dice: &mut Dice) -> Vec<Piece> {
    let mut body = Body::loose(dice, (0.74, 0.97));
    body.hem *= dice.between(1.0, 1.2);
    let length = dice.between(0.85, 1.25);
    let mut pieces = Vec::from(body.sleeves(dice, length));
    pieces.push(Piece::new(body.outline(), 1.0));
    body.opening(dice, &mut pieces);
    // Lapels over a darker inside.
    if dice.chance(0.8) {
        let (depth, tone) = (dice.between(0.15, 0.5), accent(dice, 0.15, 0.5));
        pieces.extend(body.collar(depth, tone));
    }
    if dice.chance(0.3) {
        let (waist, tone) = (dice.between(0.05, 0.2), accent(dice, 0.2, 0.5));
        pieces.push(Piece::new(rectangle([-body.waist, waist], [body.waist, waist + 0.1]), tone));
    }
    if dice.chance(0.5) {
        let (y, tone) = (dice.between(0.2, 0.45), accent(dice, 0.15, 0.4));
        let pocket = rectangle([0.14, y], [0.32, y + 0.08]);
        pieces.push(Piece::new(flipped(&pocket), tone));
        pieces.push(Piece::new(pocket, tone));
    }
    pieces
}

pub(super) fn dress(dice: &mut Dice) -> Vec<Piece> {
    let chest = dice.between(0.24, 0.38);
    let body = Body {
        neck: dice.between(0.1, 0.2),
        neck_depth: dice.between(0.06, 0.3),
        shoulder: chest * dice.between(0.85, 1.1),
        chest,
        waist: chest * dice.between(0.7, 1.0),
        hem: chest * dice.between(1.0, 2.0),
        bottom: dice.between(0.7, 0.97),
    };
    let mut pieces = Vec::new();
    match dice.below(10) {
        0..=4 => {}
        5..=7 => {
            let length = dice.between(0.2, 0.4);
            pieces.extend(body.sleeves(dice, length));
        }
        _ => {
            let length = dice.between(0.6, 1.0);
            pieces.extend(body.sleeves(dice, length));
        }
    }
    pieces.push(Piece::new(body.outline(), 1.0));
    if dice.chance(0.45) {
        let (waist, tone) = (dice.between(-0.1, 0.12), accent(dice, 0.15, 0.5));
        pieces.push(Piece::new(rectangle([-body.waist, waist], [body.waist, waist + 0.09]), tone));
    }
    if dice.chance(0.3) {
        let (height, tone) = (dice.between(0.08, 0.3), accent(dice, 0.1, 0.3));
        pieces.push(body.hem_band(height, tone));
    }
    pieces
}
