//! Files of records, such as `spectra.h5`: arrays of numbers, one record an interval, in one file
//! that grows.
//!
//! `/time` and `/step` have an entry for each record, every array is `[record][..]` over its axes,
//! and every axis has its coordinates. The first `/records` of them are there, the rest is room (see
//! `io::growing`). When it is used up, a copy with more room takes the place of the file, so
//! that a record costs the same on average however many there are.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, H5Type, Hyperslab, SliceOrIndex};
use ndarray::{ArrayD, ArrayViewD, IxDyn, Slice};

use super::growing::{self, GrowingFile};
use super::{Temporary, hdf5_file, placed};
use crate::error::{Error, Result};
use crate::parallel::Communicator;
use crate::real::Precision;

/// Records that there is room for at first; then as many again as there are.
const FIRST_ROOM: u64 = 64;

/// An axis of the arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// Unit of its coordinates.
    pub unit: String,
    /// What they are, in words.
    pub description: String,
    /// The coordinates. Those of a grid with fewer modes are the first of those of one with more.
    pub coordinates: Vec<f64>,
}

impl Axis {
    /// An axis with these coordinates.
    pub fn new(name: &str, unit: &str, description: &str, coordinates: Vec<f64>) -> Self {
        let (name, unit) = (name.into(), unit.into());
        Axis { name, unit, description: description.into(), coordinates }
    }
}

/// An array of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What it is, in words.
    pub description: String,
    /// Its axes after that of the records, as numbers of [`Header::axes`]; none for a number.
    pub axes: Vec<usize>,
}

/// What the file says beside its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// What the file is, in words.
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
    /// How many numbers a record has.
    pub fn numbers(&self) -> usize {
        self.arrays.iter().map(|array| self.shape(array).iter().product::<usize>()).sum()
    }

    /// Shape of an array in one record.
    fn shape(&self, array: &Array) -> Vec<usize> {
        array.axes.iter().map(|&axis| self.axes[axis].coordinates.len()).collect()
    }
}

/// The records of a run. Only rank 0 writes; the others know what a record has.
pub struct RecordsWriter {
    path: PathBuf,
    /// Axes may be longer than those of the run: then earlier records have more.
    header: Header,
    /// Shape of every array in a record of this run.
    shapes: Vec<Vec<usize>>,
    /// Records that are there, and that are still to come.
    records: u64,
    left: u64,
    /// On rank 0.
    file: Option<GrowingFile>,
}

impl RecordsWriter {
    /// Creates the file, without records; or goes on with an existing one `after` a step: records
    /// of later steps are cut off. Axes may have become longer or shorter: what a record does not
    /// have is zero. A missing file is created. `left` records are to come. Collective.
    ///
    /// # Errors
    /// The file is no such file, or has other arrays or coordinates.
    pub fn open(
        comm: &Communicator,
        path: &Path,
        header: &Header,
        after: Option<u64>,
        left: u64,
    ) -> Result<Self> {
        let mut writer = RecordsWriter {
            path: path.to_owned(),
            header: header.clone(),
            shapes: header.arrays.iter().map(|array| header.shape(array)).collect(),
            records: 0,
            left,
            file: None,
        };
        let mut open = || {
            let old = after.filter(|_| path.exists()).map(|step| writer.join(step)).transpose()?;
            writer.make_room(old)
        };
        comm.agree(if comm.is_root() { open() } else { Ok(()) })?;
        Ok(writer)
    }

    /// How many numbers a record has.
    pub fn numbers(&self) -> usize {
        self.shapes.iter().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// Adds a record, the numbers of one array after the other in C order. Does nothing but on rank
    /// 0, and does not communicate: it is for the caller to pass the result through
    /// [`Communicator::agree`].
    pub fn append(&mut self, step: u64, time: f64, record: &[f64]) -> Result<()> {
        assert_eq!(record.len(), self.numbers(), "numbers for each array");
        let Some(file) = &self.file else { return Ok(()) };
        if self.records == file.layout().capacity {
            self.make_room(Some(self.open_old()?))?;
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
        for (index, (array, shape)) in self.header.arrays.iter().zip(&self.shapes).enumerate() {
            let (numbers, rest) = record.split_at(shape.iter().product());
            record = rest;
            let mut whole = ArrayD::<f64>::zeros(self.header.shape(array));
            let mut part =
                whole.slice_each_axis_mut(|axis| Slice::from(..shape[axis.axis.index()]));
            part.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
            let numbers = whole.into_raw_vec_and_offset().0;
            file.write((index, self.records), 0, &numbers, Precision::Double)?;
        }
        file.commit(self.records, step, time)
    }

    fn open_old(&self) -> Result<File> {
        File::open(&self.path).map_err(|e| self.foreign(e.to_string()))
    }

    fn foreign(&self, reason: String) -> Error {
        Error::input(format!(
            "cannot go on with {}: {reason}; move it away to go on with a new one",
            self.path.display()
        ))
    }

    /// Opens the file that is there, counts the records up to `step`, and lengthens the axes to
    /// those that it has.
    fn join(&mut self, step: u64) -> Result<File> {
        let file = self.open_old()?;
        let names = || self.header.axes.iter().map(|axis| &axis.name);
        let read = || -> hdf5::Result<_> {
            let present = |name: &&String| file.link_exists(name);
            let axes = names().filter(present).map(|name| file.dataset(name)?.read_raw::<f64>());
            let axes = axes.collect::<hdf5::Result<Vec<_>>>()?;
            let records = file.dataset(growing::COUNT)?.read_raw::<u64>()?;
            Ok((file.dataset("step")?.read_raw::<i64>()?, records, axes, file.member_names()?))
        };
        let (steps, records, axes, mut members) =
            read().map_err(|e| self.foreign(e.to_string()))?;
        let arrays = self.header.arrays.iter().map(|array| &array.name);
        let stamps = [growing::COUNT, "step", "time"].map(String::from).into_iter();
        let mut wanted: Vec<_> = stamps.chain(names().chain(arrays).cloned()).collect();
        members.sort_unstable();
        wanted.sort_unstable();
        if members != wanted {
            return Err(self.foreign("it has not the arrays that this run writes".into()));
        }
        for (index, found) in axes.iter().enumerate() {
            let axis = &mut self.header.axes[index];
            let both = axis.coordinates.len().min(found.len());
            if axis.coordinates[..both] != found[..both] {
                let reason = format!("its {} is not that of this run", axis.name);
                return Err(self.foreign(reason));
            }
            axis.coordinates.extend(&found[both..]);
        }
        let whole = steps.iter().zip(0..records.first().copied().unwrap_or(0));
        self.records = whole.take_while(|(found, _)| **found <= step as i64).count() as u64;
        Ok(file)
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
                arrays.try_for_each(|array| copy::<f64>(&old, &file, &array.name, kept))?;
            }
            file.dataset(growing::COUNT)?.write_raw(&[self.records as i64])?;
            file.close()
        };
        make().map_err(|e| hdf5_file::write_failed(&self.path, e))?;
        temporary.rename()?;
        let names: Vec<_> = self.header.arrays.iter().map(|array| array.name.clone()).collect();
        let layout = File::open(&self.path).and_then(|file| growing::layout(&file, &names));
        let layout = layout.map_err(|e| self.foreign(e.to_string()))?;
        let file = GrowingFile::open(&self.path, layout);
        self.file = Some(file.map_err(|e| Error::io("write", &self.path, e))?);
        Ok(())
    }
}

/// Copies the first `kept` records of a dataset, which may have longer axes in the new file.
fn copy<E: H5Type + Clone>(old: &File, new: &File, name: &str, kept: usize) -> hdf5::Result<()> {
    let (old, new) = (old.dataset(name)?, new.dataset(name)?);
    let first = |mut shape: Vec<usize>| {
        shape[0] = kept;
        let ranges = shape.iter().map(|&len| SliceOrIndex::from(0..len));
        Hyperslab::new(ranges.collect::<Vec<_>>())
    };
    let numbers: ArrayD<E> = old.read_slice::<E, _, IxDyn>(first(old.shape()))?;
    new.write_slice(&ArrayViewD::from(numbers.view()), first(old.shape()))
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
    hdf5_file::explain(&file.dataset("step")?, "1", "time step number")?;
    let mut scales = Vec::new();
    for Axis { name, unit, description, coordinates } in &header.axes {
        let scale = file.new_dataset_builder().with_data(coordinates).create(name.as_str())?;
        hdf5_file::explain(&scale, unit, description)?;
        hdf5_file::make_scale(&scale, name)?;
        scales.push((name, scale));
    }
    for array in &header.arrays {
        let shape = [&[capacity as usize], &header.shape(array)[..]].concat();
        let dataset = placed::reserve::<f64>(&file, &array.name, &shape)?;
        hdf5_file::explain(&dataset, &array.unit, &array.description)?;
        hdf5_file::attach_scale(&dataset, 0, "time", &time)?;
        for (index, &axis) in (1..).zip(&array.axes) {
            let (name, scale): &(&String, Dataset) = &scales[axis];
            hdf5_file::attach_scale(&dataset, index, name, scale)?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// An array over `k`, a table over `k` and `n`, and a number.
    fn header(k: usize) -> Header {
        let axis = |name: &str, coordinates| Axis {
            name: name.into(),
            unit: "1".into(),
            description: format!("axis {name}"),
            coordinates,
        };
        let array = |name: &str, axes: &[usize]| Array {
            name: name.into(),
            unit: "L^3/T^2".into(),
            description: format!("array {name}"),
            axes: axes.into(),
        };
        Header {
            description: "test".into(),
            axes: vec![
                axis("k", (0..k).map(|k| 0.5 * k as f64).collect()),
                axis("n", vec![1.0, 3.0]),
            ],
            arrays: vec![array("a", &[0]), array("b", &[0, 1]), array("c", &[])],
            attributes: vec![("viscosity", 0.01)],
            config: "# e\n".repeat(30_000),
        }
    }

    /// A record full of one number.
    fn record(k: usize, number: f64) -> Vec<f64> {
        [vec![number; k], vec![-number; 2 * k], vec![number]].concat()
    }

    /// Steps, wavenumbers, and the arrays.
    fn read(path: &Path) -> (Vec<i64>, Vec<f64>, [Vec<f64>; 3]) {
        let file = File::open(path).unwrap();
        let numbers = |name: &str| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
        let records = numbers("records")[0] as usize;
        let whole = |name: &str| {
            let each = file.dataset(name).unwrap().shape()[1..].iter().product::<usize>();
            numbers(name)[..records * each].to_vec()
        };
        let steps = whole("step").iter().map(|step| *step as i64).collect();
        (steps, numbers("k"), ["a", "b", "c"].map(whole))
    }

    #[test]
    fn records_are_added_cut_off_and_grow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("records.h5");
        let serial = Communicator::serial();
        // Room for two at first, then for another one.
        let open = |k, after| RecordsWriter::open(&serial, &path, &header(k), after, 2).unwrap();
        let mut writer = open(2, None);
        assert_eq!(read(&path), (vec![], vec![0.0, 0.5], [vec![], vec![], vec![]]));
        for step in 0..3 {
            writer.append(10 * step, step as f64, &record(2, step as f64)).unwrap();
        }
        assert_eq!(read(&path).0, [0, 10, 20]);
        assert_eq!(read(&path).2[0], [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
        // On a finer grid from step 19 on, then on a coarser one.
        open(3, Some(19)).append(25, 7.0, &record(3, 7.0)).unwrap();
        open(2, Some(25)).append(30, 9.0, &record(2, 9.0)).unwrap();
        let (steps, k, [a, b, c]) = read(&path);
        assert_eq!((steps, k), (vec![0, 10, 25, 30], vec![0.0, 0.5, 1.0]));
        assert_eq!(a, [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 7.0, 7.0, 7.0, 9.0, 9.0, 0.0]);
        assert_eq!(b[6..12], [-1.0, -1.0, -1.0, -1.0, 0.0, 0.0]);
        assert_eq!(b[18..], [-9.0, -9.0, -9.0, -9.0, 0.0, 0.0]);
        assert_eq!(c, [0.0, 1.0, 7.0, 9.0]);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("records.h5");
        let serial = Communicator::serial();
        RecordsWriter::open(&serial, &path, &header(2), None, 9).unwrap();
        let refused = |header: &Header, reason: &str| {
            let error = RecordsWriter::open(&serial, &path, header, Some(0), 9).err().unwrap();
            assert!(error.message.contains(reason), "{error}");
        };
        let mut fewer = header(2);
        fewer.arrays.pop();
        refused(&fewer, "not the arrays that this run writes");
        let mut other = header(3);
        other.axes[1].coordinates[1] = 2.0;
        refused(&other, "its n is not that of this run");
        fs::write(&path, "no HDF5").unwrap();
        refused(&header(2), "move it away");
        assert_eq!(fs::read(&path).unwrap(), b"no HDF5");
    }
}
