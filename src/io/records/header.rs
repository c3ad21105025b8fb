//! The header of a file of records: its axes, its arrays, and what it says of itself.

use crate::variable::Variable;

/// An axis of the arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The name, unit and description of its coordinates.
    pub variable: Variable,
    /// The coordinates.
    pub coordinates: Vec<f64>,
}

impl Axis {
    /// An axis with these coordinates.
    pub fn new(name: &str, unit: &str, description: &str, coordinates: Vec<f64>) -> Self {
        Axis { variable: Variable::new(name, unit, description), coordinates }
    }
}

/// An array of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// The name, unit and description of its numbers.
    pub variable: Variable,
    /// Its axes after that of the records, as numbers of [`Header::axes`]; none for a number.
    pub axes: Vec<usize>,
}

impl Array {
    /// An array over these axes.
    pub fn new(variable: Variable, axes: &[usize]) -> Self {
        Array { variable, axes: axes.to_vec() }
    }
}

/// The contents of a file of records beside its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// A description of the file in words.
    pub description: String,
    /// The axes.
    pub axes: Vec<Axis>,
    /// The arrays, in the order in which their numbers come.
    pub arrays: Vec<Array>,
    /// Numbers that belong to the whole file, by name.
    pub attributes: Vec<(&'static str, f64)>,
    /// The configuration in TOML.
    pub config: String,
}

impl Header {
    /// Returns how many numbers a record has.
    pub fn numbers(&self) -> usize {
        self.arrays.iter().map(|array| self.shape(array).iter().product::<usize>()).sum()
    }

    /// Shape of an array in one record.
    pub(super) fn shape(&self, array: &Array) -> Vec<usize> {
        array.axes.iter().map(|&axis| self.axes[axis].coordinates.len()).collect()
    }
}
