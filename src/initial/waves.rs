//! Flows and magnetic fields that are a few products of sines and cosines, written as tables.
//!
//! All have one wave in 2 pi, whatever the box.

use std::collections::BTreeMap;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::modes::Mode;
use super::parameters::{mode_number, one, require_waves};
use crate::grid::{AXES, Grid};
use crate::problems::Problems;

/// A factor of a term: a wave along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wave {
    /// 1
    Flat,
    /// sin(n x)
    Sin(i64),
    /// cos(n x)
    Cos(i64),
}

use Wave::{Cos, Flat, Sin};

/// One term: its component, its factor, and its waves along x, y and z.
pub type Term = (usize, f64, [Wave; AXES]);

/// The vortex of Kida 1985 (J. Phys. Soc. Jpn. 54, 2132), with its high symmetry.
pub const KIDA: &[Term] = &[
    (0, 1.0, [Sin(1), Cos(3), Cos(1)]),
    (0, -1.0, [Sin(1), Cos(1), Cos(3)]),
    (1, 1.0, [Cos(1), Sin(1), Cos(3)]),
    (1, -1.0, [Cos(3), Sin(1), Cos(1)]),
    (2, 1.0, [Cos(3), Cos(1), Sin(1)]),
    (2, -1.0, [Cos(1), Cos(3), Sin(1)]),
];

/// The velocity of the three-dimensional Orszag-Tang vortex (Mininni, Pouquet & Montgomery 2006,
/// Phys. Rev. Lett. 97, 244503): (-2 sin y, 2 sin x, 0).
pub const ORSZAG_TANG: &[Term] = &[(0, -2.0, [Flat, Sin(1), Flat]), (1, 2.0, [Sin(1), Flat, Flat])];

/// Its magnetic field: 0.8 (-2 sin 2y + sin z, 2 sin x + sin z, sin x + sin y).
pub const ORSZAG_TANG_MAGNETIC: &[Term] = &[
    (0, -1.6, [Flat, Sin(2), Flat]),
    (0, 0.8, [Flat, Flat, Sin(1)]),
    (1, 1.6, [Sin(1), Flat, Flat]),
    (1, 0.8, [Flat, Flat, Sin(1)]),
    (2, 0.8, [Sin(1), Flat, Flat]),
    (2, 0.8, [Flat, Sin(1), Flat]),
];

/// The insulating magnetic field for the Taylor-Green vortex (Lee, Brachet, Pouquet, Mininni &
/// Rosenberg 2010, Phys. Rev. E 81, 016318):
/// (cos x sin y sin z, sin x cos y sin z, -2 sin x sin y cos z).
pub const TAYLOR_GREEN_MAGNETIC: &[Term] = &[
    (0, 1.0, [Cos(1), Sin(1), Sin(1)]),
    (1, 1.0, [Sin(1), Cos(1), Sin(1)]),
    (2, -2.0, [Sin(1), Sin(1), Cos(1)]),
];

/// Parameters of a field in a table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Waves {
    /// Factor on the whole field.
    #[serde(default = "one")]
    pub amplitude: f64,
}

impl Waves {
    /// Adds what is wrong with the parameters or the box to `problems`.
    pub(super) fn check(&self, terms: &[Term], grid: &Grid, problems: &mut Problems) {
        let amplitude = self.amplitude;
        let finite = amplitude.is_finite();
        problems.require(finite, "initial.amplitude", amplitude, "a finite number");
        let remedy = "make the lengths whole numbers, or give the waves by hand with \
                      initial.kind = \"modes\"";
        for axis in 0..AXES {
            let number = |(.., waves): &Term| match waves[axis] {
                Flat => 0,
                Sin(n) | Cos(n) => n,
            };
            if let Some(most) = terms.iter().map(number).max().filter(|n| *n > 0) {
                require_waves(most as f64, grid, axis, "initial.kind", remedy, problems);
            }
        }
    }

    /// The modes of the field; k or -k of each, not both.
    pub(super) fn modes(&self, terms: &[Term], grid: &Grid) -> Vec<Mode> {
        let mut table: BTreeMap<[i64; AXES], [Complex<f64>; AXES]> = BTreeMap::new();
        for (component, factor, waves) in terms {
            let mut product = vec![([0; AXES], Complex::new(self.amplitude * factor, 0.0))];
            for (axis, wave) in waves.iter().enumerate() {
                // cos a = (e^ia + e^-ia) / 2, sin a = (e^ia - e^-ia) / 2i.
                let (n, plus, minus) = match *wave {
                    Flat => continue,
                    Cos(n) => (n, Complex::new(0.5, 0.0), Complex::new(0.5, 0.0)),
                    Sin(n) => (n, Complex::new(0.0, -0.5), Complex::new(0.0, 0.5)),
                };
                let n = mode_number(n as f64, grid, axis);
                let along = |(mode, value): ([i64; AXES], Complex<f64>)| {
                    [(n, plus), (-n, minus)].map(|(n, factor)| {
                        let mut mode = mode;
                        mode[axis] = n;
                        (mode, value * factor)
                    })
                };
                product = product.into_iter().flat_map(along).collect();
            }
            for (mode, value) in product {
                table.entry(mode).or_default()[*component] += value;
            }
        }
        let kept = table.into_iter().filter(|(mode, _)| *mode >= [0; AXES]);
        kept.map(|(mode, u)| Mode { mode, re: u.map(|u| u.re), im: u.map(|u| u.im) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at_point, field, problems};
    use super::*;

    #[test]
    fn are_their_formulas_in_physical_coordinates() {
        let grid = Grid::two_thirds([24, 32, 48], [1.0, 2.0, 3.0]);
        for [x, y, z] in [[0.3_f64, 1.1, -0.7], [4.0, 9.0, 13.0]] {
            let check = |kind: &str, expected: [f64; 3]| {
                let fields = field(&format!("kind = '{kind}'\namplitude = 2"), grid);
                let found = at_point(&fields, [x, y, z]);
                for axis in 0..3 {
                    let error = found[axis] - 2.0 * expected[axis];
                    assert!(error.abs() < 1e-13, "{kind}: {found:?}, {expected:?}");
                }
            };
            let (sx, cx, c3x) = (x.sin(), x.cos(), (3.0 * x).cos());
            let (sy, cy, c3y) = (y.sin(), y.cos(), (3.0 * y).cos());
            let (sz, cz, c3z) = (z.sin(), z.cos(), (3.0 * z).cos());
            let kida = [
                sx * (c3y * cz - cy * c3z),
                sy * (c3z * cx - cz * c3x),
                sz * (c3x * cy - cx * c3y),
            ];
            check("kida", kida);
            check("orszag_tang", [-2.0 * sy, 2.0 * sx, 0.0]);
            let b = [-2.0 * (2.0 * y).sin() + sz, 2.0 * sx + sz, sx + sy];
            check("orszag_tang_magnetic", b.map(|b| 0.8 * b));
            check("taylor_green_magnetic", [cx * sy * sz, sx * cy * sz, -2.0 * sx * sy * cz]);
        }
    }

    #[test]
    fn only_axes_with_waves_must_hold_them() {
        let flat = Grid::two_thirds([16, 16, 1], [1.0, 1.0, 0.3]);
        assert_eq!(problems("kind = 'orszag_tang'", flat), "");
        let report = problems("kind = 'kida'", Grid::two_thirds([16, 16, 8], [1.0; 3]));
        assert!(report.contains("use at least 10 points") && report.lines().count() == 1);
    }
}
