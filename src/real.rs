//! The numbers of a run, `f64` or `f32`: one ([`Real`]), and a few in lock-step ([`Vector`]).
//!
//! A number type knows its vectors, and a vector its numbers. The types are in [`crate::simd`].

use std::fmt::{Debug, Display};
use std::ops::{Add, Div, Mul, Neg, Sub};

use num_traits::{Float, FromPrimitive, Signed};
use serde::{Deserialize, Serialize};

/// A number type by name: of the fields of a run, or of the values in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 64-bit floating point.
    #[default]
    Double,
    /// 32-bit floating point.
    Single,
}

/// Evaluates an expression with `T` the type of the numbers of a [`Precision`] that is known only when
/// the program runs: `for_precision!(precision, T => function::<T>(arguments))`.
macro_rules! for_precision {
    ($precision:expr, $T:ident => $work:expr) => {
        match $precision {
            $crate::real::Precision::Double => {
                type $T = f64;
                $work
            }
            $crate::real::Precision::Single => {
                type $T = f32;
                $work
            }
        }
    };
}
pub(crate) use for_precision;

impl Precision {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        for_precision!(self, T => size_of::<T>())
    }
}

/// A floating-point type that fields can be made of. Time, time step, wavenumber tables, and sums
/// are `f64` whatever the type of the fields.
pub trait Real:
    Float + FromPrimitive + Signed + Default + Debug + Display + Send + Sync + 'static
{
    /// Columns in a bundle: one full AVX-512 vector.
    const LANES: usize;
    /// Zero, where a constant is needed.
    const ZERO: Self;
    /// The precision whose numbers these are.
    const PRECISION: Precision;
    /// Name in configuration files.
    const NAME: &'static str;
    /// Vectors of 512 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Scalar = Self>;
    /// Vectors of 256 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Scalar = Self>;
    /// Vectors of 128 bits, for any machine.
    type Portable: Vector<Scalar = Self>;

    /// Rounds a double to this type.
    fn from_double(x: f64) -> Self;
    /// Widens to a double.
    fn double(self) -> f64;
}

/// A few numbers of one type, computed in lock-step.
pub trait Vector:
    Copy
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// The type of each number.
    type Scalar: Real;
    /// Vectors of half the width where the instruction set has them, else these.
    type Half: Vector<Scalar = Self::Scalar>;
    /// The number of lanes; divides `Scalar::LANES`.
    const WIDTH: usize;

    /// All lanes equal to `x`.
    fn splat(x: Self::Scalar) -> Self;
    /// Reads `WIDTH` numbers.
    ///
    /// # Safety
    /// `from` must be valid for reading `WIDTH` numbers.
    unsafe fn load(from: *const Self::Scalar) -> Self;
    /// Writes `WIDTH` numbers.
    ///
    /// # Safety
    /// `to` must be valid for writing `WIDTH` numbers.
    unsafe fn store(self, to: *mut Self::Scalar);
    /// Reads `WIDTH` numbers in single precision.
    ///
    /// # Safety
    /// `from` must be valid for reading `WIDTH` numbers.
    unsafe fn load_single(from: *const f32) -> Self;
    /// Writes `WIDTH` numbers, rounded to single precision.
    ///
    /// # Safety
    /// `to` must be valid for writing `WIDTH` numbers.
    unsafe fn store_single(self, to: *mut f32);
    /// `self * b + c`, fused where the machine can.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// `c - self * b`, fused where the machine can.
    fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// The larger of each pair of lanes; which one is returned for NaN is left open.
    fn max(self, other: Self) -> Self;
    /// Magnitude of each lane.
    fn abs(self) -> Self;
    /// The largest whole number that is not above each lane.
    fn floor(self) -> Self;
    /// Transposes a square tile of `WIDTH` vectors.
    fn transpose(tile: &mut [Self]);

    /// All lanes zero.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Scalar::ZERO)
    }

    /// The lanes one by one, added from the first to the last.
    #[inline(always)]
    fn sum(self) -> Self::Scalar {
        self.fold(|a, b| a + b)
    }

    /// The largest lane.
    #[inline(always)]
    fn largest(self) -> Self::Scalar {
        self.fold(|a, b| if a > b { a } else { b })
    }

    /// Combines the lanes from the first to the last.
    #[inline(always)]
    fn fold(self, combine: impl Fn(Self::Scalar, Self::Scalar) -> Self::Scalar) -> Self::Scalar {
        let mut lanes = [Self::Scalar::ZERO; MAX_WIDTH];
        // SAFETY: WIDTH <= MAX_WIDTH for every implementation.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes[1..Self::WIDTH].iter().fold(lanes[0], |a, &b| combine(a, b))
    }
}

/// The widest vector of any instruction set, in numbers.
pub const MAX_WIDTH: usize = 16;
