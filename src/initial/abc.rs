//! The Arnold-Beltrami-Childress flow (Dombre et al. 1986, J. Fluid Mech. 167, 353):
//! u = A sin kz + C cos ky, v = B sin kx + A cos kz, w = C sin ky + B cos kx.
//! Its vorticity is k times its velocity, so without forcing it decays as exp(-nu k^2 t).

use serde::{Deserialize, Serialize};

use super::modes::Mode;
use super::parameters::{mode_number, one, require_waves};
use crate::grid::{AXES, Grid};
use crate::problems::Problems;

/// Parameters of the ABC flow.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Abc {
    /// A, B, C, in units of the velocity.
    #[serde(default = "ones")]
    pub coefficients: [f64; 3],
    /// k, in units of the wavenumber; a whole number of waves must fit along every side.
    #[serde(default = "one")]
    pub wavenumber: f64,
}

fn ones() -> [f64; 3] {
    [1.0; 3]
}

impl Abc {
    /// Adds what is wrong with the parameters or the box to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        for (i, value) in self.coefficients.into_iter().enumerate() {
            let path = format!("initial.coefficients[{i}]");
            problems.require(value.is_finite(), &path, value, "a finite number");
        }
        let path = "initial.wavenumber";
        let before = problems.list.len();
        problems.require_positive(path, self.wavenumber);
        if problems.list.len() == before {
            let remedy = "choose a wavenumber that fits the lengths";
            (0..AXES).for_each(|axis| {
                require_waves(self.wavenumber, grid, axis, path, remedy, problems);
            });
        }
    }

    /// One mode along each axis; the others are their conjugates.
    pub(super) fn modes(&self, grid: &Grid) -> Vec<Mode> {
        let n = |axis| mode_number(self.wavenumber, grid, axis);
        // sin a is 2 Re(-i/2 exp(ia)), cos a is 2 Re(1/2 exp(ia)).
        let [a, b, c] = self.coefficients.map(|value| value / 2.0);
        vec![
            Mode { mode: [n(0), 0, 0], re: [0.0, 0.0, b], im: [0.0, -b, 0.0] },
            Mode { mode: [0, n(1), 0], re: [c, 0.0, 0.0], im: [0.0, 0.0, -c] },
            Mode { mode: [0, 0, n(2)], re: [0.0, a, 0.0], im: [-a, 0.0, 0.0] },
        ]
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::super::tests::{at_point, field, problems, velocity};
    use super::*;

    const FLOW: &str = "kind = 'abc'\ncoefficients = [1, 0.7, 0.4]\nwavenumber = 2";

    #[test]
    fn is_the_formula_in_physical_coordinates() {
        let fields = field(FLOW, Grid::two_thirds([16, 20, 10], [1.0, 1.5, 0.5]));
        let [x, y, z] = [0.3, 1.1, -0.7_f64].map(|x| 2.0 * x);
        let u = at_point(&fields, [0.3, 1.1, -0.7]);
        assert!((u[0] - (z.sin() + 0.4 * y.cos())).abs() < 1e-15);
        assert!((u[1] - (0.7 * x.sin() + z.cos())).abs() < 1e-15);
        assert!((u[2] - (0.4 * y.sin() + 0.7 * x.cos())).abs() < 1e-15);
    }

    #[test]
    fn vorticity_is_wavenumber_times_velocity() {
        let grid = Grid::two_thirds([16, 20, 10], [1.0, 1.5, 0.5]);
        let fields = field::<f64>(FLOW, grid);
        for (mode, _) in fields.owned_modes() {
            let k = grid.wavevector(mode);
            let u = velocity(&fields, mode).unwrap();
            let i = Complex::new(0.0, 1.0);
            let curl = [
                i * (u[2] * k[1] - u[1] * k[2]),
                i * (u[0] * k[2] - u[2] * k[0]),
                i * (u[1] * k[0] - u[0] * k[1]),
            ];
            assert_eq!(curl, u.map(|u| u * 2.0), "{mode:?}");
        }
    }

    #[test]
    fn the_wavenumber_must_fit_the_box_and_the_grid() {
        let report = problems(FLOW, Grid::two_thirds([16; 3], [1.0, 1.0, 0.75]));
        assert!(report.contains("initial.wavenumber") && report.contains("1.5 waves"), "{report}");
        let report = problems(FLOW, Grid::two_thirds([16, 6, 16], [1.0; 3]));
        assert!(report.contains("use at least 7 points"), "{report}");
        let report = problems(
            "kind = 'abc'\ncoefficients = [1, inf, 1]\nwavenumber = -1",
            Grid::two_thirds([16; 3], [1.0; 3]),
        );
        assert!(report.contains("initial.coefficients[1]") && report.lines().count() == 2);
    }
}
