//! A trained network at work: from images to the probabilities of their classes.

use std::ops::Range;
use std::path::Path;
use std::slice::ChunksExact;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use modiste_data::{ImageShape, Subset};
use modiste_executors::Device;
use modiste_files::FileError;
use modiste_network::executor::softmax::{predicted, probabilities};
use modiste_network::model::FILE_NAME;
use modiste_network::{Executor, Model, ModelCard, Network, State};

use super::classifier::Classifier;
use super::evaluator::{Classified, Evaluator};
use super::familiarity::Gauge;
use super::metrics::MetricsAccumulator;

/// Enough for every machine to be busy; more only costs memory.
const LARGEST_BATCH: usize = 500;

/// Bytes that are no images of the network's shape.
#[derive(Debug, thiserror::Error)]
#[error(
    "{bytes} bytes are no whole number of images of {}x{}x{}: give [n, height, width, channels], a byte a value",
    shape.height, shape.width, shape.channels
)]
pub struct NotImages {
    /// How many were given.
    bytes: usize,
    /// What the network takes.
    shape: ImageShape,
}

impl NotImages {
    pub(super) fn new(bytes: usize, shape: ImageShape) -> Self {
        Self { bytes, shape }
    }
}

/// What a network makes of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// What the last layer takes of each image as it is, `[n, feature_count]`.
    pub values: Vec<f32>,
    /// The class that each image is taken for, by the views of the recipe, `[n]`.
    pub predicted: Vec<u8>,
}

/// What a network says of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// `[n, classes]`
    pub logits: Vec<f32>,
    /// `[n, classes]`; those of each image sum to 1, up to rounding.
    pub probabilities: Vec<f32>,
    /// How unlike all that the network was trained on each image is, from 0 to 1, `[n]`: see [`Gauge::unfamiliar`]. `None` of
    /// models that do not say.
    pub unfamiliar: Option<Vec<f64>>,
    classes: usize,
}

/// How images are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// In all views of the recipe, or only as they are.
    pub views: bool,
    /// Whether it is said how unlike all training images they are, where the model knows.
    pub unfamiliar: bool,
}

/// What a network says of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score<'a> {
    /// `[classes]`
    pub logits: &'a [f32],
    /// `[classes]`
    pub probabilities: &'a [f32],
    /// How unlike all that the network was trained on it is, where the model says.
    pub unfamiliar: Option<f64>,
}

impl Scores {
    /// Those of some of the images, counted from 0.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn of(&self, images: Range<usize>) -> Self {
        let rows = images.start * self.classes..images.end * self.classes;
        Self {
            logits: self.logits[rows.clone()].to_vec(),
            probabilities: self.probabilities[rows].to_vec(),
            unfamiliar: self.unfamiliar.as_ref().map(|all| all[images].to_vec()),
            classes: self.classes,
        }
    }

    /// Image by image.
    pub fn each(&self) -> impl Iterator<Item = Score<'_>> {
        let rows = self.logits.chunks_exact(self.classes).zip(self.probabilities.chunks_exact(self.classes));
        rows.enumerate().map(|(image, (logits, probabilities))| Score {
            logits,
            probabilities,
            unfamiliar: self.unfamiliar.as_ref().and_then(|all| all.get(image).copied()),
        })
    }
}

/// A model on a device. Images are bytes `[n, height, width, channels]`, and are scaled and shown as the model's recipe says.
pub struct Predictor {
    card: ModelCard,
    executor: Box<dyn Executor>,
    classifier: Classifier,
    gauge: Option<Arc<Gauge>>,
}

impl Predictor {
    /// Opens a model file, or the model of a run directory.
    ///
    /// # Errors
    /// When it cannot be read, is none, or is damaged.
    ///
    /// # Panics
    /// As [`Device::compile`].
    pub fn open(path: &Path, device: &Device) -> Result<Self, FileError> {
        let file = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        let model = Model::open(&file)?;
        let batch = Self::batch_size(&model, usize::MAX);
        Ok(Self::new(&model, device, batch))
    }

    /// Compiles a model for batches of up to `batch` images; [`Device::planned_bytes`] says what memory that takes.
    ///
    /// # Panics
    /// As [`Device::compile`].
    pub fn new(model: &Model, device: &Device, batch: usize) -> Self {
        let Model { card, network, parameters, familiarity } = model;
        let mut executor = device.compile(network, batch, card.recipe.training.seed);
        executor.set_state(&State::fresh(parameters.clone()));
        let gauge = familiarity.as_ref().and_then(|kept| Gauge::new(kept, network.feature_count())).map(Arc::new);
        Self { card: card.clone(), executor, classifier: Classifier::new(&card.recipe), gauge }
    }

    /// As many images at a time as are of use where there are `images` of them, at least one.
    pub fn batch_size(model: &Model, images: usize) -> usize {
        model.card.recipe.training.batch.min(LARGEST_BATCH).min(images).max(1)
    }

    /// What the model is, and what its classes are called.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The same, but each image is classified as it is, whatever views the recipe has: faster, and a little less accurate.
    pub fn single_view(self) -> Self {
        Self { classifier: Classifier::plain(), ..self }
    }

    /// Probabilities `[n, classes]` of images `[n, height, width, channels]`, at the model's temperature; those of each image sum
    /// to 1, up to rounding.
    ///
    /// # Errors
    /// When there are more or fewer bytes than those of whole images.
    pub fn probabilities(&mut self, images: &[u8]) -> Result<Vec<f32>, NotImages> {
        let logits = self.logits(images)?;
        Ok(self.probabilities_of(logits))
    }

    /// Everything that is said of images `[n, height, width, channels]`.
    ///
    /// # Errors
    /// When there are more or fewer bytes than those of whole images.
    pub fn scores(&mut self, images: &[u8]) -> Result<Scores, NotImages> {
        let count = self.images(images)?.len();
        let (classes, scaling) = (self.executor.network().classes, self.card.recipe.data.scaling);
        let look = Look { views: true, unfamiliar: true };
        let mut all = Scores {
            logits: Vec::with_capacity(count * classes),
            probabilities: Vec::with_capacity(count * classes),
            unfamiliar: self.gauge.as_ref().map(|_| Vec::with_capacity(count)),
            classes,
        };
        let mut pixels = Vec::new();
        for images in images.chunks(self.executor.batch_size() * self.card.image_shape.len()) {
            pixels.clear();
            pixels.extend(images.iter().map(|&pixel| scaling.scaled(pixel)));
            let scores = self.look(&pixels, look)?;
            all.logits.extend(scores.logits);
            all.probabilities.extend(scores.probabilities);
            all.unfamiliar.iter_mut().for_each(|all| all.extend(scores.unfamiliar.iter().flatten()));
        }
        Ok(all)
    }

    /// What is said of images `[n, height, width, channels]` that are scaled already, by the scaling of the recipe: the same bits
    /// as of their bytes.
    ///
    /// # Errors
    /// When there are more or fewer values than those of whole images.
    pub fn look(&mut self, pixels: &[f32], look: Look) -> Result<Scores, NotImages> {
        let shape = self.card.image_shape;
        if !pixels.len().is_multiple_of(shape.len()) {
            return Err(NotImages::new(pixels.len(), shape));
        }
        let (columns, classes) = (self.executor.network().feature_count(), self.executor.network().classes);
        let count = pixels.len() / shape.len();
        let gauge = self.gauge.clone().filter(|_| look.unfamiliar);
        let mut logits = vec![0.0; count * classes];
        let mut features = gauge.as_ref().map(|_| vec![0.0; count * columns]);
        let plain = &mut Classifier::plain();
        let classifier = if look.views { &mut self.classifier } else { plain };
        classifier.infer_with_features(self.executor.as_mut(), pixels, &mut logits, features.as_deref_mut());
        let unfamiliar = gauge
            .zip(features)
            .map(|(gauge, features)| features.chunks_exact(columns).map(|row| gauge.unfamiliar(row)).collect());
        Ok(Scores { probabilities: self.probabilities_of(logits.clone()), logits, unfamiliar, classes })
    }

    /// Most images that are computed at a time.
    pub fn batch(&self) -> usize {
        self.executor.batch_size()
    }

    /// Logits `[n, classes]` of images `[n, height, width, channels]`, before the temperature. The same image has the same ones, to the bit, alone and
    /// among others.
    ///
    /// # Errors
    /// When there are more or fewer bytes than those of whole images.
    pub fn logits(&mut self, images: &[u8]) -> Result<Vec<f32>, NotImages> {
        let images = self.images(images)?;
        let mut all = Vec::with_capacity(images.len() * self.executor.network().classes);
        self.each_batch(images, |logits, _| all.extend_from_slice(logits));
        Ok(all)
    }

    /// The logits of images as they are, whatever views the recipe has.
    pub(super) fn plain_logits(&mut self, images: &[u8]) -> Result<Vec<f32>, NotImages> {
        let views = std::mem::replace(&mut self.classifier, Classifier::plain());
        let logits = self.logits(images);
        self.classifier = views;
        logits
    }

    /// Probabilities of logits `[n, classes]`, at the temperature of the model.
    fn probabilities_of(&self, mut logits: Vec<f32>) -> Vec<f32> {
        probabilities(&mut logits, self.executor.network().classes, self.card.temperature);
        logits
    }

    /// Images one by one.
    fn images<'a>(&self, bytes: &'a [u8]) -> Result<ChunksExact<'a, u8>, NotImages> {
        let shape = self.card.image_shape;
        if bytes.len().is_multiple_of(shape.len()) {
            Ok(bytes.chunks_exact(shape.len()))
        } else {
            Err(NotImages::new(bytes.len(), shape))
        }
    }

    /// What the last layer decides by, and what it decides, of images `[height, width, channels]` each.
    ///
    /// # Panics
    /// If an image has another length.
    pub fn features<'a>(&mut self, images: impl ExactSizeIterator<Item = &'a [u8]>) -> Features {
        let network = self.executor.network();
        let (columns, classes) = (network.feature_count(), network.classes);
        let mut all = Features {
            values: Vec::with_capacity(images.len() * columns),
            predicted: Vec::with_capacity(images.len()),
        };
        self.each_batch(images, |logits, features| {
            all.predicted.extend(logits.chunks_exact(classes).map(|logits| predicted(logits) as u8));
            all.values.extend_from_slice(features);
        });
        all
    }

    /// Measures the network on images and their labels; `None` if `stop` became true before the end.
    pub fn evaluate(&mut self, subset: &Subset, stop: &AtomicBool) -> Option<MetricsAccumulator> {
        let mut evaluator = Evaluator::new(subset, &self.card.recipe, self.executor.batch_size());
        evaluator.set_temperature(self.card.temperature);
        evaluator.measure(self.executor.as_mut(), stop)
    }

    /// Logits and labels of images, from which [`MetricsAccumulator`] makes what [`evaluate`](Self::evaluate) gives; `None` if `stop`
    /// became true before the end.
    pub fn classify(&mut self, subset: &Subset, stop: &AtomicBool) -> Option<Classified> {
        Evaluator::new(subset, &self.card.recipe, self.executor.batch_size()).classify(self.executor.as_mut(), stop)
    }

    /// Calls `each(logits, features)` of each batch of images: `[n, classes]` and `[n, feature_count]`.
    fn each_batch<'a>(&mut self, mut images: impl Iterator<Item = &'a [u8]>, mut each: impl FnMut(&[f32], &[f32])) {
        let (batch, scaling) = (self.executor.batch_size(), self.card.recipe.data.scaling);
        let Network { input, classes, .. } = *self.executor.network();
        let columns = self.executor.network().feature_count();
        let (mut pixels, mut logits, mut features) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            pixels.clear();
            for image in images.by_ref().take(batch) {
                pixels.extend(image.iter().map(|&pixel| scaling.scaled(pixel)));
            }
            let count = pixels.len() / input.len();
            if count == 0 {
                return;
            }
            logits.resize(count * classes, 0.0);
            features.resize(count * columns, 0.0);
            self.classifier.infer_with_features(self.executor.as_mut(), &pixels, &mut logits, Some(&mut features));
            each(&logits, &features);
        }
    }
}

#[cfg(test)]
mod tests {
    use modiste_network::executor::initialisation::glorot_uniform;
    use modiste_network::{DataReference, Recipe, model};

    use super::*;

    const SHAPE: ImageShape = ImageShape { height: 2, width: 3, channels: 1 };

    /// A model of three classes whose recipe shows each image in six views.
    fn model() -> Model {
        let text = "
            name = 'a'
            layers = [{ type = 'flatten' }, { type = 'dense', units = 3, activation = 'softmax' }]
            [evaluation]
            flip = true
            shift = 1
            [training]
            epochs = 1
            batch = 2";
        let card = ModelCard {
            recipe: Recipe::parse(text, "test").unwrap(),
            class_names: ["a", "b", "c"].map(str::to_owned).to_vec(),
            image_shape: SHAPE,
            data: DataReference::default(),
            appearance: None,
            epochs: 1,
            temperature: 0.5,
        };
        let network = card.network().unwrap();
        let parameters = glorot_uniform(&network, 7);
        Model { card, network, parameters, familiarity: None }
    }

    #[test]
    fn probabilities_are_those_of_the_recipes_views_whatever_the_batch() {
        let directory = tempfile::tempdir().unwrap();
        let model = model();
        model::save(&directory.path().join(FILE_NAME), &model.card, &model.network, &model.parameters, None).unwrap();
        let device = Device::cpu(1).unwrap();
        let mut predictor = Predictor::open(directory.path(), &device).unwrap();
        // Five images are three batches.
        let images: Vec<u8> = (0..5 * SHAPE.len()).map(|index| (index * 67 % 256) as u8).collect();
        let found = predictor.probabilities(&images).unwrap();

        let mut executor = device.compile(&model.network, 5, 0);
        executor.set_state(&State::fresh(model.parameters.clone()));
        let scaled: Vec<f32> = images.iter().map(|&pixel| model.card.recipe.data.scaling.scaled(pixel)).collect();
        let mut expected = vec![0.0; 5 * 3];
        Classifier::new(&model.card.recipe).infer(executor.as_mut(), &scaled, &mut expected);
        let classes: Vec<u8> = expected.chunks_exact(3).map(|logits| predicted(logits) as u8).collect();
        let logits = expected.clone();
        // The temperature is 0.5.
        expected.iter_mut().for_each(|logit| *logit *= 2.0);
        probabilities(&mut expected, 3, 1.0);
        assert_eq!(found, expected);
        let scores = predictor.scores(&images).unwrap();
        assert_eq!((&scores.logits, &scores.probabilities, &scores.unfamiliar), (&logits, &found, &None));
        assert_eq!(scores.each().nth(4).unwrap().logits, &logits[12..]);
        assert!(found.chunks_exact(3).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6), "{found:?}");

        let mut values = vec![0.0; images.len()];
        executor.features(&scaled, &mut values);
        let features = predictor.features(images.chunks_exact(SHAPE.len()));
        assert_eq!(features, Features { values, predicted: classes });
    }

    #[test]
    fn bytes_that_are_no_whole_images_are_refused() {
        let mut predictor = Predictor::new(&model(), &Device::cpu(1).unwrap(), 2);
        assert!(predictor.probabilities(&[]).unwrap().is_empty());
        let problem = predictor.probabilities(&[0; 7]).unwrap_err().to_string();
        assert!(problem.starts_with("7 bytes are no whole number of images of 2x3x1"), "{problem}");
    }
}
