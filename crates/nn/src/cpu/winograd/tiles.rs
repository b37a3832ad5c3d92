//! Between images and transformed tiles.

use std::ops::Range;

use super::transforms::{IN, OUT, both_ways, input_adjoint, input_transform, output_adjoint, output_transform};
use crate::cpu::plan::Layout;
use crate::cpu::vector::{Kernel, Vector};

/// Tiles of one image, and where they lie in the image and among the transformed ones.
#[derive(Clone, Copy)]
pub struct Tiles {
    /// Tiles above each other.
    pub high: usize,
    /// Tiles beside each other.
    pub wide: usize,
    /// The image `[height, width, pitch]` that they cut.
    pub layout: Layout,
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
pub enum Direction {
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
/// Valid where `image` points to an image of `tiles.layout` and `transformed` to the first of its tiles; the one that the
/// direction does not write is only read.
pub struct Transform {
    /// Which way.
    pub direction: Direction,
    /// The tiles.
    pub tiles: Tiles,
    /// `[height, width, pitch]`
    pub image: *mut f32,
    /// `[position][tile][channel]` by the steps of `tiles`.
    pub transformed: *mut f32,
}

impl Kernel for Transform {
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: the caller vouches for the pointers; the transforms need only the instruction set.
        unsafe {
            match self.direction {
                Direction::Input => self.from_image::<V, IN>(|x| input_transform(x)),
                Direction::OutputAdjoint => self.from_image::<V, OUT>(|y| output_adjoint(y)),
                Direction::Output => self.to_image::<V, OUT>(|m| output_transform(m), false),
                Direction::InputAdjoint => self.to_image::<V, IN>(|p| input_adjoint(p), true),
            }
        }
    }
}

/// A tile's place for one register of channels.
struct Place {
    /// Offset of the tile's corner, which may lie outside the image.
    corner: isize,
    /// The tile's rows and columns that lie inside.
    rows: Range<usize>,
    columns: Range<usize>,
    /// Offset among the transformed tiles.
    transformed: usize,
}

impl Transform {
    /// Image to transformed tiles; what lies outside the image counts as zero.
    #[inline(always)]
    unsafe fn from_image<V: Vector, const SIDE: usize>(&self, transform: impl Fn([V; SIDE]) -> [V; IN] + Copy) {
        self.each::<V, SIDE>(|place| {
            let corner = self.image.wrapping_offset(place.corner);
            // SAFETY: loads only what lies inside the image, stores only to the transformed tiles.
            unsafe {
                let load = |row, column| V::load(corner.wrapping_add(self.offset(row, column)));
                let result = if place.rows.len() == SIDE && place.columns.len() == SIDE {
                    both_ways::<V, SIDE, IN>(load, transform)
                } else {
                    let inside = |row, column| place.rows.contains(&row) && place.columns.contains(&column);
                    let load = |row, column| if inside(row, column) { load(row, column) } else { V::splat(0.0) };
                    both_ways::<V, SIDE, IN>(load, transform)
                };
                let to = self.transformed.add(place.transformed);
                for (position, value) in result.as_flattened().iter().enumerate() {
                    value.store(to.add(position * self.tiles.position_step));
                }
            }
        });
    }

    /// Transformed tiles to the image, stored or added; what falls outside the image is dropped.
    #[inline(always)]
    unsafe fn to_image<V: Vector, const SIDE: usize>(&self, transform: impl Fn([V; IN]) -> [V; SIDE], add: bool) {
        self.each::<V, SIDE>(|place| {
            let corner = self.image.wrapping_offset(place.corner);
            // SAFETY: loads only the transformed tiles, stores only to what lies inside the image.
            unsafe {
                let from = self.transformed.add(place.transformed);
                let load = |row, column| V::load(from.add((row * IN + column) * self.tiles.position_step));
                let result = both_ways::<V, IN, SIDE>(load, &transform);
                let put = |row: usize, column: usize| {
                    let to = corner.wrapping_add(self.offset(row, column));
                    let value = result[row][column];
                    if add { V::load(to).add(value).store(to) } else { value.store(to) }
                };
                if place.rows.len() == SIDE && place.columns.len() == SIDE {
                    for row in 0..SIDE {
                        for column in 0..SIDE {
                            put(row, column);
                        }
                    }
                } else {
                    for row in place.rows.clone() {
                        for column in place.columns.clone() {
                            put(row, column);
                        }
                    }
                }
            }
        });
    }

    /// Every tile with a `SIDE` × `SIDE` image side, and every register of channels.
    #[inline(always)]
    fn each<V: Vector, const SIDE: usize>(&self, mut each: impl FnMut(Place)) {
        let Tiles { high, wide, layout, pad_top, pad_left, tile_step, .. } = self.tiles;
        let inside = |start: isize, length: usize| {
            let first = (-start).clamp(0, SIDE as isize);
            first as usize..(length as isize - start).clamp(first, SIDE as isize) as usize
        };
        for tile in 0..high * wide {
            let row = (tile / wide * OUT) as isize - pad_top as isize;
            let column = (tile % wide * OUT) as isize - pad_left as isize;
            let corner = (row * layout.width as isize + column) * layout.pitch as isize;
            for channel in (0..layout.pitch).step_by(V::LANES) {
                each(Place {
                    corner: corner + channel as isize,
                    rows: inside(row, layout.height),
                    columns: inside(column, layout.width),
                    transformed: tile * tile_step + channel,
                });
            }
        }
    }

    /// Offset from a tile's corner in the image.
    #[inline(always)]
    fn offset(&self, row: usize, column: usize) -> usize {
        (row * self.tiles.layout.width + column) * self.tiles.layout.pitch
    }
}
