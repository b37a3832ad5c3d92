//! Very many points as dots: where they are sparse each is seen, where they crowd their colours mix.

use crate::coverage;
use crate::palette::{from_linear, to_linear};
use crate::picture::{Colour, Picture};

/// Radii of a dot, smallest and largest, in pixels.
const RADII: (f32, f32) = (1.6, 3.2);

/// What part of the paper dots should cover where they lie evenly.
const COVER: f32 = 0.5;

/// How much of what lies under a single dot it hides.
const OPACITY: f32 = 0.85;

/// Side of the cells in which points are counted, in pixels.
const CELL: usize = 16;

/// Draws a dot of its colour at each place.
///
/// Light is gathered first, then laid on the picture: so no dot lies over another, and the order of points does not show.
pub(super) fn draw(picture: &mut Picture, places: &[[f32; 2]], colours: &[Colour]) {
    let (width, height) = (picture.width(), picture.height());
    // Red, green and blue of all dots on a pixel, and how much of it they cover together.
    let mut gathered = vec![[0.0_f32; 4]; width * height];
    let density = Density::new(places, width, height);
    for (&place, colour) in places.iter().zip(colours) {
        let light = colour.map(to_linear);
        let radius = (COVER / (std::f32::consts::PI * density.at(place))).sqrt().clamp(RADII.0, RADII.1);
        for (x, y, coverage) in coverage::disc(place, radius).filter(|&(x, y, _)| x < width && y < height) {
            let sum = &mut gathered[y * width + x];
            (0..3).for_each(|channel| sum[channel] += light[channel] * coverage);
            sum[3] += coverage;
        }
    }
    for (pixel, &[red, green, blue, cover]) in gathered.iter().enumerate().filter(|(_, sum)| sum[3] > 0.0) {
        let colour = [red, green, blue].map(|light| from_linear(light / cover));
        let opacity = 1.0 - (1.0 - OPACITY).powf(cover);
        picture.blend(pixel % width, pixel / width, colour, (opacity * 255.0).round() as u8);
    }
}

/// Points per pixel round about a place.
struct Density {
    columns: usize,
    /// Points in each cell, with an empty cell on every side.
    counts: Vec<u32>,
}

impl Density {
    fn new(places: &[[f32; 2]], width: usize, height: usize) -> Self {
        let (columns, rows) = (width.div_ceil(CELL) + 2, height.div_ceil(CELL) + 2);
        let mut density = Self { columns, counts: vec![0; columns * rows] };
        for &place in places {
            let cell = density.cell(place);
            density.counts[cell] += 1;
        }
        density
    }

    fn cell(&self, [x, y]: [f32; 2]) -> usize {
        let rows = self.counts.len() / self.columns;
        let step = |place: f32, steps: usize| (place as usize / CELL + 1).min(steps - 2);
        step(y, rows) * self.columns + step(x, self.columns)
    }

    /// Of the cell of a place and those around it; never 0 where there is a point.
    fn at(&self, place: [f32; 2]) -> f32 {
        let middle = self.cell(place);
        let rows = [middle - self.columns, middle, middle + self.columns];
        let count: u32 = rows.iter().flat_map(|&row| &self.counts[row - 1..=row + 1]).sum();
        count as f32 / (9 * CELL * CELL) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::PAPER;

    #[test]
    fn sparse_dots_are_large_and_crowded_ones_mix() {
        let mut picture = Picture::new(300, 300, PAPER);
        let crowd = (0..400).map(|point| [200.5 + (point % 20) as f32, 200.5 + (point / 20) as f32]);
        let places: Vec<[f32; 2]> = crowd.chain([[50.5, 50.5]]).collect();
        let colours: Vec<Colour> =
            (0..401).map(|point| if point % 2 == 0 { [200, 0, 0] } else { [0, 0, 200] }).collect();
        draw(&mut picture, &places, &colours);
        let strong = |x, y| picture.get(x, y).is_some_and(|[red, green, _]| green < 80 && red > 100);
        assert!(strong(50, 50) && strong(53, 50) && !strong(57, 50));
        // Half of the light of each, which is more than half of the value.
        assert!(
            picture
                .get(210, 210)
                .is_some_and(|[red, green, blue]| { red.abs_diff(146) < 20 && green < 40 && blue.abs_diff(146) < 20 })
        );
        assert_eq!(picture.get(150, 150), Some(PAPER));
    }

    #[test]
    fn dots_beyond_the_edge_are_cut() {
        let mut picture = Picture::new(20, 20, PAPER);
        draw(&mut picture, &[[-1.0, 3.0], [20.5, 3.0], [900.0, -900.0]], &[[0, 0, 0]; 3]);
        assert_eq!(picture.get(10, 10), Some(PAPER));
        assert_ne!(picture.get(0, 3), Some(PAPER));
    }
}
