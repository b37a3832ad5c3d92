//! Labelled images in memory.

use std::fmt;
use std::sync::Arc;

use crate::preparation::Preparation;
use crate::shape::ImageShape;

/// Why pixels and labels do not make a labelled set.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// There are not as many images as labels.
    #[error("the images are {images}, but the labels {labels}")]
    Counts {
        /// Images found.
        images: usize,
        /// Labels found.
        labels: usize,
    },
    /// A label names no class.
    #[error("image {index} has label {label}, but the number of classes is only {classes}")]
    Label {
        /// Which image.
        index: usize,
        /// Its label.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
}

/// Images of one shape with a class each.
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    shape: ImageShape,
    /// `[n, height, width, channels]`
    pixels: Vec<u8>,
    /// `[n]`
    labels: Vec<u8>,
}

impl Images {
    /// Joins pixels `[n, height, width, channels]` and labels `[n]`.
    ///
    /// # Errors
    /// When the counts differ or a label is not below `classes`.
    pub fn new(shape: ImageShape, pixels: Vec<u8>, labels: Vec<u8>, classes: usize) -> Result<Self, ImagesError> {
        let size = shape.len().max(1);
        if pixels.len() != labels.len() * size {
            return Err(ImagesError::Counts { images: pixels.len() / size, labels: labels.len() });
        }
        if let Some(index) = labels.iter().position(|&label| usize::from(label) >= classes) {
            return Err(ImagesError::Label { index, label: labels[index], classes });
        }
        Ok(Self { shape, pixels, labels })
    }

    /// The same images with other labels, which must be right.
    pub(crate) fn with_labels(&self, label: impl Fn(u8) -> u8) -> Self {
        let labels = self.labels.iter().map(|&before| label(before)).collect();
        Self { shape: self.shape, pixels: self.pixels.clone(), labels }
    }

    /// Copies of the images of these numbers, in their order.
    pub fn chosen(&self, indices: &[u32]) -> Self {
        let pixels = indices.iter().flat_map(|&index| self.image(index as usize)).copied().collect();
        let labels = indices.iter().map(|&index| self.labels[index as usize]).collect();
        Self { shape: self.shape, pixels, labels }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Shape of every image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// All pixels, `[n, height, width, channels]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Pixels of one image, `[height, width, channels]`.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.shape.len();
        &self.pixels[index * size..][..size]
    }

    /// All labels, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
}

/// Says how many images of which shape there are, and spares the reader their pixels.
impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images").field("len", &self.len()).field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// A data set: the images of each part and what their classes are called.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The name outputs report, e.g. `fashion-mnist`.
    pub name: String,
    /// What each label means, by label.
    pub class_names: Vec<String>,
    /// Images to learn from.
    pub train: Arc<Images>,
    /// Images that the set keeps for choices, if it does.
    pub validation: Option<Arc<Images>>,
    /// Images kept for the final measurement.
    pub test: Arc<Images>,
    /// How pictures of any kind became these images, or would.
    pub preparation: Option<Preparation>,
}

impl Dataset {
    /// The images of each part that there is: training, validation, test.
    pub fn parts(&self) -> impl Iterator<Item = &Arc<Images>> {
        [Some(&self.train), self.validation.as_ref(), Some(&self.test)].into_iter().flatten()
    }
}
