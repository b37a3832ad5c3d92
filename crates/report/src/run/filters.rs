//! The weights of a first layer as images.

use super::Filters;
use crate::palette::{LINES, mixed};
use crate::picture::{Colour, Picture};

/// Filters that are shown at most.
const MOST: usize = 64;
/// Pixels of the longer side of each, about.
const SIDE: usize = 72;
const GAP: usize = 8;
const COLUMNS: usize = 8;

impl Filters {
    /// Number of filters.
    fn count(&self) -> usize {
        self.weights.len() / self.shape.iter().product::<usize>().max(1)
    }

    /// How many of them the picture shows.
    pub(super) fn shown(&self) -> usize {
        self.count().min(MOST)
    }

    /// `the first 64 of 256 filters of dense1`
    pub(super) fn described(&self) -> String {
        let (shown, count, layer) = (self.shown(), self.count(), &self.layer);
        if shown < count {
            format!("the first {shown} of {count} filters of {layer}")
        } else {
            format!("the {count} filters of {layer}")
        }
    }

    /// Each filter with its own largest weight as full colour: of three channels in colour around grey, of others by the mean of
    /// their channels, blue for positive and orange for negative weights.
    pub(super) fn picture(&self) -> Picture {
        let [rows, columns, channels] = self.shape;
        let scale = (SIDE / rows.max(columns)).max(1);
        let (width, height) = (columns * scale, rows * scale);
        let across = COLUMNS.min(self.shown()).max(1);
        let down = self.shown().div_ceil(across);
        let mut picture = Picture::new(GAP + across * (width + GAP), GAP + down * (height + GAP), [255; 3]);
        for (place, weights) in self.weights.chunks_exact(rows * columns * channels).take(MOST).enumerate() {
            let largest = weights.iter().fold(f32::MIN_POSITIVE, |largest, weight| largest.max(weight.abs()));
            let corner = (GAP + place % across * (width + GAP), GAP + place / across * (height + GAP));
            let colour = |pixel: usize| {
                let (x, y) = (pixel % width / scale, pixel / width / scale);
                colour(&weights[(y * columns + x) * channels..][..channels], largest)
            };
            picture.paste(corner, width, (0..width * height).map(colour));
        }
        picture
    }
}

fn colour(weights: &[f32], largest: f32) -> Colour {
    if let [red, green, blue] = weights {
        return [red, green, blue].map(|weight| (127.5 + 127.5 * weight / largest).round() as u8);
    }
    let mean = weights.iter().sum::<f32>() / weights.len().max(1) as f32 / largest;
    mixed([255; 3], LINES[usize::from(mean < 0.0)], mean.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_colours_in_their_place() {
        let filters = Filters { layer: "conv1".to_owned(), shape: [1, 2, 1], weights: vec![0.5, 0.0, 0.2, -0.2] };
        let picture = filters.picture();
        let at = |x, y| picture.get(x, y).unwrap();
        assert_eq!([at(GAP, GAP), at(GAP + 71, GAP)], [LINES[0], [255; 3]]);
        assert_eq!([at(2 * GAP + 72, GAP), at(2 * GAP + 143, GAP)], [LINES[0], LINES[1]]);
        let colour = Filters { shape: [1, 1, 3], weights: vec![1.0, 0.0, -1.0], ..filters };
        assert_eq!(colour.picture().get(GAP, GAP), Some([255, 128, 0]));
        assert_eq!(colour.described(), "the 1 filters of conv1");
    }
}
