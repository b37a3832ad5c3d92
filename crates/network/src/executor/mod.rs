//! The boundary between a network and the device that runs it.

pub mod dropout;
pub mod initialisation;
pub mod loss;
pub mod muon;
pub mod profile;
pub mod running_mean;
pub mod softmax;

use std::borrow::Cow;

use crate::executor::profile::Profile;
use crate::network::Network;
use crate::recipe::{Optimiser, Recipe};

/// Images and their classes, as a device takes them.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Scaled pixels, `[n, height, width, channels]`.
    pub images: &'a [f32],
    /// Classes, `[n]`.
    pub labels: &'a [u8],
    /// What other images have been mixed in, if any.
    pub mixed: Option<Mixed<'a>>,
    /// How much the loss of an image counts, by class, `[classes]`; without, each counts 1.
    pub class_weights: Option<&'a [f64]>,
}

/// What has been mixed into the images of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Mixed<'a> {
    /// Classes of what was mixed in, `[n]`.
    pub labels: &'a [u8],
    /// Its share of each image, `[n]`, from 0 to 1.
    pub shares: &'a [f32],
}

impl<'a> Batch<'a> {
    /// Scaled pixels `[n, height, width, channels]` and classes `[n]`, nothing mixed in, all counted alike.
    pub fn new(images: &'a [f32], labels: &'a [u8]) -> Self {
        Self { images, labels, mixed: None, class_weights: None }
    }
}

/// What a training step needs beside the batch.
#[derive(Clone, Copy, Debug)]
pub struct StepOptions {
    /// Number of this step in the whole training, from 0. Dropout masks follow from it and the seed.
    pub step: u64,
    /// How the gradient becomes new parameters.
    pub optimiser: Optimiser,
    /// What the schedule makes of all learning rates in this step.
    pub rate_factor: f64,
    /// Share of the target that all classes divide among themselves.
    pub label_smoothing: f64,
    /// A longer gradient is shortened to this Euclidean norm.
    pub clip_norm: Option<f64>,
    /// How much of the moving average of all parameters stays with this step, if there is one. It begins with what the
    /// parameters are before the first update that asks for it.
    pub average: Option<f64>,
}

impl StepOptions {
    /// A step with nothing beside the optimiser.
    pub fn new(step: u64, optimiser: Optimiser) -> Self {
        Self { step, optimiser, rate_factor: 1.0, label_smoothing: 0.0, clip_norm: None, average: None }
    }

    /// What a recipe has for step `step` of `steps` in all, counted from 0.
    pub fn of(recipe: &Recipe, step: u64, steps: u64) -> Self {
        let training = &recipe.training;
        Self {
            step,
            optimiser: recipe.optimiser,
            rate_factor: recipe.schedule.factor(step, steps),
            label_smoothing: training.label_smoothing,
            clip_norm: training.clip_norm,
            average: training.average,
        }
    }

    /// How much of the moving average stays in this step t, if there is one: `average`, but (1 + t) / (10 + t) as long as that
    /// is less, so that the first parameters are soon forgotten.
    pub fn average_decay(&self) -> Option<f64> {
        let t = self.step as f64;
        self.average.map(|average| average.min((1.0 + t) / (10.0 + t)))
    }
}

/// Loss over a batch, and how many of its images are classified correctly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepResult {
    /// Mean cross-entropy over the batch, in nats, each image's times its class weight where there are such.
    pub loss: f64,
    /// Images whose largest logit is their class.
    pub correct: usize,
}

/// Everything that training changes. Each slice follows [`Network::parameters`].
#[derive(Clone, Debug, PartialEq)]
pub struct State<'a> {
    /// All parameters.
    pub parameters: Cow<'a, [f32]>,
    /// Adam's running mean of the gradient, or the sum of past gradients of momentum.
    pub first_moment: Cow<'a, [f32]>,
    /// Adam's running mean of the squared gradient.
    pub second_moment: Cow<'a, [f32]>,
    /// The moving average of all parameters, if there is one.
    pub average: Option<Cow<'a, [f32]>>,
}

impl State<'_> {
    /// These parameters before the first step of an optimiser.
    pub fn fresh(parameters: Vec<f32>) -> State<'static> {
        let zeros = vec![0.0; parameters.len()];
        State {
            parameters: parameters.into(),
            first_moment: zeros.clone().into(),
            second_moment: zeros.into(),
            average: None,
        }
    }

    /// The parameters that are evaluated and kept: the moving average where there is one.
    pub fn evaluation_parameters(&self) -> &[f32] {
        self.average.as_ref().unwrap_or(&self.parameters)
    }

    /// The same, independent of where it came from.
    pub fn into_owned(self) -> State<'static> {
        let own = |values: Cow<'_, [f32]>| values.into_owned().into();
        State {
            parameters: own(self.parameters),
            first_moment: own(self.first_moment),
            second_moment: own(self.second_moment),
            average: self.average.map(own),
        }
    }
}

/// A network compiled for a device and a largest batch. All its memory is planned then: no step allocates.
pub trait Executor: Send {
    /// The network it runs.
    fn network(&self) -> &Network;

    /// Most images of one call.
    fn batch_size(&self) -> usize;

    /// What it runs on: instruction set or device name, and number of threads.
    fn device(&self) -> DeviceInfo;

    /// Forward and backward pass in training mode; leaves the gradient of the mean loss in [`Executor::gradient`].
    ///
    /// # Panics
    /// If the batch is empty, larger than [`Executor::batch_size`], or its slices do not match.
    fn backward(&mut self, batch: Batch<'_>, options: &StepOptions) -> StepResult;

    /// The whole gradient as one slice, in the order of [`Network::parameters`]: here data-parallel training reduces it. An update
    /// leaves it as it is.
    fn gradient(&mut self) -> &mut [f32];

    /// Applies the gradient, and has the moving average follow.
    fn update(&mut self, options: &StepOptions);

    /// Exchanges the parameters and their moving average, if there is one: so the average is measured or kept, and a second
    /// call goes back.
    fn swap_average(&mut self);

    /// One training step.
    fn train_step(&mut self, batch: Batch<'_>, options: &StepOptions) -> StepResult {
        let result = self.backward(batch, options);
        if result.loss.is_finite() {
            self.update(options);
        }
        result
    }

    /// One training step, and where its time went. An executor that cannot tell gives no section.
    fn profile_step(&mut self, batch: Batch<'_>, options: &StepOptions) -> Profile {
        self.train_step(batch, options);
        Profile { sections: Vec::new() }
    }

    /// Logits `[n, classes]` of scaled images `[n, height, width, channels]`, without dropout; n may exceed the batch.
    ///
    /// # Panics
    /// If the lengths do not match.
    fn infer(&mut self, images: &[f32], logits: &mut [f32]);

    /// What the last layer takes, `[n, feature_count]`, without dropout; n may exceed the batch.
    ///
    /// # Panics
    /// If the lengths do not match.
    fn features(&mut self, images: &[f32], features: &mut [f32]);

    /// What [`infer`](Self::infer) and [`features`](Self::features) give, from one pass where the executor can.
    ///
    /// # Panics
    /// If the lengths do not match.
    fn infer_and_features(&mut self, images: &[f32], logits: &mut [f32], features: &mut [f32]) {
        self.infer(images, logits);
        self.features(images, features);
    }

    /// Everything that training changes.
    fn state(&self) -> State<'_>;

    /// Replaces everything that training changes.
    ///
    /// # Panics
    /// If a length is not [`Network::parameter_count`].
    fn set_state(&mut self, state: &State<'_>);
}

/// What an executor runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// `cpu` or `cuda`.
    pub device: &'static str,
    /// Instruction set of the kernels, `avx512`, `avx2`, `neon`, `portable`, …, and anything unusual about them.
    pub isa: String,
    /// Threads that compute.
    pub threads: usize,
}
