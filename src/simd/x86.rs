//! AVX-512 and AVX2 vectors of doubles and singles.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::kernel::Kernel;
use crate::real::{Real, Vector};

/// Runs a kernel compiled for AVX-512.
///
/// # Safety
/// The machine must have AVX-512 F, DQ, VL and AVX2, FMA.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
pub unsafe fn run_avx512<T: Real, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<T::Avx512>()
}

/// Runs a kernel compiled for AVX2.
///
/// # Safety
/// The machine must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn run_avx2<T: Real, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<T::Avx2>()
}

/// A vector type from its intrinsics.
macro_rules! vector {
    ($name:ident, $doc:literal, $half:ty, $register:ty, $scalar:ty, $width:literal, $set1:ident,
     $load:ident, $store:ident, $load_single:expr, $store_single:expr, $add:ident, $sub:ident, $mul:ident, $div:ident, $fmadd:ident,
     $fnmadd:ident, $max:ident, $abs:expr, $floor:expr, $transpose:expr) => {
        #[doc = $doc]
        #[derive(Clone, Copy)]
        pub struct $name($register);

        vector!(@operator $name, Add, add, $add);
        vector!(@operator $name, Sub, sub, $sub);
        vector!(@operator $name, Mul, mul, $mul);
        vector!(@operator $name, Div, div, $div);

        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self::splat(-0.0) - self
            }
        }

        // SAFETY of every block below: values of this type only exist inside a kernel that
        // `Cpu::run` started on a machine with the instructions.
        impl Vector for $name {
            type Scalar = $scalar;
            type Half = $half;
            const WIDTH: usize = $width;

            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                unsafe { $name($set1(x)) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                unsafe { $name($load(from)) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            unsafe fn load_single(from: *const f32) -> Self {
                unsafe { $name($load_single(from)) }
            }
            #[inline(always)]
            unsafe fn store_single(self, to: *mut f32) {
                unsafe { $store_single(to, self.0) }
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                unsafe { $name($fmadd(self.0, b.0, c.0)) }
            }
            #[inline(always)]
            fn neg_mul_add(self, b: Self, c: Self) -> Self {
                unsafe { $name($fnmadd(self.0, b.0, c.0)) }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                unsafe { $name($max(self.0, other.0)) }
            }
            #[inline(always)]
            fn abs(self) -> Self {
                unsafe { $name($abs(self.0)) }
            }
            #[inline(always)]
            fn floor(self) -> Self {
                unsafe { $name($floor(self.0)) }
            }
            #[inline(always)]
            fn transpose(tile: &mut [Self]) {
                unsafe { $transpose(tile) }
            }
        }
    };
    (@operator $name:ident, $operator:ident, $function:ident, $intrinsic:ident) => {
        impl $operator for $name {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                // SAFETY: as for `Vector`.
                unsafe { $name($intrinsic(self.0, other.0)) }
            }
        }
    };
}

vector!(
    F64x8,
    "Eight doubles (AVX-512).",
    F64x4,
    __m512d,
    f64,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    |from| _mm512_cvtps_pd(_mm256_loadu_ps(from)),
    |to, x| _mm256_storeu_ps(to, _mm512_cvtpd_ps(x)),
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _mm512_fmadd_pd,
    _mm512_fnmadd_pd,
    _mm512_max_pd,
    |x| _mm512_abs_pd(x),
    |x| _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(x),
    transpose_f64x8
);
vector!(
    F32x16,
    "Sixteen singles (AVX-512).",
    F32x8,
    __m512,
    f32,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps,
    _mm512_max_ps,
    |x| _mm512_abs_ps(x),
    |x| _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(x),
    transpose_f32x16
);
vector!(
    F64x4,
    "Four doubles (AVX2).",
    Self,
    __m256d,
    f64,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    |from| _mm256_cvtps_pd(_mm_loadu_ps(from)),
    |to, x| _mm_storeu_ps(to, _mm256_cvtpd_ps(x)),
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_fmadd_pd,
    _mm256_fnmadd_pd,
    _mm256_max_pd,
    |x| _mm256_andnot_pd(_mm256_set1_pd(-0.0), x),
    |x| _mm256_floor_pd(x),
    transpose_f64x4
);
vector!(
    F32x8,
    "Eight singles (AVX2).",
    Self,
    __m256,
    f32,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps,
    _mm256_max_ps,
    |x| _mm256_andnot_ps(_mm256_set1_ps(-0.0), x),
    |x| _mm256_floor_ps(x),
    transpose_f32x8
);

/// 8 x 8: pairs within 128-bit blocks, then blocks of 128 bits in two rounds.
#[inline(always)]
unsafe fn transpose_f64x8(t: &mut [F64x8]) {
    // SAFETY: the caller has AVX-512.
    unsafe {
        let (mut p, mut q) = ([_mm512_setzero_pd(); 8], [_mm512_setzero_pd(); 8]);
        for i in (0..8).step_by(2) {
            p[i] = _mm512_unpacklo_pd(t[i].0, t[i + 1].0);
            p[i + 1] = _mm512_unpackhi_pd(t[i].0, t[i + 1].0);
        }
        // Blocks {0, 2} of rows (i, i + 2), and {1, 3}.
        for i in [0, 1, 4, 5] {
            q[i] = _mm512_shuffle_f64x2::<0x88>(p[i], p[i + 2]);
            q[i + 2] = _mm512_shuffle_f64x2::<0xdd>(p[i], p[i + 2]);
        }
        for i in 0..4 {
            t[i].0 = _mm512_shuffle_f64x2::<0x88>(q[i], q[i + 4]);
            t[i + 4].0 = _mm512_shuffle_f64x2::<0xdd>(q[i], q[i + 4]);
        }
    }
}

/// 16 x 16: a 4 x 4 transpose within 128-bit blocks, then the blocks in two rounds.
#[inline(always)]
unsafe fn transpose_f32x16(t: &mut [F32x16]) {
    // SAFETY: the caller has AVX-512.
    unsafe {
        let mut p = [_mm512_setzero_ps(); 16];
        for g in (0..16).step_by(4) {
            let (a, b, c, d) = (t[g].0, t[g + 1].0, t[g + 2].0, t[g + 3].0);
            let (lo, hi) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let (lo2, hi2) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            p[g] =
                _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(lo), _mm512_castps_pd(lo2)));
            p[g + 1] =
                _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(lo), _mm512_castps_pd(lo2)));
            p[g + 2] =
                _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(hi), _mm512_castps_pd(hi2)));
            p[g + 3] =
                _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(hi), _mm512_castps_pd(hi2)));
        }
        for i in 0..4 {
            let even = _mm512_shuffle_f32x4::<0x88>(p[i], p[i + 4]);
            let odd = _mm512_shuffle_f32x4::<0xdd>(p[i], p[i + 4]);
            let even2 = _mm512_shuffle_f32x4::<0x88>(p[i + 8], p[i + 12]);
            let odd2 = _mm512_shuffle_f32x4::<0xdd>(p[i + 8], p[i + 12]);
            t[i].0 = _mm512_shuffle_f32x4::<0x88>(even, even2);
            t[i + 8].0 = _mm512_shuffle_f32x4::<0xdd>(even, even2);
            t[i + 4].0 = _mm512_shuffle_f32x4::<0x88>(odd, odd2);
            t[i + 12].0 = _mm512_shuffle_f32x4::<0xdd>(odd, odd2);
        }
    }
}

/// 4 x 4: pairs within 128-bit blocks, then the blocks.
#[inline(always)]
unsafe fn transpose_f64x4(t: &mut [F64x4]) {
    // SAFETY: the caller has AVX2.
    unsafe {
        let mut p = [_mm256_setzero_pd(); 4];
        for i in [0, 2] {
            p[i] = _mm256_unpacklo_pd(t[i].0, t[i + 1].0);
            p[i + 1] = _mm256_unpackhi_pd(t[i].0, t[i + 1].0);
        }
        for i in 0..2 {
            t[i].0 = _mm256_permute2f128_pd::<0x20>(p[i], p[i + 2]);
            t[i + 2].0 = _mm256_permute2f128_pd::<0x31>(p[i], p[i + 2]);
        }
    }
}

/// 8 x 8: a 4 x 4 transpose within 128-bit blocks, then the blocks.
#[inline(always)]
unsafe fn transpose_f32x8(t: &mut [F32x8]) {
    // SAFETY: the caller has AVX2.
    unsafe {
        let mut p = [_mm256_setzero_ps(); 8];
        for g in [0, 4] {
            let (a, b, c, d) = (t[g].0, t[g + 1].0, t[g + 2].0, t[g + 3].0);
            let (lo, hi) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (lo2, hi2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            p[g] =
                _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(lo), _mm256_castps_pd(lo2)));
            p[g + 1] =
                _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(lo), _mm256_castps_pd(lo2)));
            p[g + 2] =
                _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(hi), _mm256_castps_pd(hi2)));
            p[g + 3] =
                _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(hi), _mm256_castps_pd(hi2)));
        }
        for i in 0..4 {
            t[i].0 = _mm256_permute2f128_ps::<0x20>(p[i], p[i + 4]);
            t[i + 4].0 = _mm256_permute2f128_ps::<0x31>(p[i], p[i + 4]);
        }
    }
}
