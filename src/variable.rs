//! The name, unit and description of a number in a file.

use serde::{Deserialize, Serialize};

/// A field, a quantity or a coordinate as files and messages name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name, such as `kinetic_energy`.
    pub name: String,
    /// Its unit, such as `L^2/T^2`; `1` for a pure number, empty when it is not known.
    pub unit: String,
    /// A description in words; empty when it is not known.
    pub description: String,
}

impl Variable {
    /// A variable with this name, unit and description.
    pub fn new(
        name: impl Into<String>,
        unit: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Variable { name: name.into(), unit: unit.into(), description: description.into() }
    }

    /// A variable of which only the name is known, as it is of one that was read from a file.
    pub fn named(name: impl Into<String>) -> Self {
        Variable { name: name.into(), ..Variable::default() }
    }
}
