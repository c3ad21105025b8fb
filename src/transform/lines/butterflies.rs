//! Discrete Fourier transforms of 1 to 8 values held in registers.
//!
//! y(t) = sum over s of x(s) exp(-2 pi i s t / R), in place, real and imaginary parts apart.

use crate::real::Real;
use crate::simd::Vector;

/// A complex vector in two registers.
type Pair<V> = (V, V);

#[inline(always)]
fn add<V: Vector>(a: Pair<V>, b: Pair<V>) -> Pair<V> {
    (a.0 + b.0, a.1 + b.1)
}

#[inline(always)]
fn sub<V: Vector>(a: Pair<V>, b: Pair<V>) -> Pair<V> {
    (a.0 - b.0, a.1 - b.1)
}

/// a - i b.
#[inline(always)]
fn sub_i<V: Vector>(a: Pair<V>, b: Pair<V>) -> Pair<V> {
    (a.0 + b.1, a.1 - b.0)
}

/// a + i b.
#[inline(always)]
fn add_i<V: Vector>(a: Pair<V>, b: Pair<V>) -> Pair<V> {
    (a.0 - b.1, a.1 + b.0)
}

#[inline(always)]
fn constant<V: Vector>(x: f64) -> V {
    V::splat(V::Scalar::from_double(x))
}

/// The transform of `R` values.
#[inline(always)]
pub fn dft<V: Vector, const R: usize>(x: &mut [Pair<V>; R]) {
    match R {
        1 => {}
        2 => {
            let (a, b) = (x[0], x[1]);
            x[0] = add(a, b);
            x[1] = sub(a, b);
        }
        3 | 5 | 7 => odd(x),
        4 => {
            let y = dft4([x[0], x[1], x[2], x[3]]);
            x.copy_from_slice(&y);
        }
        6 => {
            // Good & Thomas: 6 = 2 * 3 without twiddle factors.
            let mut a = [x[0], x[2], x[4]];
            let mut b = [x[3], x[5], x[1]];
            odd(&mut a);
            odd(&mut b);
            for t in 0..3 {
                // Output index t modulo 3 with even (sum) or odd (difference) parity.
                x[(4 * t) % 6] = add(a[t], b[t]);
                x[(4 * t + 3) % 6] = sub(a[t], b[t]);
            }
        }
        8 => {
            let a = dft4([x[0], x[2], x[4], x[6]]);
            let b = dft4([x[1], x[3], x[5], x[7]]);
            let h = constant::<V>(std::f64::consts::FRAC_1_SQRT_2);
            // b(t) times exp(-2 pi i t / 8) is h c(t), but for the factor -i of t = 2, 3.
            let c1 = (b[1].0 + b[1].1, b[1].1 - b[1].0);
            let c3 = (b[3].1 + b[3].0, b[3].1 - b[3].0);
            x[0] = add(a[0], b[0]);
            x[4] = sub(a[0], b[0]);
            x[1] = (c1.0.mul_add(h, a[1].0), c1.1.mul_add(h, a[1].1));
            x[5] = (c1.0.neg_mul_add(h, a[1].0), c1.1.neg_mul_add(h, a[1].1));
            x[2] = sub_i(a[2], b[2]);
            x[6] = add_i(a[2], b[2]);
            // exp(-6 pi i / 8) b = -i exp(-2 pi i / 8) b.
            x[3] = (c3.1.mul_add(h, a[3].0), c3.0.neg_mul_add(h, a[3].1));
            x[7] = (c3.1.neg_mul_add(h, a[3].0), c3.0.mul_add(h, a[3].1));
        }
        _ => unreachable!("no butterfly of this size"),
    }
}

#[inline(always)]
fn dft4<V: Vector>(x: [Pair<V>; 4]) -> [Pair<V>; 4] {
    let (s, d) = (add(x[0], x[2]), sub(x[0], x[2]));
    let (u, v) = (add(x[1], x[3]), sub(x[1], x[3]));
    [add(s, u), sub_i(d, v), sub(s, u), add_i(d, v)]
}

/// Odd sizes: the values s and R - s share their cosines and sines.
#[inline(always)]
fn odd<V: Vector, const R: usize>(x: &mut [Pair<V>; R]) {
    let half = R / 2;
    let first = x[0];
    let (mut sums, mut differences) = (*x, *x);
    for s in 1..=half {
        sums[s] = add(x[s], x[R - s]);
        differences[s] = sub(x[s], x[R - s]);
        x[0] = add(x[0], sums[s]);
    }
    for t in 1..=half {
        let (mut even, mut odd) = (first, (V::zero(), V::zero()));
        for s in 1..=half {
            let (sin, cos) = unit_root::<R>(s * t % R);
            let (sin, cos) = (constant::<V>(sin), constant::<V>(cos));
            even = (sums[s].0.mul_add(cos, even.0), sums[s].1.mul_add(cos, even.1));
            odd = (differences[s].0.mul_add(sin, odd.0), differences[s].1.mul_add(sin, odd.1));
        }
        // exp(-i a) = cos a - i sin a.
        x[t] = sub_i(even, odd);
        x[R - t] = add_i(even, odd);
    }
}

/// sin and cos of 2 pi `m` / `R` for the odd sizes, to full precision.
#[inline(always)]
fn unit_root<const R: usize>(m: usize) -> (f64, f64) {
    const THIRD: [(f64, f64); 3] =
        [(0.0, 1.0), (0.866_025_403_784_438_6, -0.5), (-0.866_025_403_784_438_6, -0.5)];
    const FIFTH: [(f64, f64); 5] = [
        (0.0, 1.0),
        (0.951_056_516_295_153_6, 0.309_016_994_374_947_45),
        (0.587_785_252_292_473_1, -0.809_016_994_374_947_5),
        (-0.587_785_252_292_473_1, -0.809_016_994_374_947_5),
        (-0.951_056_516_295_153_6, 0.309_016_994_374_947_45),
    ];
    const SEVENTH: [(f64, f64); 7] = [
        (0.0, 1.0),
        (0.781_831_482_468_029_8, 0.623_489_801_858_733_5),
        (0.974_927_912_181_823_6, -0.222_520_933_956_314_4),
        (0.433_883_739_117_558_1, -0.900_968_867_902_419_1),
        (-0.433_883_739_117_558_1, -0.900_968_867_902_419_1),
        (-0.974_927_912_181_823_6, -0.222_520_933_956_314_4),
        (-0.781_831_482_468_029_8, 0.623_489_801_858_733_5),
    ];
    match R {
        3 => THIRD[m],
        5 => FIFTH[m],
        _ => SEVENTH[m],
    }
}
