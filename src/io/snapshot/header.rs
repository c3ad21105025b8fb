//! The contents of a snapshot beside the numbers of the fields.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::grid::{AXES, Region};
use crate::io::hdf5_file;
use crate::real::Precision;
use crate::variable::Variable;

pub(in crate::io) const AXIS_NAMES: [&str; AXES] = ["x", "y", "z"];

/// The contents of a snapshot beside its numbers: needed to read it, or to draw it. Some are those of a
/// checkpoint as well, but each format is a promise of its own, and this one has no checksum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Simulated time.
    pub time: f64,
    /// Time step number.
    pub step: u64,
    /// Points along x, y, z.
    pub points: [usize; AXES],
    /// Box sides along x, y, z in units of 2 pi.
    pub lengths: [f64; AXES],
    /// Numbers of the file.
    pub precision: Precision,
    /// Level of compression from 1 to 9, 0 for none; 0 when read from a file.
    pub compression: u8,
    /// The fields; in alphabetical order and with their names alone when read from a file, for units
    /// and descriptions are for people who open it.
    pub fields: Vec<Variable>,
}

/// The origin of a snapshot, for those who find it later.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// Version of the program.
    pub code_version: String,
    /// The configuration of the run, in TOML.
    pub config: String,
    /// Root attributes of their own, such as ("viscosity", 6.25e-4).
    pub parameters: Vec<(String, f64)>,
}

impl Provenance {
    /// Adds it to a file, with a `description` of what is in it.
    pub(in crate::io) fn write(&self, file: &hdf5::File, description: &str) -> hdf5::Result<()> {
        hdf5_file::write_fixed_text(file, "description", description)?;
        hdf5_file::write_fixed_text(file, "code_version", &self.code_version)?;
        hdf5_file::write_fixed_text(file, "config", &self.config)?;
        let mut parameters = self.parameters.iter();
        parameters.try_for_each(|(name, value)| hdf5_file::write_number(file, name, *value))
    }
}

impl Header {
    /// Shape of every field: `[nz, ny, nx]`.
    pub(super) fn shape(&self) -> [usize; AXES] {
        let [nx, ny, nz] = self.points;
        [nz, ny, nx]
    }

    /// Paths of the fields' datasets.
    pub(super) fn datasets(&self) -> Vec<String> {
        self.fields.iter().map(|field| format!("fields/{}", field.name)).collect()
    }
}

/// The ranges of a region along the axes of a dataset.
pub(super) fn in_file(region: &Region) -> [Range<usize>; AXES] {
    let [x, y, z] = region.ranges.clone();
    [z, y, x]
}
