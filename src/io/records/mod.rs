//! Files of records, such as `spectra.h5`: arrays of numbers, one record an interval, in one file
//! that grows.
//!
//! `/time` and `/step` have an entry for each record, every array is `[record][..]` over its axes,
//! and every axis has its coordinates. The first `/records` of them are there, the rest is room (see
//! `io::growing`). When it is used up, a copy with more room takes the place of the file, so
//! that a record costs the same on average however many there are.
//!
//! A record is the same in the whole file. When a run goes on with other arrays, axes or parameters, the
//! records go on in a further file, see `io::parts`.

mod found;
mod header;

use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, H5Type, Hyperslab, SliceOrIndex};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

use super::growing::{self, GrowingFile};
use super::placed::{self, PIECE};
use super::{Temporary, check_writable, foreign, hdf5_file, parts};
use crate::error::{Error, Result};
use crate::parallel::Communicator;
use crate::variable::Variable;

use found::{Found, count_until, cut, look, open_old};
pub use header::{Array, Axis, Header};

/// Records that there is room for at first; then as many again as there are.
const FIRST_ROOM: u64 = 64;

/// The records of a run. Only rank 0 writes; the others know what a record has.
pub struct RecordsWriter {
    path: PathBuf,
    header: Header,
    /// Records that are there, and that are still to come.
    records: u64,
    left: u64,
    /// The work to be done before the first one. On rank 0.
    cuts: Vec<Cut>,
    /// On rank 0.
    file: Option<GrowingFile>,
}

/// A file from before that is to be cut back to its first records, or removed if none is left.
struct Cut {
    path: PathBuf,
    records: u64,
}

impl RecordsWriter {
    /// Makes ready to create the file, without records; or, if there is one, to go on `after` a step:
    /// then records of later steps are to be cut off, in all its parts. It goes on in a part of its
    /// own when its records are not those of the last one. `left` records are to come. Until
    /// [`Self::begin`] nothing is touched. Collective.
    ///
    /// # Errors
    /// A file is no such file, or cannot be read or written.
    pub fn open(
        comm: &Communicator,
        first: &Path,
        header: &Header,
        after: Option<u64>,
        left: u64,
    ) -> Result<Self> {
        let mut writer = RecordsWriter {
            path: first.to_owned(),
            header: header.clone(),
            records: 0,
            left,
            cuts: Vec::new(),
            file: None,
        };
        let joined = match after.filter(|_| comm.is_root()) {
            Some(step) => writer.join(first, step),
            None => Ok(()),
        };
        comm.agree(joined)?;
        Ok(writer)
    }

    /// Returns whether it goes on with records that are there: those to come are what they are. Collective.
    pub fn is_continued(&self, comm: &Communicator) -> Result<bool> {
        Ok(comm.from_root(|| Ok(vec![u8::from(self.records > 0)]))? == [1])
    }

    /// Makes the files what they are to be. Collective.
    pub fn begin(&mut self, comm: &Communicator) -> Result<()> {
        let mut begin = || {
            for Cut { path, records } in std::mem::take(&mut self.cuts) {
                cut(&path, records)?;
            }
            let old = (self.records > 0).then(|| open_old(&self.path)).transpose()?;
            self.make_room(old)
        };
        comm.agree(if comm.is_root() { begin() } else { Ok(()) })
    }

    /// Returns how many numbers a record has.
    pub fn numbers(&self) -> usize {
        self.header.numbers()
    }

    /// Adds a record, the numbers of one array after the other in C order. Does nothing but on rank
    /// 0, and does not communicate: it is for the caller to pass the result through
    /// [`Communicator::agree`].
    pub fn append(&mut self, step: u64, time: f64, record: &[f64]) -> Result<()> {
        assert_eq!(record.len(), self.numbers(), "numbers for each array");
        let Some(file) = &self.file else { return Ok(()) };
        if self.records == file.layout().capacity {
            self.make_room(Some(open_old(&self.path)?))?;
        }
        let written = self.write(step, time, record);
        written.map_err(|e| Error::io("write", &self.path, e))?;
        self.records += 1;
        self.left = self.left.saturating_sub(1);
        Ok(())
    }

    /// Brings all records to the disk. Does not communicate.
    pub fn sync(&self) -> Result<()> {
        let synced = self.file.as_ref().map_or(Ok(()), GrowingFile::sync);
        synced.map_err(|e| Error::io("write", &self.path, e))
    }

    fn write(&self, step: u64, time: f64, mut record: &[f64]) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        for (index, array) in self.header.arrays.iter().enumerate() {
            let (numbers, rest) = record.split_at(self.header.shape(array).iter().product());
            record = rest;
            file.write((index, self.records), numbers)?;
        }
        file.commit(self.records, step, time)
    }

    /// Looks at the parts that are there, and finds what each is to be cut back to and which one to go
    /// on with.
    fn join(&mut self, first: &Path, step: u64) -> Result<()> {
        check_writable(first)?;
        let mut last = None;
        let present = parts::present(first).map_err(|e| Error::io("look for", first, e))?;
        for (number, path) in present {
            check_writable(&path)?;
            let Found { steps, fits } = look(&path, &self.header)?;
            let kept = count_until(&steps, step);
            if kept > 0 {
                last = Some((number, kept, fits));
            }
            if kept < steps.len() as u64 || kept == 0 {
                self.cuts.push(Cut { path, records: kept });
            }
        }
        let number = match last {
            None => 1,
            Some((number, kept, true)) => {
                self.records = kept;
                number
            }
            Some((number, _, false)) => number + 1,
        };
        self.path = parts::path(first, number);
        Ok(())
    }

    /// Makes the file anew, with room for more records, and with those of the `old` one.
    fn make_room(&mut self, old: Option<File>) -> Result<()> {
        let room = self.left.clamp(1, self.records.max(FIRST_ROOM));
        let temporary = Temporary::new(&self.path);
        let make = || {
            let file = create(temporary.path(), &self.header, self.records + room)?;
            if let Some(old) = old.filter(|_| self.records > 0) {
                let kept = self.records as usize;
                copy::<i64>(&old, &file, "step", kept)?;
                copy::<f64>(&old, &file, "time", kept)?;
                let mut arrays = self.header.arrays.iter();
                arrays
                    .try_for_each(|array| copy::<f64>(&old, &file, &array.variable.name, kept))?;
            }
            file.dataset(growing::COUNT)?.write_raw(&[self.records as i64])?;
            file.close()
        };
        make().map_err(|e| hdf5_file::write_failed(&self.path, e))?;
        temporary.rename()?;
        let names: Vec<_> =
            self.header.arrays.iter().map(|array| array.variable.name.clone()).collect();
        let layout = File::open(&self.path).and_then(|file| growing::layout(&file, &names));
        let layout = layout.map_err(|e| foreign(&self.path, e))?;
        let file = GrowingFile::open(&self.path, layout);
        self.file = Some(file.map_err(|e| Error::io("write", &self.path, e))?);
        Ok(())
    }
}

/// Cuts a file of records, one of its parts, back to those up to `step`, or removes it.
pub(super) fn end_at(path: &Path, step: u64) -> Result<()> {
    let steps = growing::steps(&open_old(path)?).map_err(|e| foreign(path, e))?;
    cut(path, count_until(&steps, step))
}

/// Copies the first `kept` records of a dataset, a few at a time.
fn copy<E: H5Type + Clone>(old: &File, new: &File, name: &str, kept: usize) -> hdf5::Result<()> {
    let (old, new) = (old.dataset(name)?, new.dataset(name)?);
    let shape = old.shape();
    let each = (PIECE / shape[1..].iter().product::<usize>().max(1)).max(1);
    for start in (0..kept).step_by(each) {
        let part = || {
            let records = SliceOrIndex::from(start..kept.min(start + each));
            let whole = shape[1..].iter().map(|&len| SliceOrIndex::from(0..len));
            Hyperslab::new(std::iter::once(records).chain(whole).collect::<Vec<_>>())
        };
        let numbers: ArrayD<E> = old.read_slice::<E, _, IxDyn>(part())?;
        new.write_slice(&ArrayViewD::from(numbers.view()), part())?;
    }
    Ok(())
}

fn create(path: &Path, header: &Header, capacity: u64) -> hdf5::Result<File> {
    let file = hdf5_file::create(path)?;
    hdf5_file::write_fixed_text(&file, "description", &header.description)?;
    hdf5_file::write_fixed_text(&file, "code_version", crate::VERSION)?;
    hdf5_file::write_fixed_text(&file, "config", &header.config)?;
    for (name, number) in &header.attributes {
        hdf5_file::write_number(&file, name, *number)?;
    }
    let time = growing::create_stamps(&file, capacity)?;
    let step = Variable::new("step", "1", "time step number");
    hdf5_file::explain(&file.dataset("step")?, &step)?;
    let mut scales = Vec::new();
    for Axis { variable, coordinates } in &header.axes {
        let name = &variable.name;
        let scale = file.new_dataset_builder().with_data(coordinates).create(name.as_str())?;
        hdf5_file::explain(&scale, variable)?;
        hdf5_file::make_scale(&scale, name)?;
        scales.push((name, scale));
    }
    for array in &header.arrays {
        let shape = [&[capacity as usize], &header.shape(array)[..]].concat();
        let dataset = placed::reserve::<f64>(&file, &array.variable.name, &shape)?;
        hdf5_file::explain(&dataset, &array.variable)?;
        hdf5_file::attach_scale(&dataset, 0, "time", &time)?;
        for (index, &axis) in (1..).zip(&array.axes) {
            let (name, scale): &(&String, Dataset) = &scales[axis];
            hdf5_file::attach_scale(&dataset, index, name, scale)?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
