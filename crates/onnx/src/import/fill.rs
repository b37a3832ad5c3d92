//! The steps of a file laid beside the layers of a network, whose parameters they fill.

use std::iter::Peekable;
use std::vec::IntoIter;

use modiste_data::ImageShape;
use modiste_network::{Activation, Layer, Network, Operation, Pooling, Recipe, Role, Shape, Window};

use super::error::ImportError;
use super::steps::{Conv, Step, Windows};

/// Scaled pixels and slopes of leaky ReLUs may be so far apart: they come by other roundings.
const TOLERANCE: f32 = 1e-4;

/// What a file holds of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// In the order of [`Network::parameters`].
    pub parameters: Vec<f32>,
    /// What logits are divided by before the softmax: 1 where nothing is.
    pub temperature: f64,
}

/// Parameters that are being filled.
pub(super) struct Fill<'a> {
    recipe: &'a Recipe,
    network: &'a Network,
    steps: Peekable<IntoIter<Step>>,
    parameters: Vec<f32>,
    /// The bias of a convolution or dense layer that has none: that of the batch normalisation behind it.
    spare_bias: Option<Vec<f32>>,
    /// An image that was flattened in the order channel, height, width.
    flattened: Option<ImageShape>,
}

impl<'a> Fill<'a> {
    /// Nothing is filled yet.
    pub(super) fn new(recipe: &'a Recipe, network: &'a Network, steps: Vec<Step>) -> Self {
        let (parameters, steps) = (vec![0.0; network.parameter_count()], steps.into_iter().peekable());
        Self { recipe, network, steps, parameters, spare_bias: None, flattened: None }
    }

    /// Fills all parameters.
    pub(super) fn run(mut self) -> Result<Imported, ImportError> {
        self.scaling()?;
        let network = self.network;
        for layer in &network.layers {
            self.layer(layer)?;
            self.activation(layer)?;
        }
        let temperature = self.end()?;
        Ok(Imported { parameters: self.parameters, temperature })
    }

    /// What is done to all pixels alike should be what the recipe does.
    fn scaling(&mut self) -> Result<(), ImportError> {
        let mut pixels = [0.0, 255.0_f32];
        let mut is_scaled = false;
        loop {
            match self.steps.peek() {
                Some(&Step::ScaleAll(scale)) => pixels = pixels.map(|pixel| pixel * scale),
                Some(&Step::ShiftAll(shift)) => pixels = pixels.map(|pixel| pixel + shift),
                Some(Step::ChannelsFirst) => {
                    self.steps.next();
                    continue;
                }
                _ => break,
            }
            is_scaled = true;
            self.steps.next();
        }
        let wanted = [0, u8::MAX].map(|pixel| self.recipe.data.scaling.scaled(pixel));
        let is_near = pixels
            .iter()
            .zip(&wanted)
            .all(|(found, wanted)| (found - wanted).abs() <= TOLERANCE * wanted.abs().max(1.0));
        if is_scaled && !is_near {
            let text = |pixels: [f32; 2]| pixels.map(|pixel| pixel.to_string());
            return Err(ImportError::Scaling { file: text(pixels), recipe: text(wanted) });
        }
        Ok(())
    }

    fn layer(&mut self, layer: &Layer) -> Result<(), ImportError> {
        match layer.operation {
            Operation::Conv(window) => self.convolution(layer, &window, 1),
            Operation::DepthwiseConv(window) => self.convolution(layer, &window, window.output.channels as i64),
            Operation::Dense { inputs, outputs } => self.dense(layer, inputs, outputs),
            Operation::BatchNorm { epsilon, .. } => self.normalisation(layer, epsilon),
            Operation::MaxPool(pooling) => {
                self.pool(layer, &pooling, [Step::GlobalMaxPool, Step::MaxPool(of(&pooling))])
            }
            Operation::AveragePool(pooling) => {
                self.pool(layer, &pooling, [Step::GlobalAveragePool, Step::AveragePool(of(&pooling))])
            }
            Operation::Relu => self.expect(layer, &Step::Relu),
            Operation::LeakyRelu { slope } => match self.steps.next() {
                Some(Step::LeakyRelu { slope: found }) if (found - slope).abs() <= TOLERANCE => Ok(()),
                found => Err(other(layer, &format!("LeakyRelu of slope {slope}"), found.as_ref())),
            },
            Operation::Prelu => match self.steps.next() {
                Some(Step::Prelu(slopes)) if self.flattened.is_none() => self.put(layer, Role::Slope, &slopes),
                found => Err(other(layer, "PRelu", found.as_ref())),
            },
            Operation::Gelu => self.expect(layer, &Step::Gelu),
            Operation::Silu => self.expect(layer, &Step::Silu),
            Operation::Dropout { .. } => Ok(()),
            Operation::Flatten => self.flatten(layer),
            Operation::Add(_) => Err(ImportError::Branches(layer.name.clone())),
        }
    }

    fn activation(&mut self, layer: &Layer) -> Result<(), ImportError> {
        match layer.activation {
            Some(Activation::Relu) => self.expect(layer, &Step::Relu),
            Some(Activation::Gelu) => self.expect(layer, &Step::Gelu),
            Some(Activation::Silu) => self.expect(layer, &Step::Silu),
            Some(Activation::Softmax) | None => Ok(()),
        }
    }

    /// What follows the logits: at most a division by the temperature, and the softmax.
    fn end(&mut self) -> Result<f64, ImportError> {
        let mut temperature = 1.0;
        if let Some(&Step::ScaleAll(inverse)) = self.steps.peek()
            && inverse.is_normal()
            && inverse > 0.0
        {
            temperature = 1.0 / f64::from(inverse);
            self.steps.next();
        }
        self.steps.next_if_eq(&Step::Softmax);
        self.steps.next().map_or(Ok(temperature), |more| Err(ImportError::More(more.name())))
    }

    fn convolution(&mut self, layer: &Layer, window: &Window, groups: i64) -> Result<(), ImportError> {
        let found = match self.steps.next() {
            Some(Step::Conv(conv)) => conv,
            found => return Err(other(layer, "Conv", found.as_ref())),
        };
        let Window { input, output, size, stride, pad_top, pad_left } = *window;
        let behind = |side: usize, positions: usize, before: usize| {
            (((positions - 1) * stride + size).saturating_sub(side + before)) as i64
        };
        let windows = Windows {
            size: vec![size as i64; 2],
            strides: vec![stride as i64; 2],
            pads: vec![
                pad_top as i64,
                pad_left as i64,
                behind(input.height, output.height, pad_top),
                behind(input.width, output.width, pad_left),
            ],
        };
        let Conv { shape, weight, bias, groups: found_groups, windows: found_windows } = found;
        if found_groups != groups {
            return Err(differs(layer, "group", found_groups, groups));
        }
        for (what, found, wanted) in
            [("strides", &found_windows.strides, &windows.strides), ("pads", &found_windows.pads, &windows.pads)]
        {
            if found != wanted {
                return Err(differs(layer, what, found, wanted));
            }
        }
        let wanted = [output.channels, input.channels / groups.max(1) as usize, size, size];
        if shape != wanted {
            return Err(differs(layer, "weight", shape, wanted));
        }
        let role = if groups == 1 { Role::Weight } else { Role::DepthwiseWeight };
        let role = if self.has(layer, role) { role } else { Role::DepthwiseWeight };
        self.put(layer, role, &weight)?;
        self.bias(layer, bias)
    }

    fn dense(&mut self, layer: &Layer, inputs: usize, outputs: usize) -> Result<(), ImportError> {
        let (shape, mut weight, mut bias) = match self.steps.next() {
            Some(Step::Dense { shape, weight, bias }) => (shape, weight, bias),
            found => return Err(other(layer, "Gemm or MatMul", found.as_ref())),
        };
        if shape != [outputs, inputs] {
            return Err(differs(layer, "weight", shape, [outputs, inputs]));
        }
        if let Some(ImageShape { height, width, channels }) = self.flattened.take() {
            // From channel, height, width to height, width, channel.
            let ordered = weight.chunks_exact(inputs).flat_map(|row| {
                let places = (0..height * width).flat_map(|pixel| (0..channels).map(move |channel| (pixel, channel)));
                places.map(move |(pixel, channel)| row[channel * height * width + pixel])
            });
            weight = ordered.collect();
        }
        // As a product of matrices has it.
        if bias.is_none()
            && let Some(Step::Shift(values)) = self.steps.peek()
            && values.len() == outputs
        {
            bias = Some(values.clone());
            self.steps.next();
        }
        self.put(layer, Role::Weight, &weight)?;
        self.bias(layer, bias)
    }

    fn normalisation(&mut self, layer: &Layer, epsilon: f32) -> Result<(), ImportError> {
        let channels = match layer.input {
            Shape::Image(image) => image.channels,
            Shape::Flat(units) => units,
        };
        if self.flattened.is_some() {
            return Err(problem(layer, "it comes behind a Flatten in another order of values than ours"));
        }
        let spare = self.spare_bias.take();
        let (scale, shift) = match self.steps.next_if(|step| is_of_channels(step, channels)) {
            Some(Step::BatchNorm { tensors: [gamma, beta, mut mean, variance], epsilon: found }) => {
                if (found - epsilon).abs() > 1e-3 * epsilon {
                    return Err(differs(layer, "epsilon", found, epsilon));
                }
                // What a convolution adds before it only moves the mean.
                if let Some(spare) = spare {
                    mean.iter_mut().zip(spare).for_each(|(mean, bias)| *mean -= bias);
                }
                for (role, values) in [
                    (Role::Gamma, gamma),
                    (Role::Beta, beta),
                    (Role::RunningMean, mean),
                    (Role::RunningVariance, variance),
                ] {
                    self.put(layer, role, &values)?;
                }
                return Ok(());
            }
            Some(Step::Scale(scale)) => {
                let mut shift = spare.unwrap_or_else(|| vec![0.0; channels]);
                shift.iter_mut().zip(&scale).for_each(|(shift, scale)| *shift *= scale);
                if let Some(Step::Shift(more)) =
                    self.steps.next_if(|step| matches!(step, Step::Shift(more) if more.len() == channels))
                {
                    shift.iter_mut().zip(more).for_each(|(shift, more)| *shift += more);
                }
                (scale, shift)
            }
            // It is part of the weights before it.
            _ => (vec![1.0; channels], spare.unwrap_or_else(|| vec![0.0; channels])),
        };
        // A variance at which the division changes nothing, where there is one.
        let variance = (1.0 - epsilon).max(0.0);
        let deviation = (variance + epsilon).sqrt();
        let gamma: Vec<f32> = scale.iter().map(|scale| scale * deviation).collect();
        self.put(layer, Role::Gamma, &gamma)?;
        self.put(layer, Role::Beta, &shift)?;
        self.put(layer, Role::RunningVariance, &vec![variance; channels])
    }

    fn pool(&mut self, layer: &Layer, pooling: &Pooling, [global, windows]: [Step; 2]) -> Result<(), ImportError> {
        if !pooling.global {
            return self.expect(layer, &windows);
        }
        self.expect(layer, &global)?;
        self.expect(layer, &Step::Flatten)
    }

    fn flatten(&mut self, layer: &Layer) -> Result<(), ImportError> {
        let Shape::Image(image) = layer.input else { return Ok(()) };
        let is_ordered = self.steps.next_if_eq(&Step::ChannelsLast).is_some();
        self.expect(layer, &Step::Flatten)?;
        if !is_ordered && image.channels > 1 && image.height * image.width > 1 {
            self.flattened = Some(image);
        }
        Ok(())
    }

    fn expect(&mut self, layer: &Layer, wanted: &Step) -> Result<(), ImportError> {
        match self.steps.next() {
            Some(found) if found == *wanted => Ok(()),
            Some(found) if found.name() == wanted.name() => {
                Err(problem(layer, format!("it has {found:?} and the recipe {wanted:?}")))
            }
            found => Err(other(layer, wanted.name(), found.as_ref())),
        }
    }

    /// The bias of a layer; where the layer has none, that of a normalisation behind it.
    fn bias(&mut self, layer: &Layer, bias: Option<Vec<f32>>) -> Result<(), ImportError> {
        match bias {
            None => Ok(()),
            Some(bias) if self.has(layer, Role::Bias) => self.put(layer, Role::Bias, &bias),
            Some(bias) => {
                let next = self.network.layers.iter().skip_while(|other| other.name != layer.name).nth(1);
                let is_normalised = next.is_some_and(|next| matches!(next.operation, Operation::BatchNorm { .. }));
                if !is_normalised {
                    return Err(problem(layer, "it has a bias there, and the recipe has none"));
                }
                self.spare_bias = Some(bias);
                Ok(())
            }
        }
    }

    fn has(&self, layer: &Layer, role: Role) -> bool {
        self.network.parameters[layer.parameters.clone()].iter().any(|parameter| parameter.role == role)
    }

    /// Puts values into a layer's tensor.
    fn put(&mut self, layer: &Layer, role: Role, values: &[f32]) -> Result<(), ImportError> {
        let mut own = self.network.parameters[layer.parameters.clone()].iter();
        match own.find(|parameter| parameter.role == role) {
            Some(parameter) if parameter.range.len() == values.len() => {
                self.parameters[parameter.range.clone()].copy_from_slice(values);
                Ok(())
            }
            Some(parameter) => Err(differs(layer, "number of values", values.len(), parameter.range.len())),
            None => Err(problem(layer, "it has more tensors there")),
        }
    }
}

fn of(pooling: &Pooling) -> Windows {
    let size = vec![pooling.rows as i64, pooling.columns as i64];
    Windows { size, strides: vec![pooling.stride as i64; 2], pads: vec![0; 4] }
}

/// Whether a step maps each of so many channels by itself.
fn is_of_channels(step: &Step, channels: usize) -> bool {
    match step {
        Step::BatchNorm { .. } => true,
        Step::Scale(values) => values.len() == channels,
        _ => false,
    }
}

fn problem(layer: &Layer, problem: impl Into<String>) -> ImportError {
    ImportError::Layer { layer: layer.name.clone(), problem: problem.into() }
}

fn differs(layer: &Layer, what: &str, found: impl std::fmt::Debug, wanted: impl std::fmt::Debug) -> ImportError {
    problem(layer, format!("its {what} is {found:?} and should be {wanted:?}"))
}

fn other(layer: &Layer, wanted: &str, found: Option<&Step>) -> ImportError {
    problem(layer, format!("it has {} where {wanted} should be", found.map_or("its end", Step::name)))
}
