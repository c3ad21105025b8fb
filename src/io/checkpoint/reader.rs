//! Reading a checkpoint, with all the ways in which that can fail.

use std::ops::Range;
use std::path::Path;

use hdf5::{Dataset, File, H5Type};
use num_complex::Complex;

use super::checksum;
use super::columns::{Columns, windows};
use super::header::{
    ACCUMULATED, Accumulated, FORMAT_ATTRIBUTE, Header, PARTICLES, PAST, Parts, checksum_of_real,
    damaged, total,
};
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::io::hdf5_file;
use crate::io::input_file::{InputFile, open_alone};
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::{Real, for_precision};
use crate::transform::decomposition::Decomposition;

/// The name of the file in messages.
const KIND: &str = "checkpoint";

/// A checkpoint being read, on any number of ranks.
pub struct CheckpointReader {
    file: InputFile<Header>,
}

impl CheckpointReader {
    /// Opens a checkpoint and checks all but the numbers. An error says what is wrong with it.
    /// Collective.
    pub fn open(comm: &Communicator, path: &Path) -> Result<Self> {
        let file = InputFile::open(comm, KIND, path, read_header, Header::datasets)?;
        Ok(CheckpointReader { file })
    }

    /// Opens a checkpoint that was written with this header, and reads it again on rank 0. Collective.
    pub(super) fn of_written(comm: &Communicator, path: &Path, header: &Header) -> Result<Self> {
        let header = header.clone();
        let file = InputFile::of_known(comm, KIND, path, header, read_header, Header::datasets);
        Ok(CheckpointReader { file: comm.agree(file)? })
    }

    /// The contents beside the fields.
    pub fn header(&self) -> &Header {
        &self.file.header
    }

    /// The ranks that read it.
    pub fn comm(&self) -> &Communicator {
        &self.file.comm
    }

    /// The error that the checkpoint cannot be used because of `cause`.
    pub fn unusable(&self, cause: impl std::fmt::Display) -> Error {
        self.file.unusable(cause)
    }

    /// The fields on the checkpoint's own grid, their checksums compared. Collective.
    pub fn read<T: Real>(&self) -> Result<SpectralFields<T>> {
        let modes = Modes::new(self.header().grid(), T::LANES);
        let comm = self.comm();
        let bundles = Decomposition { modes, grid: comm.grid() }.bundles_of(comm.rank());
        let mut state = SpectralFields::zeros(modes, bundles, self.header().fields.len());
        let columns = Columns::new(comm, modes);
        let mut found = Found::of(self);
        for field in 0..state.count {
            columns.scatter(&mut state, field, |window| found.read(field, window));
        }
        found.check(Ok(()))?;
        Ok(state)
    }

    /// Reads everything and compares the checksums. Collective.
    pub fn verify(&self) -> Result<()> {
        let mut found = Found::of(self);
        for field in 0..self.header().fields.len() {
            for window in windows(self.comm(), self.header().shape()) {
                if window.rank == self.comm().rank() {
                    found.read(field, window.columns);
                }
            }
        }
        // Those of rank 0 are the only ones.
        let parts = self.read_parts().map(drop);
        found.check(parts)
    }

    /// The numbers that are of no field, on rank 0; nothing on the others. Collective.
    pub fn parts(&self) -> Result<Parts> {
        self.comm().agree(self.read_parts())
    }

    /// As [`Self::parts`], without telling the others what goes wrong.
    fn read_parts(&self) -> Result<Parts> {
        let Some(file) = self.file.file().filter(|_| self.comm().is_root()) else {
            return Ok(Parts::default());
        };
        let read =
            |group, of| read_group(file, group, of).map_err(|cause| self.unusable(damaged(cause)));
        Ok(Parts {
            accumulated: read(ACCUMULATED, "sums")?,
            particles: read(PARTICLES, "positions")?,
            past: read(PAST, "last velocities")?,
        })
    }
}

/// The datasets of a group, which are the `kind` of something; none without the group.
fn read_group(file: &File, group: &str, kind: &str) -> hdf5::Result<Accumulated> {
    if !file.link_exists(group) {
        return Ok(Accumulated::new());
    }
    let group = file.group(group)?;
    let named = group.member_names()?.into_iter().map(|name| {
        let dataset = group.dataset(&name)?;
        let numbers = dataset.read_raw::<f64>()?;
        if hdf5_file::read_number::<i64>(&dataset, "checksum")? != checksum_of_real(&numbers) {
            return Err(format!("the {kind} of {name} miss their checksum").into());
        }
        Ok((name, numbers))
    });
    named.collect()
}

/// The checksums of what a rank has read of the fields, and what went wrong there.
struct Found<'a> {
    reader: &'a CheckpointReader,
    checksums: Vec<i64>,
    failure: hdf5::Result<()>,
}

impl<'a> Found<'a> {
    /// Of nothing so far.
    fn of(reader: &'a CheckpointReader) -> Self {
        Found { reader, checksums: vec![0; reader.header().fields.len()], failure: Ok(()) }
    }

    /// Reads some columns of a field; zeros where that fails.
    fn read(&mut self, field: usize, columns: Range<usize>) -> Vec<Complex<f64>> {
        let header = self.reader.header();
        let [_, rows] = header.shape();
        let (first, count) = (columns.start * rows, columns.len() * rows);
        let read = match self.reader.file.dataset(field) {
            Some(dataset) => for_precision!(header.precision, T => read_as::<T>(dataset, columns)),
            None => Err("is not open on this rank".into()),
        };
        match read {
            Ok(numbers) => {
                let checksum = &mut self.checksums[field];
                *checksum = checksum.wrapping_add(checksum::of_numbers(first, &numbers));
                numbers
            }
            Err(error) => {
                self.failure = Err(error);
                vec![Complex::default(); count]
            }
        }
    }

    /// Compares the checksums with those of the file. What else a rank has found comes after them.
    /// Collective.
    fn check(self, beside: Result<()>) -> Result<()> {
        let InputFile { comm, header, .. } = &self.reader.file;
        let unusable = |e: &dyn std::fmt::Display| self.reader.file.unusable(e);
        // With them the number of ranks that could not read.
        let mut found = [self.checksums, vec![i64::from(self.failure.is_err())]].concat();
        found = total(comm, found);
        let all_read = found.pop() == Some(0);
        let compare = || {
            for (field, (name, found)) in header.fields.iter().zip(found).enumerate() {
                let Some(dataset) = self.reader.file.dataset(field) else { continue };
                let stored = hdf5_file::read_number::<i64>(dataset, "checksum");
                if stored.map_err(|e| unusable(&e))? != found {
                    let cause = damaged(format!("the numbers of {name} miss their checksum"));
                    return Err(unusable(&cause));
                }
            }
            Ok(())
        };
        let fields = match self.failure {
            Err(error) => Err(unusable(&error)),
            Ok(()) if all_read => compare(),
            Ok(()) => Ok(()),
        };
        comm.agree(fields.and(beside))
    }
}

fn read_as<E: Real>(dataset: &Dataset, columns: Range<usize>) -> hdf5::Result<Vec<Complex<f64>>>
where
    Complex<E>: H5Type,
{
    let numbers = hdf5_file::read_block::<Complex<E>>(dataset, &[columns])?;
    Ok(numbers.into_iter().map(|z| Complex::new(z.re.double(), z.im.double())).collect())
}

/// Returns whether a file says that it is a checkpoint, whatever its state. Collective.
pub fn is_checkpoint(comm: &Communicator, path: &Path) -> Result<bool> {
    let answer = comm.from_root(|| {
        let file = open_alone(path).ok();
        Ok(vec![u8::from(file.is_some_and(|file| file.attr(FORMAT_ATTRIBUTE).is_ok()))])
    })?;
    Ok(answer == [1])
}

/// Reads and checks everything but the numbers. Needs one rank only.
fn read_header(path: &Path) -> Result<Header, String> {
    let file = open_alone(path)?;
    let header = Header::read(&file)?;
    // With the attributes known to be right, so are these numbers.
    let shape = header.shape();
    for name in header.datasets() {
        let found = file.dataset(&name).map_err(damaged)?.shape();
        if found != shape {
            return Err(damaged(format!("{name} has shape {found:?} instead of {shape:?}")));
        }
    }
    Ok(header)
}
