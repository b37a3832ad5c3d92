//! Every layer as naive loops in f64: slow, obviously right, what the fast executors are tested against.
//!
//! Values flow as `[n, height, width, channels]` or `[n, units]`, unpadded; all layers keep their whole output.

mod optimiser;

use crate::dropout::Mask;
use crate::executor::{Batch, DeviceInfo, Executor, Hyper, State, StepResult};
use crate::loss::{self, Targets};
use crate::network::{Layer, Network, Operation, Window};
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

    /// Outputs of all layers for `count` images; the first entry is the input. `training` is the step whose dropout
    /// masks to use.
    fn forward(&self, images: &[f32], count: usize, training: Option<u64>) -> Vec<Vec<f64>> {
        let mut values = vec![images.iter().map(|&value| f64::from(value)).collect::<Vec<_>>()];
        for (index, layer) in self.network.layers.iter().enumerate() {
            let input = &values[index];
            let mut output = match layer.operation {
                Operation::Conv(window) => {
                    let (weight, bias) = self.weights(layer);
                    conv_forward(&window, input, weight, bias, count)
                }
                Operation::Dense { inputs, outputs } => {
                    let (weight, bias) = self.weights(layer);
                    dense_forward(inputs, outputs, input, weight, bias)
                }
                Operation::MaxPool(window) => {
                    max_pool_choices(&window, input, count).iter().map(|&choice| input[choice]).collect()
                }
                Operation::Relu => input.iter().map(|&x| leaky_relu(x, 0.0)).collect(),
                Operation::LeakyRelu { slope } => input.iter().map(|&x| leaky_relu(x, slope)).collect(),
                Operation::Dropout { rate } => match training {
                    Some(step) => drop_out(&Mask::new(self.seed, step, index, rate), input),
                    None => input.clone(),
                },
                Operation::Flatten => input.clone(),
            };
            if layer.activation == Some(Activation::Relu) {
                output.iter_mut().for_each(|x| *x = leaky_relu(*x, 0.0));
            }
            values.push(output);
        }
        values
    }

    /// Weight and bias of a layer.
    fn weights(&self, layer: &Layer) -> (&[f64], &[f64]) {
        let index = layer.weight.expect("a layer with weights has their index: Network::new gave it");
        let parameters = &self.network.parameters;
        (&self.parameters[parameters[index].range.clone()], &self.parameters[parameters[index + 1].range.clone()])
    }

    /// Rounds a layer's gradient to its place in the contiguous slice.
    fn keep_gradient(&mut self, layer: usize, weight: &[f64], bias: &[f64]) {
        let index = self.network.layers[layer].weight.expect("only layers with weights have their gradient");
        for (offset, values) in [weight, bias].into_iter().enumerate() {
            let range = self.network.parameters[index + offset].range.clone();
            for (kept, &value) in self.gradient[range].iter_mut().zip(values) {
                *kept = value as f32;
            }
        }
    }
}

/// `sum + factor · value`, element by element.
fn add_scaled(sum: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, &value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// Calls `visit(input_pixel, output_pixel, tap)` for every pair that a window joins; pixels count through the batch,
/// taps through the window.
fn for_each_tap(window: &Window, count: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let Window { input, output, size, stride, pad_top, pad_left } = *window;
    for image in 0..count {
        for row in 0..output.height {
            for column in 0..output.width {
                let output_pixel = (image * output.height + row) * output.width + column;
                for tap in 0..size * size {
                    let y = (row * stride + tap / size).wrapping_sub(pad_top);
                    let x = (column * stride + tap % size).wrapping_sub(pad_left);
                    if y < input.height && x < input.width {
                        visit((image * input.height + y) * input.width + x, output_pixel, tap);
                    }
                }
            }
        }
    }
}

/// Weights `[out, in, taps]` rearranged so that `[tap][first][second]` lies in order; `out_first` says which is first.
fn by_tap(weight: &[f64], outputs: usize, inputs: usize, taps: usize, out_first: bool) -> Vec<f64> {
    let mut rearranged = vec![0.0; weight.len()];
    for out in 0..outputs {
        for input in 0..inputs {
            for tap in 0..taps {
                let place = if out_first { out * inputs + input } else { input * outputs + out };
                rearranged[tap * outputs * inputs + place] = weight[(out * inputs + input) * taps + tap];
            }
        }
    }
    rearranged
}

/// y[q, o] = b[o] + Σ over taps and inputs of x[p, i] · w[o, i, tap]
fn conv_forward(window: &Window, input: &[f64], weight: &[f64], bias: &[f64], count: usize) -> Vec<f64> {
    let (inputs, outputs) = (window.input.channels, window.output.channels);
    let weight = by_tap(weight, outputs, inputs, window.size * window.size, false);
    let mut output = bias.repeat(count * window.output.height * window.output.width);
    for_each_tap(window, count, |p, q, tap| {
        for i in 0..inputs {
            let row = &weight[(tap * inputs + i) * outputs..][..outputs];
            add_scaled(&mut output[q * outputs..][..outputs], input[p * inputs + i], row);
        }
    });
    output
}

/// Gradients towards input, weight and bias.
fn conv_backward(
    window: &Window,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
    count: usize,
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (inputs, outputs, taps) = (window.input.channels, window.output.channels, window.size * window.size);
    let weight = by_tap(weight, outputs, inputs, taps, true);
    let mut d_input = vec![0.0; input.len()];
    // [tap][in][out]
    let mut d_by_tap = vec![0.0; weight.len()];
    for_each_tap(window, count, |p, q, tap| {
        let d_row = &d_output[q * outputs..][..outputs];
        for (o, &d) in d_row.iter().enumerate() {
            let row = &weight[(tap * outputs + o) * inputs..][..inputs];
            add_scaled(&mut d_input[p * inputs..][..inputs], d, row);
        }
        for i in 0..inputs {
            let row = &mut d_by_tap[(tap * inputs + i) * outputs..][..outputs];
            add_scaled(row, input[p * inputs + i], d_row);
        }
    });
    let mut d_weight = vec![0.0; weight.len()];
    for (place, d) in d_weight.iter_mut().enumerate() {
        let (out, input, tap) = (place / taps / inputs, place / taps % inputs, place % taps);
        *d = d_by_tap[(tap * inputs + input) * outputs + out];
    }
    (d_input, d_weight, column_sums(d_output, outputs))
}

/// Index of the first largest value of each window, counted through the batch's input.
fn max_pool_choices(window: &Window, input: &[f64], count: usize) -> Vec<usize> {
    let channels = window.input.channels;
    let mut choices = vec![usize::MAX; count * window.output.len()];
    for_each_tap(window, count, |p, q, _| {
        for channel in 0..channels {
            let (place, choice) = (p * channels + channel, &mut choices[q * channels + channel]);
            if *choice == usize::MAX || input[place] > input[*choice] {
                *choice = place;
            }
        }
    });
    choices
}

/// y[n, o] = b[o] + Σ x[n, i] · w[o, i]
fn dense_forward(inputs: usize, outputs: usize, input: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let weight = by_tap(weight, outputs, inputs, 1, false);
    let mut output = bias.repeat(input.len() / inputs);
    for (row, y) in input.chunks_exact(inputs).zip(output.chunks_exact_mut(outputs)) {
        for (i, &x) in row.iter().enumerate() {
            add_scaled(y, x, &weight[i * outputs..][..outputs]);
        }
    }
    output
}

/// Gradients towards input, weight and bias.
fn dense_backward(
    inputs: usize,
    outputs: usize,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut d_input = vec![0.0; input.len()];
    let mut d_weight = vec![0.0; weight.len()];
    for (n, d_row) in d_output.chunks_exact(outputs).enumerate() {
        for (o, &d) in d_row.iter().enumerate() {
            add_scaled(&mut d_input[n * inputs..][..inputs], d, &weight[o * inputs..][..inputs]);
            add_scaled(&mut d_weight[o * inputs..][..inputs], d, &input[n * inputs..][..inputs]);
        }
    }
    (d_input, d_weight, column_sums(d_output, outputs))
}

/// Sum over the rows of `[rows, columns]`.
fn column_sums(values: &[f64], columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    values.chunks_exact(columns).for_each(|row| add_scaled(&mut sums, 1.0, row));
    sums
}

fn leaky_relu(x: f64, slope: f32) -> f64 {
    if x > 0.0 { x } else { f64::from(slope) * x }
}

/// Multiplies the gradient by the activation's derivative at the output `y`, whose sign is that of its argument.
fn leaky_relu_backward(d_output: &mut [f64], output: &[f64], slope: f32) {
    for (d, &y) in d_output.iter_mut().zip(output) {
        *d *= if y > 0.0 { 1.0 } else { f64::from(slope) };
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

    fn backward(&mut self, batch: Batch<'_>, hyper: &Hyper) -> StepResult {
        let step = hyper.step;
        let count = batch.labels.len();
        assert_eq!(batch.images.len(), count * self.network.input.len(), "one label for each image");
        let values = self.forward(batch.images, count, Some(step));
        let mut logits: Vec<f32> = values[self.network.layers.len()].iter().map(|&logit| logit as f32).collect();
        let targets = Targets::new(&batch, hyper);
        let mut d_output = loss_gradient(&values[self.network.layers.len()], &targets, self.network.classes);
        let result = loss::cross_entropy_backward(&mut logits, &targets, self.network.classes);
        for index in (0..self.network.layers.len()).rev() {
            let layer = self.network.layers[index].clone();
            let (input, output) = (&values[index], &values[index + 1]);
            if layer.activation == Some(Activation::Relu) {
                leaky_relu_backward(&mut d_output, output, 0.0);
            }
            d_output = match layer.operation {
                Operation::Conv(window) => {
                    let (weight, _) = self.weights(&layer);
                    let (d_input, d_weight, d_bias) = conv_backward(&window, input, weight, &d_output, count);
                    self.keep_gradient(index, &d_weight, &d_bias);
                    d_input
                }
                Operation::Dense { inputs, outputs } => {
                    let (weight, _) = self.weights(&layer);
                    let (d_input, d_weight, d_bias) = dense_backward(inputs, outputs, input, weight, &d_output);
                    self.keep_gradient(index, &d_weight, &d_bias);
                    d_input
                }
                Operation::MaxPool(window) => {
                    let mut d_input = vec![0.0; input.len()];
                    for (&choice, &d) in max_pool_choices(&window, input, count).iter().zip(&d_output) {
                        d_input[choice] += d;
                    }
                    d_input
                }
                Operation::Relu => {
                    leaky_relu_backward(&mut d_output, output, 0.0);
                    d_output
                }
                Operation::LeakyRelu { slope } => {
                    leaky_relu_backward(&mut d_output, output, slope);
                    d_output
                }
                Operation::Dropout { rate } => drop_out(&Mask::new(self.seed, step, index, rate), &d_output),
                Operation::Flatten => d_output,
            };
        }
        result
    }

    fn gradient(&mut self) -> &mut [f32] {
        &mut self.gradient
    }

    fn update(&mut self, hyper: &Hyper) {
        if hyper.average.is_some() && self.average.is_none() {
            self.average = Some(self.parameters.clone());
        }
        let moments = (&mut self.first_moment[..], &mut self.second_moment[..]);
        optimiser::update(&self.network, hyper, &self.gradient, &mut self.parameters, moments);
        if let (Some(average), Some(decay)) = (&mut self.average, hyper.average_decay()) {
            for (average, &parameter) in average.iter_mut().zip(&self.parameters) {
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
        round_into(logits, &values[self.network.layers.len()]);
    }

    fn features(&mut self, images: &[f32], features: &mut [f32]) {
        let count = images.len() / self.network.input.len();
        let values = self.forward(images, count, None);
        round_into(features, &values[self.network.layers.len() - 1]);
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

/// (softmax - target) / n in f64.
fn loss_gradient(logits: &[f64], targets: &Targets<'_>, classes: usize) -> Vec<f64> {
    let mut gradient = Vec::with_capacity(logits.len());
    for (image, row) in logits.chunks_exact(classes).enumerate() {
        let target = targets.of_image(image);
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|logit| (logit - largest).exp()).sum();
        for (class, logit) in row.iter().enumerate() {
            let probability = (logit - largest).exp() / sum;
            gradient.push((probability - target.probability(class, classes)) / targets.labels.len() as f64);
        }
    }
    gradient
}

fn round_into(rounded: &mut [f32], values: &[f64]) {
    for (rounded, &value) in rounded.iter_mut().zip(values) {
        *rounded = value as f32;
    }
}
