//! Numbers of any precision in vectors of doubles.

use crate::real::{Precision, Real, Vector};

/// Reads numbers from `index` on, as doubles.
///
/// # Panics
/// If they are not all there.
#[inline(always)]
pub fn load<T: Real, V: Vector<Scalar = f64>>(from: &[T], index: usize) -> V {
    let from = from[index..index + V::WIDTH].as_ptr();
    // SAFETY: these numbers are there, and of the type that their precision tells.
    unsafe {
        match T::PRECISION {
            Precision::Double => V::load(from.cast()),
            Precision::Single => V::load_single(from.cast()),
        }
    }
}

/// Writes doubles from `index` on, rounded to numbers of another precision.
///
/// # Panics
/// If there is no room for all.
#[inline(always)]
pub fn store<T: Real, V: Vector<Scalar = f64>>(value: V, to: &mut [T], index: usize) {
    let to = to[index..index + V::WIDTH].as_mut_ptr();
    // SAFETY: there is room, for numbers of the type that their precision tells.
    unsafe {
        match T::PRECISION {
            Precision::Double => value.store(to.cast()),
            Precision::Single => value.store_single(to.cast()),
        }
    }
}
