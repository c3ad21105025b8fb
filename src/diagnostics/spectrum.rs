//! The energy spectrum.

use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Wavenumbers;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::shells::Shells;
use crate::sums::{BundleTerms, Groups, Term, sum_over_bundles};

/// Kinetic energy of the first three fields in each of the grid's [`Shells`], from shell 0, which
/// holds the mean flow. The shells add up to <u^2>/2; divided by their width they are E(k).
/// Collective: every rank must call this.
pub fn energy_spectrum<T: Real>(
    fields: &SpectralFields<T>,
    pool: &ThreadPool,
    communicator: &Communicator,
) -> Vec<f64> {
    let (modes, shells) = (fields.modes, Shells::new(fields.modes.grid));
    let (wavenumbers, energy) = (Wavenumbers::new(&modes), Term::norm(0..AXES).times(0.5));
    sum_over_bundles(fields, shells.count(), pool, communicator, |bundle, sums| {
        let of_modes = Groups::new(&modes, bundle, |mode| shells.of_mode(mode));
        BundleTerms::new(&wavenumbers, &[fields], bundle).add_to_groups(sums, &energy, &of_modes);
    })
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;
    use crate::modes::Modes;

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
