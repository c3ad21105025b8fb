//! Files of records, such as `spectra.h5`: arrays of numbers, one record an interval, in one file
//! that grows.
//!
//! `/time` and `/step` have an entry for each record, every array is `[record][..]` over its axes,
//! and every axis has its coordinates. A record is added to a copy that then takes the place of the
//! file: whoever reads it, and whatever happens to the run, the file is whole.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, H5Type, Hyperslab, SimpleExtents, SliceOrIndex};
use ndarray::{ArrayView1, ArrayViewD};

use super::{Temporary, hdf5_file};
use crate::error::{Error, Result};
use crate::parallel::Communicator;

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
    /// Shape of an array in one record.
    fn shape(&self, array: &Array) -> Vec<usize> {
        array.axes.iter().map(|&axis| self.axes[axis].coordinates.len()).collect()
    }
}

/// The records of a run. Only rank 0 writes; the others know the path.
pub struct RecordsWriter {
    path: PathBuf,
    /// Name and shape of every array.
    arrays: Vec<(String, Vec<usize>)>,
    is_root: bool,
}

impl RecordsWriter {
    /// Creates the file, without records; or goes on with an existing one `after` a step: records
    /// of later steps are cut off. Axes may have become longer or shorter: what a record does not
    /// have is zero. A missing file is created. Collective.
    ///
    /// # Errors
    /// The file is no such file, or has other arrays or coordinates.
    pub fn open(
        comm: &Communicator,
        path: &Path,
        header: &Header,
        after: Option<u64>,
    ) -> Result<Self> {
        let shapes = header.arrays.iter().map(|array| (array.name.clone(), header.shape(array)));
        let writer = RecordsWriter {
            path: path.to_owned(),
            arrays: shapes.collect(),
            is_root: comm.is_root(),
        };
        let open = || match after.filter(|_| path.exists()) {
            None => replace(path, || create(path, header)),
            Some(step) => writer.cut(header, step),
        };
        comm.agree(if comm.is_root() { open() } else { Ok(()) })?;
        Ok(writer)
    }

    /// How many numbers a record has.
    pub fn numbers(&self) -> usize {
        self.arrays.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }

    /// Adds a record, the numbers of one array after the other in C order, on the disk when this
    /// returns. Does nothing but on rank 0, and does not communicate: it is for the caller to pass
    /// the result through [`Communicator::agree`].
    pub fn append(&self, step: u64, time: f64, record: &[f64]) -> Result<()> {
        assert_eq!(record.len(), self.numbers(), "numbers for each array");
        if !self.is_root {
            return Ok(());
        }
        self.edit(|file| {
            let before = file.dataset("step")?.size();
            // Signed, because differences of unsigned numbers surprise in Python.
            append(&file.dataset("step")?, before, step as i64)?;
            append(&file.dataset("time")?, before, time)?;
            let mut rest = record;
            for (name, shape) in &self.arrays {
                let (numbers, others) = rest.split_at(shape.iter().product());
                rest = others;
                let dataset = file.dataset(name)?;
                let mut whole = dataset.shape();
                whole[0] = before + 1;
                dataset.resize(whole)?;
                let mut place = vec![SliceOrIndex::from(before..before + 1)];
                place.extend(shape.iter().map(|&len| SliceOrIndex::from(0..len)));
                let numbers = ArrayViewD::from_shape([&[1], &shape[..]].concat(), numbers)
                    .map_err(|e| e.to_string())?;
                dataset.write_slice(numbers, Hyperslab::new(place))?;
            }
            Ok(())
        })
    }

    /// Removes records after `step` and makes room for the axes of `header`.
    fn cut(&self, header: &Header, step: u64) -> Result<()> {
        let foreign = |reason: String| {
            Error::input(format!(
                "cannot go on with {}: {reason}; move it away to go on with a new one",
                self.path.display()
            ))
        };
        let read = || -> hdf5::Result<_> {
            let file = File::open(&self.path)?;
            let numbers = |name: &str| file.dataset(name)?.read_raw::<f64>();
            let present = |axis: &&Axis| file.link_exists(&axis.name);
            let axes = header.axes.iter().filter(present).map(|axis| numbers(&axis.name));
            let axes = axes.collect::<hdf5::Result<Vec<_>>>()?;
            Ok((file.dataset("step")?.read_raw::<i64>()?, axes, file.member_names()?))
        };
        let (steps, mut axes, mut members) = read().map_err(|e| foreign(e.to_string()))?;
        let names = header.axes.iter().map(|axis| &axis.name);
        let names = names.chain(header.arrays.iter().map(|array| &array.name)).cloned();
        let mut wanted: Vec<_> =
            ["step", "time"].map(String::from).into_iter().chain(names).collect();
        members.sort_unstable();
        wanted.sort_unstable();
        if members != wanted {
            return Err(foreign("it has not the arrays that this run writes".into()));
        }
        for (axis, found) in header.axes.iter().zip(&mut axes) {
            let both = axis.coordinates.len().min(found.len());
            if axis.coordinates[..both] != found[..both] {
                return Err(foreign(format!("its {} is not that of this run", axis.name)));
            }
            found.extend(&axis.coordinates[both..]);
        }
        let kept = steps.iter().take_while(|found| **found <= step as i64).count();
        self.edit(|file| {
            for name in ["step", "time"] {
                file.dataset(name)?.resize(kept)?;
            }
            for (axis, coordinates) in header.axes.iter().zip(&axes) {
                let dataset = file.dataset(&axis.name)?;
                dataset.resize(coordinates.len())?;
                dataset.write_raw(coordinates)?;
            }
            for array in &header.arrays {
                let lengths = array.axes.iter().map(|&axis| axes[axis].len());
                let shape: Vec<_> = std::iter::once(kept).chain(lengths).collect();
                file.dataset(&array.name)?.resize(shape)?;
            }
            Ok(())
        })
    }

    /// Changes a copy of the file and puts it in its place.
    fn edit(&self, change: impl FnOnce(&File) -> hdf5::Result<()>) -> Result<()> {
        replace(&self.path, || {
            let file = hdf5_file::copy_to_memory(&self.path)?;
            change(&file)?;
            Ok(file)
        })
    }
}

/// Writes what `make` makes in memory under a temporary name, and gives it its own.
fn replace(path: &Path, make: impl FnOnce() -> hdf5::Result<File>) -> Result<()> {
    let image = make().and_then(|file| hdf5_file::image(&file));
    let image = image.map_err(|e| hdf5_file::write_failed(path, e))?;
    let temporary = Temporary::new(path);
    fs::write(temporary.path(), image).map_err(|e| Error::io("write", path, e))?;
    temporary.rename()
}

fn append<E: H5Type>(dataset: &Dataset, record: usize, value: E) -> hdf5::Result<()> {
    dataset.resize(record + 1)?;
    dataset.write_slice(ArrayView1::from(&[value]), record..record + 1)
}

fn create(path: &Path, header: &Header) -> hdf5::Result<File> {
    /// Numbers in a chunk, about.
    const CHUNK: usize = 4096;
    let file = hdf5_file::create_in_memory(path)?;
    hdf5_file::write_text(&file, "description", &header.description)?;
    hdf5_file::write_text(&file, "code_version", crate::VERSION)?;
    hdf5_file::write_text(&file, "config", &header.config)?;
    for (name, number) in &header.attributes {
        hdf5_file::write_number(&file, name, *number)?;
    }
    let explain = |dataset: &Dataset, unit: &str, description: &str| {
        hdf5_file::write_text(dataset, "units", unit)?;
        hdf5_file::write_text(dataset, "long_name", description)
    };
    let step = file.new_dataset::<i64>().chunk(CHUNK / 8).shape(0..).create("step")?;
    explain(&step, "1", "time step number")?;
    let time = file.new_dataset::<f64>().chunk(CHUNK / 8).shape(0..).create("time")?;
    explain(&time, "T", "time")?;
    hdf5_file::make_scale(&time, "time")?;
    let mut scales = Vec::new();
    for Axis { name, unit, description, coordinates } in &header.axes {
        let builder = file.new_dataset::<f64>().chunk(CHUNK / 8).shape(coordinates.len()..);
        let scale = builder.create(name.as_str())?;
        scale.write_raw(coordinates)?;
        explain(&scale, unit, description)?;
        hdf5_file::make_scale(&scale, name)?;
        scales.push((name, scale));
    }
    for array in &header.arrays {
        let shape = header.shape(array);
        let records = (CHUNK / shape.iter().product::<usize>().max(1)).max(1);
        let dataset = file
            .new_dataset::<f64>()
            .chunk([&[records], &shape[..]].concat())
            .shape(SimpleExtents::resizable([&[0], &shape[..]].concat()))
            .create(array.name.as_str())?;
        explain(&dataset, &array.unit, &array.description)?;
        hdf5_file::attach_scale(&dataset, 0, "time", &time)?;
        for (index, &axis) in (1..).zip(&array.axes) {
            let (name, scale) = &scales[axis];
            hdf5_file::attach_scale(&dataset, index, name, scale)?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
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
        let steps: Vec<i64> = file.dataset("step").unwrap().read_raw().unwrap();
        assert_eq!(numbers("time").len(), steps.len());
        (steps, numbers("k"), ["a", "b", "c"].map(numbers))
    }

    #[test]
    fn records_are_added_cut_off_and_grow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("records.h5");
        let serial = Communicator::serial();
        let open = |k, after| RecordsWriter::open(&serial, &path, &header(k), after).unwrap();
        let writer = open(2, None);
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
        RecordsWriter::open(&serial, &path, &header(2), None).unwrap();
        let refused = |header: &Header, reason: &str| {
            let error = RecordsWriter::open(&serial, &path, header, Some(0)).err().unwrap();
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
