//! Vectors as plain arrays of 16 bytes, for machines without a special path.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::real::{Real, Vector};

/// `N` numbers in an array.
#[derive(Clone, Copy)]
pub struct Array<T, const N: usize>([T; N]);

macro_rules! lanewise {
    ($($operator:ident $function:ident)*) => {$(
        impl<T: Real, const N: usize> $operator for Array<T, N> {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                Array(std::array::from_fn(|i| self.0[i].$function(other.0[i])))
            }
        }
    )*};
}

lanewise!(Add add Sub sub Mul mul Div div);

impl<T: Real, const N: usize> Neg for Array<T, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Array(self.0.map(|x| -x))
    }
}

impl<T: Real, const N: usize> Vector for Array<T, N> {
    type Scalar = T;
    type Half = Self;
    const WIDTH: usize = N;

    #[inline(always)]
    fn splat(x: T) -> Self {
        Array([x; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller vouches for N readable numbers.
        Array(unsafe { from.cast::<[T; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller vouches for N writable numbers.
        unsafe { to.cast::<[T; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_single(from: *const f32) -> Self {
        // SAFETY: the caller vouches for N readable numbers.
        let numbers = unsafe { from.cast::<[f32; N]>().read_unaligned() };
        Array(numbers.map(|x| T::from_double(f64::from(x))))
    }
    #[inline(always)]
    unsafe fn store_single(self, to: *mut f32) {
        let numbers = self.0.map(|x| x.double() as f32);
        // SAFETY: the caller vouches for N writable numbers.
        unsafe { to.cast::<[f32; N]>().write_unaligned(numbers) }
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    fn neg_mul_add(self, b: Self, c: Self) -> Self {
        c - self * b
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Array(std::array::from_fn(|i| if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] }))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Array(self.0.map(|x| x.abs()))
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Array(self.0.map(|x| T::from_double(x.double().floor())))
    }
    #[inline(always)]
    fn transpose(tile: &mut [Self]) {
        for i in 0..N {
            for j in 0..i {
                (tile[i].0[j], tile[j].0[i]) = (tile[j].0[i], tile[i].0[j]);
            }
        }
    }
}
