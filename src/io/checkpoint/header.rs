//! The contents of a checkpoint beside the numbers of the fields.

use std::collections::BTreeMap;

use hdf5::File;
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::checksum;
use crate::grid::{AXES, Grid, Truncation};
use crate::io::hdf5_file;
use crate::parallel::Communicator;
use crate::real::Precision;

/// Numbers by the name of what they are of, such as an average that has summed them up. They are datasets
/// of a group, if there are any.
pub type Accumulated = BTreeMap<String, Vec<f64>>;

/// The numbers of a checkpoint that are of no field. Rank 0 has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// What averages have summed up, by the name of the average.
    pub accumulated: Accumulated,
    /// Positions `[particle][component]`, by the name of the set.
    pub particles: Accumulated,
    /// What the scheme of the particles remembers of the last steps, by the name of the set.
    pub past: Accumulated,
}

impl Parts {
    /// The groups, each with its datasets.
    pub(super) fn groups(&self) -> [(&'static str, &Accumulated); 3] {
        [(ACCUMULATED, &self.accumulated), (PARTICLES, &self.particles), (PAST, &self.past)]
    }
}

/// The groups of these datasets.
pub(super) const ACCUMULATED: &str = "accumulated";
pub(super) const PARTICLES: &str = "particles";
pub(super) const PAST: &str = "particles_past";

/// Version of the format. A program reads its own version and refuses newer ones.
pub const FORMAT: i64 = 1;

/// The attribute with the version, which nothing but a checkpoint has.
pub(super) const FORMAT_ATTRIBUTE: &str = "checkpoint_format";

const DESCRIPTION: &str = "\
State of a direct numerical simulation, from which dns-solver continues. Each dataset of /fields \
holds the Fourier coefficients u_hat(k) of one field, u(x) = sum u_hat(k) exp(i k.x), as \
[column][nz] with column = iy * (cutoff[0] + 1) + nx; iy and the second index count the mode \
numbers 0, 1, .. K, -K, .. -1; modes with nx < 0 follow from u_hat(-k) = conj u_hat(k).";

/// The contents of a checkpoint beside the numbers of the fields. Each is an attribute, which
/// `write` and `read` know.
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
    /// Makes it attributes of a file, with their checksum.
    pub(super) fn write(&self, file: &File) -> hdf5::Result<()> {
        hdf5_file::write_number(file, FORMAT_ATTRIBUTE, FORMAT)?;
        hdf5_file::write_fixed_text(file, "description", DESCRIPTION)?;
        hdf5_file::write_number(file, "time", self.time)?;
        hdf5_file::write_number(file, "step", self.step as i64)?;
        hdf5_file::write_numbers(file, "points", &self.points.map(|n| n as i64))?;
        hdf5_file::write_numbers(file, "lengths", &self.lengths)?;
        hdf5_file::write_numbers(file, "cutoff", &self.cutoff.map(|n| n as i64))?;
        hdf5_file::write_fixed_text(file, "field_names", &self.fields.join(" "))?;
        hdf5_file::write_fixed_text(file, "code_version", &self.code_version)?;
        hdf5_file::write_fixed_text(file, "config", &self.config)?;
        hdf5_file::write_fixed_text(file, "run_state", &self.run_state)?;
        let checksum = self.checksum().map_err(|e| e.to_string())?;
        hdf5_file::write_number(file, "checksum", checksum)
    }

    /// Reads it from a file, and compares the checksum. Needs one rank only.
    ///
    /// # Errors
    /// The end of a sentence that says what is wrong with the file.
    pub(super) fn read(file: &File) -> Result<Self, String> {
        let format = hdf5_file::read_number::<i64>(file, FORMAT_ATTRIBUTE)
            .map_err(|_| "it is not a checkpoint of this program")?;
        if format != FORMAT {
            return Err(format!(
                "it has format {format}, and this program reads format {FORMAT}; use the version \
                 of the program that wrote it, or a newer one"
            ));
        }
        let (header, checksum) = Self::read_attributes(file).map_err(damaged)?;
        if header.checksum().ok() != Some(checksum) {
            return Err(damaged("its attributes miss their checksum"));
        }
        Ok(header)
    }

    /// Reads what [`Self::write`] wrote: the header, and the checksum that it should have.
    fn read_attributes(file: &File) -> hdf5::Result<(Self, i64)> {
        let triple = |name| -> hdf5::Result<[usize; AXES]> {
            Ok(hdf5_file::read_triple::<i64>(file, name)?.map(|n| n as usize))
        };
        let names = hdf5_file::read_fixed_text(file, "field_names")?;
        let mut header = Header {
            time: hdf5_file::read_number(file, "time")?,
            step: hdf5_file::read_number::<i64>(file, "step")? as u64,
            points: triple("points")?,
            lengths: hdf5_file::read_triple(file, "lengths")?,
            cutoff: triple("cutoff")?,
            precision: Precision::Double,
            fields: names.split_whitespace().map(str::to_string).collect(),
            code_version: hdf5_file::read_fixed_text(file, "code_version")?,
            config: hdf5_file::read_fixed_text(file, "config")?,
            run_state: hdf5_file::read_fixed_text(file, "run_state")?,
        };
        // The precision is that of the numbers.
        for name in header.datasets() {
            let number = file.dataset(&name)?.dtype()?;
            header.precision = if number.is::<Complex<f64>>() {
                Precision::Double
            } else if number.is::<Complex<f32>>() {
                Precision::Single
            } else {
                return Err(format!("{name} is not of complex numbers").into());
            };
        }
        Ok((header, hdf5_file::read_number(file, "checksum")?))
    }

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

/// The end of a sentence about a file whose contents are wrong.
pub(super) fn damaged(cause: impl std::fmt::Display) -> String {
    format!("it is damaged: {cause}")
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
