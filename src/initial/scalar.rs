//! Initial fields of scalars: Fourier modes by hand, and a random part.
//!
//! theta(x) = sum of 2 Re(theta_k exp(i k.x)) over the modes given, plus a field with random phases
//! and the spectrum E ~ k^4 exp(-2 (k / peak)^2), scaled to its variance. As for a random velocity,
//! the numbers depend on the box, the seed and the mode only.

use std::collections::HashMap;
use std::f64::consts::TAU;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::parameters::one;
use crate::grid::{AXES, Grid};
use crate::problems::Problems;
use crate::random::{Random, Stream};
use crate::shells::Shells;

/// A scalar field: the sum of both parts.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalarField {
    /// Fourier modes; conjugates are added.
    pub modes: Vec<ScalarMode>,
    /// Variance <theta^2> of the random part.
    pub variance: f64,
    /// Wavenumber of the maximum of its spectrum.
    pub peak: f64,
    /// Seed of its random numbers.
    pub seed: u64,
}

impl Default for ScalarField {
    fn default() -> Self {
        ScalarField { modes: Vec::new(), variance: 0.0, peak: one(), seed: 0 }
    }
}

/// One Fourier mode of a scalar; its conjugate at -k is added.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScalarMode {
    /// Mode numbers nx, ny, nz.
    pub mode: [i64; AXES],
    /// Real part of theta_k.
    #[serde(default)]
    pub re: f64,
    /// Imaginary part of theta_k.
    #[serde(default)]
    pub im: f64,
}

/// theta_k as a function of the mode numbers.
pub type ScalarModes = Box<dyn Fn([i64; AXES]) -> Complex<f64>>;

/// Beyond so many times the peak lies no variance that would show in double precision.
const EXTENT: f64 = 5.0;

impl ScalarField {
    /// Adds to `problems` what is wrong with the parameters at `path`, or does not fit the grid.
    pub fn check(&self, path: &str, grid: Option<&Grid>, problems: &mut Problems) {
        problems.require_not_negative(&format!("{path}.variance"), self.variance);
        problems.require_positive(&format!("{path}.peak"), self.peak);
        if let Some(grid) = grid.filter(|_| self.variance > 0.0) {
            let allowed = format!("at most {}, the largest wavenumber kept", grid.k_max());
            let fits = self.peak <= grid.k_max();
            problems.require(fits, &format!("{path}.peak"), self.peak, &allowed);
            let shells = Shells::new(*grid);
            if fits && !shells.can_be_counted(self.reach(&shells)) {
                let message = format!(
                    "is {}, whose spectrum has too many modes to count: grid.lengths differ by too much",
                    self.peak
                );
                problems.add(format!("{path}.peak"), message);
            }
        }
        for (index, mode) in self.modes.iter().enumerate() {
            let path = format!("{path}.modes[{index}]");
            let finite = mode.re.is_finite() && mode.im.is_finite();
            problems.require(finite, &path, format!("{mode:?}"), "of finite numbers");
            let kept = |grid: &Grid| (0..AXES).all(|a| mode.mode[a].abs() <= grid.cutoff[a] as i64);
            if let Some(grid) = grid.filter(|grid| !kept(grid)) {
                let allowed = format!("at most {:?} in magnitude, the modes kept", grid.cutoff);
                problems.require(false, &path, format!("{:?}", mode.mode), &allowed);
            }
            if mode.mode == [0; AXES] && mode.im != 0.0 {
                problems.require(false, &format!("{path}.im"), mode.im, "0: the mean is real");
            }
        }
    }

    /// The random part, whose variance is that of the whole spectrum, and the modes given, on the
    /// modes of a grid's box.
    pub fn build(&self, grid: &Grid) -> [ScalarModes; 2] {
        let given: HashMap<_, _> = self
            .modes
            .iter()
            .flat_map(|m| {
                let value = Complex::new(m.re, m.im);
                [(m.mode.map(|n| -n), value.conj()), (m.mode, value)]
            })
            .collect();
        let shells = Shells::new(*grid);
        let amplitudes = self.amplitudes(&shells);
        let phases = Random::new(self.seed, Stream::InitialScalar);
        let random: ScalarModes = Box::new(move |mode| {
            // Of k and -k, the one whose first non-zero number is positive makes the numbers.
            let conjugate = mode < [0; AXES];
            let representative = if conjugate { mode.map(|n| -n) } else { mode };
            let amplitude = amplitudes.get(shells.of_mode(mode)).copied().unwrap_or(0.0);
            let [phase, _] = phases.uniform_of_mode(representative);
            let random = Complex::from_polar(amplitude, TAU * phase);
            if conjugate { random.conj() } else { random }
        });
        [random, Box::new(move |mode| given.get(&mode).copied().unwrap_or_default())]
    }

    /// The last shell with variance.
    fn reach(&self, shells: &Shells) -> usize {
        (EXTENT * self.peak / shells.width).ceil() as usize
    }

    /// |theta_k| of the random part in each shell with variance.
    fn amplitudes(&self, shells: &Shells) -> Vec<f64> {
        if self.variance == 0.0 {
            return Vec::new();
        }
        let shape = |shell: usize| {
            let ratio = (shells.wavenumber(shell) / self.peak).powi(2);
            ratio * ratio * (-2.0 * ratio).exp()
        };
        let reach = self.reach(shells);
        let scale = self.variance / (1..=reach).map(shape).sum::<f64>();
        let count = shells.count().min(reach + 1);
        let amplitude = |(shell, modes): (usize, u64)| match shell {
            0 => 0.0,
            _ => (scale * shape(shell) / modes as f64).sqrt(),
        };
        shells.populations(count).into_iter().enumerate().map(amplitude).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::Modes;

    #[test]
    fn has_its_variance_and_its_modes() {
        let grid = Grid::two_thirds([36, 40, 72], [1.0, 1.0, 2.0]);
        let mode = ScalarMode { mode: [0, -1, 0], re: 0.5, im: 0.25 };
        let random = ScalarField { variance: 2.0, peak: 2.0, seed: 3, ..ScalarField::default() };
        let both = ScalarField { modes: vec![mode], ..random.clone() };
        let [random, _] = random.build(&grid);
        let both = both.build(&grid);
        let both = |mode| both[0](mode) + both[1](mode);
        let layout = Modes::new(grid, 8);
        let mut variance = 0.0;
        let bundles = 0..layout.bundles();
        for (mode, _) in bundles.flat_map(|bundle| layout.of_bundle(bundle)) {
            variance += Modes::weight(mode[0]) * random(mode).norm_sqr();
            assert_eq!(random(mode.map(|n| -n)), random(mode).conj());
            let added = both(mode) - random(mode);
            let expected = match mode {
                [0, -1, 0] => Complex::new(0.5, 0.25),
                [0, 1, 0] => Complex::new(0.5, -0.25),
                _ => Complex::ZERO,
            };
            assert!((added - expected).norm() < 1e-15);
        }
        assert!((variance - 2.0).abs() < 1e-12, "{variance}");
    }
}
