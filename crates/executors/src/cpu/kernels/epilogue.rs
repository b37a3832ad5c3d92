//! What follows a linear operation, value by value: bias, leaky ReLU, pooling, dropout, and back again.
//!
//! Bias and activation keep the order of values, so they are applied after max-pooling, to fewer of them; behind an
//! activation there is no pooling by means. The backward pass
//! needs only the stage's output (its sign tells the activation's slope), the place of each largest value, and the
//! dropout mask, which is computed again.

use std::ops::Range;

use modiste_network::{Mask, Pooling};

use crate::cpu::plan::layout::Layout;
use crate::cpu::plan::{Pool, Stage};
use crate::cpu::runtime::memory::LINE;
use crate::cpu::runtime::recorder::Work;
use crate::cpu::simd::{Kernel, Vector};

/// Forward: some channels of images of the linear output become those of the stage's output.
///
/// Valid where the pointers are followed by images as said beside them; of these only the named channels are touched.
pub(crate) struct EpilogueForward<'a> {
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
    /// For each value of the output which tap of the window was the largest; not used unless the stage takes the largest.
    pub pool_argmax: *mut u8,
    /// Dropout of this step; none when not training.
    pub mask: Option<Mask>,
    /// Positions of the images in the batch, which the mask depends on.
    pub images: Range<usize>,
    /// Channels to finish, padding included: whole lines.
    pub channels: Range<usize>,
}

impl Kernel for EpilogueForward<'_> {
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
        let pooling = match &stage.pool {
            None => 0,
            Some(Pool::Max(pooling)) => 2 * pooling.taps(),
            Some(Pool::Average(pooling)) => pooling.taps() + 1,
        };
        let arithmetic = pooling + usize::from(self.bias.is_some()) + after(stage.slope, self.mask);
        let pooled = |pool: &Pool| self.images.len() * covered(pool.windows()) * self.channels.len();
        let read = stage.pool.as_ref().map_or(values, pooled);
        let bias = if self.bias.is_some() { self.channels.len() } else { 0 };
        let mut work = Work::new("epilogue", arithmetic * values, read + bias + values);
        work.bytes += if stage.max_pools() { values as u64 } else { 0 };
        work
    }
}

impl EpilogueForward<'_> {
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
                            Some(Pool::Max(pooling)) => {
                                let (value, argmax) = largest::<V>(linear, output.pitch, pooling, pixel);
                                argmax.store_bytes(self.pool_argmax.add(at));
                                value
                            }
                            Some(Pool::Average(pooling)) => mean::<V>(linear, output.pitch, pooling, pixel),
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
fn after(slope: Option<f32>, mask: Option<Mask>) -> usize {
    let slope = if slope.is_some() { 2 } else { 0 };
    slope + if mask.is_some() { 1 + Mask::OPERATIONS } else { 0 }
}

/// Pixels of the input inside at least one window.
fn covered(pooling: &Pooling) -> usize {
    let along = |windows: usize, size: usize| (windows - 1) * pooling.stride.min(size) + size;
    along(pooling.output.height, pooling.rows) * along(pooling.output.width, pooling.columns)
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

/// The first pixel of a window, whose output is number `pixel`.
#[inline(always)]
fn corner(pooling: &Pooling, pixel: usize) -> usize {
    let (row, column) = (pixel / pooling.output.width, pixel % pooling.output.width);
    (row * pooling.input.width + column) * pooling.stride
}

/// The largest value of a window and the first tap that has it, per channel.
#[inline(always)]
unsafe fn largest<V: Vector>(input: *const f32, pitch: usize, pooling: &Pooling, pixel: usize) -> (V, V) {
    // SAFETY: a pooling window lies wholly inside its input.
    unsafe {
        let corner = input.add(corner(pooling, pixel) * pitch);
        let mut value = V::load(corner);
        let mut argmax = V::splat(0.0);
        for y in 0..pooling.rows {
            for x in 0..pooling.columns {
                let other = V::load(corner.add((y * pooling.input.width + x) * pitch));
                argmax = other.select_greater(value, V::splat((y * pooling.columns + x) as f32), argmax);
                value = other.select_greater(value, other, value);
            }
        }
        (value, argmax)
    }
}

/// The mean of a window, per channel.
#[inline(always)]
unsafe fn mean<V: Vector>(input: *const f32, pitch: usize, pooling: &Pooling, pixel: usize) -> V {
    // SAFETY: a pooling window lies wholly inside its input.
    unsafe {
        let corner = input.add(corner(pooling, pixel) * pitch);
        let mut sum = V::splat(0.0);
        for y in 0..pooling.rows {
            for x in 0..pooling.columns {
                sum = sum.add(V::load(corner.add((y * pooling.input.width + x) * pitch)));
            }
        }
        sum.mul(V::splat(1.0 / pooling.taps() as f32))
    }
}

/// Backward through dropout and activation: the gradient towards some values of a stage's output becomes that towards what
/// the activation took.
///
/// Valid where the pointers are followed by what is said beside them; both ends of `places` are whole lines.
pub(crate) struct Derivative {
    /// The stage's output.
    pub layout: Layout,
    /// Slope of its activation.
    pub slope: Option<f32>,
    /// Gradient towards these values of each image of the output.
    pub gradient: *const f32,
    /// Values from one image of it to the next.
    pub gradient_step: usize,
    /// The first of these values in images of what the forward pass gave, one after the other.
    pub values: *const f32,
    /// Receives the result, where it lies as the values do; may be them, or the gradient.
    pub to: *mut f32,
    /// The same dropout as in the forward pass.
    pub mask: Option<Mask>,
    /// Positions of the images in the batch, which the mask depends on.
    pub images: Range<usize>,
    /// Which values of each image, padding included.
    pub places: Range<usize>,
}

impl Kernel for Derivative {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let output = self.layout;
        for index in 0..self.images.len() {
            for line in self.places.clone().step_by(LINE) {
                let pixel = (self.images.start + index) * output.pixels() + line / output.pitch;
                let factors = factors(self.mask, pixel * output.channels + line % output.pitch);
                for lane in (0..LINE).step_by(V::LANES) {
                    // SAFETY: a place of those that the caller vouches for.
                    unsafe {
                        let place = line - self.places.start + lane;
                        let at = index * output.image_len() + place;
                        let mut gradient = V::load(self.gradient.add(index * self.gradient_step + place));
                        if self.mask.is_some() {
                            gradient = gradient.mul(V::load(factors.as_ptr().add(lane)));
                        }
                        if let Some(slope) = self.slope {
                            let positive = V::load(self.values.add(at));
                            gradient = positive.select_greater(V::splat(0.0), gradient, gradient.mul(V::splat(slope)));
                        }
                        gradient.store(self.to.add(at));
                    }
                }
            }
        }
    }

    /// For each value: dropout and slope.
    fn work(&self) -> Work {
        let values = self.images.len() * self.places.len();
        let read = if self.slope.is_some() { 2 * values } else { values };
        Work::new("derivative", after(self.slope, self.mask) * values, read + values)
    }
}

/// Backward through bias and pooling: one image of the gradient towards what the activation took becomes one towards the
/// linear output.
///
/// Valid where `gradient` holds an image of `stage.output`, and, if the stage pools, `d_linear` one of
/// `stage.linear_output` and, if it takes the largest, `pool_argmax` a byte for each value; else `d_linear` is not touched.
pub(crate) struct Unpool<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// `[height, width, pitch]` of the output.
    pub gradient: *const f32,
    /// Which tap was the largest, as the forward pass wrote it.
    pub pool_argmax: *const u8,
    /// Receives the gradient, `[height, width, pitch]` of the linear output.
    pub d_linear: *mut f32,
    /// The gradient towards the bias is added to it, `[pitch]`; none if there is no bias.
    pub d_bias: Option<&'a mut [f32]>,
}

impl Kernel for Unpool<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        let stage = self.stage;
        let pitch = stage.output.pitch;
        let covers = stage.pool.as_ref().is_some_and(|pool| covers_once(pool.windows()));
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
                    let to = self.d_linear.wrapping_add(channel);
                    match &stage.pool {
                        None => {}
                        Some(Pool::Max(pooling)) => {
                            let argmax = V::load_bytes(self.pool_argmax.add(at));
                            scatter(pooling, pixel, to, pitch, covers, |tap| {
                                argmax.select_equal(V::splat(tap as f32), gradient, V::splat(0.0))
                            });
                        }
                        Some(Pool::Average(pooling)) => {
                            let equal = gradient.mul(V::splat(1.0 / pooling.taps() as f32));
                            scatter(pooling, pixel, to, pitch, covers, |_| equal);
                        }
                    }
                }
            }
        }
    }

    /// For each value of the output: the sum towards the bias and the window's taps.
    fn work(&self) -> Work {
        let stage = self.stage;
        let values = stage.output.image_len();
        let taps = stage.pool.as_ref().map_or(0, |pool| {
            let pooling = pool.windows();
            let added = if covers_once(pooling) { 0 } else { pooling.taps() };
            added + if stage.max_pools() { pooling.taps() } else { 1 }
        });
        let summed = usize::from(self.d_bias.is_some());
        let written = if stage.pool.is_some() { stage.linear_output.image_len() } else { 0 };
        let read = values + 2 * summed * stage.output.pitch;
        let mut work = Work::new("unpooling", (summed + taps) * values, read + written);
        work.bytes += if stage.max_pools() { values as u64 } else { 0 };
        work
    }
}

/// Whether windows lie side by side and leave nothing over, so that each value of the input is in exactly one.
fn covers_once(pooling: &Pooling) -> bool {
    let Pooling { input, output, rows, columns, stride, global } = *pooling;
    let side_by_side = stride == rows && stride == columns;
    let all = output.height * rows == input.height && output.width * columns == input.width;
    global || side_by_side && all
}

/// Sends a gradient to the taps of a window, per channel.
///
/// # Safety
/// `d_linear` is an image from a channel on.
#[inline(always)]
unsafe fn scatter<V: Vector>(
    pooling: &Pooling,
    pixel: usize,
    d_linear: *mut f32,
    pitch: usize,
    covers: bool,
    of_tap: impl Fn(usize) -> V,
) {
    // SAFETY: a pooling window lies wholly inside its input.
    unsafe {
        let corner = d_linear.add(corner(pooling, pixel) * pitch);
        for y in 0..pooling.rows {
            for x in 0..pooling.columns {
                let to = corner.add((y * pooling.input.width + x) * pitch);
                let value = of_tap(y * pooling.columns + x);
                if covers { value.store(to) } else { V::load(to).add(value).store(to) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::*;
    use crate::cpu::plan::StageKind;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::runtime::recorder::Work;
    use crate::cpu::simd::counting::declared_and_done;

    const SHAPE: ImageShape = ImageShape { height: 7, width: 6, channels: 20 };

    /// A stage that pools by windows of this size and stride, if any.
    fn stage(slope: Option<f32>, pooling: Option<(usize, usize)>, kind: fn(Pooling) -> Pool) -> Stage {
        let pool = pooling.and_then(|(size, stride)| Pooling::new(SHAPE, size, stride)).map(kind);
        let linear_output = Layout::padded(SHAPE);
        let output = pool.map_or(linear_output, |pool| Layout::padded(pool.windows().output));
        Stage { slope, pool, output, ..Stage::new(0, linear_output, StageKind::Identity, linear_output) }
    }

    /// What the kernels declare and do for an image: forward, derivative, unpooling.
    fn works(stage: &Stage, mask: Option<Mask>, with_bias: bool) -> [(Work, Work); 3] {
        let mut linear = Buffer::zeroed(stage.linear_output.image_len());
        let mut output = Buffer::zeroed(stage.output.image_len());
        let gradient = Buffer::zeroed(output.len());
        let mut pool_argmax = vec![0; output.len()];
        let mut bias = Buffer::zeroed(stage.output.pitch);
        let forward = EpilogueForward {
            stage,
            linear: linear.as_ptr(),
            linear_step: linear.len(),
            bias: with_bias.then_some(&bias[..]),
            output: output.as_mut_ptr(),
            pool_argmax: pool_argmax.as_mut_ptr(),
            mask,
            images: 1..2,
            channels: 0..stage.output.pitch,
        };
        // SAFETY: buffers of the stage's layouts.
        let forward = unsafe { declared_and_done(forward) };
        let (gradient_step, places) = (output.len(), 0..output.len());
        let (gradient, to) = (gradient.as_ptr(), output.as_mut_ptr());
        let (layout, slope, values, images) = (stage.output, stage.slope, to.cast_const(), 1..2);
        let derivative = Derivative { layout, slope, gradient, gradient_step, values, to, mask, images, places };
        // SAFETY: as above.
        let derivative = unsafe { declared_and_done(derivative) };
        let (pool_argmax, d_linear) = (pool_argmax.as_ptr(), linear.as_mut_ptr());
        let d_bias = with_bias.then_some(&mut bias[..]);
        // SAFETY: as above.
        let unpooling = unsafe { declared_and_done(Unpool { stage, gradient, pool_argmax, d_linear, d_bias }) };
        [forward, derivative, unpooling]
    }

    #[test]
    fn epilogues_do_what_they_say() {
        for slope in [None, Some(0.1)] {
            for with_bias in [false, true] {
                for (declared, done) in works(&stage(slope, None, Pool::Max), None, with_bias) {
                    assert_eq!(declared, done);
                }
                // What windows that share pixels add up, and what they leave out, is not seen as it is declared.
                for pooling in [(2, 2), (3, 2), (2, 3)] {
                    for kind in [Pool::Max, Pool::Average] {
                        let stage = stage(slope, Some(pooling), kind);
                        let [forward, derivative, unpooling] = works(&stage, None, with_bias);
                        assert_eq!(forward.0, forward.1, "{pooling:?}");
                        assert_eq!(derivative.0, derivative.1, "{pooling:?}");
                        assert_eq!(unpooling.0.arithmetic, unpooling.1.arithmetic, "{pooling:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn dropout_counts_its_mask() {
        let stage = stage(None, None, Pool::Max);
        let [forward, derivative, _] = works(&stage, Some(Mask::new(1, 2, 3, 0.5)), true);
        for (declared, done) in [forward, derivative] {
            let of_mask = (Mask::OPERATIONS * stage.output.image_len()) as u64;
            assert_eq!(declared.arithmetic, done.arithmetic + of_mask);
        }
    }
}
