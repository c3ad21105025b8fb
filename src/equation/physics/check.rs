//! What can be wrong with `[physics]`.

use super::{BUOYANCY, Kind, MAGNETIC, Magnetic, Physics, Scalar, Stratification, VELOCITY};
use crate::forcing;
use crate::grid::Grid;
use crate::integrator::PowerLaw;
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
            _ => {}
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

/// Notes what is wrong with the hyperviscosity and drag in the table at `path`.
fn check_power_laws(path: &str, [hyper, drag]: &[Option<PowerLaw>; 2], problems: &mut Problems) {
    for (name, law) in [("hyper", hyper), ("drag", drag)] {
        if let Some(PowerLaw { coefficient, order }) = law {
            problems.require_not_negative(&format!("{path}.{name}.coefficient"), *coefficient);
            problems.require_not_negative(&format!("{path}.{name}.order"), *order);
        }
    }
}
