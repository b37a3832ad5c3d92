//! What follows a linear operation, value by value: bias, leaky ReLU, max-pooling, dropout, and back again.
//!
//! Bias and activation keep the order of values, so they are applied after pooling, to fewer of them. The backward pass
//! needs only the stage's output (its sign tells the activation's slope), the place of each largest value, and the
//! dropout mask, which is computed again.

use std::ops::Range;

use super::memory::LINE;
use super::plan::{Layout, Stage};
use super::record::Work;
use super::vector::{Kernel, Vector};
use crate::dropout::Mask;
use crate::network::Window;

/// Forward: one image of the linear output becomes one image of the stage's output.
///
/// Valid where `linear` holds an image of `stage.linear_output`, `output` one of `stage.output`, and, if the stage pools,
/// `choices` a byte for each value of the output. `output` may be `linear` itself if the stage does not pool.
pub struct Forward<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// `[height, width, pitch]` of the linear output.
    pub linear: *const f32,
    /// `[pitch]`, or none.
    pub bias: Option<&'a [f32]>,
    /// `[height, width, pitch]` of the output.
    pub output: *mut f32,
    /// For each value of the output which tap of the window was the largest.
    pub choices: *mut u8,
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
    /// Position of the image in the batch, which the mask depends on.
    pub image: usize,
    /// Channels to finish, padding included: whole lines.
    pub lines: Range<usize>,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Layout { width, channels, pitch, .. } = self.stage.output;
        for pixel in 0..self.stage.output.pixels() {
            let position = (self.image * self.stage.output.pixels() + pixel) * channels;
            for line in self.lines.clone().step_by(LINE) {
                let factors = factors(self.mask, position + line);
                for lane in (0..LINE).step_by(V::LANES) {
                    let channel = line + lane;
                    // SAFETY: channel < pitch, and the pixel lies inside the images that the caller vouches for.
                    unsafe {
                        let at = pixel * pitch + channel;
                        let mut value = match &self.stage.pool {
                            None => V::load(self.linear.add(at)),
                            Some(window) => {
                                let (value, choice) =
                                    largest::<V>(self.linear.add(channel), pitch, window, pixel / width, pixel % width);
                                choice.store_bytes(self.choices.add(at));
                                value
                            }
                        };
                        if let Some(bias) = self.bias {
                            value = value.add(V::load(bias.as_ptr().add(channel)));
                        }
                        if let Some(slope) = self.stage.slope {
                            value = value.select_greater(V::splat(0.0), value, value.mul(V::splat(slope)));
                        }
                        if self.mask.is_some() {
                            value = value.mul(V::load(factors.as_ptr().add(lane)));
                        }
                        value.store(self.output.add(at));
                    }
                }
            }
        }
    }

    /// For each value of the output: the window's taps, bias, slope, dropout.
    fn work(&self) -> Work {
        let stage = self.stage;
        let values = stage.output.pixels() * self.lines.len();
        let pooling = stage.pool.as_ref().map_or(0, |window| 2 * window.size * window.size);
        let arithmetic = pooling + usize::from(self.bias.is_some()) + after(stage, self.mask);
        let read = stage.pool.as_ref().map_or(values, |window| covered(window) * self.lines.len());
        let bias = if self.bias.is_some() { self.lines.len() } else { 0 };
        let mut work = Work::new("epilogue", arithmetic * values, read + bias + values);
        work.bytes += if stage.pool.is_some() { values as u64 } else { 0 };
        work
    }
}

/// Operations of activation and dropout for each value, forward or backward.
fn after(stage: &Stage, mask: Option<Mask>) -> usize {
    let slope = if stage.slope.is_some() { 2 } else { 0 };
    slope + if mask.is_some() { 1 + Mask::OPERATIONS } else { 0 }
}

/// Pixels of the input inside at least one window.
fn covered(window: &Window) -> usize {
    let along = |windows: usize| (windows - 1) * window.stride.min(window.size) + window.size;
    along(window.output.height) * along(window.output.width)
}

/// Dropout factors of the values from `position` on.
#[inline(always)]
fn factors(mask: Option<Mask>, position: usize) -> [f32; LINE] {
    let mut factors = [1.0; LINE];
    if let Some(mask) = mask {
        for (lane, factor) in factors.iter_mut().enumerate() {
            *factor = mask.factor((position + lane) as u32);
        }
    }
    factors
}

/// The largest value of a window and the first tap that has it, per channel.
#[inline(always)]
unsafe fn largest<V: Vector>(input: *const f32, pitch: usize, window: &Window, row: usize, column: usize) -> (V, V) {
    // SAFETY: a pooling window lies wholly inside its input.
    unsafe {
        let corner = input.add((row * window.stride * window.input.width + column * window.stride) * pitch);
        let mut value = V::load(corner);
        let mut choice = V::splat(0.0);
        for y in 0..window.size {
            for x in 0..window.size {
                let other = V::load(corner.add((y * window.input.width + x) * pitch));
                choice = other.select_greater(value, V::splat((y * window.size + x) as f32), choice);
                value = other.select_greater(value, other, value);
            }
        }
        (value, choice)
    }
}

/// Backward: one image of the gradient towards the stage's output becomes one towards the linear output.
///
/// Valid where the pointers hold images of the layouts named beside them. `d_linear` may be `d_output` itself if the stage
/// does not pool.
pub struct Backward<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// What the forward pass gave, `[height, width, pitch]` of the output.
    pub output: *const f32,
    /// Gradient towards it.
    pub d_output: *const f32,
    /// What the forward pass chose.
    pub choices: *const u8,
    /// The same dropout as in the forward pass.
    pub mask: Option<Mask>,
    /// Position of the image in the batch.
    pub image: usize,
    /// Receives the gradient, `[height, width, pitch]` of the linear output.
    pub d_linear: *mut f32,
    /// The gradient towards the bias is added to it, `[pitch]`; none if there is no bias.
    pub d_bias: Option<&'a mut [f32]>,
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        let stage = self.stage;
        let Layout { width, channels, pitch, .. } = stage.output;
        let covers = stage.pool.as_ref().is_some_and(covers_once);
        if stage.pool.is_some() && !covers {
            // SAFETY: an image of the linear output.
            unsafe { self.d_linear.write_bytes(0, stage.linear_output.image_len()) };
        }
        for pixel in 0..stage.output.pixels() {
            let position = (self.image * stage.output.pixels() + pixel) * channels;
            for line in (0..pitch).step_by(LINE) {
                let factors = factors(self.mask, position + line);
                for lane in (0..LINE).step_by(V::LANES) {
                    let channel = line + lane;
                    // SAFETY: channel < pitch, and the pixel lies inside the images that the caller vouches for.
                    unsafe {
                        let at = pixel * pitch + channel;
                        let mut gradient = V::load(self.d_output.add(at));
                        if self.mask.is_some() {
                            gradient = gradient.mul(V::load(factors.as_ptr().add(lane)));
                        }
                        if let Some(slope) = stage.slope {
                            let output = V::load(self.output.add(at));
                            gradient = output.select_greater(V::splat(0.0), gradient, gradient.mul(V::splat(slope)));
                        }
                        if let Some(d_bias) = &mut self.d_bias {
                            let sum = d_bias.as_mut_ptr().add(channel);
                            V::load(sum).add(gradient).store(sum);
                        }
                        match &stage.pool {
                            None => gradient.store(self.d_linear.add(at)),
                            Some(window) => {
                                let choice = V::load_bytes(self.choices.add(at));
                                let (row, column) = (pixel / width, pixel % width);
                                let d_linear = self.d_linear.add(channel);
                                give_to_largest(gradient, choice, d_linear, pitch, window, (row, column), covers);
                            }
                        }
                    }
                }
            }
        }
    }

    /// For each value of the output: dropout, slope, sum towards the bias, the window's taps.
    fn work(&self) -> Work {
        let stage = self.stage;
        let values = stage.output.image_len();
        let pooling = stage.pool.as_ref().map_or(0, |window| {
            let taps = window.size * window.size;
            if covers_once(window) { taps } else { 2 * taps }
        });
        let arithmetic = after(stage, self.mask) + usize::from(self.d_bias.is_some()) + pooling;
        let output = if stage.slope.is_some() { values } else { 0 };
        let bias = if self.d_bias.is_some() { 2 * stage.output.pitch } else { 0 };
        let written = if stage.pool.is_some() { stage.linear_output.image_len() } else { values };
        let mut work = Work::new("epilogue adjoint", arithmetic * values, values + output + bias + written);
        work.bytes += if stage.pool.is_some() { values as u64 } else { 0 };
        work
    }
}

/// Whether windows lie side by side and leave nothing over, so that each value of the input is in exactly one.
fn covers_once(window: &Window) -> bool {
    window.stride == window.size
        && window.output.height * window.size == window.input.height
        && window.output.width * window.size == window.input.width
}

/// Sends the gradient of a window to its largest value, per channel; to the others zero.
#[inline(always)]
unsafe fn give_to_largest<V: Vector>(
    gradient: V,
    choice: V,
    d_linear: *mut f32,
    pitch: usize,
    window: &Window,
    (row, column): (usize, usize),
    covers: bool,
) {
    // SAFETY: a pooling window lies wholly inside its input.
    unsafe {
        let corner = d_linear.add((row * window.stride * window.input.width + column * window.stride) * pitch);
        for y in 0..window.size {
            for x in 0..window.size {
                let to = corner.add((y * window.input.width + x) * pitch);
                let given = choice.select_equal(V::splat((y * window.size + x) as f32), gradient, V::splat(0.0));
                if covers { given.store(to) } else { V::load(to).add(given).store(to) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::*;
    use crate::cpu::counting::declared_and_done;
    use crate::cpu::memory::Buffer;
    use crate::cpu::plan::Linear;
    use crate::cpu::record::Work;
    use crate::recipe::Padding;

    const SHAPE: ImageShape = ImageShape { height: 7, width: 6, channels: 20 };

    /// A stage that pools by windows of this size and stride, if any.
    fn stage(slope: Option<f32>, pooling: Option<(usize, usize)>) -> Stage {
        let pool = pooling.and_then(|(size, stride)| Window::new(SHAPE, size, stride, Padding::Valid, SHAPE.channels));
        let linear_output = Layout::padded(SHAPE);
        let output = pool.map_or(linear_output, |window| Layout::padded(window.output));
        let (input, linear) = (linear_output, Linear::Identity);
        Stage { layer: 0, input, linear, linear_output, slope, pool, dropout: None, output }
    }

    /// What forward and backward pass of an image declare and do.
    fn works(stage: &Stage, mask: Option<Mask>, with_bias: bool) -> [(Work, Work); 2] {
        let mut linear = Buffer::zeroed(stage.linear_output.image_len());
        let mut output = Buffer::zeroed(stage.output.image_len());
        let mut choices = vec![0; output.len()];
        let mut bias = Buffer::zeroed(stage.output.pitch);
        let forward = Forward {
            stage,
            linear: linear.as_ptr(),
            bias: with_bias.then_some(&bias[..]),
            output: output.as_mut_ptr(),
            choices: choices.as_mut_ptr(),
            mask,
            image: 1,
            lines: 0..stage.output.pitch,
        };
        // SAFETY: buffers of the stage's layouts.
        let forward = unsafe { declared_and_done(forward) };
        let d_output = Buffer::zeroed(output.len());
        let backward = Backward {
            stage,
            output: output.as_ptr(),
            d_output: d_output.as_ptr(),
            choices: choices.as_ptr(),
            mask,
            image: 1,
            d_linear: linear.as_mut_ptr(),
            d_bias: with_bias.then_some(&mut bias[..]),
        };
        // SAFETY: as above.
        [forward, unsafe { declared_and_done(backward) }]
    }

    #[test]
    fn epilogues_do_what_they_say() {
        for slope in [None, Some(0.1)] {
            for with_bias in [false, true] {
                for (declared, done) in works(&stage(slope, None), None, with_bias) {
                    assert_eq!(declared, done);
                }
                // What windows that share pixels add up, and what they leave out, is not seen as it is declared.
                for pooling in [(2, 2), (3, 2), (2, 3)] {
                    let stage = stage(slope, Some(pooling));
                    let [forward, backward] = works(&stage, None, with_bias);
                    assert_eq!(forward.0, forward.1, "{pooling:?}");
                    assert_eq!(backward.0.arithmetic, backward.1.arithmetic, "{pooling:?}");
                }
            }
        }
    }

    #[test]
    fn dropout_counts_its_mask() {
        let stage = stage(None, None);
        for (declared, done) in works(&stage, Some(Mask::new(1, 2, 3, 0.5)), true) {
            let of_mask = (Mask::OPERATIONS * stage.output.image_len()) as u64;
            assert_eq!(declared.arithmetic, done.arithmetic + of_mask);
        }
    }
}
