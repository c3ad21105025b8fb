//! Arrays in an HDF5 file that grow by records, and that no crash can harm.
//!
//! HDF5 1.10 has no safe way to add to a dataset: its own structures change with every record, in an
//! order of its own, and a file whose writer was killed in between cannot be opened. (Its mode for
//! one writer and many readers orders these changes, but not with several ranks, and leaves a mark
//! that must be cleared by hand.) So HDF5 makes the file once, with room for a number of records in
//! datasets that lie in one piece each; the room takes no space on the disk before it is used. A
//! record is then written into its place by the operating system, and nothing that HDF5 looks at changes. `/records`, the number of those that are whole, is written last.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use hdf5::{Dataset, Group};
use serde::{Deserialize, Serialize};

use super::{hdf5_file, placed};
use crate::real::Precision;
use crate::variable::Variable;

/// Name of the dataset that counts the records.
pub const COUNT: &str = "records";

/// Time and step of room that is not used yet.
const NO_TIME: f64 = f64::NAN;
const NO_STEP: i64 = -1;

/// The layout of a file: where its records lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Records that there is room for.
    pub capacity: u64,
    /// Records that are whole.
    pub records: u64,
    /// The count, the steps and the times.
    stamps: [u64; 3],
    arrays: Vec<Place>,
}

/// An array `[record][..]`: where it begins, and bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    start: u64,
    bytes: u64,
}

/// Makes the datasets `records`, `step` and `time` in a new file. Returns that of the times, a
/// dimension scale.
pub fn create_stamps(file: &Group, capacity: u64) -> hdf5::Result<Dataset> {
    placed::reserve::<i64>(file, COUNT, &[1])?.write_raw(&[0_i64])?;
    let steps = vec![NO_STEP; capacity as usize];
    placed::reserve::<i64>(file, "step", &[steps.len()])?.write_raw(&steps)?;
    let times = vec![NO_TIME; capacity as usize];
    let time = placed::reserve::<f64>(file, "time", &[times.len()])?;
    time.write_raw(&times)?;
    hdf5_file::explain(&time, &Variable::new("time", "T", "time"))?;
    hdf5_file::make_scale(&time, "time")?;
    Ok(time)
}

/// The layout of a finished file with the datasets `arrays`.
pub fn layout(file: &hdf5::File, arrays: &[String]) -> hdf5::Result<Layout> {
    let place = |name: &str| -> hdf5::Result<Place> {
        let dataset = file.dataset(name)?;
        let start = placed::start_of(&dataset)?;
        let numbers: usize = dataset.shape()[1..].iter().product();
        Ok(Place { start, bytes: (numbers * dataset.dtype()?.size()) as u64 })
    };
    let [count, step, time] = [place(COUNT)?, place("step")?, place("time")?];
    let capacity = file.dataset("step")?.size() as u64;
    let found: Vec<i64> = file.dataset(COUNT)?.read_raw()?;
    Ok(Layout {
        capacity,
        records: found.first().map_or(0, |&n| n as u64).min(capacity),
        stamps: [count.start, step.start, time.start],
        arrays: arrays.iter().map(|name| place(name)).collect::<hdf5::Result<_>>()?,
    })
}

/// The steps of the records that are there.
pub fn steps(file: &hdf5::File) -> hdf5::Result<Vec<i64>> {
    let records: Vec<u64> = file.dataset(COUNT)?.read_raw()?;
    let mut steps: Vec<i64> = file.dataset("step")?.read_raw()?;
    steps.truncate(records.first().map_or(0, |&records| records as usize));
    Ok(steps)
}

/// The step of the last record; `None` without records, or where the file is no such file.
pub fn last_step(path: &Path) -> Option<u64> {
    let steps = hdf5::File::open(path).and_then(|file| steps(&file)).ok()?;
    Some(*steps.last()? as u64)
}

impl Layout {
    /// The byte where a record of an array begins, which is followed by all of it.
    pub fn start(&self, (array, record): (usize, u64)) -> u64 {
        assert!(record < self.capacity, "no room for record {record}");
        let Place { start, bytes } = self.arrays[array];
        start + record * bytes
    }
}

/// A file with room for records, open on the rank that counts them.
pub struct GrowingFile {
    file: File,
    layout: Layout,
}

impl GrowingFile {
    /// Opens a file whose layout is known.
    pub fn open(path: &Path, layout: Layout) -> io::Result<Self> {
        Ok(GrowingFile { file: OpenOptions::new().write(true).open(path)?, layout })
    }

    /// Writes a record of an array of doubles.
    pub fn write(&self, (array, record): (usize, u64), values: &[f64]) -> io::Result<()> {
        let mut numbers = Vec::new();
        placed::encode(values.iter().copied(), Precision::Double, &mut numbers);
        assert_eq!(numbers.len() as u64, self.layout.arrays[array].bytes, "a whole record");
        self.file.write_all_at(&numbers, self.layout.start((array, record)))
    }

    /// Adds the record whose arrays have been written, perhaps by all ranks. On one rank only.
    pub fn commit(&self, record: u64, step: u64, time: f64) -> io::Result<()> {
        self.stamp(record, step as i64, time)?;
        self.set_count(record + 1)
    }

    /// Takes away all records from number `kept` on. On one rank only.
    pub fn cut(&mut self, kept: u64) -> io::Result<()> {
        self.set_count(kept)?;
        (kept..self.layout.records).try_for_each(|record| self.stamp(record, NO_STEP, NO_TIME))?;
        self.layout.records = kept;
        Ok(())
    }

    /// The layout, with the number of records when the file was opened or cut.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Brings what was written to the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn stamp(&self, record: u64, step: i64, time: f64) -> io::Result<()> {
        let [_, steps, times] = self.layout.stamps;
        self.file.write_all_at(&step.to_ne_bytes(), steps + 8 * record)?;
        self.file.write_all_at(&time.to_ne_bytes(), times + 8 * record)
    }

    fn set_count(&self, records: u64) -> io::Result<()> {
        self.file.write_all_at(&(records as i64).to_ne_bytes(), self.layout.stamps[0])
    }
}

#[cfg(test)]
mod tests {
    use hdf5::H5Type;

    use super::*;
    use crate::parallel::Communicator;

    fn create(path: &Path) -> Layout {
        let file = hdf5::File::create(path).unwrap();
        create_stamps(&file, 4).unwrap();
        placed::reserve::<f32>(&file, "a", &[4, 3]).unwrap();
        placed::reserve::<f64>(&file, "b", &[4]).unwrap();
        layout(&file, &["a".into(), "b".into()]).unwrap()
    }

    fn read<E: H5Type>(path: &Path, name: &str) -> Vec<E> {
        hdf5::File::open(path).unwrap().dataset(name).unwrap().read_raw().unwrap()
    }

    #[test]
    fn hdf5_finds_what_was_written_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("growing.h5");
        let mut file = GrowingFile::open(&path, create(&path)).unwrap();
        let of_ranks = placed::PlacedFile::open(&Communicator::serial(), &path).unwrap();
        assert_eq!(read::<i64>(&path, "records"), [0]);
        for record in 0..3_u64 {
            let x = record as f64;
            // In two parts, as two ranks would, and as a whole.
            let start = file.layout().start((0, record));
            let parts = [(start + 4, vec![x, 2.0 * x]), (start, vec![-1.0])];
            of_ranks.write(parts, Precision::Single).unwrap();
            file.write((1, record), &[0.1 * x]).unwrap();
            file.commit(record, 10 * record, x).unwrap();
        }
        assert_eq!(read::<i64>(&path, "records"), [3]);
        assert_eq!(read::<i64>(&path, "step"), [0, 10, 20, -1]);
        assert_eq!(read::<f32>(&path, "a")[..9], [-1.0, 0.0, 0.0, -1.0, 1.0, 2.0, -1.0, 2.0, 4.0]);
        assert_eq!(read::<f64>(&path, "b")[..3], [0.0, 0.1, 0.2]);

        let names = ["a".into(), "b".into()];
        let found = layout(&hdf5::File::open(&path).unwrap(), &names).unwrap();
        assert_eq!((found.records, found.capacity), (3, 4));
        file = GrowingFile::open(&path, found).unwrap();
        file.cut(1).unwrap();
        assert_eq!(file.layout().records, 1);
        assert_eq!(read::<i64>(&path, "records"), [1]);
        assert_eq!(read::<i64>(&path, "step"), [0, -1, -1, -1]);
        assert!(read::<f64>(&path, "time")[1..].iter().all(|time| time.is_nan()));
    }
}
