//! Shapes of an energy spectrum E(k). Only the shape matters here: the field that uses it scales
//! it to the energy asked for.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::error::Result;
use crate::format::plain;
use crate::grid::Grid;
use crate::parallel::Communicator;
use crate::problems::Problems;

/// `[initial.spectrum]`: shape of E(k). Wavenumbers are physical, k = n / length.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Spectrum {
    /// E ~ k^4 exp(-2 (k / peak)^2): turbulence in the final period of decay (Batchelor & Townsend
    /// 1948), the usual start of decaying boxes (Orszag & Patterson 1972).
    Exponential {
        /// Wavenumber of the maximum.
        peak: f64,
    },
    /// The model spectrum of Pope 2000, Turbulent Flows, eqs. (6.246) to (6.248), for fully
    /// developed turbulence: E ~ k^(-5/3) f_L(kL) f_eta(k eta), with
    /// f_L = (kL / ((kL)^2 + c_L)^(1/2))^(5/3 + p0) and
    /// f_eta = exp(-5.2 (((k eta)^4 + c_eta^4)^(1/4) - c_eta)); c_L = 6.78, c_eta = 0.40.
    Pope {
        /// L = K^(3/2) / epsilon: the maximum is near k = 1.3 / L with p0 = 2.
        length: f64,
        /// Kolmogorov scale: the spectrum falls off exponentially beyond k = 0.1 / eta or so.
        eta: f64,
        /// E ~ k^p0 at low wavenumbers; p0 = 4 gives the von Karman spectrum.
        #[serde(default = "two")]
        p0: f64,
    },
    /// A table in a text file, interpolated linearly in log k, log E; no energy outside it.
    Table {
        /// The file, relative to the configuration file: two columns k and E, k increasing.
        path: PathBuf,
    },
}

fn two() -> f64 {
    2.0
}

/// A spectrum ready to be evaluated.
pub(super) struct Curve {
    /// E(k) up to a factor.
    pub density: Box<dyn Fn(f64) -> f64>,
    /// Beyond this wavenumber lies no energy that would show in double precision.
    pub extent: f64,
}

impl Spectrum {
    /// Adds what is wrong with the parameters to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        match *self {
            Spectrum::Exponential { peak } => problems.require(
                peak > 0.0 && peak <= grid.k_max(),
                "initial.spectrum.peak",
                peak,
                &format!(
                    "above 0 and at most {}, the largest wavenumber kept",
                    plain(grid.k_max())
                ),
            ),
            Spectrum::Pope { length, eta, p0 } => {
                problems.require_positive("initial.spectrum.length", length);
                problems.require(
                    eta > 0.0 && eta < length,
                    "initial.spectrum.eta",
                    eta,
                    &format!("above 0 and below initial.spectrum.length = {}", plain(length)),
                );
                problems.require_positive("initial.spectrum.p0", p0);
            }
            Spectrum::Table { .. } => {}
        }
    }

    /// The curve. Fails when the table cannot be read or is wrong. Collective: every rank must
    /// call this.
    pub(super) fn curve(&self, communicator: &Communicator) -> Result<Curve> {
        match *self {
            Spectrum::Exponential { peak } => Ok(Curve {
                density: Box::new(move |k| {
                    let ratio = (k / peak).powi(2);
                    ratio * ratio * (-2.0 * ratio).exp()
                }),
                // exp(-2 x^2) x^4 is 1e-19 at x = 5.
                extent: 5.0 * peak,
            }),
            Spectrum::Pope { length, eta, p0 } => Ok(Curve {
                density: Box::new(move |k| pope(k, length, eta, p0)),
                // exp(-5.2 (x - 0.4)) is 1e-18 at x = 8.4.
                extent: 8.4 / eta,
            }),
            Spectrum::Table { ref path } => {
                let table = Table::read(path, communicator)?;
                let extent = table.extent();
                Ok(Curve { density: Box::new(move |k| table.density(k)), extent })
            }
        }
    }
}

fn pope(k: f64, length: f64, eta: f64, p0: f64) -> f64 {
    const BETA: f64 = 5.2;
    const C_L: f64 = 6.78;
    const C_ETA: f64 = 0.40;
    let kl = k * length;
    let large_scales = (kl / (kl * kl + C_L).sqrt()).powf(5.0 / 3.0 + p0);
    let k_eta = k * eta;
    let dissipation = (-BETA * ((k_eta.powi(4) + C_ETA.powi(4)).powf(0.25) - C_ETA)).exp();
    k.powf(-5.0 / 3.0) * large_scales * dissipation
}

#[cfg(test)]
mod tests {
    use super::super::tests::problems;
    use super::*;

    fn curve(spectrum: Spectrum) -> Curve {
        spectrum.curve(&Communicator::serial()).unwrap()
    }

    #[test]
    fn exponential_has_its_maximum_at_the_peak_and_grows_as_k_to_the_fourth() {
        let Curve { density, extent } = curve(Spectrum::Exponential { peak: 6.0 });
        assert!(density(6.0) > density(5.99) && density(6.0) > density(6.01));
        assert!((density(2e-3) / density(1e-3) - 16.0).abs() < 1e-4);
        assert!(density(extent) < 1e-16 * density(6.0));
    }

    /// With C = 1.5 the model's own energy and dissipation must be those it was made from: the
    /// definition of c_L and c_eta (Pope 2000, p. 233). K = 1 and epsilon = 1 give L = 1.
    #[test]
    fn pope_returns_its_own_energy_and_dissipation() {
        let eta: f64 = 1e-5;
        let Curve { density, extent } = curve(Spectrum::Pope { length: 1.0, eta, p0: 2.0 });
        let nu = eta.powf(4.0 / 3.0);
        let (mut energy, mut dissipation) = (0.0, 0.0);
        let step: f64 = 1e-3;
        let mut k = 1e-4;
        while k < extent {
            // d k = k d ln k.
            energy += 1.5 * density(k) * k * step;
            dissipation += 2.0 * nu * k * k * 1.5 * density(k) * k * step;
            k *= step.exp();
        }
        assert!((energy - 1.0).abs() < 0.02, "{energy}");
        assert!((dissipation - 1.0).abs() < 0.02, "{dissipation}");
        assert!((density(2e-4) / density(1e-4) - 4.0).abs() < 1e-5);
    }

    #[test]
    fn parameters_are_checked() {
        let grid = Grid::two_thirds([32; 3], [1.0; 3]);
        let report = |spectrum: &str| {
            problems(&format!("kind = 'random'\nenergy = 1\nspectrum = {{ {spectrum} }}"), grid)
        };
        assert_eq!(report("model = 'pope', length = 1, eta = 0.01"), "");
        let low = report("model = 'pope', length = 1, eta = 1, p0 = -1");
        assert!(low.contains("spectrum.eta: is 1, must") && low.contains("spectrum.p0: is -1"));
        let high = report("model = 'exponential', peak = 11");
        assert!(high.contains("spectrum.peak: is 11, must be above 0 and at most 10"), "{high}");
    }
}
