//! Where an image shows something: what stands out from its background.

use super::border::Border;
use crate::shape::ImageShape;

/// Pieces below this share of the largest one are specks.
const SPECK: f64 = 0.01;
/// An object has so many pixels at least,
const FEWEST_PIXELS: usize = 4;
/// and covers this share of the image.
const LEAST_SHARE: f64 = 0.001;

/// What stands out from the background of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its first row.
    pub top: usize,
    /// The row after its last.
    pub bottom: usize,
    /// Its first column.
    pub left: usize,
    /// The column after its last.
    pub right: usize,
    /// By how much it is brighter than the background, the mean of its pixels.
    pub brighter: f32,
    /// Which pixels it has, `[height, width]` of the image.
    pixels: Vec<bool>,
    width: usize,
}

impl Object {
    /// What differs from the border's colour in an image `[height, width, channels]`, without specks.
    pub fn find(image: &[u8], shape: ImageShape, border: &Border) -> Option<Self> {
        let ImageShape { height, width, channels } = shape;
        let mut stands_out: Vec<bool> = image.chunks_exact(channels).map(|pixel| border.stands_out(pixel)).collect();
        let mut pieces = pieces(&mut stands_out, width);
        let largest = pieces.iter().map(Vec::len).max().unwrap_or(0);
        if largest < FEWEST_PIXELS.max((LEAST_SHARE * (height * width) as f64) as usize) {
            return None;
        }
        pieces.retain(|piece| piece.len() as f64 >= SPECK * largest as f64);

        let mut object = Self {
            top: height,
            bottom: 0,
            left: width,
            right: 0,
            brighter: 0.0,
            pixels: vec![false; height * width],
            width,
        };
        let (mut difference, mut count) = (0_i64, 0_i64);
        for &at in pieces.iter().flatten() {
            let (row, column) = (at / width, at % width);
            object.top = object.top.min(row);
            object.bottom = object.bottom.max(row + 1);
            object.left = object.left.min(column);
            object.right = object.right.max(column + 1);
            object.pixels[at] = true;
            let pixel = image[at * channels..].iter().zip(&border.colour);
            difference += pixel.map(|(&value, &behind)| i64::from(value) - i64::from(behind)).sum::<i64>();
            count += channels as i64;
        }
        object.brighter = difference as f32 / count as f32;
        Some(object)
    }

    /// The share of each edge of its rectangle that it covers: top, bottom, left, right.
    pub fn edge_covers(&self) -> [f32; 4] {
        // The outermost pixels may be mixed with what lies around.
        let inset = |start: usize, end: usize| {
            let inset = usize::from(end - start > 4);
            (start + inset, end - inset)
        };
        let ((top, bottom), (left, right)) = (inset(self.top, self.bottom), inset(self.left, self.right));
        let is_covered = |row: usize, column: usize| self.pixels[row * self.width + column];
        let share = |covered: usize, length: usize| covered as f32 / length as f32;
        let row = |row: usize| share((left..right).filter(|&column| is_covered(row, column)).count(), right - left);
        let column = |column: usize| share((top..bottom).filter(|&row| is_covered(row, column)).count(), bottom - top);
        [row(top), row(bottom - 1), column(left), column(right - 1)]
    }
}

/// The pixels of each piece that hangs together, over corners too. Empties the map.
fn pieces(map: &mut [bool], width: usize) -> Vec<Vec<usize>> {
    let height = map.len() / width.max(1);
    let mut pieces = Vec::new();
    for start in 0..map.len() {
        if !std::mem::take(&mut map[start]) {
            continue;
        }
        let mut piece = vec![start];
        let mut next = 0;
        while next < piece.len() {
            let (row, column) = (piece[next] / width, piece[next] % width);
            next += 1;
            for row in row.saturating_sub(1)..(row + 2).min(height) {
                for column in column.saturating_sub(1)..(column + 2).min(width) {
                    if std::mem::take(&mut map[row * width + column]) {
                        piece.push(row * width + column);
                    }
                }
            }
        }
        pieces.push(piece);
    }
    pieces
}
