//! Forms at the modes of a bundle, in vectors. All are `[row][lane]`, fields `[row][re lanes, im lanes]`.

use crate::grid::AXES;
use crate::real::{MAX_WIDTH, Real, Vector};
use crate::simd::{Kernel, doubles};

/// Writes Re(f . conj g) of two fields, or adds it to what is there.
pub struct Product<'a, T> {
    pub f: &'a [T],
    pub g: &'a [T],
    pub lanes: usize,
    /// True to write, false to add.
    pub is_first: bool,
    pub values: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let Product { f, g, lanes, is_first, values } = self;
        for row in 0..values.len() / lanes {
            for lane in (0..lanes).step_by(V::WIDTH) {
                let (re, index) = (2 * row * lanes + lane, row * lanes + lane);
                let im = re + lanes;
                let before = if is_first { V::zero() } else { doubles::load(values, index) };
                let of_im =
                    doubles::load::<T, V>(f, im).mul_add(doubles::load::<T, V>(g, im), before);
                let value =
                    doubles::load::<T, V>(f, re).mul_add(doubles::load::<T, V>(g, re), of_im);
                doubles::store(value, values, index);
            }
        }
    }
}

/// Writes Re((i k x f) . conj f) = 2 k . (Re f x Im f) of a vector.
pub struct Curl<'a, T> {
    pub f: [&'a [T]; AXES],
    pub kx: &'a [f64],
    pub ky: f64,
    pub kz: &'a [f64],
    pub values: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Curl<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let Curl { f, kx, ky, kz, values } = self;
        let lanes = kx.len();
        for (row, kz) in kz[..values.len() / lanes].iter().enumerate() {
            for lane in (0..lanes).step_by(V::WIDTH) {
                let [x, y, z] = load_vector::<T, V>(f, row, lane, lanes);
                let along_x = doubles::load::<f64, V>(kx, lane) * cross(y, z);
                let along_y = V::splat(ky) * cross(z, x);
                let half = along_x + along_y + V::splat(*kz) * cross(x, y);
                doubles::store(half + half, values, row * lanes + lane);
            }
        }
    }
}

/// Writes |k . f|^2 of a vector.
pub struct Divergence<'a, T> {
    pub f: [&'a [T]; AXES],
    pub kx: &'a [f64],
    pub ky: f64,
    pub kz: &'a [f64],
    pub values: &'a mut [f64],
}

impl<T: Real> Kernel<f64> for Divergence<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let Divergence { f, kx, ky, kz, values } = self;
        let lanes = kx.len();
        for (row, kz) in kz[..values.len() / lanes].iter().enumerate() {
            for lane in (0..lanes).step_by(V::WIDTH) {
                let [x, y, z] = load_vector::<T, V>(f, row, lane, lanes);
                let (kx, ky, kz) = (doubles::load::<f64, V>(kx, lane), V::splat(ky), V::splat(*kz));
                let re = kx * x.0 + ky * y.0 + kz * z.0;
                let im = kx * x.1 + ky * y.1 + kz * z.1;
                doubles::store(re * re + im * im, values, row * lanes + lane);
            }
        }
    }
}

/// Writes `factor` times values, times weights if there are any.
pub struct Weigh<'a> {
    pub values: &'a [f64],
    pub weights: Option<&'a [f64]>,
    pub factor: f64,
    pub to: &'a mut [f64],
}

impl Kernel<f64> for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) {
        let factor = V::splat(self.factor);
        for index in (0..self.values.len()).step_by(V::WIDTH) {
            let mut value = factor * doubles::load::<f64, V>(self.values, index);
            if let Some(weights) = self.weights {
                value = value * doubles::load::<f64, V>(weights, index);
            }
            doubles::store(value, self.to, index);
        }
    }
}

/// The sum of values, times weights if there are any, over the rows of each lane.
pub struct ColumnSums<'a> {
    pub values: &'a [f64],
    pub weights: Option<&'a [f64]>,
    pub lanes: usize,
}

impl Kernel<f64> for ColumnSums<'_> {
    type Output = [f64; MAX_WIDTH];

    #[inline(always)]
    fn run<V: Vector<Scalar = f64>>(self) -> [f64; MAX_WIDTH] {
        let mut sums = [0.0; MAX_WIDTH];
        for lane in (0..self.lanes).step_by(V::WIDTH) {
            let mut sum = V::zero();
            for index in (lane..self.values.len()).step_by(self.lanes) {
                let value = doubles::load::<f64, V>(self.values, index);
                sum = match self.weights {
                    Some(weights) => value.mul_add(doubles::load::<f64, V>(weights, index), sum),
                    None => sum + value,
                };
            }
            doubles::store(sum, &mut sums, lane);
        }
        sums
    }
}

/// Real and imaginary parts of the components of a vector.
#[inline(always)]
fn load_vector<T: Real, V: Vector<Scalar = f64>>(
    f: [&[T]; AXES],
    row: usize,
    lane: usize,
    lanes: usize,
) -> [(V, V); AXES] {
    let at = 2 * row * lanes + lane;
    let mut vector = [(V::zero(), V::zero()); AXES];
    for axis in 0..AXES {
        vector[axis] = (doubles::load(f[axis], at), doubles::load(f[axis], at + lanes));
    }
    vector
}

/// Re f Im g - Re g Im f.
#[inline(always)]
fn cross<V: Vector>(f: (V, V), g: (V, V)) -> V {
    f.0 * g.1 - g.0 * f.1
}
