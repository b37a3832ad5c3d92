//! What a model keeps of the features of its training images, to tell what is unlike all of them: some tens of kilobytes.
//!
//! The numbers mean something to whoever makes and reads them (`modiste-inference`); here they are kept in a file.

use modiste_files::FileError;
use modiste_files::tensor_file::{Tensor, TensorFile, Values};

/// As many features as are looked at: more are brought down to these.
pub const MOST_COLUMNS: usize = 128;
/// Distances that are kept: those that so many hundredths of images do not reach.
pub const QUANTILES: usize = 100;

const MEANS: &str = "familiarity.means";
const COVARIANCE: &str = "familiarity.covariance";
const QUANTILES_NAME: &str = "familiarity.quantiles";

/// The features of training images: a mean for each class, and how they lie around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Familiarity {
    /// Values of each image.
    pub columns: usize,
    /// Of each class that has images, `[classes, columns]`.
    pub means: Vec<f32>,
    /// Around the mean of their class, all classes together: the lower triangle, row by row.
    pub covariance: Vec<f32>,
    /// Distances of images, rising: 0 to 99 hundredths of them are nearer.
    pub quantiles: Vec<f32>,
}

impl Familiarity {
    /// As tensors of a model file.
    pub fn tensors(&self) -> [Tensor<'_>; 3] {
        let tensor = |name: &str, shape: Vec<usize>, values| Tensor { name: name.to_owned(), shape, values };
        let classes = self.means.len() / self.columns.max(1);
        [
            tensor(MEANS, vec![classes, self.columns], Values::Floats(&self.means)),
            tensor(COVARIANCE, vec![self.covariance.len()], Values::Floats(&self.covariance)),
            tensor(QUANTILES_NAME, vec![self.quantiles.len()], Values::Floats(&self.quantiles)),
        ]
    }

    /// From a model file, if it has any, of a network with so many features.
    ///
    /// # Errors
    /// When what it has is of another network, or damaged.
    pub fn read(file: &TensorFile, features: usize) -> Result<Option<Self>, FileError> {
        let Some(shape) = file.shape(MEANS) else { return Ok(None) };
        let columns = features.min(MOST_COLUMNS);
        let &[classes, _] = shape else {
            return Err(file.invalid(format!("the tensor {MEANS} is {shape:?}, but should have two sizes")));
        };
        let read = |name: &str, shape: &[usize]| {
            // The file is asked for the tensor before room is made for it.
            let mut values = file.room_for(file.expect(name, shape)?.len())?;
            values.resize(shape.iter().product(), 0.0);
            file.copy(name, shape, &mut values).map(|()| values)
        };
        let familiarity = Self {
            columns,
            means: read(MEANS, &[classes, columns])?,
            covariance: read(COVARIANCE, &[columns * (columns + 1) / 2])?,
            quantiles: read(QUANTILES_NAME, &[QUANTILES])?,
        };
        if familiarity.means.is_empty() || !familiarity.quantiles.is_sorted() {
            return Err(file.invalid("what it says of the features of training images makes no sense"));
        }
        Ok(Some(familiarity))
    }
}
