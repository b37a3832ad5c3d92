//! The ten garments, each as a list of pieces.

use super::dice::Dice;
use super::outline::{Point, between, flipped, mirrored, rectangle, rounded, stroke};
use super::piece::{Piece, accent};
use super::{footwear, tops};

/// What can be drawn, in the order of the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Garment {
    TShirt,
    Trouser,
    Pullover,
    Dress,
    Coat,
    Sandal,
    Shirt,
    Sneaker,
    Bag,
    AnkleBoot,
}

impl Garment {
    pub(super) const ALL: [Garment; 10] = [
        Garment::TShirt,
        Garment::Trouser,
        Garment::Pullover,
        Garment::Dress,
        Garment::Coat,
        Garment::Sandal,
        Garment::Shirt,
        Garment::Sneaker,
        Garment::Bag,
        Garment::AnkleBoot,
    ];

    /// The pieces of one such garment, those underneath first.
    pub(super) fn cut(self, dice: &mut Dice) -> Vec<Piece> {
        match self {
            Garment::TShirt => tops::t_shirt(dice),
            Garment::Trouser => trouser(dice),
            Garment::Pullover => tops::pullover(dice),
            Garment::Dress => tops::dress(dice),
            Garment::Coat => tops::coat(dice),
            Garment::Sandal => footwear::sandal(dice),
            Garment::Shirt => tops::shirt(dice),
            Garment::Sneaker => footwear::sneaker(dice),
            Garment::Bag => bag(dice),
            Garment::AnkleBoot => footwear::ankle_boot(dice),
        }
    }
}

fn trouser(dice: &mut Dice) -> Vec<Piece> {
    let waist = dice.between(0.24, 0.36);
    let hip = waist + dice.between(0.02, 0.1);
    let top = dice.between(-0.95, -0.8);
    let crotch = top + dice.between(0.42, 0.6);
    // Some are shorts.
    let bottom = if dice.chance(0.12) { crotch + dice.between(0.25, 0.5) } else { dice.between(0.75, 0.95) };
    let spread = dice.between(0.0, 0.2);
    let foot = dice.between(0.1, 0.24);
    let gap = dice.between(0.01, 0.06) + spread * 0.6;
    let legs = mirrored(&[
        [0.0, top],
        [waist, top],
        [hip, crotch - 0.1],
        [gap + foot * 1.6, bottom],
        [gap, bottom],
        [0.02, crotch],
        [0.0, crotch],
    ]);
    let mut pieces = vec![Piece::new(legs, 1.0)];
    if dice.chance(0.7) {
        pieces.push(Piece::new(rectangle([-waist, top], [waist, top + 0.1]), accent(dice, 0.1, 0.3)));
    }
    if dice.chance(0.5) {
        let knee = between([hip, crotch], [gap + foot, bottom], 0.5);
        let crease = stroke(&[[hip * 0.5, crotch], [knee[0] * 0.7, knee[1]], [gap + foot * 0.8, bottom]], 0.05);
        let tone = accent(dice, 0.1, 0.3);
        pieces.push(Piece::new(flipped(&crease), tone));
        pieces.push(Piece::new(crease, tone));
    }
    pieces
}

fn bag(dice: &mut Dice) -> Vec<Piece> {
    let top = dice.between(-0.45, 0.1);
    let bottom = dice.between(0.5, 0.9);
    let (above, below) = (dice.between(0.4, 0.85), dice.between(0.5, 0.9));
    let body = rounded(&mirrored(&[[0.0, top], [above, top], [below, bottom], [0.0, bottom]]));

    let reach = dice.between(0.15, 0.9).min(top + 0.95);
    let grip = above * dice.between(0.3, 0.9);
    let handle: [Point; 5] = [
        [-grip, top + 0.05],
        [-grip * 0.85, top - reach * 0.7],
        [0.0, top - reach],
        [grip * 0.85, top - reach * 0.7],
        [grip, top + 0.05],
    ];
    let mut pieces =
        vec![Piece::new(stroke(&handle, dice.between(0.06, 0.14)), dice.between(0.6, 1.1)), Piece::new(body, 1.0)];
    if dice.chance(0.6) {
        let depth = top + (bottom - top) * dice.between(0.25, 0.6);
        let flap = mirrored(&[[0.0, top], [above, top], [above * dice.between(0.5, 1.0), depth], [0.0, depth]]);
        pieces.push(Piece::new(flap, accent(dice, 0.1, 0.35)));
        pieces.push(Piece::new(rectangle([-0.07, depth - 0.08], [0.07, depth + 0.06]), accent(dice, 0.3, 0.6)));
    } else if dice.chance(0.5) {
        let line = top + (bottom - top) * dice.between(0.15, 0.8);
        pieces.push(Piece::new(rectangle([-below, line], [below, line + 0.06]), accent(dice, 0.2, 0.5)));
    }
    pieces
}
