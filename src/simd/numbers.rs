//! The number types and their vectors for each instruction set.

use super::portable::Array;
use crate::real::{Precision, Real};

impl Real for f64 {
    const LANES: usize = 8;
    const ZERO: f64 = 0.0;
    const PRECISION: Precision = Precision::Double;
    const NAME: &'static str = "double";
    #[cfg(target_arch = "x86_64")]
    type Avx512 = super::x86::F64x8;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = super::x86::F64x4;
    type Portable = Array<f64, 2>;

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
    const PRECISION: Precision = Precision::Single;
    const NAME: &'static str = "single";
    #[cfg(target_arch = "x86_64")]
    type Avx512 = super::x86::F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = super::x86::F32x8;
    type Portable = Array<f32, 4>;

    #[inline(always)]
    fn from_double(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn double(self) -> f64 {
        f64::from(self)
    }
}
