//! Shoes, seen from the side, the toe to the left.

use super::dice::Dice;
use super::outline::{Point, between, rounded, stroke};
use super::piece::{Piece, accent};

/// Measures that all shoes have.
struct Last {
    toe: f32,
    heel: f32,
    /// Height of the ground.
    ground: f32,
    /// How far the heel is lifted.
    lift: f32,
    /// Thickness of the sole.
    sole: f32,
}

impl Last {
    fn new(dice: &mut Dice, lift: (f32, f32), sole: (f32, f32)) -> Self {
        Self {
            toe: dice.between(-0.95, -0.78),
            heel: dice.between(0.72, 0.92),
            ground: dice.between(0.4, 0.62),
            lift: dice.between(lift.0, lift.1),
            sole: dice.between(sole.0, sole.1),
        }
    }

    /// Points on the upper side of the sole at the toe, the ball and the heel.
    fn footbed(&self) -> [Point; 3] {
        let top = self.ground - self.sole;
        [[self.toe, top], [self.toe * 0.25, top], [self.heel, top - self.lift]]
    }

    /// The sole, with a heel block `width` long where the heel is lifted.
    fn bottom(&self, width: f32, tone: f32) -> Vec<Piece> {
        let [toe, ball, heel] = self.footbed();
        let down = |[x, y]: Point| [x, y + self.sole];
        let sole = vec![toe, ball, heel, down(heel), down(ball), down(toe)];
        let inner = heel[0] - width;
        let block = vec![
            [inner, heel[1] + self.sole * 0.6],
            heel,
            [heel[0] - 0.02, self.ground],
            [inner + width * 0.25, self.ground],
        ];
        vec![Piece::new(block, tone), Piece::new(sole, tone)]
    }
}

pub(super) fn sneaker(dice: &mut Dice) -> Vec<Piece> {
    let last = Last::new(dice, (0.0, 0.08), (0.1, 0.2));
    let [toe, ball, heel] = last.footbed();
    // High ones come near to ankle boots.
    let height = if dice.chance(0.2) { dice.between(0.62, 0.8) } else { dice.between(0.4, 0.62) };
    let mouth = dice.between(-0.1, 0.2);
    let tongue = [mouth, toe[1] - height - dice.between(0.0, 0.1)];
    let collar = [heel[0] - 0.02, heel[1] - height * dice.between(0.75, 1.0)];
    let vamp = [toe[0] + 0.25, toe[1] - dice.between(0.2, 0.3)];
    let dip = [between(tongue, collar, 0.5)[0], collar[1].max(tongue[1]) + 0.08];
    let upper = rounded(&[[toe[0], toe[1] - 0.08], vamp, tongue, dip, collar, heel, ball, toe]);
    let mut pieces = vec![Piece::new(upper, 1.0)];
    let tone = accent(dice, 0.2, 0.6);
    pieces.extend(last.bottom(0.5, tone));
    let tone = accent(dice, 0.25, 0.6);
    for lace in 0..2 + dice.below(3) {
        let at = between(vamp, tongue, 0.3 + 0.18 * lace as f32);
        pieces.push(Piece::new(stroke(&[at, [at[0] + 0.16, at[1] + 0.14]], 0.06), tone));
    }
    if dice.chance(0.6) {
        let tone = accent(dice, 0.2, 0.6);
        let from = [dice.between(-0.1, 0.1), toe[1] - 0.08];
        let stripe = stroke(&[from, [from[0] + dice.between(0.15, 0.4), from[1] - height * 0.5]], 0.1);
        pieces.push(Piece::new(stripe, tone));
    }
    pieces
}

pub(super) fn ankle_boot(dice: &mut Dice) -> Vec<Piece> {
    let last = Last::new(dice, (0.0, 0.4), (0.05, 0.13));
    let [toe, ball, heel] = last.footbed();
    let top = dice.between(-0.85, -0.4);
    let front = dice.between(0.02, 0.25);
    let instep = [front - 0.1, toe[1] - dice.between(0.42, 0.55)];
    let upper = rounded(&[
        [toe[0], toe[1] - 0.1],
        [toe[0] + 0.25, toe[1] - 0.25],
        instep,
        [front, top],
        [heel[0] + dice.between(-0.1, 0.08), top + dice.between(-0.06, 0.06)],
        [heel[0] - dice.between(0.0, 0.1), between([0.0, top], heel, 0.6)[1]],
        heel,
        ball,
        toe,
    ]);
    let mut pieces = vec![Piece::new(upper, 1.0)];
    let (width, tone) = (dice.between(0.18, 0.45), accent(dice, 0.2, 0.6));
    pieces.extend(last.bottom(width, tone));
    match dice.below(3) {
        0 => {
            let tone = accent(dice, 0.2, 0.5);
            let strap = stroke(&[[front - 0.06, instep[1] + 0.05], [heel[0] - 0.03, instep[1] - 0.05]], 0.1);
            pieces.push(Piece::new(strap, tone));
        }
        1 => {
            let tone = accent(dice, 0.2, 0.5);
            for lace in 0..3 {
                let at = between(instep, [front, top], 0.1 + 0.28 * lace as f32);
                pieces.push(Piece::new(stroke(&[at, [at[0] + 0.2, at[1] + 0.06]], 0.06), tone));
            }
        }
        _ => {}
    }
    pieces
}

pub(super) fn sandal(dice: &mut Dice) -> Vec<Piece> {
    let last = Last::new(dice, (0.0, 0.55), (0.09, 0.18));
    let [toe, ball, heel] = last.footbed();
    let width = if dice.chance(0.4) { 0.12 } else { dice.between(0.2, 0.9) };
    let tone = accent(dice, 0.05, 0.4);
    let mut pieces = last.bottom(width, tone);
    // Straps run from the sole over the foot: at the toes, the instep and the ankle.
    let straps = 1 + dice.below(4);
    let thickness = dice.between(0.09, 0.2);
    for strap in 0..straps {
        let along = (strap as f32 + dice.between(0.2, 0.6)) / straps as f32;
        let from = if along < 0.5 { between(toe, ball, along * 2.0) } else { between(ball, heel, along * 2.0 - 1.0) };
        let height = 0.14 + 0.34 * along;
        let over = [from[0] + 0.1, from[1] - height];
        let to = [from[0] + dice.between(0.22, 0.36), from[1] - height * 0.8];
        pieces.push(Piece::new(stroke(&[from, between(from, over, 0.7), over, to], thickness), 1.0));
    }
    if dice.chance(0.7) {
        let height = dice.between(0.25, 0.6);
        let back = [heel[0] - 0.03, heel[1] - height];
        pieces.push(Piece::new(stroke(&[heel, back], thickness), 1.0));
        let ankle = [back[0] - dice.between(0.35, 0.55), back[1] - dice.between(0.0, 0.15)];
        pieces.push(Piece::new(stroke(&[[back[0] + 0.03, back[1]], ankle], thickness), 1.0));
        if dice.chance(0.5) {
            pieces.push(Piece::new(stroke(&[ankle, between(ball, heel, 0.25)], thickness), 1.0));
        }
    }
    pieces
}
