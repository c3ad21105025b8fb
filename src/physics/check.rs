//! Checks of `[physics]`.

use super::fields::{BUOYANCY, MAGNETIC, VELOCITY};
use super::{Kind, Magnetic, Physics, Scalar, Stratification};
use crate::forcing;
use crate::grid::{AXES, Grid};
use crate::integrator::{Damping, PowerLaw};
use crate::problems::Problems;

impl Physics {
    /// Adds to `problems` what is wrong with the parameters, or does not fit the grid.
    pub fn check(&self, grid: Option<&Grid>, problems: &mut Problems) {
        problems.require_not_negative("physics.viscosity", self.viscosity);
        check_power_laws("physics", &[self.hyper, self.drag], problems);
        for (axis, omega) in self.rotation.into_iter().enumerate() {
            let path = format!("physics.rotation[{axis}]");
            problems.require(omega.is_finite(), &path, omega, "a finite number");
        }
        match (self.equation, &self.magnetic) {
            (Kind::Mhd, None) => problems.add(
                "physics.magnetic",
                "is missing; equation = \"mhd\" needs magnetic = { diffusivity = .. } or \
                 { prandtl = .. }",
            ),
            (Kind::NavierStokes, Some(_)) => problems.add(
                "physics.magnetic",
                "is there, but equation = \"navier_stokes\" has no magnetic field; set \
                 physics.equation = \"mhd\"",
            ),
            (Kind::Mhd, Some(_)) | (Kind::NavierStokes, None) => {}
        }
        if let Some(Magnetic { diffusivity, prandtl, hyper, drag }) = self.magnetic {
            let given = (diffusivity, prandtl);
            self.check_diffusivity("physics.magnetic", "prandtl", given, problems);
            check_power_laws("physics.magnetic", &[hyper, drag], problems);
        }
        if let Some(stratification) = self.stratification {
            let path = "physics.stratification";
            let Stratification { frequency, diffusivity, prandtl, hyper, drag, .. } =
                stratification;
            problems.require_positive("physics.stratification.frequency", frequency);
            self.check_diffusivity(path, "prandtl", (diffusivity, prandtl), problems);
            check_power_laws(path, &[hyper, drag], problems);
        }
        for (index, scalar) in self.scalars.iter().enumerate() {
            self.check_scalar(index, scalar, grid, problems);
        }
        if let Some(grid) = grid.filter(|_| problems.is_empty()) {
            self.check_rates(grid, problems);
        }
    }

    /// Notes damping that is too fast to be a number.
    fn check_rates(&self, grid: &Grid, problems: &mut Problems) {
        check_rate("physics", "viscosity", self.velocity_damping(), grid, problems);
        if let Some(damping) = self.magnetic_damping() {
            check_rate("physics.magnetic", "diffusivity", damping, grid, problems);
        }
        let stratification = self.stratification.map(|_| "physics.stratification".to_string());
        let scalars = (0..self.scalars.len()).map(|index| format!("physics.scalars[{index}]"));
        let paths = stratification.into_iter().chain(scalars);
        for (path, scalar) in paths.zip(self.scalar_formulas()) {
            check_rate(&path, "diffusivity", scalar.damping, grid, problems);
        }
    }

    fn check_scalar(
        &self,
        index: usize,
        scalar: &Scalar,
        grid: Option<&Grid>,
        problems: &mut Problems,
    ) {
        let path = format!("physics.scalars[{index}]");
        let Scalar { name, diffusivity, schmidt, gradient, hyper, drag, initial, forcing } = scalar;
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(letters);
        let of_axes = ["x", "y", "z"];
        let taken = VELOCITY.iter().chain(&MAGNETIC).chain(&of_axes).chain([
            &BUOYANCY,
            &forcing::VELOCITY,
            &forcing::MAGNETIC,
        ]);
        let earlier = self.scalars[..index].iter().map(|s| s.name.as_str());
        let free = taken.copied().chain(earlier).all(|other| other != name);
        problems.require(
            plain && free,
            &format!("{path}.name"),
            format!("\"{name}\""),
            "lower-case letters, digits and _, and not the name of another field",
        );
        self.check_diffusivity(&path, "schmidt", (*diffusivity, *schmidt), problems);
        for (axis, slope) in gradient.iter().enumerate() {
            let path = format!("{path}.gradient[{axis}]");
            problems.require(slope.is_finite(), &path, slope, "a finite number");
        }
        check_power_laws(&path, &[*hyper, *drag], problems);
        initial.check(&format!("{path}.initial"), grid, problems);
        if let Some(forcing) = forcing {
            forcing.check(&format!("{path}.forcing"), grid, problems);
        }
    }

    /// Notes unless exactly one of a diffusivity and the number that is nu over it is given.
    fn check_diffusivity(
        &self,
        path: &str,
        number: &str,
        given: (Option<f64>, Option<f64>),
        problems: &mut Problems,
    ) {
        match given {
            (Some(diffusivity), None) => {
                problems.require_not_negative(&format!("{path}.diffusivity"), diffusivity);
            }
            (None, Some(value)) => problems.require_positive(&format!("{path}.{number}"), value),
            (None, None) => problems.add(
                format!("{path}.diffusivity"),
                format!("is missing: give diffusivity or {number}"),
            ),
            (Some(_), Some(_)) => problems.add(
                format!("{path}.{number}"),
                format!("is one too many: give diffusivity or {number}"),
            ),
        }
    }
}

/// Damping faster than this cannot be told from an overflow, once it is multiplied with an energy.
const FASTEST: f64 = 1e150;

/// Notes in the table at `path` the parts of a damping that are faster than any number at the smallest
/// or largest wavenumber kept; `diffusivity` is the key of the first of them.
fn check_rate(
    path: &str,
    diffusivity: &str,
    damping: Damping,
    grid: &Grid,
    problems: &mut Problems,
) {
    let kept = (0..AXES).filter(|&axis| grid.cutoff[axis] > 0);
    let smallest = kept.map(|axis| grid.wavenumber(axis, 1).powi(2)).fold(f64::INFINITY, f64::min);
    let largest = grid.wavevector(grid.cutoff.map(|n| n as i64)).iter().map(|k| k * k).sum();
    for (key, rate) in [
        (diffusivity, &(|k_squared| damping.diffusivity * k_squared) as &dyn Fn(f64) -> f64),
        ("hyper", &|k_squared| damping.hyper_rate(k_squared)),
        ("drag", &|k_squared| damping.drag_rate(k_squared)),
    ] {
        let slow = |k_squared: &&f64| rate(**k_squared) <= FASTEST;
        let fast = [smallest, largest].iter().find(|k_squared| !slow(k_squared)).copied();
        // A grid without modes has no smallest wavenumber.
        if let Some(k_squared) = fast.filter(|_| smallest <= largest) {
            let message = format!(
                "damps k = {:e} at a rate of {:e}, which must be at most {FASTEST:e}; take a smaller \
                 coefficient or order, or other grid.lengths",
                k_squared.sqrt(),
                rate(k_squared)
            );
            problems.add(format!("{path}.{key}"), message);
        }
    }
}

/// Notes what is wrong with the hyperviscosity and drag in the table at `path`.
fn check_power_laws(path: &str, [hyper, drag]: &[Option<PowerLaw>; 2], problems: &mut Problems) {
    for (name, law) in [("hyper", hyper), ("drag", drag)] {
        if let Some(PowerLaw { coefficient, order }) = law {
            problems.require_not_negative(&format!("{path}.{name}.coefficient"), *coefficient);
            problems.require_not_negative(&format!("{path}.{name}.order"), *order);
        }
    }
}
