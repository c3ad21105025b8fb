//! A double shear layer, which rolls up by the Kelvin-Helmholtz instability (Brown & Minion 1995,
//! J. Comput. Phys. 122, 165): with side 2 pi L_y along y,
//! u = A tanh((y - pi L_y / 2) / d) in the lower half, A tanh((3 pi L_y / 2 - y) / d) in the upper;
//! v = p sin(x / L_x), one wave along x.

use std::f64::consts::TAU;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::modes::VelocityModes;
use super::parameters::one;
use crate::grid::Grid;
use crate::problems::Problems;

/// Parameters of the shear layers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ShearLayer {
    /// A, half of the velocity difference.
    #[serde(default = "one")]
    pub velocity: f64,
    /// d.
    pub thickness: f64,
    /// p.
    #[serde(default = "twentieth")]
    pub perturbation: f64,
}

fn twentieth() -> f64 {
    0.05
}

/// Points along y that the profile is sampled on, whatever the grid.
const SAMPLES: usize = 4096;

impl ShearLayer {
    /// Adds what is wrong with the parameters or the box to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        let finite = "a finite number";
        problems.require(self.velocity.is_finite(), "initial.velocity", self.velocity, finite);
        let p = self.perturbation;
        problems.require(p.is_finite(), "initial.perturbation", p, finite);
        problems.require_positive("initial.thickness", self.thickness);
        for axis in [0, 1] {
            let points = grid.points[axis];
            let path = format!("grid.points[{axis}]");
            problems.require(grid.cutoff[axis] > 0, &path, points, "4 or more for waves");
        }
    }

    /// The flow.
    pub(super) fn build(&self, grid: &Grid) -> VelocityModes {
        let side = TAU * grid.lengths[1];
        let profile = |y: f64| {
            let distance = if y < 0.5 * side { y - 0.25 * side } else { 0.75 * side - y };
            self.velocity * (distance / self.thickness).tanh()
        };
        let samples: Vec<f64> =
            (0..SAMPLES).map(|j| profile(side * j as f64 / SAMPLES as f64)).collect();
        let coefficient = |n: usize| {
            let wave = |j: usize| Complex::cis(-TAU * (n * j % SAMPLES) as f64 / SAMPLES as f64);
            let sum: Complex<f64> = samples.iter().enumerate().map(|(j, u)| wave(j) * u).sum();
            sum / SAMPLES as f64
        };
        let count = (grid.cutoff[1] + 1).min(SAMPLES / 2);
        // Both halves have the same flow, reversed: the mean is zero.
        let u: Vec<_> =
            (0..count).map(|n| if n == 0 { Complex::ZERO } else { coefficient(n) }).collect();
        let v = Complex::new(0.0, -0.5 * self.perturbation);
        Box::new(move |mode, out| {
            out.fill(Complex::ZERO);
            match mode {
                [0, n, 0] => {
                    let value = u.get(n.unsigned_abs() as usize).copied().unwrap_or_default();
                    out[0] = if n < 0 { value.conj() } else { value };
                }
                [1, 0, 0] => out[1] = v,
                [-1, 0, 0] => out[1] = v.conj(),
                _ => {}
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::super::tests::{at_point, field, problems};
    use super::*;

    #[test]
    fn is_its_formula_where_the_grid_resolves_it() {
        let grid = Grid::two_thirds([16, 192, 4], [1.0, 2.0, 1.0]);
        let text = "kind = 'shear_layer'\nvelocity = 2\nthickness = 0.5\nperturbation = 0.1";
        let fields = field(text, grid);
        for y in [0.3, 3.0, 4.0, 7.0, 9.6, 12.0] {
            let [u, v, w] = at_point(&fields, [0.7, y, 0.2]);
            let distance = if y < TAU { y - PI } else { 3.0 * PI - y };
            assert!((u - 2.0 * (distance / 0.5).tanh()).abs() < 1e-4, "{y}: {u}");
            assert!((v - 0.1 * 0.7_f64.sin()).abs() < 1e-14 && w == 0.0);
        }
        let report = problems("kind = 'shear_layer'\nthickness = 0", grid);
        assert!(
            report.contains("initial.thickness: is 0, must be a finite number above 0"),
            "{report}"
        );
    }
}
