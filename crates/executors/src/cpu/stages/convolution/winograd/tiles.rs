//! Between images and transformed tiles.

use std::marker::PhantomData;
use std::ops::Range;

use super::transforms::{
    Columns, IN, Input, InputAdjoint, OUT, Output, OutputAdjoint, POSITIONS, both_ways, load_tile, operations,
    store_tile,
};
use crate::cpu::plan::layout::Layout;
use crate::cpu::runtime::memory::prefetch;
use crate::cpu::runtime::recorder::Work;
use crate::cpu::runtime::thread_pool::split_range;
use crate::cpu::simd::{Kernel, Vector};

/// Tiles of one image, and where they lie in the image and among the transformed ones.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    /// Tiles above each other.
    pub high: usize,
    /// Tiles beside each other.
    pub wide: usize,
    /// The image `[height, width, pitch]` that they cut.
    pub layout: Layout,
    /// Channels to transform, from the one on that the pointers point to.
    pub channels: usize,
    /// Rows of zeros above the image that the first tiles begin with.
    pub pad_top: usize,
    /// Columns of zeros left of it.
    pub pad_left: usize,
    /// Values from one transformed tile to the next.
    pub tile_step: usize,
    /// Values from one position of the transformed tiles to the next.
    pub position_step: usize,
}

/// Which way, and by which matrix.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    /// V = Bᵀ d B, from the image.
    Input,
    /// d += B p Bᵀ, added to the image.
    InputAdjoint,
    /// y = Aᵀ m A, to the image.
    Output,
    /// Z = A y Aᵀ, from the image.
    OutputAdjoint,
}

/// Transforms all tiles of one image.
///
/// Valid where `image` points to an image of `tiles.layout` and `transformed` to the first of its tiles, both at the same
/// channel; the one that the direction does not write is only read.
pub(super) struct Transform<'a> {
    /// Which way.
    pub direction: Direction,
    /// The tiles.
    pub tiles: Tiles,
    /// `[height, width, pitch]`
    pub image: *mut f32,
    /// `[position][tile][channel]` by the steps of `tiles`.
    pub transformed: *mut f32,
    /// What will be needed next, brought into cache meanwhile.
    pub ahead: &'a [f32],
}

impl Kernel for Transform<'_> {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: passed on to the caller.
        unsafe {
            match self.direction {
                Direction::Input => self.each_tile::<V, FromImage<Input>, IN>(),
                Direction::OutputAdjoint => self.each_tile::<V, FromImage<OutputAdjoint>, OUT>(),
                Direction::Output => self.each_tile::<V, ToImage<Output, false>, OUT>(),
                Direction::InputAdjoint => self.each_tile::<V, ToImage<InputAdjoint, true>, IN>(),
            }
        }
    }

    /// A transform for each tile, and for the input's adjoint an addition for each pixel of a tile inside the image.
    fn work(&self) -> Work {
        let Tiles { high, wide, layout, channels, pad_top, pad_left, .. } = self.tiles;
        let (name, side, operations) = match self.direction {
            Direction::Input => ("input transform", IN, operations::<Input, IN, IN>()),
            Direction::InputAdjoint => ("input adjoint", IN, operations::<InputAdjoint, IN, IN>()),
            Direction::Output => ("output transform", OUT, operations::<Output, IN, OUT>()),
            Direction::OutputAdjoint => ("output adjoint", OUT, operations::<OutputAdjoint, OUT, IN>()),
        };
        let pixels = covered(high, side, layout.height, pad_top) * covered(wide, side, layout.width, pad_left);
        let (added, pixels) = match self.direction {
            // Read and written.
            Direction::InputAdjoint => {
                let shared = |count, length, pad| overlapping(count, side, length, pad);
                (shared(high, layout.height, pad_top) * shared(wide, layout.width, pad_left), 2 * pixels)
            }
            _ => (0, pixels),
        };
        let tiles = high * wide;
        Work::new(name, (tiles * operations + added) * channels, (tiles * POSITIONS + pixels) * channels)
    }
}

/// Rows or columns of an image inside at least one of `count` tiles.
fn covered(count: usize, side: usize, length: usize, pad: usize) -> usize {
    length.min(((count - 1) * OUT + side).saturating_sub(pad))
}

/// Rows or columns of all tiles that lie inside the image, those that tiles share counted for each.
fn overlapping(count: usize, side: usize, length: usize, pad: usize) -> usize {
    (0..count).map(|tile| inside((tile * OUT) as isize - pad as isize, side, length).len()).sum()
}

/// What is done to one tile of `SIDE` × `SIDE` pixels, for one register of channels.
trait Step<const SIDE: usize> {
    /// `pixel` is the tile's corner, which may lie outside the image; only `rows` and `columns` of the tile lie inside,
    /// which are all of them if `WHOLE`.
    ///
    /// # Safety
    /// What lies inside must be valid, and so must all positions of `transformed`.
    unsafe fn run<V: Vector, const WHOLE: bool>(
        tiles: &Tiles,
        pixel: *mut f32,
        rows: &Range<usize>,
        columns: &Range<usize>,
        transformed: *mut f32,
    );
}

/// Image to transformed tile by `T`; what lies outside the image counts as zero.
struct FromImage<T>(PhantomData<T>);

impl<T: Columns<SIDE, IN>, const SIDE: usize> Step<SIDE> for FromImage<T> {
    #[inline(always)]
    unsafe fn run<V: Vector, const WHOLE: bool>(
        tiles: &Tiles,
        pixel: *mut f32,
        rows: &Range<usize>,
        columns: &Range<usize>,
        transformed: *mut f32,
    ) {
        // SAFETY: loads only what lies inside the image, stores only to the transformed tile.
        unsafe {
            let mut tile = [[V::splat(0.0); SIDE]; SIDE];
            for (row, values) in tile.iter_mut().enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    if WHOLE || (rows.contains(&row) && columns.contains(&column)) {
                        *value = V::load(pixel.wrapping_add(tiles.offset(row, column)));
                    }
                }
            }
            let result = both_ways::<V, T, SIDE, IN>(&tile);
            store_tile(&result, transformed, tiles.position_step);
        }
    }
}

/// Transformed tile to image by `T`, stored or, if `ADD`, added; what falls outside the image is dropped.
struct ToImage<T, const ADD: bool>(PhantomData<T>);

impl<T: Columns<IN, SIDE>, const ADD: bool, const SIDE: usize> Step<SIDE> for ToImage<T, ADD> {
    #[inline(always)]
    unsafe fn run<V: Vector, const WHOLE: bool>(
        tiles: &Tiles,
        pixel: *mut f32,
        rows: &Range<usize>,
        columns: &Range<usize>,
        transformed: *mut f32,
    ) {
        // SAFETY: loads only the transformed tile, stores only to what lies inside the image.
        unsafe {
            let tile = load_tile(transformed, tiles.position_step);
            let result = both_ways::<V, T, IN, SIDE>(&tile);
            for (row, values) in result.iter().enumerate() {
                for (column, value) in values.iter().enumerate() {
                    if WHOLE || (rows.contains(&row) && columns.contains(&column)) {
                        let to = pixel.wrapping_add(tiles.offset(row, column));
                        if ADD { V::load(to).add(*value).store(to) } else { value.store(to) }
                    }
                }
            }
        }
    }
}

impl Transform<'_> {
    /// Every tile, and of it every register of channels.
    ///
    /// # Safety
    /// As the kernel.
    #[inline(always)]
    unsafe fn each_tile<V: Vector, S: Step<SIDE>, const SIDE: usize>(&self) {
        let Tiles { high, wide, layout, channels, pad_top, pad_left, tile_step, .. } = self.tiles;
        for tile in 0..high * wide {
            prefetch(&self.ahead[split_range(self.ahead.len(), high * wide, tile)]);
            let row = (tile / wide * OUT) as isize - pad_top as isize;
            let column = (tile % wide * OUT) as isize - pad_left as isize;
            let (rows, columns) = (inside(row, SIDE, layout.height), inside(column, SIDE, layout.width));
            let corner = (row * layout.width as isize + column) * layout.pitch as isize;
            let pixel = self.image.wrapping_offset(corner);
            // SAFETY: rows and columns say what lies inside the image; the tile is one of the transformed.
            unsafe {
                let transformed = self.transformed.add(tile * tile_step);
                for channel in (0..channels).step_by(V::LANES) {
                    let (pixel, to) = (pixel.wrapping_add(channel), transformed.add(channel));
                    if rows.len() == SIDE && columns.len() == SIDE {
                        S::run::<V, true>(&self.tiles, pixel, &rows, &columns, to);
                    } else {
                        S::run::<V, false>(&self.tiles, pixel, &rows, &columns, to);
                    }
                }
            }
        }
    }
}

impl Tiles {
    /// Offset of a tile's pixel from its corner in the image.
    #[inline(always)]
    fn offset(&self, row: usize, column: usize) -> usize {
        (row * self.layout.width + column) * self.layout.pitch
    }
}

/// Which of `side` rows or columns from `start` on lie in `0..length`.
#[inline(always)]
fn inside(start: isize, side: usize, length: usize) -> Range<usize> {
    let first = (-start).clamp(0, side as isize);
    first as usize..(length as isize - start).clamp(first, side as isize) as usize
}

#[cfg(test)]
mod tests {
    use modiste_data::ImageShape;

    use super::*;
    use crate::cpu::runtime::memory::Buffer;
    use crate::cpu::simd::counting::declared_and_done;

    /// The transform of an image whose tiles, for a convolution with this padding, do not come out even.
    fn transform_does_what_it_says(direction: Direction, height: usize, width: usize, pad: usize) {
        let layout = Layout::padded(ImageShape { height, width, channels: 20 });
        let is_input = matches!(direction, Direction::Input | Direction::InputAdjoint);
        // Of an input, the output has two rows and columns less, and the padding more.
        let across = |side: usize| (if is_input { side + 2 * pad - 2 } else { side }).div_ceil(OUT);
        let (high, wide) = (across(height), across(width));
        let mut image = Buffer::zeroed(layout.image_len());
        let mut transformed = Buffer::zeroed(POSITIONS * high * wide * layout.pitch);
        let tiles = Tiles {
            high,
            wide,
            layout,
            channels: layout.pitch,
            pad_top: pad,
            pad_left: pad,
            tile_step: layout.pitch,
            position_step: high * wide * layout.pitch,
        };
        let kernel = Transform {
            direction,
            tiles,
            image: image.as_mut_ptr(),
            transformed: transformed.as_mut_ptr(),
            ahead: &[],
        };
        // SAFETY: an image, and space for all of its tiles.
        let (declared, done) = unsafe { declared_and_done(kernel) };
        assert_eq!(declared, done, "{height} × {width}, padding {pad}");
    }

    #[test]
    fn transforms_do_what_they_say() {
        for (height, width) in [(3, 3), (4, 8), (7, 14), (9, 5)] {
            for pad in [0, 1] {
                transform_does_what_it_says(Direction::Input, height, width, pad);
                transform_does_what_it_says(Direction::InputAdjoint, height, width, pad);
            }
            transform_does_what_it_says(Direction::Output, height, width, 0);
            transform_does_what_it_says(Direction::OutputAdjoint, height, width, 0);
        }
    }
}
