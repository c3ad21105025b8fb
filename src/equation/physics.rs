//! `[physics]`: which equation is solved, with which terms and coefficients, and which fields that
//! makes. The options combine freely.

mod check;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::coupled;
use crate::forcing::ScalarForcing;
use crate::grid::AXES;
use crate::initial::ScalarField;
use crate::integrator::{Damping, PowerLaw};

/// `[physics]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Physics {
    /// The equation.
    pub equation: Kind,
    /// Kinematic viscosity nu, 0 or more.
    pub viscosity: f64,
    /// Hyperviscosity: the velocity is damped at the rate coefficient k^(2 order) as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// Large-scale drag: the velocity is damped at the rate coefficient k^(-2 order) as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
    /// Omega, the angular velocity of the frame.
    pub rotation: [f64; AXES],
    /// `[physics.magnetic]`, of `mhd` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magnetic: Option<Magnetic>,
    /// `[physics.stratification]`, if the fluid is stratified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stratification: Option<Stratification>,
    /// `[[physics.scalars]]`: passive scalars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scalars: Vec<Scalar>,
}

/// The equations there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Incompressible Navier-Stokes.
    #[default]
    NavierStokes,
    /// Incompressible magnetohydrodynamics.
    Mhd,
}

/// `[physics.magnetic]`: how the magnetic field is damped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Magnetic {
    /// Magnetic diffusivity eta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusivity: Option<f64>,
    /// Or: the magnetic Prandtl number nu / eta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prandtl: Option<f64>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
}

/// `[physics.stratification]`: a stable linear stratification.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stratification {
    /// Buoyancy frequency N.
    pub frequency: f64,
    /// The axis that points up.
    #[serde(default)]
    pub vertical: Axis,
    /// Diffusivity of the buoyancy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusivity: Option<f64>,
    /// Or: the Prandtl number nu / diffusivity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prandtl: Option<f64>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
}

/// An axis of the box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// x
    X,
    /// y
    Y,
    /// z
    #[default]
    Z,
}

/// One of `[[physics.scalars]]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scalar {
    /// Its name in files: lower-case letters, digits and `_`.
    pub name: String,
    /// Diffusivity kappa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diffusivity: Option<f64>,
    /// Or: the Schmidt number nu / kappa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schmidt: Option<f64>,
    /// The gradient of its mean.
    #[serde(default)]
    pub gradient: [f64; AXES],
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper: Option<PowerLaw>,
    /// As that of the velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drag: Option<PowerLaw>,
    /// What it starts from; zero when left out.
    #[serde(default)]
    pub initial: ScalarField,
    /// What keeps its variance up, beside the gradient of its mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forcing: Option<ScalarForcing>,
}

/// One field of the state, as files name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// What it is, in words.
    pub description: String,
}

/// The velocity and magnetic components, and the stratification's scalar, by name.
const VELOCITY: [&str; AXES] = ["u", "v", "w"];
const MAGNETIC: [&str; AXES] = ["bx", "by", "bz"];
const BUOYANCY: &str = "theta";

impl Physics {
    /// Navier-Stokes and nothing else.
    pub fn navier_stokes(viscosity: f64) -> Self {
        Physics { viscosity, ..Physics::default() }
    }

    /// Whether there is more than the plain equations.
    pub fn is_coupled(&self) -> bool {
        self.rotation != [0.0; AXES] || self.stratification.is_some() || !self.scalars.is_empty()
    }

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
    pub fn scalar_formulas(&self) -> Vec<coupled::Scalar> {
        let stratification = self.stratification.map(|s| {
            let mut upwards = [0.0; AXES];
            upwards[s.vertical as usize] = s.frequency;
            coupled::Scalar {
                damping: self.damping(s.diffusivity, s.prandtl, s.hyper, s.drag),
                gradient: upwards,
                buoyancy: upwards,
            }
        });
        let passive = self.scalars.iter().map(|s| coupled::Scalar {
            damping: self.damping(s.diffusivity, s.schmidt, s.hyper, s.drag),
            gradient: s.gradient,
            buoyancy: [0.0; AXES],
        });
        stratification.into_iter().chain(passive).collect()
    }

    /// Where the magnetic field is among the fields.
    pub fn magnetic_fields(&self) -> Option<Range<usize>> {
        self.magnetic.map(|_| AXES..2 * AXES)
    }

    /// Where the stratification's scalar is among the fields.
    pub fn buoyancy_field(&self) -> Option<usize> {
        self.stratification.map(|_| self.magnetic_fields().map_or(AXES, |fields| fields.end))
    }

    /// Where the first passive scalar is among the fields.
    pub fn first_scalar(&self) -> usize {
        let vectors = self.magnetic_fields().map_or(AXES, |fields| fields.end);
        vectors + usize::from(self.stratification.is_some())
    }

    /// The fields of each vector and scalar of the state, in order.
    pub fn vectors_and_scalars(&self) -> Vec<Range<usize>> {
        let first_scalar = self.buoyancy_field().unwrap_or(self.first_scalar());
        let scalars = first_scalar..self.first_scalar() + self.scalars.len();
        std::iter::once(0..AXES)
            .chain(self.magnetic_fields())
            .chain(scalars.map(|field| field..field + 1))
            .collect()
    }

    /// The fields of the state, in order.
    pub fn fields(&self) -> Vec<Field> {
        let vector = |names: [&str; AXES], of: &str| {
            let of = of.to_string();
            names
                .into_iter()
                .zip(["x", "y", "z"])
                .map(move |(name, axis)| Field {
                    name: name.into(),
                    unit: "L/T",
                    description: format!("{of} along {axis}"),
                })
                .collect::<Vec<_>>()
        };
        let mut fields = vector(VELOCITY, "velocity");
        if self.magnetic.is_some() {
            fields.extend(vector(MAGNETIC, "magnetic field, in units of the Alfven speed,"));
        }
        if self.stratification.is_some() {
            fields.push(Field {
                name: BUOYANCY.into(),
                unit: "L/T",
                description: "buoyancy divided by the buoyancy frequency".into(),
            });
        }
        fields.extend(self.scalars.iter().map(|scalar| Field {
            name: scalar.name.clone(),
            unit: "1",
            description: format!("scalar {}", scalar.name),
        }));
        fields
    }
}
