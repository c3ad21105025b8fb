//! The number type of a run: `f64` or `f32`.

use std::fmt::{Debug, Display};

use num_traits::{Float, FromPrimitive, Signed};
use serde::{Deserialize, Serialize};

use crate::simd::Vector;

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

impl Precision {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Precision::Single => 4,
            Precision::Double => 8,
        }
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

impl Real for f64 {
    const LANES: usize = 8;
    const ZERO: f64 = 0.0;
    const NAME: &'static str = "double";
    #[cfg(target_arch = "x86_64")]
    type Avx512 = crate::simd::F64x8;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = crate::simd::F64x4;
    type Portable = crate::simd::Array<f64, 2>;

    #[inline(always)]
    fn from_double(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn double(self) -> f64 {
        self
    }
}

impl Real for f32 {
    const LANES: usize = 16;
    const ZERO: f32 = 0.0;
    const NAME: &'static str = "single";
    #[cfg(target_arch = "x86_64")]
    type Avx512 = crate::simd::F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = crate::simd::F32x8;
    type Portable = crate::simd::Array<f32, 4>;

    #[inline(always)]
    fn from_double(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn double(self) -> f64 {
        f64::from(self)
    }
}
