//! Fourier modes by hand: u(x) = sum of 2 Re(û exp(i k.x)) over the modes given; k = 0 gives the
//! mean flow û itself.

use std::collections::HashMap;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::grid::{AXES, Grid};
use crate::problems::Problems;

/// û of the three velocity components as a function of the mode numbers nx, ny, nz.
pub type VelocityModes = Box<dyn Fn([i64; AXES], &mut [Complex<f64>])>;

/// One Fourier mode given by hand; its conjugate at -k is added.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Mode numbers nx, ny, nz.
    pub mode: [i64; 3],
    /// Real part of û.
    #[serde(default)]
    pub re: [f64; 3],
    /// Imaginary part of û.
    #[serde(default)]
    pub im: [f64; 3],
}

/// The field made of a few modes and their conjugates.
pub(super) fn sum_of_modes(modes: &[Mode]) -> VelocityModes {
    let table: HashMap<_, _> = modes
        .iter()
        .flat_map(|mode| {
            let value = mode.coefficients();
            [(mode.mode.map(|n| -n), value.map(|u| u.conj())), (mode.mode, value)]
        })
        .collect();
    Box::new(move |mode, velocity| match table.get(&mode) {
        Some(value) => velocity.copy_from_slice(value),
        None => velocity.fill(Complex::ZERO),
    })
}

/// |k.û| / (|k| |û|) up to which a mode typed by hand counts as solenoidal.
const SOLENOIDAL: f64 = 1e-12;

impl Mode {
    /// û.
    pub fn coefficients(&self) -> [Complex<f64>; 3] {
        std::array::from_fn(|i| Complex::new(self.re[i], self.im[i]))
    }

    /// Adds what is wrong with this mode, found at `path`, to `problems`.
    fn check(&self, path: &str, grid: &Grid, problems: &mut Problems) {
        for (part, values) in [("re", self.re), ("im", self.im)] {
            if values.iter().any(|value| !value.is_finite()) {
                problems.add(
                    format!("{path}.{part}"),
                    format!("is {values:?}, must be finite numbers"),
                );
                return;
            }
        }
        let k = grid.wavevector(self.mode);
        let u = self.coefficients();
        let divergence = (u[0] * k[0] + u[1] * k[1] + u[2] * k[2]).norm();
        let size = |squares: f64| squares.sqrt();
        let scale =
            size(k.iter().map(|k| k * k).sum()) * size(u.iter().map(|u| u.norm_sqr()).sum());
        if divergence > SOLENOIDAL * scale {
            problems.add(
                path,
                format!(
                    "is compressible: |k.û| is {divergence} for the wavevector k = {k:?}, must be \
                     0; make re and im perpendicular to k"
                ),
            );
        }
        if self.mode == [0; 3] && self.im != [0.0; 3] {
            let message = format!("is {:?}, must be [0, 0, 0]: the mean flow is real", self.im);
            problems.add(format!("{path}.im"), message);
        }
        if (0..3).any(|axis| self.mode[axis].unsigned_abs() > grid.cutoff[axis] as u64) {
            problems.add(
                format!("{path}.mode"),
                format!(
                    "is {:?}, must be within the mode numbers {:?} that grid.points = {:?} keeps",
                    self.mode, grid.cutoff, grid.points
                ),
            );
        }
    }
}

/// Adds what is wrong with the modes to `problems`.
pub(super) fn check(modes: &[Mode], grid: &Grid, problems: &mut Problems) {
    let mut first = HashMap::new();
    for (index, mode) in modes.iter().enumerate() {
        let path = format!("initial.modes[{index}]");
        mode.check(&path, grid, problems);
        let representative = mode.mode.max(mode.mode.map(i64::wrapping_neg));
        if let Some(earlier) = first.insert(representative, index) {
            problems.add(
                format!("{path}.mode"),
                format!(
                    "is {:?}, already given by initial.modes[{earlier}] (k and -k are one mode); \
                     add them up",
                    mode.mode
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at_point, field, problems};
    use super::*;

    #[test]
    fn is_the_sum_of_waves_and_the_mean() {
        let fields = field(
            "kind = 'modes'
             modes = [{ mode = [0, 0, 0], re = [0.5, -1, 2] },
                      { mode = [-1, 2, 0], re = [1, 1, 3], im = [0, 0, 0.5] },
                      { mode = [0, 0, -3], im = [1, 0, 0] }]",
            Grid::two_thirds([16; 3], [1.0, 2.0, 1.0]),
        );
        let [x, y, z] = [0.4, -1.3, 2.2];
        let (a, b): (f64, f64) = (-x + y, -3.0 * z);
        let u = at_point(&fields, [x, y, z]);
        assert!((u[0] - (0.5 + 2.0 * a.cos() - 2.0 * b.sin())).abs() < 1e-14);
        assert!((u[1] - (-1.0 + 2.0 * a.cos())).abs() < 1e-14);
        assert!((u[2] - (2.0 + 6.0 * a.cos() - a.sin())).abs() < 1e-14);
    }

    #[test]
    fn every_mistake_is_named_with_its_index() {
        let report = problems(
            "kind = 'modes'
             modes = [{ mode = [1, 0, 0], re = [0, 1, 0] },
                      { mode = [-1, 0, 0], re = [0, 1, 0] },
                      { mode = [0, 2, 0], re = [0, 0.25, 0] },
                      { mode = [0, 0, 6], re = [1, 0, 0] },
                      { mode = [0, 0, 0], im = [1, 0, 0] },
                      { mode = [3, 0, 0], re = [0, nan, 0] }]",
            Grid::two_thirds([16; 3], [1.0, 2.0, 1.0]),
        );
        let lines: Vec<_> = report.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 5, "{report}");
        assert!(lines[0].starts_with("initial.modes[1].mode: is [-1, 0, 0], already given"));
        assert!(lines[1].starts_with("initial.modes[2]: is compressible: |k.û| is 0.25"));
        assert!(lines[1].contains("[0.0, 1.0, 0.0]"));
        assert!(lines[2].starts_with("initial.modes[3].mode: is [0, 0, 6]"));
        assert!(lines[3].starts_with("initial.modes[4].im"));
        assert!(lines[4].starts_with("initial.modes[5].re"));
    }
}
