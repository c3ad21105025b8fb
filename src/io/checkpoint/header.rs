//! The contents of a checkpoint beside the numbers of the fields.

use std::collections::BTreeMap;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::checksum;
use crate::grid::{AXES, Grid, Truncation};
use crate::parallel::Communicator;
use crate::real::Precision;

/// Numbers that averages have summed up, by the name of what they are an average of. They are
/// datasets of `/accumulated`, if there are any.
pub type Accumulated = BTreeMap<String, Vec<f64>>;

/// The group of these datasets.
pub(super) const ACCUMULATED: &str = "accumulated";

/// Version of the format. A program reads its own version and refuses newer ones.
pub const FORMAT: i64 = 1;

/// The contents of a checkpoint beside the numbers of the fields.
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
    /// Largest kept mode number along x, y, z.
    pub cutoff: [usize; AXES],
    /// Numbers of the fields.
    pub precision: Precision,
    /// Names of the fields, in the order of the state.
    pub fields: Vec<String>,
    /// Version of the program that wrote it.
    pub code_version: String,
    /// The configuration of the run, in TOML.
    pub config: String,
    /// All else that the run remembers, in TOML.
    pub run_state: String,
}

impl Header {
    /// The grid of the fields. A file has all modes up to the cutoff, zero where they are not kept.
    pub fn grid(&self) -> Grid {
        let Header { points, lengths, cutoff, .. } = *self;
        Grid { points, lengths, cutoff, truncation: Truncation::Box }
    }

    /// Shape of every dataset: `[columns, nz]`.
    pub(super) fn shape(&self) -> [usize; 2] {
        let [kx, ky, kz] = self.cutoff;
        [(2 * ky + 1) * (kx + 1), 2 * kz + 1]
    }

    /// Paths of the fields' datasets.
    pub(super) fn datasets(&self) -> Vec<String> {
        self.fields.iter().map(|name| format!("fields/{name}")).collect()
    }

    /// A checksum of all of it.
    pub(super) fn checksum(&self) -> Result<i64, toml::ser::Error> {
        Ok(checksum::of_text(&toml::to_string(self)?))
    }
}

/// The checksum of accumulated numbers.
pub(super) fn checksum_of_real(numbers: &[f64]) -> i64 {
    let numbers: Vec<_> = numbers.iter().map(|number| Complex::from(*number)).collect();
    checksum::of_numbers(0, &numbers)
}

/// Checksums of the fields from those of the parts. Collective.
pub(super) fn total(comm: &Communicator, mut checksums: Vec<i64>) -> Vec<i64> {
    comm.sum_integers(&mut checksums);
    checksums
}
