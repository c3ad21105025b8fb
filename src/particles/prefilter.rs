//! The coefficients of splines: modes, divided by what the splines make of them at the grid points.

use crate::grid::AXES;
use crate::modes::{Modes, Wavenumbers};
use crate::real::Real;

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
        let (lanes, row_len) = (modes.lanes, modes.row_len());
        let (x, y) = self.factors.of_bundle(modes, bundle);
        let rows = velocity.chunks_exact(row_len).zip(coefficients.chunks_exact_mut(row_len));
        for (index, (from, to)) in rows.take(AXES * modes.rows()).enumerate() {
            let yz = y * self.factors.z[index % modes.rows()];
            for part in [0, lanes] {
                let numbers = from[part..part + lanes].iter().zip(&mut to[part..part + lanes]);
                numbers.zip(x).for_each(|((from, to), x)| *to = *from * (*x * yz));
            }
        }
    }
}
