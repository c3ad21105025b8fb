//! Files of records that are there when a run goes on.

use std::fs;
use std::path::Path;

use hdf5::File;

use super::header::Header;
use crate::error::{Error, Result};
use crate::io::growing::{self, GrowingFile};
use crate::io::{check_readable, foreign, hdf5_file, parts};

/// A file of records, as it is.
pub(super) struct Found {
    pub(super) steps: Vec<i64>,
    /// True when its records are those that this run writes.
    pub(super) fits: bool,
}

pub(super) fn open_old(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| foreign(path, e))
}

/// Looks at a file of records, beside those that the run is going to write.
pub(super) fn look(path: &Path, header: &Header) -> Result<Found> {
    check_readable(path)?;
    let file = open_old(path)?;
    let read = || Ok(Found { steps: growing::steps(&file)?, fits: fits(&file, header)? });
    read().map_err(|e: hdf5::Error| foreign(path, e))
}

/// Returns whether the records of `file` have the arrays, coordinates and parameters of `header`.
fn fits(file: &File, header: &Header) -> hdf5::Result<bool> {
    let arrays = header.arrays.iter().map(|array| &array.variable.name);
    let stamps = [growing::COUNT, "step", "time"].map(String::from).into_iter();
    let axes = header.axes.iter().map(|axis| &axis.variable.name);
    let mut wanted: Vec<_> = stamps.chain(axes.chain(arrays).cloned()).collect();
    let mut members = file.member_names()?;
    members.sort_unstable();
    wanted.sort_unstable();
    if members != wanted {
        return Ok(false);
    }
    for axis in &header.axes {
        if file.dataset(&axis.variable.name)?.read_raw::<f64>()? != axis.coordinates {
            return Ok(false);
        }
    }
    for array in &header.arrays {
        if file.dataset(&array.variable.name)?.shape()[1..] != header.shape(array) {
            return Ok(false);
        }
    }
    for (name, number) in &header.attributes {
        let same = |found: f64| found.to_bits() == number.to_bits();
        if !hdf5_file::read_number::<f64>(file, name).is_ok_and(same) {
            return Ok(false);
        }
    }
    Ok(parts::same_flow(&hdf5_file::read_fixed_text(file, "config")?, &header.config))
}

/// Counts the records of these `steps` that are of one up to `last`.
pub(super) fn count_until(steps: &[i64], last: u64) -> u64 {
    steps.iter().take_while(|step| **step <= last as i64).count() as u64
}

/// Cuts a file back to its first `records`, and removes it if there are none.
pub(super) fn cut(path: &Path, records: u64) -> Result<()> {
    let failed = |e| Error::io("cut back", path, e);
    if records == 0 {
        return fs::remove_file(path).map_err(failed);
    }
    let layout = growing::layout(&open_old(path)?, &[]).map_err(|e| foreign(path, e))?;
    GrowingFile::open(path, layout).and_then(|mut file| file.cut(records)).map_err(failed)
}
