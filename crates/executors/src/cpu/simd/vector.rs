//! What a kernel is written in: vectors of f32, whatever the instruction set.

use crate::cpu::runtime::recorder::Work;

/// One register of f32 lanes.
///
/// # Safety
/// The methods use the instruction set's own instructions: they may only be called where [`Isa::run`] has checked for it.
/// Loads and stores need no alignment; their pointers must be valid for [`Vector::LANES`] values.
pub(crate) trait Vector: Copy {
    /// Values in a register.
    const LANES: usize;
    /// Rows of a product's register tile, two registers wide: as many as the register file holds beside its operands
    /// (bench/NOTES.md, "register tile of 12 rows × 2 registers").
    const ROWS: usize;

    /// The same value in every lane.
    unsafe fn splat(value: f32) -> Self;
    /// Lanes from memory.
    unsafe fn load(from: *const f32) -> Self;
    /// Lanes to memory.
    unsafe fn store(self, to: *mut f32);
    /// Lanes from bytes.
    unsafe fn load_bytes(from: *const u8) -> Self;
    /// Lanes, all whole numbers in 0..=255, to bytes.
    unsafe fn store_bytes(self, to: *mut u8);
    /// self + other
    unsafe fn add(self, other: Self) -> Self;
    /// self - other
    unsafe fn sub(self, other: Self) -> Self;
    /// self · other
    unsafe fn mul(self, other: Self) -> Self;
    /// self / other
    unsafe fn div(self, other: Self) -> Self;
    /// Square root.
    unsafe fn sqrt(self) -> Self;
    /// The nearest whole number, in ±2²².
    unsafe fn round(self) -> Self;
    /// 2 to the power of self, a whole number from -126 to 127.
    unsafe fn power_of_two(self) -> Self;
    /// self · factor + addend, rounded once where the instruction set can.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Per lane: `yes` where self > other, else `no`.
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self;
    /// Per lane: `yes` where self = other, else `no`.
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self;

    /// Transposes LANES × LANES values: value `column` of row `row`, at `from + row · from_step + column`, goes to
    /// `to + column · to_step + row`. Both are valid for that many rows of that many values, and none is in both.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_step: usize, to: *mut f32, to_step: usize) {
        for row in 0..Self::LANES {
            for column in 0..Self::LANES {
                // SAFETY: the caller vouches for the rows of both.
                unsafe { *to.add(column * to_step + row) = *from.add(row * from_step + column) };
            }
        }
    }
}

/// A computation over vectors, with its arguments.
pub(crate) trait Kernel {
    /// Runs it. Implementations are `#[inline(always)]`, so that they compile inside [`Isa::run`]'s copies.
    ///
    /// # Safety
    /// The instruction set of `V` must be there, and the arguments valid as the kernel's own documentation says.
    unsafe fn run<V: Vector>(self);

    /// What that will take: every operation of [`Vector`] that computes, in lanes, and all that is read and written.
    fn work(&self) -> Work;
}
