//! Checkpoints: everything a run needs to go on as if it had never stopped, one HDF5 file each.
//!
//! Dataset `/fields/<name>` has shape `[columns][nz]`: the kept modes of a field in the precision
//! of the run, a column being one (ny, nx) with all its nz, the columns in the order of ny, nx
//! inside, and ny and nz counting 0, 1, .. K, -K, .. -1. Neither ranks nor SIMD lanes show; the
//! bundles of a rank are one contiguous block. Root attributes are the fields of [`Header`]; they
//! and every dataset have a checksum.

mod checksum;
mod reader;
mod writer;

use std::collections::BTreeMap;
use std::ops::Range;

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid};
use crate::modes::{Modes, Place};
use crate::parallel::{Communicator, share};
use crate::real::{Precision, Real};

pub use reader::{CheckpointReader, is_checkpoint};
pub use writer::write;

/// Numbers that averages have summed up, by the name of what they are an average of. They are
/// datasets of `/accumulated`, if there are any.
pub type Accumulated = BTreeMap<String, Vec<f64>>;

/// The group of these datasets.
const ACCUMULATED: &str = "accumulated";

/// Version of the format. A program reads its own version and refuses newer ones.
pub const FORMAT: i64 = 1;

/// What a checkpoint holds beside the numbers of the fields.
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
    /// The grid of the fields.
    pub fn grid(&self) -> Grid {
        Grid { points: self.points, lengths: self.lengths, cutoff: self.cutoff }
    }

    /// Shape of every dataset: `[columns, nz]`.
    fn shape(&self) -> [usize; 2] {
        let [kx, ky, kz] = self.cutoff;
        [(2 * ky + 1) * (kx + 1), 2 * kz + 1]
    }

    /// Paths of the fields' datasets.
    fn datasets(&self) -> Vec<String> {
        self.fields.iter().map(|name| format!("fields/{name}")).collect()
    }

    /// A checksum of all of it.
    fn checksum(&self) -> Result<i64, toml::ser::Error> {
        Ok(checksum::of_text(&toml::to_string(self)?))
    }
}

/// Bytes of one field that a rank moves at a time, at least one bundle.
const BATCH_BYTES: usize = 64 << 20;

/// The runs of bundles that a rank moves, one after the other: as many on every rank, the last of
/// them perhaps empty.
fn batches(modes: Modes, owned: Range<usize>, comm: &Communicator) -> Vec<Range<usize>> {
    let each = (BATCH_BYTES / (modes.column_len() * size_of::<f64>())).max(1);
    // Rank 0 has the largest share.
    let count = share(modes.bundles(), 0, comm.size()).len().div_ceil(each);
    let bound = |batch: usize| (owned.start + batch * each).min(owned.end);
    (0..count).map(|batch| bound(batch)..bound(batch + 1)).collect()
}

/// Number of the first column of a bundle; of all columns, for the bundle after the last.
fn first_column(modes: &Modes, bundle: usize) -> usize {
    let (row, part) = (bundle / modes.bundles_along_x(), bundle % modes.bundles_along_x());
    row * (modes.grid.cutoff[0] + 1) + part * modes.lanes
}

/// The places of all modes of `bundles` in the order of the file.
fn places(modes: Modes, bundles: Range<usize>) -> impl Iterator<Item = Place> {
    bundles.flat_map(move |bundle| {
        let lanes = modes.lanes.min(modes.grid.cutoff[0] + 1 - modes.bundle_mode(bundle).0);
        (0..lanes)
            .flat_map(move |lane| (0..modes.rows()).map(move |row| Place { bundle, row, lane }))
    })
}

/// The numbers of a field in `bundles`, in the order and the precision of the file.
fn pack<T: Real>(
    state: &SpectralFields<T>,
    field: usize,
    bundles: Range<usize>,
    precision: Precision,
) -> Vec<Complex<f64>> {
    let rounded = |x: T| match precision {
        Precision::Single => f64::from(x.double() as f32),
        Precision::Double => x.double(),
    };
    let number = |place| {
        let Complex { re, im } = state.at(place, field);
        Complex::new(rounded(re), rounded(im))
    };
    places(state.modes, bundles).map(number).collect()
}

/// The checksum of accumulated numbers.
fn checksum_of_real(numbers: &[f64]) -> i64 {
    let numbers: Vec<_> = numbers.iter().map(|number| Complex::from(*number)).collect();
    checksum::of_numbers(0, &numbers)
}

/// Checksums of the fields from those of the parts. Collective.
fn total(comm: &Communicator, mut checksums: Vec<i64>) -> Vec<i64> {
    comm.sum_integers(&mut checksums);
    checksums
}

#[cfg(test)]
mod tests;
