//! The fields of a state: where each is, and its name, unit and description.

use std::ops::Range;

use super::Physics;
use crate::grid::AXES;
use crate::variable::Variable;

/// The velocity and magnetic components, and the stratification's scalar, by name.
pub(super) const VELOCITY: [&str; AXES] = ["u", "v", "w"];
pub(super) const MAGNETIC: [&str; AXES] = ["bx", "by", "bz"];
pub(super) const BUOYANCY: &str = "theta";

impl Physics {
    /// The place of the magnetic field among the fields.
    pub fn magnetic_fields(&self) -> Option<Range<usize>> {
        self.magnetic.map(|_| AXES..2 * AXES)
    }

    /// The place of the stratification's scalar among the fields.
    pub fn buoyancy_field(&self) -> Option<usize> {
        self.stratification.map(|_| self.magnetic_fields().map_or(AXES, |fields| fields.end))
    }

    /// The place of the first passive scalar among the fields.
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
    pub fn fields(&self) -> Vec<Variable> {
        let vector = |names: [&'static str; AXES], of: &'static str| {
            let axes = names.into_iter().zip(["x", "y", "z"]);
            axes.map(move |(name, axis)| Variable::new(name, "L/T", format!("{of} along {axis}")))
        };
        let mut fields: Vec<_> = vector(VELOCITY, "velocity").collect();
        if self.magnetic.is_some() {
            fields.extend(vector(MAGNETIC, "magnetic field, in units of the Alfven speed,"));
        }
        if self.stratification.is_some() {
            let description = "buoyancy divided by the buoyancy frequency";
            fields.push(Variable::new(BUOYANCY, "L/T", description));
        }
        let scalar = |name: &String| Variable::new(name, "1", format!("scalar {name}"));
        fields.extend(self.scalars.iter().map(|s| scalar(&s.name)));
        fields
    }
}
