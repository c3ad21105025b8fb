//! The energies and variances of a flow: sums of squares of some of its fields.

use std::ops::Range;

use crate::grid::AXES;
use crate::physics::Physics;
use crate::sums::{Term, Weight};

/// `factor` times the sum of the squares of `fields`.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// Its name in the history.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// 1/2 for an energy, 1 for a variance.
    pub factor: f64,
    /// True when that of the mean is part of it.
    pub includes_mean: bool,
    /// Its fields.
    pub fields: Range<usize>,
}

impl Energy {
    /// What it has at a mode.
    pub fn term(&self) -> Term {
        let weight = if self.includes_mean { Weight::One } else { Weight::Fluctuations };
        Term::norm(self.fields.clone()).weighted(weight).times(self.factor)
    }
}

/// The kinetic, magnetic and potential energy and the variances of scalars, as far as there are any.
pub fn energies(physics: &Physics) -> Vec<Energy> {
    let energy = |name: &str, fields| Energy {
        name: name.into(),
        unit: "L^2/T^2",
        factor: 0.5,
        includes_mean: true,
        fields,
    };
    let mut energies = vec![energy("kinetic_energy", 0..AXES)];
    energies.extend(physics.magnetic_fields().map(|fields| energy("magnetic_energy", fields)));
    let buoyancy = physics.buoyancy_field();
    energies.extend(buoyancy.map(|field| energy("potential_energy", field..field + 1)));
    energies.extend((physics.first_scalar()..).zip(&physics.scalars).map(|(field, scalar)| {
        Energy {
            name: format!("{}_variance", scalar.name),
            unit: "1",
            factor: 1.0,
            includes_mean: false,
            fields: field..field + 1,
        }
    }));
    energies
}
