//! Vectors that count: what a kernel says of its work is held against what it does.

use std::cell::RefCell;
use std::collections::HashSet;

use super::portable::Portable;
use super::vector::{Kernel, Vector};
use crate::cpu::runtime::recorder::Work;

/// What a kernel has done.
#[derive(Default)]
struct Done {
    /// Operations that compute, in registers.
    operations: usize,
    /// Addresses of the bytes that were read and written.
    read: HashSet<usize>,
    written: HashSet<usize>,
}

thread_local! {
    static DONE: RefCell<Done> = RefCell::default();
}

/// Runs a kernel; gives the work it declared, and under the same name what it did: arithmetic in lanes, and bytes, of which
/// those that were read without [`Vector::load`] are not seen.
///
/// # Safety
/// The kernel's arguments must be valid.
pub(crate) unsafe fn declared_and_done<K: Kernel>(kernel: K) -> (Work, Work) {
    let declared = kernel.work();
    DONE.take();
    // SAFETY: the caller vouches for the arguments; what is portable runs everywhere.
    unsafe { kernel.run::<Counting>() };
    let Done { operations, read, written } = DONE.take();
    let arithmetic = (operations * Counting::LANES) as u64;
    (declared, Work { name: declared.name, arithmetic, bytes: (read.len() + written.len()) as u64 })
}

/// A portable vector that counts.
#[derive(Clone, Copy)]
struct Counting(Portable);

fn operation(value: Portable) -> Counting {
    DONE.with_borrow_mut(|done| done.operations += 1);
    Counting(value)
}

fn read<T>(from: *const T) -> *const T {
    let place = from.addr()..from.wrapping_add(Counting::LANES).addr();
    DONE.with_borrow_mut(|done| done.read.extend(place));
    from
}

fn written<T>(to: *mut T) -> *mut T {
    let place = to.addr()..to.wrapping_add(Counting::LANES).addr();
    DONE.with_borrow_mut(|done| done.written.extend(place));
    to
}

// SAFETY of the bodies: passed on to the portable vector, on the same terms.
impl Vector for Counting {
    const LANES: usize = Portable::LANES;
    const ROWS: usize = Portable::ROWS;

    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { Portable::splat(value) })
    }
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { Portable::load(read(from)) })
    }
    unsafe fn store(self, to: *mut f32) {
        unsafe { self.0.store(written(to)) }
    }
    unsafe fn load_bytes(from: *const u8) -> Self {
        Self(unsafe { Portable::load_bytes(read(from)) })
    }
    unsafe fn store_bytes(self, to: *mut u8) {
        unsafe { self.0.store_bytes(written(to)) }
    }
    unsafe fn add(self, other: Self) -> Self {
        operation(unsafe { self.0.add(other.0) })
    }
    unsafe fn sub(self, other: Self) -> Self {
        operation(unsafe { self.0.sub(other.0) })
    }
    unsafe fn mul(self, other: Self) -> Self {
        operation(unsafe { self.0.mul(other.0) })
    }
    unsafe fn div(self, other: Self) -> Self {
        operation(unsafe { self.0.div(other.0) })
    }
    unsafe fn sqrt(self) -> Self {
        operation(unsafe { self.0.sqrt() })
    }
    unsafe fn round(self) -> Self {
        operation(unsafe { self.0.round() })
    }
    unsafe fn power_of_two(self) -> Self {
        operation(unsafe { self.0.power_of_two() })
    }
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        operation(unsafe { self.0.mul_add(factor.0, addend.0) })
    }
    unsafe fn select_greater(self, other: Self, yes: Self, no: Self) -> Self {
        operation(unsafe { self.0.select_greater(other.0, yes.0, no.0) })
    }
    unsafe fn select_equal(self, other: Self, yes: Self, no: Self) -> Self {
        operation(unsafe { self.0.select_equal(other.0, yes.0, no.0) })
    }
}
