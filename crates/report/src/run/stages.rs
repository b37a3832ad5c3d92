//! What the layers of a network give for some images, as pictures.

use super::{Stage, Stages};
use crate::palette::viridis;
use crate::picture::{INK, PAPER, Picture};
use crate::text::Style;

/// Channels of a layer that are shown.
const CHANNELS: usize = 4;
/// Pixels of the longer side of a channel, about.
const SIDE: usize = 56;
const GAP: usize = 4;

impl Stage {
    /// The channels that differ most among all pixels of all images, in their order.
    fn channels(&self) -> Vec<usize> {
        let channels = self.shape[2];
        let mut spreads: Vec<(f64, usize)> = (0..channels)
            .map(|channel| {
                let values = self.values.iter().skip(channel).step_by(channels);
                let (sum, squares, count) =
                    values.fold((0.0, 0.0, 0.0), |(sum, squares, count), x| (sum + x, squares + x * x, count + 1.0));
                (squares / f64::max(count, 1.0) - (sum / f64::max(count, 1.0)).powi(2), channel)
            })
            .collect();
        spreads.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut most: Vec<usize> = spreads.into_iter().take(CHANNELS).map(|(_, channel)| channel).collect();
        most.sort_unstable();
        most
    }

    /// Whether it gives images, and not a row of values.
    pub(super) fn is_of_images(&self) -> bool {
        self.shape[0] * self.shape[1] > 1
    }

    /// `14x14, 64 channels`, `128 values`
    pub(super) fn described(&self) -> String {
        let [rows, columns, channels] = self.shape;
        let channels = crate::numbers::counted(channels as u64, if self.is_of_images() { "channel" } else { "value" });
        if self.is_of_images() { format!("{rows}x{columns}, {channels}") } else { channels }
    }

    /// What it gives for an image: some channels side by side, each with its own colours from its least to its most among all
    /// images; or all values in rows.
    pub(super) fn picture(&self, image: usize) -> Picture {
        let [rows, columns, channels] = self.shape;
        let len = rows * columns * channels;
        let own = &self.values[image * len..][..len];
        if !self.is_of_images() {
            let (least, most) = range(self.values.iter().copied());
            let across = (1..).find(|across| across * across >= channels).unwrap_or(1);
            let scale = (SIDE / across).max(1);
            let (width, height) = (across * scale, channels.div_ceil(across) * scale);
            let mut picture = Picture::new(width, height, PAPER);
            let shade = |pixel: usize| {
                let value = own.get(pixel / width / scale * across + pixel % width / scale);
                value.map_or(PAPER, |value| viridis(((value - least) / (most - least)) as f32))
            };
            picture.paste((0, 0), width, (0..width * height).map(shade));
            return picture;
        }
        let shown = self.channels();
        let scale = (SIDE / rows.max(columns)).max(1);
        let (width, height) = (columns * scale, rows * scale);
        let mut picture = Picture::new(shown.len() * (width + GAP) - GAP, height, PAPER);
        for (place, &channel) in shown.iter().enumerate() {
            let (least, most) = range(self.values.iter().skip(channel).step_by(channels).copied());
            let shade = |pixel: usize| {
                let (x, y) = (pixel % width / scale, pixel / width / scale);
                let value = own[(y * columns + x) * channels + channel];
                viridis(((value - least) / (most - least)) as f32)
            };
            picture.paste((place * (width + GAP), 0), width, (0..width * height).map(shade));
        }
        picture
    }
}

impl Stages {
    /// All in one: a row for each layer with its name, a column for each image.
    pub(super) fn picture(&self) -> Picture {
        let style = Style::body(INK);
        let cells: Vec<Vec<Picture>> = self
            .stages
            .iter()
            .map(|stage| (0..self.images.len()).map(|image| stage.picture(image)).collect())
            .collect();
        let names = self.stages.iter().map(|stage| style.width(&stage.layer)).max().unwrap_or(0);
        let width = cells.iter().flatten().map(Picture::width).max().unwrap_or(0) + 4 * GAP;
        let heights: Vec<usize> = cells.iter().map(|row| row.iter().map(Picture::height).max().unwrap_or(0)).collect();
        let left = names + 4 * GAP;
        let height = heights.iter().map(|height| height.max(&style.line_height()) + 2 * GAP).sum::<usize>() + 2 * GAP;
        let mut picture = Picture::new(left + width * self.images.len(), height, [255; 3]);
        let mut top = 2 * GAP;
        for ((row, stage), height) in cells.iter().zip(&self.stages).zip(heights) {
            style.draw(&mut picture, 2 * GAP, top, &stage.layer);
            for (column, cell) in row.iter().enumerate() {
                let pixels = (0..cell.height()).flat_map(|y| (0..cell.width()).filter_map(move |x| cell.get(x, y)));
                picture.paste((left + column * width, top), cell.width(), pixels);
            }
            top += height.max(style.line_height()) + 2 * GAP;
        }
        picture
    }
}

/// The least and the most of them, which differ.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    (least, if most > least { most } else { least + 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_that_differ_most_are_shown_in_colours_of_their_own() {
        // Channel 1 is the same everywhere.
        let values = vec![0.0, 7.0, 0.0, 7.0, 1.0, 7.0, 4.0, 7.0];
        let stage = Stage { layer: "conv1".to_owned(), shape: [1, 2, 2], values };
        let (first, second) = (stage.picture(0), stage.picture(1));
        assert_eq!((first.get(0, 0), second.get(SIDE - 1, 0)), (Some(viridis(0.0)), Some(viridis(1.0))));
        assert_eq!(stage.described(), "1x2, 2 channels");
        let flat = Stage { layer: "dense1".to_owned(), shape: [1, 1, 3], values: vec![0.0, 1.0, 2.0] };
        assert_eq!((flat.picture(0).width(), flat.described().as_str()), (SIDE, "3 values"));
        assert_eq!(flat.picture(0).get(SIDE - 1, SIDE - 1), Some(PAPER));
    }
}
