//! A map of images, as t-SNE makes one, for people to look at: similar images lie close together.
//!
//! [`picture`] draws it, [`page`] lets one walk about in it, [`table`] hands its numbers to other programs.

mod cards;
mod legend;
mod mark;
pub mod page;
pub mod picture;
mod scatter;
pub mod table;
mod thumbnails;

use modiste_data::ImageShape;

/// A map of n points and what is known of each.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// What it shows, as in `t-SNE of 70,000 images of fashion-mnist`.
    pub title: &'a str,
    /// How it was made, as in `Fourier, perplexity 30, 7.3 s, KL 2.61`.
    pub subtitle: &'a str,
    /// Where each point lies, `[n]`; finite.
    pub coordinates: &'a [[f32; 2]],
    /// The number of each point in its data set, `[n]`.
    pub indices: &'a [usize],
    /// The class of each point, `[n]`.
    pub labels: Option<&'a [u8]>,
    /// The class that a network takes each point for, `[n]`.
    pub predicted: Option<&'a [u8]>,
    /// What each class is called; a class beyond them goes by its number.
    pub class_names: &'a [String],
    /// The image of each point.
    pub images: Option<MapImages<'a>>,
}

/// The images of a map's points.
#[derive(Clone, Copy, Debug)]
pub struct MapImages<'a> {
    /// Shape of every image.
    pub shape: ImageShape,
    /// Pixels `[height, width, channels]` of each point, `[n]`.
    pub pixels: &'a [&'a [u8]],
}

impl<'a> Map<'a> {
    fn len(&self) -> usize {
        self.coordinates.len()
    }

    fn label(&self, point: usize) -> Option<u8> {
        self.labels?.get(point).copied()
    }

    fn prediction(&self, point: usize) -> Option<u8> {
        self.predicted?.get(point).copied()
    }

    /// The class whose colour a point has: the true one, or the predicted one where the true one is unknown.
    fn class(&self, point: usize) -> Option<u8> {
        self.label(point).or_else(|| self.prediction(point))
    }

    fn is_mistake(&self, point: usize) -> bool {
        self.label(point).zip(self.prediction(point)).is_some_and(|(label, prediction)| label != prediction)
    }

    /// Whether right and wrong can be told apart.
    fn is_judged(&self) -> bool {
        self.labels.is_some() && self.predicted.is_some()
    }

    fn class_name(&self, class: u8) -> String {
        self.class_names.get(usize::from(class)).filter(|name| !name.is_empty()).cloned().unwrap_or(class.to_string())
    }

    /// The classes there are on the map, with the number of their points.
    fn classes(&self) -> Vec<(u8, usize)> {
        let mut counts = [0; 256];
        for class in (0..self.len()).filter_map(|point| self.class(point)) {
            counts[usize::from(class)] += 1;
        }
        (0..=u8::MAX).zip(counts).filter(|&(_, count)| count > 0).collect()
    }

    fn image(&self, point: usize) -> Option<&'a [u8]> {
        let images = self.images?;
        images.pixels.get(point).copied().filter(|pixels| !pixels.is_empty() && pixels.len() == images.shape.len())
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// What a [`Map`] borrows from.
    pub(super) struct Drawn {
        pub coordinates: Vec<[f32; 2]>,
        pub indices: Vec<usize>,
        pub labels: Vec<u8>,
        pub predicted: Vec<u8>,
        pub class_names: Vec<String>,
        pub shape: ImageShape,
        pub pixels: Vec<Vec<u8>>,
    }

    impl Drawn {
        /// Points on a spiral, which crowd at its middle, of classes in turn; every seventh is taken for the next class.
        pub(in crate::map) fn new(count: usize, classes: usize, shape: ImageShape) -> Self {
            let spiral = |point: usize| {
                let (angle, radius) = (point as f32 * 2.4, (point as f32 / count as f32).powi(2) * 40.0);
                [radius * angle.cos(), radius * angle.sin()]
            };
            let class = |point: usize| (point % classes) as u8;
            let pixel = |point: usize, place: usize| (point * 31 + place * place * 7) as u8;
            Self {
                coordinates: (0..count).map(spiral).collect(),
                indices: (0..count).map(|point| 3 * point).collect(),
                labels: (0..count).map(class).collect(),
                predicted: (0..count).map(|point| class(point + usize::from(point % 7 == 0))).collect(),
                class_names: (0..classes).map(|class| format!("class {class}")).collect(),
                shape,
                pixels: (0..count).map(|point| (0..shape.len()).map(|place| pixel(point, place)).collect()).collect(),
            }
        }

        /// Calls `look` with a map of everything there is.
        pub(in crate::map) fn with_map<T>(&self, look: impl FnOnce(Map) -> T) -> T {
            let pixels: Vec<&[u8]> = self.pixels.iter().map(Vec::as_slice).collect();
            look(Map {
                title: "t-SNE of a spiral",
                subtitle: "exact, perplexity 30",
                coordinates: &self.coordinates,
                indices: &self.indices,
                labels: Some(&self.labels),
                predicted: Some(&self.predicted),
                class_names: &self.class_names,
                images: Some(MapImages { shape: self.shape, pixels: &pixels }),
            })
        }
    }

    pub(super) const GREY: ImageShape = ImageShape { height: 28, width: 28, channels: 1 };
}
