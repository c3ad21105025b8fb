//! The Kolmogorov flow u = A sin ky along x (Meshalkin & Sinai 1961, J. Appl. Math. Mech. 25, 1700).

use serde::{Deserialize, Serialize};

use super::modes::Mode;
use super::parameters::{mode_number, one, require_waves};
use crate::grid::Grid;
use crate::problems::Problems;

/// Parameters of the Kolmogorov flow.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kolmogorov {
    /// A.
    #[serde(default = "one")]
    pub amplitude: f64,
    /// k, in units of the wavenumber; a whole number of waves must fit along y.
    #[serde(default = "one")]
    pub wavenumber: f64,
}

impl Kolmogorov {
    /// Adds what is wrong with the parameters or the box to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        let Kolmogorov { amplitude, wavenumber } = *self;
        let finite = amplitude.is_finite();
        problems.require(finite, "initial.amplitude", amplitude, "a finite number");
        let path = "initial.wavenumber";
        if wavenumber.is_finite() && wavenumber > 0.0 {
            let remedy = "choose a wavenumber that fits grid.lengths[1]";
            require_waves(wavenumber, grid, 1, path, remedy, problems);
        } else {
            problems.require_positive(path, wavenumber);
        }
    }

    /// Its mode.
    pub(super) fn modes(&self, grid: &Grid) -> Vec<Mode> {
        let n = mode_number(self.wavenumber, grid, 1);
        vec![Mode { mode: [0, n, 0], re: [0.0; 3], im: [-0.5 * self.amplitude, 0.0, 0.0] }]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at_point, field, problems};
    use super::*;

    #[test]
    fn is_its_formula_and_needs_waves_along_y_alone() {
        let grid = Grid::two_thirds([8, 16, 8], [0.7, 0.5, 1.3]);
        let fields = field("kind = 'kolmogorov'\namplitude = 3\nwavenumber = 4", grid);
        let [u, v, w] = at_point(&fields, [0.2, 0.4, 0.9]);
        assert!((u - 3.0 * 1.6_f64.sin()).abs() < 1e-14 && v == 0.0 && w == 0.0);
        let report = problems("kind = 'kolmogorov'\nwavenumber = 3", grid);
        assert!(report.contains("grid.lengths[1]") && report.lines().count() == 1, "{report}");
    }
}
