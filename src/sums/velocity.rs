//! Energy, enstrophy and dissipation of a velocity field, and how solenoidal it is.

use std::sync::atomic::{AtomicU64, Ordering};

use super::over_bundles::exact_sums_over_bundles;
use crate::exact_sum::ExactSum;
use crate::fields::SpectralFields;
use crate::grid::Grid;
use crate::modes::{ModeIndex, Modes, signed};
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
    /// The budget of the velocity in the first three fields. A field that is not finite gives NaN
    /// sums.
    /// Collective: every rank must call this.
    pub fn measure<T: Real>(
        fields: &SpectralFields<T>,
        viscosity: f64,
        pool: &ThreadPool,
        communicator: &Communicator,
    ) -> VelocityAverages {
        let modes = fields.modes;
        // Doubles of zero or more are ordered as their bits are.
        let divergence_squared = AtomicU64::new(0);
        let zeros = || std::array::from_fn::<_, 4, _>(|_| ExactSum::default());
        let sums = exact_sums_over_bundles(fields, zeros, pool, communicator, |bundle, sums| {
            let (nx0, ny) = modes.bundle_mode(bundle);
            let mean = (nx0, ny) == (0, 0);
            if mean {
                let mean = ModeIndex { bundle, row: 0, lane: 0 };
                let square: f64 = (0..3).map(|i| fields.at(mean, i).re.double().powi(2)).sum();
                sums[0].add(0.5 * square);
            }
            for lane in (0..modes.lanes).step_by(BLOCK) {
                let first = [(nx0 + lane) as i64, ny];
                let columns = Columns::measure(fields.bundle(bundle), &modes, first, lane);
                for (i, nx) in (first[0]..).take(BLOCK).enumerate() {
                    // Each mode holds |û|^2 / 2.
                    let weight = 0.5 * Modes::weight(nx);
                    let k2 = squared(&modes.grid, 0, nx) + squared(&modes.grid, 1, ny);
                    sums[1].add(weight * columns.square[i]);
                    sums[2].add(weight * (k2 * columns.square[i] + columns.square_kz2[i]));
                    sums[3].add(weight * columns.square_over_k[i]);
                    let bits = columns.divergence_squared[i].to_bits();
                    divergence_squared.fetch_max(bits, Ordering::Relaxed);
                }
            }
        });
        let mut max_divergence = [f64::from_bits(divergence_squared.into_inner()).sqrt()];
        communicator.max(&mut max_divergence);
        let [mean_energy, fluctuation_energy, enstrophy, energy_over_k] =
            sums.map(|sum| sum.value());
        VelocityAverages {
            kinetic_energy: mean_energy + fluctuation_energy,
            fluctuation_energy,
            energy_over_k,
            enstrophy,
            dissipation: 2.0 * viscosity * enstrophy,
            max_divergence: max_divergence[0],
        }
    }
}

/// Columns summed side by side: divides every `Real::LANES`.
const BLOCK: usize = 8;

/// Sums along z of `BLOCK` neighbouring columns.
#[derive(Default)]
struct Columns {
    /// Sum of |û|^2 without k = 0.
    square: [f64; BLOCK],
    /// Sum of kz^2 |û|^2.
    square_kz2: [f64; BLOCK],
    /// Sum of |û|^2 / |k| without k = 0.
    square_over_k: [f64; BLOCK],
    /// Largest |k.û|^2.
    divergence_squared: [f64; BLOCK],
}

impl Columns {
    /// Sums the columns of a bundle that begin at `lane`, which holds mode numbers `first` along x
    /// and y. Padding lanes hold zeros and give zeros.
    fn measure<T: Real>(bundle: &[T], modes: &Modes, first: [i64; 2], lane: usize) -> Self {
        let mut columns = Columns::default();
        let grid = &modes.grid;
        let kx: [f64; BLOCK] = std::array::from_fn(|i| grid.wavenumber(0, first[0] + i as i64));
        let ky = grid.wavenumber(1, first[1]);
        let in_plane = kx.map(|kx| kx * kx + ky * ky);
        for row in 0..modes.rows() {
            let kz = grid.wavenumber(2, signed(row, grid.cutoff[2]));
            let mut square = [0.0; BLOCK];
            let mut divergence = [0.0; BLOCK];
            for part in [0, modes.lanes] {
                let [u, v, w] = std::array::from_fn(|field| {
                    let start = field * modes.column_len() + row * modes.row_len() + part + lane;
                    &bundle[start..start + BLOCK]
                });
                for i in 0..BLOCK {
                    let (u, v, w) = (u[i].double(), v[i].double(), w[i].double());
                    let dot = kx[i] * u + ky * v + kz * w;
                    square[i] += u * u + v * v + w * w;
                    divergence[i] += dot * dot;
                }
            }
            let mut k2 = in_plane.map(|in_plane| in_plane + kz * kz);
            if row == 0 && first == [0, 0] {
                (square[0], k2[0]) = (0.0, 1.0);
            }
            for i in 0..BLOCK {
                columns.square[i] += square[i];
                columns.square_kz2[i] += kz * kz * square[i];
                columns.square_over_k[i] += square[i] / k2[i].sqrt();
                if divergence[i] > columns.divergence_squared[i] {
                    columns.divergence_squared[i] = divergence[i];
                }
            }
        }
        columns
    }
}

fn squared(grid: &Grid, axis: usize, n: i64) -> f64 {
    grid.wavenumber(axis, n).powi(2)
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::initial::{self, Initial};

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
        VelocityAverages::measure(fields, 0.01, &pool, &Communicator::serial())
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
