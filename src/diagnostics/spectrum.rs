//! The energy spectrum.

use super::at_mode::{each_mode, norm};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::shells::Shells;
use crate::sums::sum_over_bundles;

/// Kinetic energy of the first three fields in each of the grid's [`Shells`], from shell 0, which
/// holds the mean flow. The shells add up to <u^2>/2; divided by their width they are E(k).
/// Collective: every rank must call this.
pub fn energy_spectrum<T: Real>(
    fields: &SpectralFields<T>,
    pool: &ThreadPool,
    communicator: &Communicator,
) -> Vec<f64> {
    let shells = Shells::new(fields.modes.grid);
    sum_over_bundles(fields, shells.count(), pool, communicator, |bundle, sums| {
        each_mode(fields, bundle, |_, mode, values| {
            sums[shells.of_mode(mode)].add(0.5 * Modes::weight(mode[0]) * norm(&values[..AXES]));
        });
    })
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;

    #[test]
    fn each_mode_counts_in_its_shell_with_its_conjugate() {
        let grid = Grid::two_thirds([20, 10, 12], [1.0, 2.0, 1.0]);
        let modes = Modes::new(grid, 8);
        let mut fields = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 3);
        // The shells are 1/2 wide. |û|^2 / 2, twice where the conjugate is not stored.
        for (mode, field, value, shell, energy) in [
            ([0, 0, 0], 0, Complex::new(3.0, 0.0), 0, 4.5),
            ([0, -1, 0], 2, Complex::new(0.0, 2.0), 1, 2.0),
            ([2, 0, -1], 1, Complex::new(3.0, 4.0), 4, 25.0),
            ([6, 3, 3], 0, Complex::new(1.0, 0.0), 14, 1.0),
        ] {
            fields.set(modes.index(mode).unwrap(), field, value);
            for threads in [1, 2] {
                let pool = ThreadPool::new(threads).unwrap();
                let spectrum = energy_spectrum(&fields, &pool, &Communicator::serial());
                assert_eq!(spectrum[shell], energy, "{mode:?}");
            }
        }
        let pool = ThreadPool::new(1).unwrap();
        let total: f64 = energy_spectrum(&fields, &pool, &Communicator::serial()).iter().sum();
        assert_eq!(total, 4.5 + 2.0 + 25.0 + 1.0);
    }
}
