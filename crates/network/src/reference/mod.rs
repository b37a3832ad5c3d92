//! Every layer as naive loops in f64: slow, obviously right, what the fast executors are tested against.
//!
//! Values flow as `[n, height, width, channels]` or `[n, units]`, unpadded; all layers keep their whole output.

mod activation;
mod convolution;
mod dense;
mod normalisation;
mod optimiser;
mod pooling;
mod sums;

use self::activation::{
    gelu, gelu_slope, leaky_relu, leaky_relu_backward, multiply, prelu, prelu_backward, silu, silu_slope,
};
use self::convolution::{conv_backward, conv_forward, depthwise_backward, depthwise_forward};
use self::dense::{dense_backward, dense_forward};
use self::normalisation::Moments;
use self::pooling::{average_pool_backward, average_pool_forward, max_pool_choices};
use self::sums::{add_scaled, column_sums};
use crate::executor::dropout::Mask;
use crate::executor::loss::Targets;
use crate::executor::running_mean::running_momentum;
use crate::executor::{Batch, DeviceInfo, Executor, State, StepOptions, StepResult};
use crate::network::{Layer, Network, Operation, Parameter, Role, Value};
use crate::recipe::Activation;

/// The executor of naive loops.
#[derive(Debug)]
pub struct ReferenceExecutor {
    network: Network,
    batch_size: usize,
    seed: u64,
    parameters: Vec<f64>,
    first_moment: Vec<f64>,
    second_moment: Vec<f64>,
    average: Option<Vec<f64>>,
    gradient: Vec<f32>,
}

impl ReferenceExecutor {
    /// Runs `network`, with dropout masks from `seed`. All parameters are zero until they are set.
    pub fn new(network: &Network, batch_size: usize, seed: u64) -> Self {
        let count = network.parameter_count();
        Self {
            network: network.clone(),
            batch_size,
            seed,
            parameters: vec![0.0; count],
            first_moment: vec![0.0; count],
            second_moment: vec![0.0; count],
            average: None,
            gradient: vec![0.0; count],
        }
    }

    /// What each layer gives for scaled images `[n, height, width, channels]`: `[n, output]`, layer by layer.
    ///
    /// # Panics
    /// If there is no whole number of images.
    pub fn outputs(&self, images: &[f32]) -> Vec<Vec<f64>> {
        let image_len = self.network.input.len();
        assert!(images.len().is_multiple_of(image_len), "whole images");
        let values = self.forward(images, images.len() / image_len, None);
        values.layers.into_iter().map(|layer| layer.output).collect()
    }

    /// Outputs of all layers for `count` images. `training` is the step whose dropout masks to use; with it, batch
    /// normalisation takes the means of the batch.
    fn forward(&self, images: &[f32], count: usize, training: Option<u64>) -> Values {
        let mut values = Values { images: images.iter().map(|&value| f64::from(value)).collect(), layers: Vec::new() };
        for (index, layer) in self.network.layers.iter().enumerate() {
            let input = values.of(layer.from);
            let mut output = match layer.operation {
                Operation::Conv(window) => conv_forward(&window, input, self.tensor(layer, 0), count),
                Operation::DepthwiseConv(window) => depthwise_forward(&window, input, self.tensor(layer, 0), count),
                Operation::BatchNorm { epsilon, .. } => {
                    let [gamma, beta] = [0, 1].map(|offset| self.tensor(layer, offset));
                    let moments = match training.filter(|_| !self.is_frozen(layer)) {
                        Some(_) => Moments::of(input, gamma.len()),
                        None => {
                            Moments { mean: self.tensor(layer, 2).to_vec(), variance: self.tensor(layer, 3).to_vec() }
                        }
                    };
                    let normalised = moments.normalise(input, epsilon);
                    let affine = |(place, x): (usize, &f64)| x * gamma[place % gamma.len()] + beta[place % gamma.len()];
                    normalised.iter().enumerate().map(affine).collect()
                }
                Operation::Dense { inputs, outputs } => dense_forward(inputs, outputs, input, self.tensor(layer, 0)),
                Operation::MaxPool(pooling) => {
                    max_pool_choices(&pooling, input, count).iter().map(|&choice| input[choice]).collect()
                }
                Operation::AveragePool(pooling) => average_pool_forward(&pooling, input, count),
                Operation::Relu => input.iter().map(|&x| leaky_relu(x, 0.0)).collect(),
                Operation::LeakyRelu { slope } => input.iter().map(|&x| leaky_relu(x, slope)).collect(),
                Operation::Prelu => prelu(input, self.tensor(layer, 0)),
                Operation::Gelu => input.iter().map(|&x| gelu(x)).collect(),
                Operation::Silu => input.iter().map(|&x| silu(x)).collect(),
                Operation::Dropout { rate } => match training {
                    Some(step) => drop_out(&Mask::new(self.seed, step, index, rate), input),
                    None => input.to_vec(),
                },
                Operation::Flatten => input.to_vec(),
                Operation::Add(other) => input.iter().zip(values.of(other)).map(|(x, other)| x + other).collect(),
            };
            if let Some(bias) = self.bias(layer) {
                for (place, value) in output.iter_mut().enumerate() {
                    *value += self.parameters[bias.range.clone()][place % bias.range.len()];
                }
            }
            let before_activation = match layer.activation {
                Some(Activation::Gelu | Activation::Silu) => output.clone(),
                _ => Vec::new(),
            };
            match layer.activation {
                Some(Activation::Relu) => output.iter_mut().for_each(|x| *x = leaky_relu(*x, 0.0)),
                Some(Activation::Gelu) => output.iter_mut().for_each(|x| *x = gelu(*x)),
                Some(Activation::Silu) => output.iter_mut().for_each(|x| *x = silu(*x)),
                Some(Activation::Softmax) | None => {}
            }
            values.layers.push(LayerValues { before_activation, output });
        }
        values
    }

    /// One of a layer's own tensors.
    fn tensor(&self, layer: &Layer, offset: usize) -> &[f64] {
        &self.parameters[self.network.parameters[layer.parameters.start + offset].range.clone()]
    }

    /// Whether training leaves a layer's parameters as they are.
    fn is_frozen(&self, layer: &Layer) -> bool {
        self.network.parameters[layer.parameters.clone()].iter().any(|parameter| self.network.is_frozen(parameter))
    }

    /// The tensor of a layer's bias, if it has one.
    fn bias(&self, layer: &Layer) -> Option<&Parameter> {
        self.network.parameters[layer.parameters.clone()].iter().find(|parameter| parameter.role == Role::Bias)
    }

    /// Rounds the gradient of one of a layer's own tensors to its place in the contiguous slice.
    fn keep_gradient(&mut self, layer: &Layer, offset: usize, values: &[f64]) {
        let range = self.network.parameters[layer.parameters.start + offset].range.clone();
        round_into(&mut self.gradient[range], values);
    }

    /// Has the running means of batch normalisation follow a batch.
    fn follow(&mut self, layer: &Layer, momentum: f64, moments: &Moments) {
        for (offset, now) in [(2, &moments.mean), (3, &moments.variance)] {
            let range = self.network.parameters[layer.parameters.start + offset].range.clone();
            for (running, now) in self.parameters[range].iter_mut().zip(now) {
                *running = momentum * *running + (1.0 - momentum) * now;
            }
        }
    }

    /// The gradient towards what a layer takes, given that towards what it gives; keeps those of its tensors.
    fn layer_backward(
        &mut self,
        index: usize,
        values: &Values,
        mut d_output: Vec<f64>,
        count: usize,
        step: u64,
    ) -> Vec<f64> {
        let layer = self.network.layers[index].clone();
        let LayerValues { before_activation, output } = &values.layers[index];
        let input = values.of(layer.from);
        match layer.activation {
            Some(Activation::Relu) => leaky_relu_backward(&mut d_output, output, 0.0),
            Some(Activation::Gelu) => multiply(&mut d_output, before_activation, gelu_slope),
            Some(Activation::Silu) => multiply(&mut d_output, before_activation, silu_slope),
            Some(Activation::Softmax) | None => {}
        }
        if let Some(bias) = self.bias(&layer) {
            let (offset, channels) = (layer.parameters.len() - 1, bias.range.len());
            self.keep_gradient(&layer, offset, &column_sums(&d_output, channels));
        }
        match layer.operation {
            Operation::Conv(window) => {
                let (d_input, d_weight) = conv_backward(&window, input, self.tensor(&layer, 0), &d_output, count);
                self.keep_gradient(&layer, 0, &d_weight);
                d_input
            }
            Operation::DepthwiseConv(window) => {
                let (d_input, d_weight) = depthwise_backward(&window, input, self.tensor(&layer, 0), &d_output, count);
                self.keep_gradient(&layer, 0, &d_weight);
                d_input
            }
            Operation::BatchNorm { momentum, epsilon } => {
                let gamma = self.tensor(&layer, 0).to_vec();
                let moments = Moments::of(input, gamma.len());
                let (d_input, d_gamma, d_beta) = moments.backward(input, epsilon, &gamma, &d_output);
                self.keep_gradient(&layer, 0, &d_gamma);
                self.keep_gradient(&layer, 1, &d_beta);
                // The moments of a single value say nothing of the images.
                if input.len() > gamma.len() && !self.is_frozen(&layer) {
                    self.follow(&layer, running_momentum(momentum, step), &moments);
                }
                d_input
            }
            Operation::Dense { inputs, outputs } => {
                let (d_input, d_weight) = dense_backward(inputs, outputs, input, self.tensor(&layer, 0), &d_output);
                self.keep_gradient(&layer, 0, &d_weight);
                d_input
            }
            Operation::MaxPool(pooling) => {
                let mut d_input = vec![0.0; input.len()];
                for (&choice, &d) in max_pool_choices(&pooling, input, count).iter().zip(&d_output) {
                    d_input[choice] += d;
                }
                d_input
            }
            Operation::AveragePool(pooling) => average_pool_backward(&pooling, &d_output, count),
            Operation::Relu => {
                leaky_relu_backward(&mut d_output, output, 0.0);
                d_output
            }
            Operation::LeakyRelu { slope } => {
                leaky_relu_backward(&mut d_output, output, slope);
                d_output
            }
            Operation::Prelu => {
                let (d_input, d_slopes) = prelu_backward(input, self.tensor(&layer, 0), &d_output);
                self.keep_gradient(&layer, 0, &d_slopes);
                d_input
            }
            Operation::Gelu => {
                multiply(&mut d_output, input, gelu_slope);
                d_output
            }
            Operation::Silu => {
                multiply(&mut d_output, input, silu_slope);
                d_output
            }
            Operation::Dropout { rate } => drop_out(&Mask::new(self.seed, step, index, rate), &d_output),
            Operation::Flatten | Operation::Add(_) => d_output,
        }
    }
}

/// What flows through the network: the images, and for each layer what it gives.
struct Values {
    images: Vec<f64>,
    layers: Vec<LayerValues>,
}

struct LayerValues {
    /// What a smooth activation inside the layer took; empty if there is none.
    before_activation: Vec<f64>,
    output: Vec<f64>,
}

impl Values {
    fn of(&self, value: Value) -> &[f64] {
        match value {
            Value::Images => &self.images,
            Value::Layer(layer) => &self.layers[layer].output,
        }
    }
}

fn drop_out(mask: &Mask, values: &[f64]) -> Vec<f64> {
    values.iter().enumerate().map(|(position, &x)| x * f64::from(mask.factor(position as u32))).collect()
}

impl Executor for ReferenceExecutor {
    fn network(&self) -> &Network {
        &self.network
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo { device: "cpu", isa: "reference".to_owned(), threads: 1 }
    }

    fn backward(&mut self, batch: Batch<'_>, options: &StepOptions) -> StepResult {
        let step = options.step;
        let count = batch.labels.len();
        assert_eq!(batch.images.len(), count * self.network.input.len(), "one label for each image");
        let values = self.forward(batch.images, count, Some(step));
        let last = self.network.layers.len() - 1;
        let targets = Targets::new(&batch, options);
        let (result, d_logits) = loss(&values.layers[last].output, &targets, self.network.classes);
        // Towards what each layer gives; several layers may take it.
        let mut gradients: Vec<Option<Vec<f64>>> = vec![None; self.network.layers.len()];
        gradients[last] = Some(d_logits);
        for index in (0..self.network.layers.len()).rev() {
            let Some(d_output) = gradients[index].take() else { continue };
            let layer = &self.network.layers[index];
            let from = layer.from;
            if let Operation::Add(other) = layer.operation {
                add_gradient(&mut gradients, other, d_output.clone());
            }
            let d_input = self.layer_backward(index, &values, d_output, count, step);
            add_gradient(&mut gradients, from, d_input);
        }
        result
    }

    fn gradient(&mut self) -> &mut [f32] {
        &mut self.gradient
    }

    fn update(&mut self, options: &StepOptions) {
        if options.average.is_some() && self.average.is_none() {
            self.average = Some(self.parameters.clone());
        }
        let moments = (&mut self.first_moment[..], &mut self.second_moment[..]);
        optimiser::update(&self.network, options, &self.gradient, &mut self.parameters, moments);
        if let (Some(average), Some(decay)) = (&mut self.average, options.average_decay()) {
            for (average, &parameter) in average.iter_mut().zip(&self.parameters).skip(self.network.frozen) {
                *average = decay * *average + (1.0 - decay) * parameter;
            }
        }
    }

    fn swap_average(&mut self) {
        if let Some(average) = &mut self.average {
            std::mem::swap(average, &mut self.parameters);
        }
    }

    fn infer(&mut self, images: &[f32], logits: &mut [f32]) {
        let count = images.len() / self.network.input.len();
        let values = self.forward(images, count, None);
        round_into(logits, &values.layers[self.network.layers.len() - 1].output);
    }

    fn features(&mut self, images: &[f32], features: &mut [f32]) {
        let count = images.len() / self.network.input.len();
        let values = self.forward(images, count, None);
        round_into(features, values.of(self.network.layers[self.network.layers.len() - 1].from));
    }

    fn state(&self) -> State<'_> {
        let round = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>().into();
        State {
            parameters: round(&self.parameters),
            first_moment: round(&self.first_moment),
            second_moment: round(&self.second_moment),
            average: self.average.as_deref().map(round),
        }
    }

    fn set_state(&mut self, state: &State<'_>) {
        let widen = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        assert_eq!(state.parameters.len(), self.parameters.len(), "a state of this network");
        self.parameters = widen(&state.parameters);
        self.first_moment = widen(&state.first_moment);
        self.second_moment = widen(&state.second_moment);
        self.average = state.average.as_deref().map(widen);
    }
}

/// Adds to the gradient towards a value; towards the images nobody wants one.
fn add_gradient(gradients: &mut [Option<Vec<f64>>], value: Value, gradient: Vec<f64>) {
    if let Value::Layer(layer) = value {
        match &mut gradients[layer] {
            Some(sum) => add_scaled(sum, 1.0, &gradient),
            none => *none = Some(gradient),
        }
    }
}

/// Mean of weight · Σ target · -ln softmax over logits `[n, classes]`; how many are correct, that is, predicted is the class that
/// has the larger part in the image; and the gradient `[n, classes]` of that mean, weight · (softmax - target) / n.
fn loss(logits: &[f64], targets: &Targets<'_>, classes: usize) -> (StepResult, Vec<f64>) {
    let mut result = StepResult::default();
    let mut gradient = Vec::with_capacity(logits.len());
    for (image, row) in logits.chunks_exact(classes).take(targets.labels.len()).enumerate() {
        let target = targets.of_image(image);
        let share = target.weight() / targets.labels.len() as f64;
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|logit| (logit - largest).exp()).sum();
        for (class, logit) in row.iter().enumerate() {
            let wanted = target.probability(class, classes);
            // What has no share has no say, even where its logit is infinite.
            if wanted > 0.0 {
                result.loss += share * wanted * (largest + sum.ln() - logit);
            }
            gradient.push(share * ((logit - largest).exp() / sum - wanted));
        }
        let first_of_largest = row.iter().position(|&logit| logit == largest);
        result.correct += usize::from(first_of_largest == Some(target.class()));
    }
    (result, gradient)
}

fn round_into(rounded: &mut [f32], values: &[f64]) {
    for (rounded, &value) in rounded.iter_mut().zip(values) {
        *rounded = value as f32;
    }
}
