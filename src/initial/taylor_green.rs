//! The vortex of Taylor & Green 1937 (Proc. R. Soc. A 158, 499), in the form of Brachet et al.
//! 1983 (J. Fluid Mech. 130, 411): u = A (sin x cos y cos z, -cos x sin y cos z, 0), with
//! kinetic energy A^2 / 8 and enstrophy 3 A^2 / 8.

use serde::{Deserialize, Serialize};

use super::modes::Mode;
use super::parameters::{mode_number, one, require_waves};
use crate::grid::{AXES, Grid};
use crate::problems::Problems;

/// Parameters of the Taylor-Green vortex.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TaylorGreen {
    /// A, in units of the velocity.
    #[serde(default = "one")]
    pub amplitude: f64,
}

/// The flow is one wave in 2 pi, whatever the box.
const WAVENUMBER: f64 = 1.0;

impl TaylorGreen {
    /// Adds what is wrong with the parameters or the box to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        let amplitude = self.amplitude;
        let finite = amplitude.is_finite();
        problems.require(finite, "initial.amplitude", amplitude, "a finite number");
        let remedy = "make the lengths whole numbers, or give the waves by hand with \
                      initial.kind = \"modes\"";
        (0..AXES).for_each(|axis| {
            require_waves(WAVENUMBER, grid, axis, "initial.kind", remedy, problems);
        });
    }

    /// Half of the eight modes; the others are their conjugates.
    pub(super) fn modes(&self, grid: &Grid) -> Vec<Mode> {
        let n: [i64; 3] = std::array::from_fn(|axis| mode_number(WAVENUMBER, grid, axis));
        // sin a cos b cos c is the sum of sign(a) exp(i(±a ±b ±c)) / (8 i).
        let eighth = self.amplitude / 8.0;
        [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            .map(|(y, z)| Mode {
                mode: [n[0], y * n[1], z * n[2]],
                re: [0.0; 3],
                im: [-eighth, y as f64 * eighth, 0.0],
            })
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at_point, field, problems};
    use super::*;

    #[test]
    fn is_the_formula_in_physical_coordinates() {
        let grid = Grid::two_thirds([16, 14, 24], [1.0, 2.0, 3.0]);
        let fields = field("kind = 'taylor_green'\namplitude = 2", grid);
        for [x, y, z] in [[0.3, 1.1, -0.7], [4.0, 9.0, 13.0]] {
            let u = at_point(&fields, [x, y, z]);
            assert!((u[0] - 2.0 * x.sin() * y.cos() * z.cos()).abs() < 1e-14);
            assert!((u[1] + 2.0 * x.cos() * y.sin() * z.cos()).abs() < 1e-14);
            assert_eq!(u[2], 0.0);
        }
    }

    #[test]
    fn a_box_without_wavenumber_one_is_refused() {
        let report = problems("kind = 'taylor_green'", Grid::two_thirds([16; 3], [1.0, 1.5, 1.0]));
        assert!(report.contains("initial.kind") && report.contains("grid.lengths[1] = 1.5"));
        assert!(report.contains("\"modes\"") && report.lines().count() == 1, "{report}");
        let report = problems("kind = 'taylor_green'", Grid::two_thirds([3, 16, 16], [1.0; 3]));
        assert!(report.contains("use at least 4 points"), "{report}");
        let report =
            problems("kind = 'taylor_green'\namplitude = nan", Grid::two_thirds([8; 3], [1.0; 3]));
        assert!(report.contains("initial.amplitude"));
    }
}
