//! Complex numbers in SIMD vectors, and the few operations on them that equations need.

use crate::real::Real;
use crate::simd::Vector;

/// A complex number, or a vector of them: real and imaginary part.
pub type Complex<V> = (V, V);

/// a x + b y for real a, b.
#[inline(always)]
pub fn combine<V: Vector>(a: V, x: Complex<V>, b: V, y: Complex<V>) -> Complex<V> {
    (a.mul_add(x.0, b * y.0), a.mul_add(x.1, b * y.1))
}

/// x + a y for real a.
#[inline(always)]
pub fn add_scaled<V: Vector>(x: Complex<V>, a: V, y: Complex<V>) -> Complex<V> {
    (a.mul_add(y.0, x.0), a.mul_add(y.1, x.1))
}

/// -i x.
#[inline(always)]
pub fn times_minus_i<V: Vector>(x: Complex<V>) -> Complex<V> {
    (x.1, -x.0)
}

/// v - k (k.v) / k^2, the solenoidal part of v. At k = 0 it is v itself.
#[inline(always)]
pub fn project<V: Vector>([kx, ky, kz]: [V; 3], [x, y, z]: [Complex<V>; 3]) -> [Complex<V>; 3] {
    let k_squared = kx * kx + ky * ky + kz * kz;
    // At k = 0 the product k.v is zero, whatever the divisor.
    let tiny = V::splat(V::Scalar::from_double(f32::MIN_POSITIVE.into()));
    let inverse = V::splat(V::Scalar::from_double(1.0)) / k_squared.max(tiny);
    let along = add_scaled(combine(kx, x, ky, y), kz, z);
    // -k.v / k^2, so that each component gains k times this.
    let pull = (-(along.0 * inverse), -(along.1 * inverse));
    [add_scaled(x, kx, pull), add_scaled(y, ky, pull), add_scaled(z, kz, pull)]
}
