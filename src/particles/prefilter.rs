//! The coefficients of splines: modes, divided by what the splines make of them at the grid points.

use crate::modes::{Modes, Wavenumbers};
use crate::real::{Real, Vector};
use crate::simd::{self, Kernel};

use super::interpolation::Interpolation;

/// The factors of the modes along each axis for one kind of splines.
pub struct Prefilter<T: Real> {
    interpolation: Interpolation,
    factors: Wavenumbers<T>,
}

impl<T: Real> Prefilter<T> {
    /// The factors for a layout; `None` where values themselves are interpolated.
    pub fn new(interpolation: Interpolation, modes: &Modes) -> Option<Self> {
        interpolation.symbol(0.0)?;
        let spacing = modes.grid.spacing();
        let mut factors = Wavenumbers::new(modes);
        factors.fill_each(modes, |axis, k| {
            interpolation.symbol(k * spacing[axis]).map_or(1.0, |symbol| 1.0 / symbol)
        });
        Some(Prefilter { interpolation, factors })
    }

    /// The splines.
    pub fn interpolation(&self) -> Interpolation {
        self.interpolation
    }

    /// Makes coefficients of the velocity in a bundle: `[component][row][re lanes, im lanes]`, both.
    pub fn apply(&self, modes: &Modes, bundle: usize, velocity: &[T], coefficients: &mut [T]) {
        let (x, y) = self.factors.of_bundle(modes, bundle);
        simd::run::<T, _>(Multiply { x, y, z: &self.factors.z, from: velocity, to: coefficients });
    }
}

/// Every row times the factors of its lanes, its bundle and itself.
struct Multiply<'a, T> {
    /// Of the lanes.
    x: &'a [T],
    /// Of the bundle.
    y: T,
    /// Of the rows.
    z: &'a [T],
    from: &'a [T],
    to: &'a mut [T],
}

impl<T: Real> Kernel<T> for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) {
        let Multiply { x, y, z, from, to } = self;
        let x = &x[..T::LANES];
        let rows = from.chunks_exact(2 * T::LANES).zip(to.chunks_exact_mut(2 * T::LANES));
        for ((from, to), z) in rows.zip(z.iter().cycle()) {
            let yz = V::splat(y * *z);
            for lane in (0..T::LANES).step_by(V::WIDTH) {
                for at in [lane, T::LANES + lane] {
                    // SAFETY: rows have two times LANES numbers and `x` has LANES, which WIDTH divides.
                    unsafe {
                        let factor = V::load(x.as_ptr().add(lane)) * yz;
                        (V::load(from.as_ptr().add(at)) * factor).store(to.as_mut_ptr().add(at));
                    }
                }
            }
        }
    }
}
