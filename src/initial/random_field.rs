//! A random solenoidal field with a prescribed spectrum: Rogallo 1981, NASA TM 81315, section 5.
//!
//! û = alpha e1 + beta e2, with e1 and e2 perpendicular to k and to each other,
//! alpha = a exp(i theta1) cos phi, beta = a exp(i theta2) sin phi, and theta1, theta2, phi uniform
//! in [0, 2 pi). Then |û| = a whatever the angles. a^2 / 2 is the energy of the mode's shell
//! divided by the number of modes in the shell, so that a complete shell s carries E(k_s) dk to
//! round-off, not only on average (see [`Shells`]).
//!
//! In a plane, where k has no component along the axis n, û = alpha n x k / |k| with |alpha| = a: nothing is
//! along n.
//!
//! Everything comes from the spectrum, the box and the seed, nothing from the number of points: a
//! finer grid adds modes and leaves the others as they are.

use std::f64::consts::TAU;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::modes::VelocityModes;
use super::spectrum::Spectrum;
use crate::error::{Error, Result};
use crate::grid::{AXES, Grid};
use crate::parallel::Communicator;
use crate::problems::Problems;
use crate::random::{Random, Stream};
use crate::shells::Shells;

/// Parameters of the random field.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RandomField {
    /// Seed of the random numbers.
    #[serde(default)]
    pub seed: u64,
    /// Shape of E(k).
    pub spectrum: Spectrum,
    /// Kinetic energy <u^2>/2. The formula gives it to the whole spectrum; a run scales what the grid
    /// keeps of that to it.
    pub energy: Option<f64>,
    /// Or: the velocity u' = sqrt(2 E / 3) that belongs to it.
    pub velocity: Option<f64>,
    /// Whether nothing is along the axis of the grid that has no waves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plane: bool,
}

/// Shells that the spectrum may reach over: a sum of so many terms takes a second.
const MOST_SHELLS: f64 = 1e7;

impl RandomField {
    /// Adds what is wrong with the parameters to `problems`.
    pub(super) fn check(&self, grid: &Grid, problems: &mut Problems) {
        match (self.energy, self.velocity) {
            (Some(energy), None) => problems.require_positive("initial.energy", energy),
            (None, Some(velocity)) => problems.require_positive("initial.velocity", velocity),
            (None, None) => problems.add("initial.energy", "is missing: give energy or velocity"),
            (Some(_), Some(_)) => {
                problems.add("initial.velocity", "is one too many: give energy or velocity");
            }
        }
        self.spectrum.check(grid, problems);
        problems.require_flat("initial.plane", self.plane, grid);
    }

    /// The kinetic energy asked for.
    pub(super) fn kinetic_energy(&self) -> f64 {
        let from_velocity = self.velocity.map(|velocity| 1.5 * velocity * velocity);
        self.energy.or(from_velocity).unwrap_or_default()
    }

    /// The field. Collective: every rank must call this.
    pub(super) fn build(&self, grid: &Grid, communicator: &Communicator) -> Result<VelocityModes> {
        let grid = *grid;
        let shells = Shells::new(grid);
        let amplitudes = self.amplitudes(&shells, communicator)?;
        let phases = Random::new(self.seed, Stream::InitialPhases);
        let direction = Random::new(self.seed, Stream::InitialDirection);
        let normal = grid.flat_axis().filter(|_| self.plane);
        Ok(Box::new(move |mode, velocity| {
            // Of k and -k, the one whose first non-zero number is positive makes the numbers.
            let conjugate = mode < [0; AXES];
            let mode = if conjugate { mode.map(|n| -n) } else { mode };
            let amplitude = amplitudes.get(shells.of_mode(mode)).copied().unwrap_or(0.0);
            let [theta1, theta2] = phases.uniform_of_mode(mode).map(|x| TAU * x);
            let [phi, _] = direction.uniform_of_mode(mode).map(|x| TAU * x);
            let phi = if normal.is_some() { 0.0 } else { phi };
            let alpha = Complex::from_polar(amplitude * phi.cos(), theta1);
            let beta = Complex::from_polar(amplitude * phi.sin(), theta2);
            let k = grid.wavevector(mode);
            let (e1, e2) = normal.map_or_else(|| perpendicular(k), |axis| in_plane(k, axis));
            for (i, u) in velocity.iter_mut().enumerate() {
                let value = alpha * e1[i] + beta * e2[i];
                *u = if conjugate { value.conj() } else { value };
            }
        }))
    }

    /// |û| of the modes of each shell that holds modes of the grid and energy; 0 for k = 0.
    fn amplitudes(&self, shells: &Shells, communicator: &Communicator) -> Result<Vec<f64>> {
        let curve = self.spectrum.curve(communicator)?;
        let reach = (curve.extent / shells.width).ceil();
        if reach > MOST_SHELLS {
            return Err(Error::input(format!(
                "initial.spectrum: reaches up to k = {:e}, must stay below {:e}, {MOST_SHELLS:e} \
                 times the smallest wavenumber of the box",
                curve.extent,
                MOST_SHELLS * shells.width
            )));
        }
        let shape = |shell: usize| (curve.density)(shells.wavenumber(shell));
        let total: f64 = (1..=reach as usize).map(shape).sum();
        if total <= 0.0 {
            return Err(Error::input(format!(
                "initial.spectrum: has no energy at any multiple of {}, the smallest wavenumber \
                 of the box",
                shells.width
            )));
        }
        let scale = self.kinetic_energy() / total;
        let amplitude = |(shell, modes): (usize, u64)| match shell {
            0 => 0.0,
            _ => (2.0 * scale * shape(shell) / modes as f64).sqrt(),
        };
        let count = shells.count().min(reach as usize + 1);
        if !shells.can_be_counted(count) {
            return Err(Error::input(format!(
                "initial.spectrum: reaches over {count} shells as wide as the smallest wavenumber, {:e}, \
                 whose modes are too many to count: grid.lengths differ by too much",
                shells.width
            )));
        }
        Ok(shells.populations(count).into_iter().enumerate().map(amplitude).collect())
    }
}

/// Two unit vectors perpendicular to k != 0 and to each other (Rogallo's e1' and e2'); any two
/// perpendicular to z when k is along z or zero.
fn perpendicular([x, y, z]: [f64; 3]) -> ([f64; 3], [f64; 3]) {
    let across = x.hypot(y);
    if across == 0.0 {
        return ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
    }
    let k = across.hypot(z);
    ([y / across, -x / across, 0.0], [x / across * (z / k), y / across * (z / k), -across / k])
}

/// The unit vector perpendicular to k and the `axis`, on which k has no component, and that along the axis;
/// two others when k is zero.
fn in_plane(k: [f64; AXES], axis: usize) -> ([f64; AXES], [f64; AXES]) {
    let (j, l) = ((axis + 1) % AXES, (axis + 2) % AXES);
    let length = k[j].hypot(k[l]);
    let [mut across, mut normal] = [[0.0; AXES]; 2];
    normal[axis] = 1.0;
    (across[j], across[l]) =
        if length == 0.0 { (1.0, 0.0) } else { (-k[l] / length, k[j] / length) };
    (across, normal)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{field, problems, velocity};
    use super::*;
    use crate::modes::Modes;
    use crate::real::Real;

    const FIELD: &str =
        "kind = 'random'\nseed = 5\nvelocity = 2\nspectrum = { model = 'exponential', peak = 2 }";

    fn shell_energies<T: Real>(config: &str, grid: Grid) -> Vec<f64> {
        let fields = field::<T>(config, grid);
        let shells = Shells::new(grid);
        let mut energies = vec![0.0; shells.count()];
        for (mode, _) in fields.owned_modes() {
            let u = velocity(&fields, mode).unwrap();
            let square: f64 = u.iter().map(|u| u.norm_sqr()).sum();
            energies[shells.of_mode(mode)] += 0.5 * Modes::weight(mode[0]) * square;
        }
        energies
    }

    #[test]
    fn complete_shells_carry_exactly_the_spectrum() {
        let lengths = [1.0, 2.0, 1.5];
        let grid = Grid::two_thirds([30, 60, 45], lengths);
        let energies = shell_energies::<f64>(FIELD, grid);
        let shape = |k: f64| k.powi(4) * (-2.0 * (k / 2.0).powi(2)).exp();
        let width = 0.5;
        let total: f64 = (1..100).map(|s| shape(s as f64 * width)).sum();
        let complete = (grid.k_max() / width) as usize;
        assert_eq!(energies[0], 0.0);
        for (s, energy) in energies.iter().enumerate().take(complete).skip(1) {
            let expected = 6.0 * shape(s as f64 * width) / total;
            assert!((energy / expected - 1.0).abs() < 1e-13, "shell {s}");
        }
    }

    #[test]
    fn a_resolved_field_has_the_energy_asked_for() {
        fn energy<T: Real>(config: &str, grid: Grid) -> f64 {
            shell_energies::<T>(config, grid).iter().sum()
        }
        let grid = Grid::two_thirds([48; 3], [1.0; 3]);
        assert!((energy::<f64>(FIELD, grid) - 6.0).abs() < 1e-12);
        assert!((energy::<f32>(FIELD, grid) - 6.0).abs() < 1e-6);
        assert!((energy::<f64>(&FIELD.replace("velocity", "energy"), grid) - 2.0).abs() < 1e-12);
        let flat = Grid::two_thirds([48, 96, 1], [1.0, 2.0, 1.0]);
        assert!((energy::<f64>(FIELD, flat) - 6.0).abs() < 1e-12);
    }

    /// All of the energy asked for is in the plane, and the field has no divergence.
    #[test]
    fn a_field_in_a_plane_has_nothing_across_it() {
        let config = FIELD.replace("seed = 5", "seed = 5\nplane = true");
        for (axis, points) in [(2, [24, 48, 1]), (0, [1, 48, 24]), (1, [24, 1, 24])] {
            let grid = Grid::two_thirds(points, [1.0, 2.0, 1.0]);
            let fields = field::<f64>(&config, grid);
            let mut energy = 0.0;
            for (mode, _) in fields.owned_modes() {
                let (u, k) = (velocity(&fields, mode).unwrap(), grid.wavevector(mode));
                let divergence: Complex<f64> = u.iter().zip(k).map(|(u, k)| u * k).sum();
                assert!(u[axis].norm() == 0.0 && divergence.norm() < 1e-14, "{mode:?}: {u:?}");
                let square: f64 = u.iter().map(|u| u.norm_sqr()).sum();
                energy += 0.5 * Modes::weight(mode[0]) * square;
            }
            assert!((energy - 6.0).abs() < 1e-6, "{energy}");
        }
        let found = problems(&config, Grid::two_thirds([24; 3], [1.0; 3]));
        assert!(found.contains("initial.plane: is true, which needs a grid"), "{found}");
    }

    #[test]
    fn the_same_modes_on_every_grid_of_a_box() {
        for lengths in [[1.0; 3], [1.0, 2.0, 0.75]] {
            let small = field::<f64>(FIELD, Grid::two_thirds([32; 3], lengths));
            let large = field::<f64>(FIELD, Grid::two_thirds([48, 64, 32], lengths));
            for (mode, _) in small.owned_modes() {
                assert_eq!(velocity(&small, mode), velocity(&large, mode), "{mode:?}");
            }
        }
    }

    #[test]
    fn the_seed_changes_every_mode() {
        let grid = Grid::two_thirds([12; 3], [1.0; 3]);
        let (a, b) = (field::<f64>(FIELD, grid), field::<f64>(&FIELD.replace('5', "6"), grid));
        for (mode, _) in a.owned_modes().filter(|(mode, _)| *mode != [0; 3]) {
            assert_ne!(velocity(&a, mode), velocity(&b, mode));
        }
    }

    /// <û_i û_j*> must be a^2/2 (delta_ij - k_i k_j / k^2): averaged over a shell, every component
    /// holds a third of the energy and the components are uncorrelated.
    #[test]
    fn shells_are_isotropic_within_the_sampling_error() {
        let grid = Grid::two_thirds([48; 3], [1.0; 3]);
        let fields = field::<f64>(&FIELD.replace("peak = 2", "peak = 10"), grid);
        let shells = Shells::new(grid);
        let samples: Vec<_> = fields
            .owned_modes()
            .filter(|&(mode, _)| mode[0] > 0 && shells.of_mode(mode) < grid.cutoff[0])
            .filter_map(|(mode, _)| velocity(&fields, mode))
            .collect();
        // |û_i û_j| / |û|^2 is at most 1, and its standard deviation below 1/2.
        let error = 4.0 * 0.5 / (samples.len() as f64).sqrt();
        for (i, j) in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)] {
            let sum: f64 = samples
                .iter()
                .map(|u| (u[i] * u[j].conj()).re / u.iter().map(|u| u.norm_sqr()).sum::<f64>())
                .sum();
            let found = sum / samples.len() as f64;
            let expected = if i == j { 1.0 / 3.0 } else { 0.0 };
            assert!((found - expected).abs() < error, "{i}{j}: {found} +- {error}");
        }
    }

    #[test]
    fn exactly_one_of_energy_and_velocity() {
        let grid = Grid::two_thirds([32; 3], [1.0; 3]);
        let neither = problems(&FIELD.replace("velocity = 2", ""), grid);
        assert!(neither.contains("initial.energy: is missing"), "{neither}");
        let both = problems(&FIELD.replace("velocity = 2", "velocity = 2\nenergy = 1"), grid);
        assert!(both.contains("initial.velocity: is one too many"), "{both}");
        let negative = problems(&FIELD.replace("= 2\ns", "= -2\ns"), grid);
        assert!(negative.contains("initial.velocity: is -2"), "{negative}");
    }

    #[test]
    fn a_spectrum_that_misses_the_box_is_an_error() {
        let build = |spectrum| {
            let field =
                RandomField { seed: 0, spectrum, energy: Some(1.0), velocity: None, plane: false };
            let grid = Grid::two_thirds([32; 3], [1.0; 3]);
            field.build(&grid, &Communicator::serial()).err().unwrap().message
        };
        let narrow = build(Spectrum::Exponential { peak: 0.01 });
        assert!(narrow.contains("no energy at any multiple of 1"), "{narrow}");
        let wide = build(Spectrum::Pope { length: 1.0, eta: 1e-12, p0: 2.0 });
        assert!(wide.contains("must stay below 1e7"), "{wide}");
        let spectrum = Spectrum::Exponential { peak: 2.0 };
        let field =
            RandomField { seed: 0, spectrum, energy: Some(1.0), velocity: None, plane: false };
        let plate = Grid::two_thirds([32; 3], [1e4, 1e4, 1.0]);
        let many = field.build(&plate, &Communicator::serial()).err().unwrap().message;
        assert!(many.contains("too many to count"), "{many}");
    }
}
