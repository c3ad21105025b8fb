//! Energy, enstrophy and dissipation of a velocity field, and how solenoidal it is.

use std::sync::atomic::{AtomicU64, Ordering};

use super::bundle_terms::BundleTerms;
use super::over_bundles::sum_over_bundles;
use super::term::{Term, Weight};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::modes::Wavenumbers;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;

/// Sums over the modes of a velocity field, per unit of mass and averaged over the box. By
/// Parseval, <u^2> = sum over all k of |û|^2.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VelocityAverages {
    /// <u^2>/2, the mean flow included.
    pub kinetic_energy: f64,
    /// The part of it in k != 0: the energy of the fluctuations.
    pub fluctuation_energy: f64,
    /// The sum of the energy of each mode k != 0 divided by |k|; the integral length follows from it.
    pub energy_over_k: f64,
    /// <omega^2>/2 = 1/2 sum of k^2 |û|^2, for a solenoidal velocity.
    pub enstrophy: f64,
    /// epsilon = nu <omega^2>, the rate at which viscosity takes up energy.
    pub dissipation: f64,
    /// The largest |k.û| of any mode; round-off when all is well.
    pub max_divergence: f64,
}

impl VelocityAverages {
    /// The averages of the velocity in the first three fields and, in the same pass, the sums of
    /// `others`. A field that is not finite gives NaN sums. Collective: every rank must call this.
    pub fn measure<T: Real>(
        fields: &SpectralFields<T>,
        viscosity: f64,
        others: &[Term],
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> (VelocityAverages, Vec<f64>) {
        let energy = Term::norm(0..AXES).times(0.5);
        let of_velocity = [Weight::Fluctuations, Weight::Square, Weight::Inverse]
            .map(|weight| energy.clone().weighted(weight));
        let divergence = Term::divergence(0);
        let wavenumbers = Wavenumbers::new(&fields.modes);
        // Doubles of zero or more are ordered as their bits are.
        let divergence_squared = AtomicU64::new(0);
        let count = 1 + of_velocity.len() + others.len();
        let sums = sum_over_bundles(fields, count, pool, communicator, |bundle, sums| {
            let mut terms = BundleTerms::new(&wavenumbers, &[fields], bundle);
            // The mean flow has a sum of its own, for it may be strong.
            if fields.modes.bundle_mode(bundle) == (0, 0) {
                sums[0].add(terms.values(&energy)[0]);
            }
            for (sum, term) in sums[1..].iter_mut().zip(of_velocity.iter().chain(others)) {
                terms.add_to(sum, term);
            }
            let largest = terms.values(&divergence).iter().fold(0.0, |a: f64, &b| a.max(b));
            divergence_squared.fetch_max(largest.to_bits(), Ordering::Relaxed);
        });
        let mut max_divergence = [f64::from_bits(divergence_squared.into_inner()).sqrt()];
        communicator.max(&mut max_divergence);
        let averages = VelocityAverages {
            kinetic_energy: sums[0] + sums[1],
            fluctuation_energy: sums[1],
            energy_over_k: sums[3],
            enstrophy: sums[2],
            dissipation: 2.0 * viscosity * sums[2],
            max_divergence: max_divergence[0],
        };
        (averages, sums[1 + of_velocity.len()..].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::grid::Grid;
    use crate::initial::{self, Initial};
    use crate::modes::Modes;

    fn field<T: Real>(config: &str, grid: Grid, lanes: usize) -> SpectralFields<T> {
        let initial: Initial = crate::config::section("initial", config).unwrap();
        let velocity = initial::build(&initial, &grid, &Communicator::serial()).unwrap();
        let modes = Modes::new(grid, lanes);
        let mut fields = SpectralFields::zeros(modes, 0..modes.bundles(), 3);
        fields.fill(velocity);
        fields
    }

    fn measure<T: Real>(fields: &SpectralFields<T>, threads: usize) -> VelocityAverages {
        let pool = ThreadPool::new(threads).unwrap();
        VelocityAverages::measure(fields, 0.01, &[], &pool, &Communicator::serial()).0
    }

    const RANDOM: &str =
        "kind = 'random'\nenergy = 1\nspectrum = { model = 'exponential', peak = 3 }";

    #[test]
    fn taylor_green_and_abc_have_their_known_budgets() {
        fn check<T: Real>(tolerance: f64) {
            let grid = Grid::two_thirds([16, 20, 24], [1.0, 2.0, 1.0]);
            let vortex =
                measure(&field::<T>("kind = 'taylor_green'\namplitude = 2", grid, T::LANES), 1);
            assert!((vortex.kinetic_energy - 4.0 / 8.0).abs() < tolerance);
            assert!((vortex.enstrophy - 4.0 * 3.0 / 8.0).abs() < tolerance);
            assert!((vortex.dissipation - 0.02 * vortex.enstrophy).abs() < tolerance);
            assert!(vortex.max_divergence < tolerance);
            // <u^2>/2 = (A^2 + B^2 + C^2)/2, and the vorticity is k times the velocity.
            let abc = measure(&field::<T>("kind = 'abc'\nwavenumber = 2", grid, T::LANES), 1);
            assert!((abc.kinetic_energy - 1.5).abs() < tolerance);
            assert!((abc.enstrophy - 4.0 * 1.5).abs() < tolerance);
        }
        check::<f64>(1e-15);
        check::<f32>(1e-7);
    }

    #[test]
    fn equals_the_plain_sum_over_modes() {
        let grid = Grid::two_thirds([64, 20, 30], [2.0, 1.0, 1.5]);
        let fields = field::<f64>(RANDOM, grid, 8);
        let (mut energy, mut enstrophy, mut over_k) = (0.0, 0.0, 0.0);
        for (mode, index) in fields.owned_modes() {
            let k2: f64 = grid.wavevector(mode).iter().map(|k| k * k).sum();
            let square: f64 = (0..3).map(|i| fields.at(index, i).norm_sqr()).sum();
            energy += 0.5 * Modes::weight(mode[0]) * square;
            enstrophy += 0.5 * Modes::weight(mode[0]) * k2 * square;
            if k2 > 0.0 {
                over_k += 0.5 * Modes::weight(mode[0]) * square / k2.sqrt();
            }
        }
        let budget = measure(&fields, 1);
        assert!((budget.kinetic_energy / energy - 1.0).abs() < 1e-12);
        assert!((budget.enstrophy / enstrophy - 1.0).abs() < 1e-12);
        assert!((budget.energy_over_k / over_k - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_mean_flow_is_no_fluctuation_however_strong() {
        let grid = Grid::two_thirds([16; 3], [1.0; 3]);
        let mut fields = field::<f64>(RANDOM, grid, 8);
        let still = measure(&fields, 1);
        let index = fields.modes.index([0; 3]).unwrap();
        fields.set(index, 1, Complex::new(1e9, 0.0));
        let moving = measure(&fields, 1);
        assert_eq!(moving.fluctuation_energy, still.fluctuation_energy);
        assert_eq!(moving.enstrophy, still.enstrophy);
        assert_eq!(moving.energy_over_k, still.energy_over_k);
        assert_eq!(moving.kinetic_energy, 0.5e18 + still.kinetic_energy);
        assert_eq!(still.kinetic_energy, still.fluctuation_energy);
    }

    #[test]
    fn the_largest_divergence_is_found_wherever_it_is() {
        let grid = Grid::two_thirds([64, 20, 30], [2.0, 1.0, 1.0]);
        for (mode, component, expected) in
            [([21, 0, 0], 0, 21.0 / 2.0), ([3, -6, 1], 1, 6.0), ([9, 2, -9], 2, 9.0)]
        {
            let mut fields = field::<f64>(RANDOM, grid, 8);
            assert!(measure(&fields, 1).max_divergence < 1e-15);
            let index = fields.modes.index(mode).unwrap();
            fields.set(index, component, fields.at(index, component) + Complex::new(0.0, 1.0));
            let found = measure(&fields, 1).max_divergence;
            assert!((found / expected - 1.0).abs() < 1e-12, "{mode:?}: {found}");
        }
    }

    #[test]
    fn threads_and_layout_do_not_change_a_bit() {
        let grid = Grid::two_thirds([64, 20, 30], [2.0, 1.0, 1.0]);
        let reference = measure(&field::<f64>(RANDOM, grid, 8), 1);
        assert_eq!(measure(&field::<f64>(RANDOM, grid, 8), 3), reference);
        assert_eq!(measure(&field::<f64>(RANDOM, grid, 16), 1), reference);
    }

    #[test]
    fn a_field_that_is_not_finite_gives_nan() {
        let grid = Grid::two_thirds([16; 3], [1.0; 3]);
        let mut fields = field::<f64>(RANDOM, grid, 8);
        let index = fields.modes.index([2, 1, 1]).unwrap();
        fields.set(index, 1, Complex::new(f64::NAN, 0.0));
        let budget = measure(&fields, 1);
        assert!(budget.kinetic_energy.is_nan() && budget.enstrophy.is_nan());
    }
}
