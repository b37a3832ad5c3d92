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

/// Forward: some channels of images of the linear output become those of the stage's output.
///
/// Valid where the pointers are followed by images as said beside them; of these only the named channels are touched.
pub struct Forward<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// Images of the linear output, `[height, width, pitch]`, from the first of the channels on.
    pub linear: *const f32,
    /// Values from one image of it to the next.
    pub linear_step: usize,
    /// `[pitch]`, or none.
    pub bias: Option<&'a [f32]>,
    /// Images of the output, `[height, width, pitch]`, one after the other.
    pub output: *mut f32,
    /// For each value of the output which tap of the window was the largest; not used unless the stage pools.
    pub choices: *mut u8,
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
    /// Positions of the images in the batch, which the mask depends on.
    pub images: Range<usize>,
    /// Channels to finish, padding included: whole lines.
    pub channels: Range<usize>,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        for index in 0..self.images.len() {
            // SAFETY: passed on to the caller.
            unsafe { self.image::<V>(index) };
        }
    }

    /// For each value of the output: the window's taps, bias, slope, dropout.
    fn work(&self) -> Work {
        let stage = self.stage;
        let values = self.images.len() * stage.output.pixels() * self.channels.len();
        let pooling = stage.pool.as_ref().map_or(0, |window| 2 * window.size * window.size);
        let arithmetic = pooling + usize::from(self.bias.is_some()) + after(stage, self.mask);
        let pooled = |window| self.images.len() * covered(window) * self.channels.len();
        let read = stage.pool.as_ref().map_or(values, pooled);
        let bias = if self.bias.is_some() { self.channels.len() } else { 0 };
        let mut work = Work::new("epilogue", arithmetic * values, read + bias + values);
        work.bytes += if stage.pool.is_some() { values as u64 } else { 0 };
        work
    }
}

impl Forward<'_> {
    /// Image number `index` of those that the pointers are followed by.
    ///
    /// # Safety
    /// As the kernel.
    #[inline(always)]
    unsafe fn image<V: Vector>(&self, index: usize) {
        let output = self.stage.output;
        for pixel in 0..output.pixels() {
            let position = ((self.images.start + index) * output.pixels() + pixel) * output.channels;
            for line in self.channels.clone().step_by(LINE) {
                let factors = factors(self.mask, position + line);
                for lane in (0..LINE).step_by(V::LANES) {
                    let channel = line + lane;
                    // SAFETY: a channel of those that the caller vouches for.
                    unsafe {
                        let at = index * output.image_len() + pixel * output.pitch + channel;
                        let linear = self.linear.add(index * self.linear_step + channel - self.channels.start);
                        let mut value = match &self.stage.pool {
                            None => V::load(linear.add(pixel * output.pitch)),
                            Some(window) => {
                                let (row, column) = (pixel / output.width, pixel % output.width);
                                let (value, choice) = largest::<V>(linear, output.pitch, window, row, column);
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

/// Backward through dropout and activation: the gradient towards some values of a stage's output takes their place, as the
/// gradient towards what the activation took.
///
/// Valid where the pointers are followed by what is said beside them; both ends of `places` are whole lines.
pub struct Derivative<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// Gradient towards these values of each image of the output.
    pub gradient: *const f32,
    /// Values from one image of it to the next.
    pub gradient_step: usize,
    /// The first of these values in images of what the forward pass gave, one after the other; receives the result.
    pub values: *mut f32,
    /// The same dropout as in the forward pass.
    pub mask: Option<Mask>,
    /// Positions of the images in the batch, which the mask depends on.
    pub images: Range<usize>,
    /// Which values of each image, padding included.
    pub places: Range<usize>,
}

impl Kernel for Derivative<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let output = self.stage.output;
        for index in 0..self.images.len() {
            for line in self.places.clone().step_by(LINE) {
                let pixel = (self.images.start + index) * output.pixels() + line / output.pitch;
                let factors = factors(self.mask, pixel * output.channels + line % output.pitch);
                for lane in (0..LINE).step_by(V::LANES) {
                    // SAFETY: a place of those that the caller vouches for.
                    unsafe {
                        let at = line - self.places.start + lane;
                        let values = self.values.add(index * output.image_len() + at);
                        let mut gradient = V::load(self.gradient.add(index * self.gradient_step + at));
                        if self.mask.is_some() {
                            gradient = gradient.mul(V::load(factors.as_ptr().add(lane)));
                        }
                        if let Some(slope) = self.stage.slope {
                            let positive = V::load(values);
                            gradient = positive.select_greater(V::splat(0.0), gradient, gradient.mul(V::splat(slope)));
                        }
                        gradient.store(values);
                    }
                }
            }
        }
    }

    /// For each value: dropout and slope.
    fn work(&self) -> Work {
        let values = self.images.len() * self.places.len();
        let read = if self.stage.slope.is_some() { 2 * values } else { values };
        Work::new("derivative", after(self.stage, self.mask) * values, read + values)
    }
}

/// Backward through bias and pooling: one image of the gradient towards what the activation took becomes one towards the
/// linear output.
///
/// Valid where `gradient` holds an image of `stage.output`, and, if the stage pools, `choices` a byte for each of its
/// values and `d_linear` an image of `stage.linear_output`; else `d_linear` is not touched.
pub struct Unpool<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// `[height, width, pitch]` of the output.
    pub gradient: *const f32,
    /// What the forward pass chose.
    pub choices: *const u8,
    /// Receives the gradient, `[height, width, pitch]` of the linear output.
    pub d_linear: *mut f32,
    /// The gradient towards the bias is added to it, `[pitch]`; none if there is no bias.
    pub d_bias: Option<&'a mut [f32]>,
}

impl Kernel for Unpool<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        let stage = self.stage;
        let Layout { width, pitch, .. } = stage.output;
        let covers = stage.pool.as_ref().is_some_and(covers_once);
        if stage.pool.is_some() && !covers {
            // SAFETY: an image of the linear output.
            unsafe { self.d_linear.write_bytes(0, stage.linear_output.image_len()) };
        }
        for pixel in 0..stage.output.pixels() {
            for channel in (0..pitch).step_by(V::LANES) {
                // SAFETY: channel < pitch, and the pixel lies inside the images that the caller vouches for.
                unsafe {
                    let at = pixel * pitch + channel;
                    let gradient = V::load(self.gradient.add(at));
                    if let Some(d_bias) = &mut self.d_bias {
                        let sum = d_bias.as_mut_ptr().add(channel);
                        V::load(sum).add(gradient).store(sum);
                    }
                    if let Some(window) = &stage.pool {
                        let choice = V::load_bytes(self.choices.add(at));
                        let place = (pixel / width, pixel % width);
                        give_to_largest(gradient, choice, self.d_linear.add(channel), pitch, window, place, covers);
                    }
                }
            }
        }
    }

    /// For each value of the output: the sum towards the bias and the window's taps.
    fn work(&self) -> Work {
        let stage = self.stage;
        let values = stage.output.image_len();
        let taps = stage.pool.as_ref().map_or(0, |window| {
            let taps = window.size * window.size;
            if covers_once(window) { taps } else { 2 * taps }
        });
        let summed = usize::from(self.d_bias.is_some());
        let written = if stage.pool.is_some() { stage.linear_output.image_len() } else { 0 };
        let read = values + 2 * summed * stage.output.pitch;
        let mut work = Work::new("unpooling", (summed + taps) * values, read + written);
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

    /// What the kernels declare and do for an image: forward, derivative, unpooling.
    fn works(stage: &Stage, mask: Option<Mask>, with_bias: bool) -> [(Work, Work); 3] {
        let mut linear = Buffer::zeroed(stage.linear_output.image_len());
        let mut output = Buffer::zeroed(stage.output.image_len());
        let gradient = Buffer::zeroed(output.len());
        let mut choices = vec![0; output.len()];
        let mut bias = Buffer::zeroed(stage.output.pitch);
        let forward = Forward {
            stage,
            linear: linear.as_ptr(),
            linear_step: linear.len(),
            bias: with_bias.then_some(&bias[..]),
            output: output.as_mut_ptr(),
            choices: choices.as_mut_ptr(),
            mask,
            images: 1..2,
            channels: 0..stage.output.pitch,
        };
        // SAFETY: buffers of the stage's layouts.
        let forward = unsafe { declared_and_done(forward) };
        let (gradient_step, places) = (output.len(), 0..output.len());
        let (gradient, values) = (gradient.as_ptr(), output.as_mut_ptr());
        let derivative = Derivative { stage, gradient, gradient_step, values, mask, images: 1..2, places };
        // SAFETY: as above.
        let derivative = unsafe { declared_and_done(derivative) };
        let (choices, d_linear) = (choices.as_ptr(), linear.as_mut_ptr());
        let d_bias = with_bias.then_some(&mut bias[..]);
        // SAFETY: as above.
        let unpooling = unsafe { declared_and_done(Unpool { stage, gradient, choices, d_linear, d_bias }) };
        [forward, derivative, unpooling]
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
                    let [forward, derivative, unpooling] = works(&stage, None, with_bias);
                    assert_eq!(forward.0, forward.1, "{pooling:?}");
                    assert_eq!(derivative.0, derivative.1, "{pooling:?}");
                    assert_eq!(unpooling.0.arithmetic, unpooling.1.arithmetic, "{pooling:?}");
                }
            }
        }
    }

    #[test]
    fn dropout_counts_its_mask() {
        let stage = stage(None, None);
        let [forward, derivative, _] = works(&stage, Some(Mask::new(1, 2, 3, 0.5)), true);
        for (declared, done) in [forward, derivative] {
            let of_mask = (Mask::OPERATIONS * stage.output.image_len()) as u64;
            assert_eq!(declared.arithmetic, done.arithmetic + of_mask);
        }
    }
}
