//! Buffers: allocated once, aligned to a cache line, and lent to tasks that write different ranges of them.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};

/// Alignment of every buffer, in bytes: a cache line, and the widest register. Done by hand, so that untouched zeros stay
/// untouched (bench/NOTES.md, "buffers aligned by hand").
const ALIGNMENT: usize = 64;

/// Values that every vector loop takes whole, a cache line: each row of channels is padded to a multiple of it.
pub(crate) const LINE: usize = 16;

/// The next multiple of [`LINE`].
pub(crate) fn padded(channels: usize) -> usize {
    channels.next_multiple_of(LINE)
}

/// A zeroed, aligned buffer of f32. Pages that are never written are never resident.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// A vector, since only one of zeros with no alignment beyond the usual is had from the system untouched.
    values: Vec<f32>,
    /// The first aligned value.
    start: usize,
    length: usize,
}

impl Buffer {
    /// `length` zeros.
    pub(crate) fn zeroed(length: usize) -> Self {
        let values = vec![0.0; length + ALIGNMENT / size_of::<f32>()];
        let start = values.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT / size_of::<f32>());
        Self { values, start, length }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..][..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.length]
    }
}

/// A mutable slice of which several tasks take ranges that do not overlap.
#[derive(Clone, Copy)]
pub(crate) struct Disjoint<'a, T> {
    pointer: *mut T,
    length: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: `exclusive` makes its caller promise that no two tasks share an element.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    /// Lends `slice` to tasks.
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { pointer: slice.as_mut_ptr(), length: slice.len(), borrow: PhantomData }
    }

    /// Values of the slice.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A slice of it, for tasks that take ranges of that.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let (pointer, length) = (self.pointer(range.clone()), range.len());
        Self { pointer, length, borrow: PhantomData }
    }

    /// Where a range lies of which a task writes some values that are not contiguous: the kernel that writes through the
    /// pointer is what promises to keep to its own.
    pub(crate) fn pointer(&self, range: Range<usize>) -> *mut T {
        assert!(range.start <= range.end && range.end <= self.length, "a range of the slice");
        self.pointer.wrapping_add(range.start)
    }

    /// A range that is only read.
    ///
    /// # Safety
    /// Nobody writes it while the result is in use.
    pub(crate) unsafe fn shared(&self, range: Range<usize>) -> &[T] {
        assert!(range.start <= range.end && range.end <= self.length, "a range of the slice");
        // SAFETY: inside the slice that is borrowed for 'a; the caller vouches for its being left alone.
        unsafe { std::slice::from_raw_parts(self.pointer.add(range.start), range.len()) }
    }

    /// A range that is only read, for as long as the slice is lent.
    ///
    /// # Safety
    /// Nobody writes it while the result is in use.
    pub(crate) unsafe fn lasting(&self, range: Range<usize>) -> &'a [T] {
        assert!(range.start <= range.end && range.end <= self.length, "a range of the slice");
        // SAFETY: inside the slice that is borrowed for 'a; the caller vouches for its being left alone.
        unsafe { std::slice::from_raw_parts(self.pointer.add(range.start), range.len()) }
    }

    /// A range that one task has to itself.
    ///
    /// # Safety
    /// No two such ranges in use at the same time may overlap.
    #[expect(clippy::mut_from_ref, reason = "the ranges are disjoint by contract")]
    pub(crate) unsafe fn exclusive(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "a range of the slice");
        // SAFETY: inside the slice that is borrowed for 'a; the caller vouches for disjointness.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(range.start), range.len()) }
    }
}

/// Asks for values that will be read soon to be brought into the core's cache while it computes something else. Only a
/// hint, and on processors for which Rust has no way to say it, nothing.
#[inline(always)]
pub(crate) fn prefetch(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a hint, which no address makes invalid.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// Cuts the next `length` values off a scratch buffer.
pub(crate) fn carve<'a>(scratch: &mut &'a mut [f32], length: usize) -> &'a mut [f32] {
    let (part, rest) = std::mem::take(scratch).split_at_mut(length.next_multiple_of(LINE));
    *scratch = rest;
    &mut part[..length]
}
