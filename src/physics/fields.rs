//! The fields of a state: where each is, and its name, unit and description.

use std::ops::Range;

use super::Physics;
use crate::grid::AXES;

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
pub(super) const VELOCITY: [&str; AXES] = ["u", "v", "w"];
pub(super) const MAGNETIC: [&str; AXES] = ["bx", "by", "bz"];
pub(super) const BUOYANCY: &str = "theta";

impl Physics {
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
