//! A random Beltrami flow: curl u = ±k u, made of all modes with |k| = k_0, with random phases.
//!
//! Each mode is helical, û = a exp(i theta) (e1 ± i e2) / sqrt 2 with e1, e2 and k/|k| right-handed
//! (Waleffe 1992, Phys. Fluids A 4, 350). As the vorticity is along the velocity, the flow only
//! decays, as exp(-nu k^2 t): an exact solution without symmetry, and the basic dynamo flow. The ABC
//! flow is one with six modes.

use std::f64::consts::TAU;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::modes::Mode;
use super::parameters::one;
use crate::grid::{AXES, Grid};
use crate::problems::Problems;
use crate::random::{Random, Stream};

/// Parameters of the Beltrami flow.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Beltrami {
    /// Energy <u^2>/2.
    pub energy: f64,
    /// k_0; negative for negative helicity.
    #[serde(default = "one")]
    pub wavenumber: f64,
    /// Seed of the phases.
    #[serde(default)]
    pub seed: u64,
}

/// Relative distance from k_0 at which a mode still counts as on it.
const TOLERANCE: f64 = 1e-9;

impl Beltrami {
    /// Adds what is wrong with the parameters or the box to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        problems.require_positive("initial.energy", self.energy);
        let path = "initial.wavenumber";
        let k = self.wavenumber;
        if !(k.is_finite() && k != 0.0 && k.abs() < grid.k_max() * (1.0 + TOLERANCE)) {
            let allowed = format!("not 0, and at most {} in magnitude", grid.k_max());
            problems.require(false, path, k, &allowed);
        } else if self.shell(grid).is_empty() {
            problems.require(false, path, k, "the length of some wavevector of the box");
        }
    }

    /// One of k and -k of each mode on the sphere.
    fn shell(&self, grid: &Grid) -> Vec<[i64; AXES]> {
        let k0 = self.wavenumber.abs();
        let reach: [i64; AXES] = std::array::from_fn(|axis| {
            ((k0 * (1.0 + TOLERANCE) * grid.lengths[axis]) as i64).min(grid.cutoff[axis] as i64)
        });
        let mut modes = Vec::new();
        for nx in 0..=reach[0] {
            for ny in -reach[1]..=reach[1] {
                for nz in -reach[2]..=reach[2] {
                    let mode = [nx, ny, nz];
                    let k = grid.wavevector(mode).iter().map(|k| k * k).sum::<f64>().sqrt();
                    if mode > [0; AXES] && (k / k0 - 1.0).abs() < TOLERANCE {
                        modes.push(mode);
                    }
                }
            }
        }
        modes
    }

    /// The modes.
    pub(super) fn modes(&self, grid: &Grid) -> Vec<Mode> {
        let shell = self.shell(grid);
        let random = Random::new(self.seed, Stream::InitialPhases);
        // Each mode and its conjugate have |û|^2 in all.
        let amplitude = (self.energy / shell.len() as f64).sqrt() / std::f64::consts::SQRT_2;
        let mode = |mode: [i64; AXES]| {
            let k = grid.wavevector(mode).map(|k| k / self.wavenumber);
            let e1 = perpendicular(k);
            let e2 = cross(k, e1);
            let [phase, _] = random.uniform_of_mode(mode);
            let a = Complex::from_polar(amplitude, TAU * phase);
            // curl u = k u asks for i k x û = k û: with k' = k / k_0, i k' x (e1 + i e2) is itself.
            let u: [Complex<f64>; AXES] = std::array::from_fn(|i| a * Complex::new(e1[i], e2[i]));
            Mode { mode, re: u.map(|u| u.re), im: u.map(|u| u.im) }
        };
        shell.into_iter().map(mode).collect()
    }
}

fn cross(a: [f64; AXES], b: [f64; AXES]) -> [f64; AXES] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// A unit vector perpendicular to k.
fn perpendicular(k: [f64; AXES]) -> [f64; AXES] {
    let across = k[0].hypot(k[1]);
    if across == 0.0 { [1.0, 0.0, 0.0] } else { [k[1] / across, -k[0] / across, 0.0] }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{field, problems, velocity};
    use super::*;
    use crate::modes::Modes;

    #[test]
    fn vorticity_is_wavenumber_times_velocity() {
        let grid = Grid::two_thirds([24, 24, 24], [1.0; 3]);
        for sign in [1.0, -1.0] {
            let text = format!("kind = 'beltrami'\nenergy = 0.7\nwavenumber = {}", 3.0 * sign);
            let fields = field::<f64>(&text, grid);
            let (mut energy, mut count) = (0.0, 0);
            for (mode, _) in fields.owned_modes() {
                let k = grid.wavevector(mode);
                let u = velocity(&fields, mode).unwrap();
                energy +=
                    0.5 * Modes::weight(mode[0]) * u.iter().map(|u| u.norm_sqr()).sum::<f64>();
                count += usize::from(u[0].norm() > 0.0);
                for i in 0..3 {
                    let (j, l) = ((i + 1) % 3, (i + 2) % 3);
                    let curl = Complex::new(0.0, 1.0) * (u[l] * k[j] - u[j] * k[l]);
                    assert!((curl - u[i] * 3.0 * sign).norm() < 1e-14, "{mode:?}");
                }
            }
            assert!((energy - 0.7).abs() < 1e-14, "{energy}");
            assert!(count > 10);
        }
        let report = problems("kind = 'beltrami'\nenergy = 1\nwavenumber = 1.3", grid);
        assert!(report.contains("the length of some wavevector"), "{report}");
    }
}
