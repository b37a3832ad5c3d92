//! Every layer as naive loops in f64: slow, obviously right, what the fast executors are tested against.
//!
//! Values flow as `[n, height, width, channels]` or `[n, units]`, unpadded; all layers keep their whole output.

mod optimiser;

use crate::dropout::Mask;
use crate::executor::{Batch, DeviceInfo, Executor, Hyper, State, StepResult};
use crate::loss::{self, Targets};
use crate::network::{Layer, Network, Operation, Parameter, Pooling, Role, Value, Window};
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
                    let moments = match training {
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
    fn follow(&mut self, layer: &Layer, momentum: f32, moments: &Moments) {
        for (offset, now) in [(2, &moments.mean), (3, &moments.variance)] {
            let range = self.network.parameters[layer.parameters.start + offset].range.clone();
            for (running, now) in self.parameters[range].iter_mut().zip(now) {
                *running = f64::from(momentum) * *running + (1.0 - f64::from(momentum)) * now;
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
                self.follow(&layer, momentum, &moments);
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

/// Calls `visit(input_pixel, output_pixel)` for every pixel of every window; pixels count through the batch.
fn for_each_pooled(pooling: &Pooling, count: usize, mut visit: impl FnMut(usize, usize)) {
    let Pooling { input, output, rows, columns, stride, .. } = *pooling;
    for image in 0..count {
        for row in 0..output.height {
            for column in 0..output.width {
                let output_pixel = (image * output.height + row) * output.width + column;
                for tap in 0..rows * columns {
                    let (y, x) = (row * stride + tap / columns, column * stride + tap % columns);
                    visit((image * input.height + y) * input.width + x, output_pixel);
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

/// y[q, o] = Σ over taps and inputs of x[p, i] · w[o, i, tap]
fn conv_forward(window: &Window, input: &[f64], weight: &[f64], count: usize) -> Vec<f64> {
    let (inputs, outputs) = (window.input.channels, window.output.channels);
    let weight = by_tap(weight, outputs, inputs, window.size * window.size, false);
    let mut output = vec![0.0; count * window.output.len()];
    for_each_tap(window, count, |p, q, tap| {
        for i in 0..inputs {
            let row = &weight[(tap * inputs + i) * outputs..][..outputs];
            add_scaled(&mut output[q * outputs..][..outputs], input[p * inputs + i], row);
        }
    });
    output
}

/// Gradients towards input and weight.
fn conv_backward(
    window: &Window,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
    count: usize,
) -> (Vec<f64>, Vec<f64>) {
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
    (d_input, d_weight)
}

/// y[q, c] = Σ over taps of x[p, c] · w[c, tap]
fn depthwise_forward(window: &Window, input: &[f64], weight: &[f64], count: usize) -> Vec<f64> {
    let (channels, taps) = (window.input.channels, window.size * window.size);
    let mut output = vec![0.0; count * window.output.len()];
    for_each_tap(window, count, |p, q, tap| {
        for c in 0..channels {
            output[q * channels + c] += input[p * channels + c] * weight[c * taps + tap];
        }
    });
    output
}

/// Gradients towards input and weight.
fn depthwise_backward(
    window: &Window,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
    count: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (channels, taps) = (window.input.channels, window.size * window.size);
    let (mut d_input, mut d_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
    for_each_tap(window, count, |p, q, tap| {
        for c in 0..channels {
            let d = d_output[q * channels + c];
            d_input[p * channels + c] += d * weight[c * taps + tap];
            d_weight[c * taps + tap] += d * input[p * channels + c];
        }
    });
    (d_input, d_weight)
}

/// Mean and variance of each channel over images and pixels.
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Moments {
    /// Of values `[.., channels]`.
    fn of(values: &[f64], channels: usize) -> Self {
        let count = (values.len() / channels) as f64;
        let mean: Vec<f64> = column_sums(values, channels).iter().map(|sum| sum / count).collect();
        let squares: Vec<f64> =
            values.iter().enumerate().map(|(place, value)| (value - mean[place % channels]).powi(2)).collect();
        let variance = column_sums(&squares, channels).iter().map(|sum| sum / count).collect();
        Self { mean, variance }
    }

    /// (x - mean) / √(variance + epsilon)
    fn normalise(&self, values: &[f64], epsilon: f32) -> Vec<f64> {
        let channels = self.mean.len();
        let normalised = |(place, value): (usize, &f64)| {
            (value - self.mean[place % channels]) / (self.variance[place % channels] + f64::from(epsilon)).sqrt()
        };
        values.iter().enumerate().map(normalised).collect()
    }

    /// Gradients towards input, gamma and beta, where these are the moments of the input:
    /// d_x = γ / √(variance + ε) · (d_y - mean(d_y) - x̂ · mean(d_y · x̂))
    fn backward(&self, input: &[f64], epsilon: f32, gamma: &[f64], d_output: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let channels = gamma.len();
        let count = (input.len() / channels) as f64;
        let normalised = self.normalise(input, epsilon);
        let products: Vec<f64> = d_output.iter().zip(&normalised).map(|(d, x)| d * x).collect();
        let (d_gamma, d_beta) = (column_sums(&products, channels), column_sums(d_output, channels));
        let d_input = d_output.iter().zip(&normalised).enumerate().map(|(place, (d, x))| {
            let c = place % channels;
            let scale = gamma[c] / (self.variance[c] + f64::from(epsilon)).sqrt();
            scale * (d - d_beta[c] / count - x * d_gamma[c] / count)
        });
        (d_input.collect(), d_gamma, d_beta)
    }
}

/// Index of the first largest value of each window, counted through the batch's input.
fn max_pool_choices(pooling: &Pooling, input: &[f64], count: usize) -> Vec<usize> {
    let channels = pooling.input.channels;
    let mut choices = vec![usize::MAX; count * pooling.output.len()];
    for_each_pooled(pooling, count, |p, q| {
        for channel in 0..channels {
            let (place, choice) = (p * channels + channel, &mut choices[q * channels + channel]);
            if *choice == usize::MAX || input[place] > input[*choice] {
                *choice = place;
            }
        }
    });
    choices
}

/// Mean of each window.
fn average_pool_forward(pooling: &Pooling, input: &[f64], count: usize) -> Vec<f64> {
    let channels = pooling.input.channels;
    let mut output = vec![0.0; count * pooling.output.len()];
    for_each_pooled(pooling, count, |p, q| {
        let sums = &mut output[q * channels..][..channels];
        add_scaled(sums, 1.0 / pooling.taps() as f64, &input[p * channels..][..channels]);
    });
    output
}

/// Gradient towards the input.
fn average_pool_backward(pooling: &Pooling, d_output: &[f64], count: usize) -> Vec<f64> {
    let channels = pooling.input.channels;
    let mut d_input = vec![0.0; count * pooling.input.len()];
    for_each_pooled(pooling, count, |p, q| {
        let sums = &mut d_input[p * channels..][..channels];
        add_scaled(sums, 1.0 / pooling.taps() as f64, &d_output[q * channels..][..channels]);
    });
    d_input
}

/// y[n, o] = Σ x[n, i] · w[o, i]
fn dense_forward(inputs: usize, outputs: usize, input: &[f64], weight: &[f64]) -> Vec<f64> {
    let weight = by_tap(weight, outputs, inputs, 1, false);
    let mut output = vec![0.0; input.len() / inputs * outputs];
    for (row, y) in input.chunks_exact(inputs).zip(output.chunks_exact_mut(outputs)) {
        for (i, &x) in row.iter().enumerate() {
            add_scaled(y, x, &weight[i * outputs..][..outputs]);
        }
    }
    output
}

/// Gradients towards input and weight.
fn dense_backward(
    inputs: usize,
    outputs: usize,
    input: &[f64],
    weight: &[f64],
    d_output: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut d_input = vec![0.0; input.len()];
    let mut d_weight = vec![0.0; weight.len()];
    for (n, d_row) in d_output.chunks_exact(outputs).enumerate() {
        for (o, &d) in d_row.iter().enumerate() {
            add_scaled(&mut d_input[n * inputs..][..inputs], d, &weight[o * inputs..][..inputs]);
            add_scaled(&mut d_weight[o * inputs..][..inputs], d, &input[n * inputs..][..inputs]);
        }
    }
    (d_input, d_weight)
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

/// Multiplies the gradient by the activation's slope at its argument.
fn multiply(d_output: &mut [f64], argument: &[f64], slope: fn(f64) -> f64) {
    for (d, &x) in d_output.iter_mut().zip(argument) {
        *d *= slope(x);
    }
}

/// x · Φ(x)
fn gelu(x: f64) -> f64 {
    x * normal_distribution(x)
}

/// Φ(x) + x · φ(x)
fn gelu_slope(x: f64) -> f64 {
    normal_distribution(x) + x * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Φ(x) by the series 1/2 + φ(x) · (x + x³/3 + x⁵/15 + …), which ends in 0 or 1 well before 9.
fn normal_distribution(x: f64) -> f64 {
    if x.abs() > 9.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-20 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// x / (1 + e⁻ˣ)
fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

/// s + x · s · (1 - s) with s = 1 / (1 + e⁻ˣ)
fn silu_slope(x: f64) -> f64 {
    let s = 1.0 / (1.0 + (-x).exp());
    s + x * s * (1.0 - s)
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
        let last = self.network.layers.len() - 1;
        let output = &values.layers[last].output;
        let targets = Targets::new(&batch, hyper);
        let mut logits: Vec<f32> = output.iter().map(|&logit| logit as f32).collect();
        let result = loss::cross_entropy_backward(&mut logits, &targets, self.network.classes);
        // Towards what each layer gives; several layers may take it.
        let mut gradients: Vec<Option<Vec<f64>>> = vec![None; self.network.layers.len()];
        gradients[last] = Some(loss_gradient(output, &targets, self.network.classes));
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
