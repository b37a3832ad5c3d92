//! Convolution with 3 × 3 filters and stride 1 by Winograd's minimal filtering F(4 × 4, 3 × 3) (Lavin and Gray, 2016):
//! 36 multiplications where the direct way takes 144.
//!
//! For a 6 × 6 tile d of the input and a filter g, the 4 × 4 tile of the output is Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A; the sum over
//! channels happens between the brackets, as 36 matrix products. Both gradients are the adjoint of the same expression on
//! the same tiles, with Z = A d_y Aᵀ:
//!
//! - towards the input, B [(G g Gᵀ) ⊙ Z] Bᵀ summed over channels out, its overlapping tiles added up;
//! - towards the filter, Gᵀ [(Bᵀ d B) ⊙ Z] G summed over tiles.
//!
//! The points are 0, ±5/8, ±5/4 and ∞ rather than the usual 0, ±1, ±2, ∞: every constant of A and B is still exact in f32,
//! and the rounding error is less than half of theirs; a test below holds it against a direct
//! convolution's.
//!
//! Layouts, with `tiles` counted through a block of images and f = 6 · row + column of the transformed tile:
//! inputs `[f][tile][in + LINE]`, outputs `[f][tile][out + LINE]`, filters in panels `[f][out / panel][in][panel]`.
//!
//! For example 32 channels in and out, images of 28 × 28, with AVX-512: 7 × 7 tiles an image, so a block is one image. Its
//! tiles are `[36][49][48]`; 36 products `[49, 32]` · `[32, 32]` give tiles of the output `[36][49][48]`, which become
//! `[28, 28, 32]`. The backward pass has 36 products `[32, 49]` · `[49, 32]` for the filters and as many `[49, 32]` · `[32,
//! 32]` for the input.

mod filters;
mod tiles;
mod transforms;

use std::ops::Range;

use modiste_network::Window;

use self::filters::{FilterGradient, PackFilters};
use self::tiles::{Direction, Tiles, Transform};
use self::transforms::{OUT, POSITIONS};
use crate::cpu::kernels::matmul::{Product, panel_width};
use crate::cpu::plan::layout::Layout;
use crate::cpu::runtime::memory::{Disjoint, LINE, carve};
use crate::cpu::runtime::thread_pool::split_range;
use crate::cpu::simd::Isa;
use crate::cpu::stages::convolution::algorithm::{Algorithm, BackwardTask, ForwardTask};
use crate::cpu::stages::input::Input;

/// Tiles that a block of images should have at least: enough rows for the products to reuse the filters they load. More
/// would need more scratch and gain nothing (bench/NOTES.md, "72 or 54 tiles a block instead of 36").
const TILES: usize = 36;

/// Positions of a block, the last ones, with whose products the next block's first image comes into the core's cache
/// (bench/NOTES.md, "the next block's first one with the last products"). Fewer would leave too little time to hide it in,
/// more would let the products' operands push it out again; the number itself has not been measured.
const LATE: usize = 4;

/// A convolution of 3 × 3 filters with stride 1, between padded layouts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Winograd {
    isa: Isa,
    input: Layout,
    output: Layout,
    window: Window,
    high: usize,
    wide: usize,
}

/// The transformed tiles of a block of images.
#[derive(Clone, Copy)]
struct Block {
    /// Tiles of the block.
    tiles: usize,
    /// Values from one tile to the next: a line more than the channels, so that tiles do not share cache sets.
    tile_step: usize,
}

impl Block {
    fn position_step(&self) -> usize {
        self.tiles * self.tile_step
    }

    fn len(&self) -> usize {
        POSITIONS * self.position_step()
    }
}

impl Winograd {
    /// The algorithm for a convolution, if it fits.
    pub(super) fn new(isa: Isa, window: Window, input: Layout, output: Layout) -> Option<Self> {
        let fits = window.size == 3 && window.stride == 1 && input.pitch.is_multiple_of(LINE);
        let (high, wide) = (output.height.div_ceil(OUT), output.width.div_ceil(OUT));
        fits.then_some(Self { isa, input, output, window, high, wide })
    }

    fn tiles_per_image(&self) -> usize {
        self.high * self.wide
    }

    fn block(&self, images: usize, channels: Layout) -> Block {
        Block { tiles: images * self.tiles_per_image(), tile_step: channels.pitch + LINE }
    }

    /// Values of one position of packed filters with rows for the channels of `from` and columns for those of `to`.
    fn packed_position(&self, from: Layout, to: Layout) -> usize {
        from.channels * to.pitch.next_multiple_of(panel_width(self.isa))
    }

    /// Values of the gradient towards the transformed filters, `[f][in][out pitch]`.
    fn d_transformed_len(&self) -> usize {
        POSITIONS * self.input.channels * self.output.pitch
    }

    /// One row of the packed filters. Beside each layout stands the step between its channels in `weight`.
    fn pack(
        &self,
        weight: &[f32],
        row: usize,
        (from, row_step): (Layout, usize),
        (to, column_step): (Layout, usize),
        packed: &Disjoint<'_, f32>,
    ) {
        let panel = panel_width(self.isa);
        let position_step = self.packed_position(from, to);
        let kernel = PackFilters {
            weight: &weight[row * row_step..],
            column_step,
            columns: to.channels,
            pitch: to.pitch,
            panel,
            panel_step: from.channels * panel,
            position_step,
            row_offset: row * panel,
            packed,
        };
        // SAFETY: tasks of other rows write other parts of the panels.
        unsafe { self.isa.run(kernel) };
    }

    /// The transform of some channels of image number `index` of a block, into or from its tiles. `ahead` is brought into
    /// cache meanwhile.
    ///
    /// # Safety
    /// As [`Transform`].
    unsafe fn transform(
        &self,
        direction: Direction,
        channels: Range<usize>,
        image: *mut f32,
        (block, index): (Block, usize),
        transformed: &mut [f32],
        ahead: &[f32],
    ) {
        let (layout, pad_top, pad_left) = match direction {
            Direction::Input | Direction::InputAdjoint => (self.input, self.window.pad_top, self.window.pad_left),
            Direction::Output | Direction::OutputAdjoint => (self.output, 0, 0),
        };
        let tiles = Tiles {
            high: self.high,
            wide: self.wide,
            layout,
            channels: channels.len(),
            pad_top,
            pad_left,
            tile_step: block.tile_step,
            position_step: block.position_step(),
        };
        let image = image.wrapping_add(channels.start);
        let first = index * self.tiles_per_image() * block.tile_step + channels.start;
        let transformed = transformed[first..].as_mut_ptr();
        // SAFETY: passed on to the caller.
        unsafe { self.isa.run(Transform { direction, tiles, image, transformed, ahead }) };
    }
}

/// The images of the block behind the one of `count` images from `start` on.
fn next_block(images: &Range<usize>, start: usize, count: usize) -> Range<usize> {
    start + count..images.end.min(start + 2 * count)
}

/// What the products of a position bring closer of the next block's images, of `len` values each (bench/NOTES.md, "a
/// whole block's images prefetched" and the line after it). In the course of a block all of them leave memory: the
/// products' operands push them out of the core's own cache again, but not out of the one that cores share. With the last
/// products the first image comes back from there; the others do while the one before is transformed.
fn ahead_at(position: usize, images: &[f32], len: usize) -> &[f32] {
    let early = POSITIONS - LATE;
    match position.checked_sub(early) {
        None => &images[split_range(images.len(), early, position)],
        Some(late) => &images[split_range(len.min(images.len()), LATE, late)],
    }
}

impl Algorithm for Winograd {
    fn images_per_block(&self) -> usize {
        TILES.div_ceil(self.tiles_per_image())
    }

    fn scratch_len(&self) -> usize {
        let images = self.images_per_block();
        let (v, z) = (self.block(images, self.input), self.block(images, self.output));
        let image = self.output.image_len().max(self.input.image_len());
        v.len() + z.len() + image + self.d_transformed_len() + 8 * LINE
    }

    fn packed_forward(&self) -> (usize, usize) {
        (POSITIONS * self.packed_position(self.input, self.output), self.input.channels)
    }

    fn packed_backward(&self) -> (usize, usize) {
        (POSITIONS * self.packed_position(self.output, self.input), self.output.channels)
    }

    unsafe fn pack_forward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        self.pack(weight, task, (self.input, 9), (self.output, 9 * self.input.channels), packed);
    }

    unsafe fn pack_backward(&self, weight: &[f32], task: usize, packed: &Disjoint<'_, f32>) {
        self.pack(weight, task, (self.output, 9 * self.input.channels), (self.input, 9), packed);
    }

    fn forward(&self, task: ForwardTask<'_>, mut scratch: &mut [f32]) {
        let ForwardTask { images, channels, input, packed, sink, sink_scratch, partial_sum } = task;
        let linear = carve(&mut scratch, self.output.image_len());
        let image_scratch = carve(&mut scratch, input.image_scratch_len());
        let recompute_scratch = carve(&mut scratch, input.recompute_scratch_len());
        let panel = panel_width(self.isa);
        for start in images.clone().step_by(self.images_per_block()) {
            let mut scratch = &mut *scratch;
            let count = self.images_per_block().min(images.end - start);
            let (v_block, m_block) = (self.block(count, self.input), self.block(count, self.output));
            let v = carve(&mut scratch, v_block.len());
            let m = carve(&mut scratch, m_block.len());
            for index in 0..count {
                let len = self.input.image_len();
                // SAFETY: images of the input, only read in this pass, and space for the tiles of one.
                unsafe {
                    let ahead =
                        if index + 1 < count { input.ahead(start + index + 1..start + index + 2, len) } else { &[] };
                    let image = input.image(start + index, len, image_scratch, recompute_scratch).as_ptr().cast_mut();
                    self.transform(Direction::Input, 0..self.input.pitch, image, (v_block, index), v, ahead);
                }
            }
            // SAFETY: only read in this pass.
            let next = unsafe { input.ahead(next_block(&images, start, count), self.input.image_len()) };
            for position in 0..POSITIONS {
                let filters = &packed[position * self.packed_position(self.input, self.output)..];
                let product = Product {
                    a: v[position * v_block.position_step()..].as_ptr(),
                    a_row: v_block.tile_step,
                    b: filters[channels.start * self.input.channels..].as_ptr(),
                    b_row: panel,
                    b_panel: self.input.channels * panel,
                    c: m[position * m_block.position_step() + channels.start..].as_mut_ptr(),
                    c_row: m_block.tile_step,
                    rows: v_block.tiles,
                    inner: self.input.channels,
                    columns: channels.len(),
                    ahead: ahead_at(position, next, self.input.image_len()),
                    ..Product::PLAIN
                };
                // SAFETY: the steps stay inside the carved blocks and the packed filters.
                unsafe { self.isa.run(product) };
            }
            for index in 0..count {
                // SAFETY: an image of the output, and its tiles.
                unsafe {
                    self.transform(Direction::Output, channels.clone(), linear.as_mut_ptr(), (m_block, index), m, &[])
                };
                // SAFETY: the task has these channels of its images to itself.
                unsafe { sink.image(start + index, linear, channels.clone(), partial_sum, sink_scratch) };
            }
        }
    }

    fn backward(&self, mut task: BackwardTask<'_>, mut scratch: &mut [f32]) {
        let images = task.images.clone();
        if images.is_empty() {
            return;
        }
        let d_image = carve(&mut scratch, self.output.image_len().max(self.input.image_len()));
        let d_transformed = carve(&mut scratch, self.d_transformed_len());
        let image_scratch = carve(&mut scratch, self.images_per_block() * task.input.image_scratch_len());
        let recompute_scratch = carve(&mut scratch, task.input.recompute_scratch_len());
        for start in images.clone().step_by(self.images_per_block()) {
            let mut scratch = &mut *scratch;
            let count = self.images_per_block().min(images.end - start);
            let (v_block, z_block) = (self.block(count, self.input), self.block(count, self.output));
            let mut block = BackwardBlock {
                start,
                count,
                v_block,
                z_block,
                v: carve(&mut scratch, v_block.len()),
                z: carve(&mut scratch, z_block.len()),
                d_image: &mut *d_image,
                image_scratch: &mut *image_scratch,
                recompute_scratch: &mut *recompute_scratch,
            };
            self.transform_block(&mut task, &mut block);
            self.multiply_positions(&task, &mut block, d_transformed);
            if task.input.needs_gradient() {
                self.gather_gradient(&task, &mut block);
            }
        }
        let (rows, pitch) = (self.input.channels, self.output.pitch);
        let gradient = FilterGradient { d_transformed, d_weight: task.d_weight, rows, pitch };
        // SAFETY: slices of the lengths that the layouts give.
        unsafe { self.isa.run(gradient) };
    }
}

/// A block of images in the backward pass.
struct BackwardBlock<'a> {
    /// The first of the images.
    start: usize,
    /// How many there are.
    count: usize,
    v_block: Block,
    z_block: Block,
    /// Tiles of the input, `[f][tile][in + LINE]`; then the gradient towards them.
    v: &'a mut [f32],
    /// Tiles of the gradient towards the output, `[f][tile][out + LINE]`.
    z: &'a mut [f32],
    /// An image of the gradient towards the output, and later of that towards the input.
    d_image: &'a mut [f32],
    /// Of each image what [`Input::image`] wants.
    image_scratch: &'a mut [f32],
    /// What all of them want.
    recompute_scratch: &'a mut [f32],
}

/// The backward pass of a block: to tiles, through the products of each position, and back to images.
impl Winograd {
    /// Bᵀ d B of the input and A d_y Aᵀ of the gradient towards the output, image by image.
    fn transform_block(&self, task: &mut BackwardTask<'_>, block: &mut BackwardBlock<'_>) {
        let BackwardTask { part, input, output_gradient, .. } = *task;
        let BackwardBlock { start, count, v_block, z_block, .. } = *block;
        let (all_in, all_out) = (0..self.input.pitch, 0..self.output.pitch);
        for index in 0..count {
            let image = start + index;
            let d_bias = Some(&mut *task.d_bias);
            // SAFETY: this task's image and part.
            let d_linear = unsafe { output_gradient.image(image, part, block.d_image, task.gradient_scratch, d_bias) };
            let d_linear = d_linear.as_ptr().cast_mut();
            let (len, next) = (self.input.image_len(), index + 1 < count);
            // SAFETY: images of the input and of the gradient that are this task's and are only read here, and space for
            // the tiles of one of each.
            unsafe {
                let ahead = if next { input.ahead(image + 1..image + 2, len) } else { &[] };
                self.transform(Direction::OutputAdjoint, all_out.clone(), d_linear, (z_block, index), block.z, ahead);
                let ahead = if next { output_gradient.ahead(image + 1..image + 2) } else { &[] };
                let image_scratch = &mut block.image_scratch[image_scratch_range(input, index)];
                let image = input.image(image, len, image_scratch, block.recompute_scratch).as_ptr().cast_mut();
                self.transform(Direction::Input, all_in.clone(), image, (v_block, index), block.v, ahead);
            }
        }
    }

    /// Of each position the product that is the gradient towards the transformed filters, `[f][in][out pitch]`, summed over
    /// the task's blocks, and the one that is the gradient towards the input's tiles, which takes their place.
    fn multiply_positions(&self, task: &BackwardTask<'_>, block: &mut BackwardBlock<'_>, d_transformed: &mut [f32]) {
        let BackwardTask { ref images, input, packed, output_gradient, .. } = *task;
        let BackwardBlock { start, count, v_block, z_block, .. } = *block;
        let panel = panel_width(self.isa);
        let d_position = self.input.channels * self.output.pitch;
        let next = next_block(images, start, count);
        let next_gradient = output_gradient.ahead(next.clone());
        // SAFETY: this task's images, whose gradients come later.
        let next = unsafe { input.ahead(next, self.input.image_len()) };
        for position in 0..POSITIONS {
            let v = block.v[position * v_block.position_step()..].as_mut_ptr();
            let z = block.z[position * z_block.position_step()..].as_ptr();
            let filter_gradient = Product {
                a: v.cast_const(),
                a_row: 1,
                a_column: v_block.tile_step,
                b: z,
                b_row: z_block.tile_step,
                b_panel: panel,
                c: d_transformed[position * d_position..].as_mut_ptr(),
                c_row: self.output.pitch,
                rows: self.input.channels,
                inner: z_block.tiles,
                columns: self.output.pitch,
                accumulate: start > images.start,
                ahead: ahead_at(position, next, self.input.image_len()),
                ..Product::PLAIN
            };
            // SAFETY: the steps stay inside the carved blocks.
            unsafe { self.isa.run(filter_gradient) };
            if input.needs_gradient() {
                let input_gradient = Product {
                    a: z,
                    a_row: z_block.tile_step,
                    b: packed[position * self.packed_position(self.output, self.input)..].as_ptr(),
                    b_row: panel,
                    b_panel: self.output.channels * panel,
                    // The gradient takes the place of what it belongs to, which nobody needs any more.
                    c: v,
                    c_row: v_block.tile_step,
                    rows: z_block.tiles,
                    inner: self.output.channels,
                    columns: self.input.pitch,
                    ahead: ahead_at(position, next_gradient, output_gradient.image_len()),
                    ..Product::PLAIN
                };
                // SAFETY: the steps stay inside the carved blocks and the packed filters.
                unsafe { self.isa.run(input_gradient) };
            }
        }
    }

    /// B p Bᵀ of the gradient towards the input's tiles, which overlap, added up image by image.
    fn gather_gradient(&self, task: &BackwardTask<'_>, block: &mut BackwardBlock<'_>) {
        let BackwardBlock { start, count, v_block, .. } = *block;
        let d_image = &mut block.d_image[..self.input.image_len()];
        for index in 0..count {
            d_image.fill(0.0);
            let (to, all) = (d_image.as_mut_ptr(), 0..self.input.pitch);
            // SAFETY: an image of the input, and its tiles.
            unsafe { self.transform(Direction::InputAdjoint, all, to, (v_block, index), block.v, &[]) };
            let image_scratch = &mut block.image_scratch[image_scratch_range(task.input, index)];
            // SAFETY: this task's image and part; what was read of it has become tiles.
            unsafe {
                task.input.write_gradient(start + index, task.part, d_image, image_scratch, block.recompute_scratch)
            };
        }
    }
}

/// Where the scratch for image number `index` of a block is among those of all its images.
fn image_scratch_range(input: &Input<'_>, index: usize) -> Range<usize> {
    index * input.image_scratch_len()..(index + 1) * input.image_scratch_len()
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;
    use modiste_network::Padding;

    use super::*;
    use crate::cpu::context::Context;
    use crate::cpu::noise::noise;
    use crate::cpu::options::ConvolutionAlgorithm;
    use crate::cpu::plan::{Stage, StageKind};
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::runtime::thread_pool::ThreadPool;
    use crate::cpu::stages::StageOperation;
    use crate::cpu::stages::convolution::Convolution;

    /// A convolution of one image, `[height, width, out]`.
    fn convolve(
        isa: Isa,
        algorithm: ConvolutionAlgorithm,
        stage: Stage,
        window: Window,
        input: &[f32],
        weight: &[f32],
    ) -> Vec<f32> {
        let mut convolution = Convolution::new(isa, algorithm, stage, window);
        convolution.allocate(true);
        let bias = vec![0.0; stage.output.channels];
        convolution.prepare(Context { isa, threads: &ThreadPool::new(1, 0) }, weight, &bias, false);
        let mut output = vec![0.0; stage.output.image_len()];
        let mut scratch = Buffer::zeroed(convolution.scratch_len_of_image());
        convolution.forward_image(0, &Input::Images(input), &mut output, &mut scratch);
        output
    }

    /// Root mean square of the difference, as a share of that of `wanted`.
    fn error(got: &[f32], wanted: &[f64]) -> f64 {
        let square: f64 = got.iter().zip(wanted).map(|(&got, &want)| (f64::from(got) - want).powi(2)).sum();
        (square / wanted.iter().map(|want| want.powi(2)).sum::<f64>()).sqrt()
    }

    #[test]
    fn a_blocks_products_bring_all_of_the_next_blocks_images_and_then_the_first_again() {
        assert_eq!(next_block(&(3..20), 3, 4), 7..11);
        assert_eq!(next_block(&(3..20), 15, 4), 19..20);
        assert_eq!(next_block(&(3..20), 19, 1), 20..20);
        let (images, len) = ([1.0; 3 * 50], 50);
        for count in 0..=3 {
            let images = &images[..count * len];
            let brought = |positions: Range<usize>| positions.map(|at| ahead_at(at, images, len).len()).sum::<usize>();
            assert_eq!(brought(0..POSITIONS - LATE), images.len());
            assert_eq!(brought(POSITIONS - LATE..POSITIONS), len.min(images.len()));
        }
    }

    #[test]
    fn rounding_is_at_most_four_times_that_of_a_direct_convolution() {
        let (side, inputs, outputs) = (12, 128, 32);
        let shape = |channels| ImageShape { height: side, width: side, channels };
        let window = Window::new(shape(inputs), 3, 1, Padding::Same, outputs).unwrap();
        let (from, to) = (Layout::padded(shape(inputs)), Layout::padded(shape(outputs)));
        // As after a ReLU.
        let input: Vec<f32> = noise(from.image_len(), 1).into_iter().map(|value| value.max(0.0)).collect();
        let weight = noise(outputs * inputs * 9, 2);
        let mut wanted = vec![0.0; to.image_len()];
        for (place, sum) in wanted.iter_mut().enumerate() {
            let (row, column, out) = (place / outputs / side, place / outputs % side, place % outputs);
            for tap in 0..9 {
                let (y, x) = ((row + tap / 3).wrapping_sub(1), (column + tap % 3).wrapping_sub(1));
                if y < side && x < side {
                    for channel in 0..inputs {
                        let weight = weight[(out * inputs + channel) * 9 + tap];
                        *sum += f64::from(input[(y * side + x) * inputs + channel]) * f64::from(weight);
                    }
                }
            }
        }
        let stage = Stage::new(0, from, StageKind::Conv(window), to);
        for isa in Isa::available() {
            let by = |algorithm| convolve(isa, algorithm, stage, window, &input, &weight);
            let (fast, plain) = (by(ConvolutionAlgorithm::Winograd), by(ConvolutionAlgorithm::Direct));
            let (fast, plain) = (error(&fast, &wanted), error(&plain, &wanted));
            println!(
                "{isa}: relative error {fast:.1e}, of a direct convolution {plain:.1e}, {:.1} times",
                fast / plain
            );
            assert!(fast <= 4.0 * plain, "{isa}: {fast:e} is more than four times {plain:e}");
        }
    }
}
