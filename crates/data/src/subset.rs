//! Some images of a set, without copying any.

use std::sync::Arc;

use crate::dataset::Images;
use crate::sampling::sample;

/// Some images of a set.
#[derive(Clone, Debug)]
pub struct Subset {
    /// All of the set; shared, not copied.
    pub images: Arc<Images>,
    /// Those meant, ascending.
    pub indices: Arc<[u32]>,
}

impl Subset {
    /// The images of these numbers.
    pub fn new(images: &Arc<Images>, indices: impl Into<Arc<[u32]>>) -> Self {
        Self { images: Arc::clone(images), indices: indices.into() }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// How many of them each class has, `[classes]`.
    ///
    /// # Panics
    /// If one is of a class that is not among so many.
    pub fn class_sizes(&self, classes: usize) -> Vec<usize> {
        let mut sizes = vec![0; classes];
        self.indices.iter().for_each(|&index| sizes[usize::from(self.images.labels()[index as usize])] += 1);
        sizes
    }

    /// The first of them, at most `count`.
    pub fn first(&self, count: usize) -> Self {
        Self::new(&self.images, &self.indices[..count.min(self.len())])
    }

    /// `count` of them drawn at random, or all where there are no more.
    pub fn sample(&self, count: usize, seed: u64) -> Self {
        let drawn = sample(count, self.len(), seed).into_iter().map(|at| self.indices[at]);
        Self::new(&self.images, drawn.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::ImageShape;

    #[test]
    fn a_sample_is_of_the_subset() {
        let shape = ImageShape { height: 1, width: 1, channels: 1 };
        let images = Arc::new(Images::new(shape, (0..200).collect(), vec![0; 200], 1).unwrap());
        let subset = Subset::new(&images, (0..200).step_by(2).collect::<Vec<_>>());
        let drawn = subset.sample(10, 3);
        assert!(drawn.len() == 10 && drawn.indices.iter().all(|index| subset.indices.contains(index)));
        assert_eq!(subset.sample(1000, 3).indices, subset.indices);
    }
}
