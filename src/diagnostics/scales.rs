//! Length and velocity scales of isotropic turbulence (Pope 2000, Turbulent Flows, chapter 6).

use crate::sums::VelocityAverages;
use std::f64::consts::PI;

/// The scales of a flow that follow from its [`VelocityAverages`]. A quantity that has no bound is
/// infinite, none is NaN unless the budget is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// u' = sqrt(2 E / 3), E the energy of the fluctuations: the rms of one velocity component.
    pub velocity: f64,
    /// Longitudinal integral length L = pi / (2 u'^2) times the sum of E(k) / k (Pope 2000, eq.
    /// 6.259); 0 at rest.
    pub integral_length: f64,
    /// Re_L = u' L / nu; 0 at rest, infinite without viscosity.
    pub integral_reynolds: f64,
    /// Turnover time of the large eddies, L / u'; infinite at rest.
    pub turnover_time: f64,
    /// Taylor scale lambda = sqrt(15 nu u'^2 / epsilon) = u' sqrt(15 / <omega^2>); infinite when
    /// there is no vorticity.
    pub taylor_length: f64,
    /// Re_lambda = u' lambda / nu; 0 at rest, infinite without viscosity.
    pub taylor_reynolds: f64,
    /// Kolmogorov scale eta = (nu^3 / epsilon)^(1/4); 0 without viscosity, infinite when nothing
    /// is dissipated.
    pub kolmogorov_length: f64,
    /// k_max eta: the smallest scales are resolved when it is 1.5 or so (Yeung & Pope 1989,
    /// J. Fluid Mech. 207, 531).
    pub resolution: f64,
}

impl Scales {
    /// The scales of a flow whose largest wavenumber is `k_max` ([`crate::grid::Grid::k_max`]).
    pub fn new(budget: &VelocityAverages, viscosity: f64, k_max: f64) -> Self {
        let velocity = (2.0 / 3.0 * budget.fluctuation_energy).sqrt();
        let at_rest = budget.enstrophy == 0.0;
        let integral_length =
            if at_rest { 0.0 } else { PI / (2.0 * velocity * velocity) * budget.energy_over_k };
        let integral_reynolds = if at_rest { 0.0 } else { velocity * integral_length / viscosity };
        let turnover_time = if at_rest { f64::INFINITY } else { integral_length / velocity };
        let taylor_length = if at_rest {
            f64::INFINITY
        } else {
            // <omega^2> = epsilon / nu, which stays defined at nu = 0.
            velocity * (15.0 / (2.0 * budget.enstrophy)).sqrt()
        };
        let taylor_reynolds = if at_rest { 0.0 } else { velocity * taylor_length / viscosity };
        let kolmogorov_length = if viscosity == 0.0 {
            0.0
        } else {
            (viscosity.powi(3) / budget.dissipation).powf(0.25)
        };
        let resolution = k_max * kolmogorov_length;
        Scales {
            velocity,
            integral_length,
            integral_reynolds,
            turnover_time,
            taylor_length,
            taylor_reynolds,
            kolmogorov_length,
            resolution,
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::fields::SpectralFields;
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::{Communicator, ThreadPool};

    /// The mean spectrum published with the data set isotropic1024coarse of the Johns Hopkins
    /// Turbulence Database: lines of k = 1, 2, .. and E(k).
    const JHTDB_SPECTRUM: &str = include_str!("../../tests/data/jhtdb_isotropic1024.txt");

    /// The scales that belong to it. README-isotropic of the data set has E = 0.705, epsilon = 0.103,
    /// u' = 0.686, L = 1.364, lambda = 0.113, Re_lambda = 418 and eta = 0.00280 (Li et al. 2008, J.
    /// Turbul. 9, N31); the further digits are sums over the spectrum by other means.
    #[test]
    fn a_field_with_a_published_spectrum_has_its_published_scales() {
        let viscosity = 1.85e-4;
        let published = JHTDB_SPECTRUM.lines().filter(|line| !line.starts_with('#'));
        let energies: Vec<f64> =
            published.map(|line| line.split_once(' ').unwrap().1.parse().unwrap()).collect();
        // Waves along x alone, with all of the energy of a shell in v: modes k and -k.
        let grid = Grid::two_thirds([3 * energies.len() + 1, 1, 1], [1.0; 3]);
        let modes = Modes::new(grid, 8);
        let mut fields = SpectralFields::<f64>::zeros(modes, 0..modes.bundles(), 3);
        for (k, energy) in (1..).zip(&energies) {
            let index = modes.index([k, 0, 0]).unwrap();
            fields.set(index, 1, Complex::new(energy.sqrt(), 0.0));
        }
        let pool = ThreadPool::new(1).unwrap();
        let serial = Communicator::serial();
        let (budget, _) = VelocityAverages::measure(&fields, viscosity, &[], &pool, &serial);
        let scales = Scales::new(&budget, viscosity, grid.k_max());
        for (found, expected) in [
            (budget.kinetic_energy, 0.706048),
            (budget.dissipation, 0.103079),
            (scales.velocity, 0.686075),
            (scales.integral_length, 1.36264),
            (scales.integral_reynolds, 0.686075 * 1.36264 / viscosity),
            (scales.turnover_time, 1.36264 / 0.686075),
            (scales.taylor_length, 0.112569),
            (scales.taylor_reynolds, 417.463),
            (scales.kolmogorov_length, 0.00279954),
            (scales.resolution, 482.0 * 0.00279954),
        ] {
            assert!((found / expected - 1.0).abs() < 5e-6, "{found}, not {expected}");
        }
    }

    #[test]
    fn no_viscosity_and_no_motion_have_limits_but_no_nan() {
        let inviscid = VelocityAverages {
            kinetic_energy: 1.5,
            fluctuation_energy: 1.5,
            enstrophy: 7.5,
            energy_over_k: 1.5 / 2.0,
            ..VelocityAverages::default()
        };
        let scales = Scales::new(&inviscid, 0.0, 10.0);
        assert_eq!((scales.velocity, scales.taylor_length), (1.0, 1.0));
        assert_eq!(scales.taylor_reynolds, f64::INFINITY);
        // All energy is at k = 2: L = 3 pi / (4 k).
        assert!((scales.integral_length / (3.0 * PI / 8.0) - 1.0).abs() < 1e-15);
        assert_eq!(scales.integral_reynolds, f64::INFINITY);
        assert_eq!((scales.kolmogorov_length, scales.resolution), (0.0, 0.0));
        for viscosity in [0.0, 1e-3] {
            let rest = Scales::new(&VelocityAverages::default(), viscosity, 10.0);
            assert_eq!((rest.velocity, rest.taylor_reynolds), (0.0, 0.0));
            assert_eq!(rest.taylor_length, f64::INFINITY);
            assert_eq!((rest.integral_length, rest.integral_reynolds), (0.0, 0.0));
            assert_eq!(rest.turnover_time, f64::INFINITY);
            let length = if viscosity == 0.0 { 0.0 } else { f64::INFINITY };
            assert_eq!((rest.kolmogorov_length, rest.resolution), (length, length));
        }
    }
}
