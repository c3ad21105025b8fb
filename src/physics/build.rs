//! The equation and the forces of a [`Physics`].

use super::Physics;
use crate::equation::{self, Coupled, Equation, Formulas, Mhd, NavierStokes, Scalar};
use crate::forcing::{self, Force, Forcing, ForcingTerm};
use crate::grid::{AXES, Grid};
use crate::integrator::{Damping, PowerLaw};
use crate::modes::Modes;
use crate::real::Real;

impl Physics {
    fn damping(
        &self,
        diffusivity: Option<f64>,
        number: Option<f64>,
        hyper: Option<PowerLaw>,
        drag: Option<PowerLaw>,
    ) -> Damping {
        let diffusivity = diffusivity.or(number.map(|n| self.viscosity / n)).unwrap_or_default();
        Damping { diffusivity, hyper, drag }
    }

    /// Damping of the velocity.
    pub fn velocity_damping(&self) -> Damping {
        self.damping(Some(self.viscosity), None, self.hyper, self.drag)
    }

    /// Damping of the magnetic field, if there is one.
    pub fn magnetic_damping(&self) -> Option<Damping> {
        self.magnetic.map(|m| self.damping(m.diffusivity, m.prandtl, m.hyper, m.drag))
    }

    /// The scalars of the equations, the stratification's first.
    pub fn scalar_formulas(&self) -> Vec<Scalar> {
        let stratification = self.stratification.map(|s| {
            let mut upwards = [0.0; AXES];
            upwards[s.vertical as usize] = s.frequency;
            Scalar {
                damping: self.damping(s.diffusivity, s.prandtl, s.hyper, s.drag),
                gradient: upwards,
                buoyancy: upwards,
            }
        });
        let passive = self.scalars.iter().map(|s| Scalar {
            damping: self.damping(s.diffusivity, s.schmidt, s.hyper, s.drag),
            gradient: s.gradient,
            buoyancy: [0.0; AXES],
        });
        stratification.into_iter().chain(passive).collect()
    }

    /// A bound on the frequency of inertial and gravity waves in a fluid at rest, as it enters the
    /// Courant number: 3 / (2 pi) times (4 Omega^2 + N^2)^(1/2).
    pub fn wave_frequency(&self) -> f64 {
        let vorticity = self.rotation.iter().map(|omega| 4.0 * omega * omega).sum::<f64>();
        let buoyancy = self.stratification.as_ref().map_or(0.0, |s| s.frequency);
        (vorticity + buoyancy * buoyancy).sqrt() * 3.0 / std::f64::consts::TAU
    }

    /// The equation, ready to run on a layout.
    pub fn build_equation<T: Real>(&self, modes: &Modes) -> Box<dyn Equation<T>> {
        let flow = NavierStokes { damping: self.velocity_damping() };
        let mhd = self.magnetic_damping().map(|damping| Mhd { flow, damping });
        // The plain equations stay as lean as they are.
        match (mhd, self.is_coupled()) {
            (None, false) => equation::run(flow, modes),
            (None, true) => equation::run(self.couple(flow), modes),
            (Some(mhd), false) => equation::run(mhd, modes),
            (Some(mhd), true) => equation::run(self.couple(mhd), modes),
        }
    }

    /// Adds rotation, stratification and scalars to the equations of a flow.
    fn couple<F: Formulas>(&self, flow: F) -> Coupled<F> {
        Coupled::new(flow, self.rotation, self.scalar_formulas(), self.wave_frequency())
    }

    /// All forces of a run, that of the velocity first: `velocity` and `magnetic` act on these
    /// fields, and each scalar may have its own.
    pub fn build_forces(
        &self,
        velocity: &Forcing,
        magnetic: &Forcing,
        grid: &Grid,
    ) -> Vec<ForcingTerm> {
        let mut terms = Vec::new();
        let mut add = |name: &str, fields, force: Option<Box<dyn Force>>| {
            terms.extend(force.map(|force| ForcingTerm { name: name.into(), fields, force }));
        };
        add(forcing::VELOCITY, 0..AXES, velocity.build(grid));
        if let Some(fields) = self.magnetic_fields() {
            add(forcing::MAGNETIC, fields, magnetic.build(grid));
        }
        for (field, scalar) in (self.first_scalar()..).zip(&self.scalars) {
            add(&scalar.name, field..field + 1, scalar.forcing.map(|forcing| forcing.build()));
        }
        terms
    }
}
