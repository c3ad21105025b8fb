//! `spectra.h5`: the spectra of a run, one record an interval, in one file that grows.
//!
//! `/k` has the wavenumbers in the middle of the shells, `/time` and `/step` an entry for each
//! record, and every spectrum is `[record][shell]`. A record is added to a copy that then takes the
//! place of the file: whoever reads it, and whatever happens to the run, the file is whole.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, H5Type, Hyperslab, SliceOrIndex};
use ndarray::ArrayView1;

use super::{Temporary, hdf5_file};
use crate::error::{Error, Result};
use crate::parallel::Communicator;

const DESCRIPTION: &str = "\
Spectra of a direct numerical simulation in a periodic box. Each is [record][shell], over `time` and \
`k`. Shell s holds the wavenumbers (s - 1/2) dk <= |k| < (s + 1/2) dk, where dk is the attribute \
`shell_width`; k = s dk. A spectrum is the sum over the modes of its shell, divided by dk: its sum \
over all k times dk is the average over the box that history.csv has under the same name. Shells \
beyond k_max are not whole. Fluxes are no densities: at k they are what has left the shells up to k.";

/// A spectrum of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spectrum {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What it is, in words.
    pub description: String,
}

/// What the file says beside its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The spectra, in the order in which their numbers come.
    pub spectra: Vec<Spectrum>,
    /// Number of shells.
    pub shells: usize,
    /// Width of a shell.
    pub width: f64,
    /// Kinematic viscosity.
    pub viscosity: f64,
    /// The configuration in TOML.
    pub config: String,
}

/// The spectra of a run. Only rank 0 writes; the others know the path.
pub struct SpectraWriter {
    path: PathBuf,
    names: Vec<String>,
    is_root: bool,
}

impl SpectraWriter {
    /// Creates the file, without records, in place of any other. Collective.
    pub fn create(comm: &Communicator, path: &Path, header: &Header) -> Result<Self> {
        let writer = SpectraWriter::new(comm, path, header);
        let created = if comm.is_root() { replace(path, || create(path, header)) } else { Ok(()) };
        comm.agree(created)?;
        Ok(writer)
    }

    /// Goes on with an existing file after `step`: records of later steps are cut off. There may be
    /// more or fewer shells than before; what a record does not have is zero. A missing file is
    /// created. Collective.
    ///
    /// # Errors
    /// The file is no such file, or has other spectra.
    pub fn resume(comm: &Communicator, path: &Path, header: &Header, step: u64) -> Result<Self> {
        if comm.from_root(|| Ok(vec![u8::from(path.exists())]))? == [0] {
            return SpectraWriter::create(comm, path, header);
        }
        let writer = SpectraWriter::new(comm, path, header);
        comm.agree(if comm.is_root() { writer.cut(header, step) } else { Ok(()) })?;
        Ok(writer)
    }

    fn new(comm: &Communicator, path: &Path, header: &Header) -> Self {
        let names = header.spectra.iter().map(|spectrum| spectrum.name.clone()).collect();
        SpectraWriter { path: path.to_owned(), names, is_root: comm.is_root() }
    }

    /// Adds a record, on the disk when this returns. Does nothing but on rank 0, and does not
    /// communicate: it is for the caller to pass the result through [`Communicator::agree`].
    pub fn append(&self, step: u64, time: f64, spectra: &[Vec<f64>]) -> Result<()> {
        assert_eq!(spectra.len(), self.names.len(), "numbers for each spectrum");
        if !self.is_root {
            return Ok(());
        }
        self.edit(|file| {
            let record = file.dataset("step")?.size();
            // Signed, because differences of unsigned numbers surprise in Python.
            append(&file.dataset("step")?, record, step as i64)?;
            append(&file.dataset("time")?, record, time)?;
            for (name, numbers) in self.names.iter().zip(spectra) {
                let dataset = file.dataset(name)?;
                let shells = dataset.shape()[1];
                dataset.resize((record + 1, shells))?;
                let place = vec![record.into(), SliceOrIndex::from(0..numbers.len())];
                dataset.write_slice(ArrayView1::from(numbers), Hyperslab::new(place))?;
            }
            Ok(())
        })
    }

    /// Removes records after `step` and makes room for the shells of `header`.
    fn cut(&self, header: &Header, step: u64) -> Result<()> {
        let foreign = |reason: String| {
            Error::input(format!(
                "cannot go on with {}: {reason}; move it away to go on with a new one",
                self.path.display()
            ))
        };
        let read = || -> hdf5::Result<(Vec<i64>, Vec<String>)> {
            let file = File::open(&self.path)?;
            Ok((file.dataset("step")?.read_raw()?, file.member_names()?))
        };
        let (steps, members) = read().map_err(|e| foreign(e.to_string()))?;
        let coordinates = ["step", "time", "k"];
        let mut found: Vec<_> =
            members.iter().map(String::as_str).filter(|name| !coordinates.contains(name)).collect();
        let mut wanted: Vec<_> = self.names.iter().map(String::as_str).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        if found != wanted {
            return Err(foreign("it has not the spectra that this run writes".into()));
        }
        let kept = steps.iter().take_while(|found| **found <= step as i64).count();
        self.edit(|file| {
            for name in ["step", "time"] {
                file.dataset(name)?.resize(kept)?;
            }
            let k = file.dataset("k")?;
            let shells = k.size().max(header.shells);
            k.resize(shells)?;
            k.write_raw(&wavenumbers(shells, header.width))?;
            for name in &self.names {
                file.dataset(name)?.resize((kept, shells))?;
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

fn wavenumbers(shells: usize, width: f64) -> Vec<f64> {
    (0..shells).map(|shell| shell as f64 * width).collect()
}

fn append<E: H5Type>(dataset: &Dataset, record: usize, value: E) -> hdf5::Result<()> {
    dataset.resize(record + 1)?;
    dataset.write_slice(ArrayView1::from(&[value]), record..record + 1)
}

fn create(path: &Path, header: &Header) -> hdf5::Result<File> {
    /// Numbers in a chunk, about.
    const CHUNK: usize = 4096;
    let file = hdf5_file::create_in_memory(path)?;
    hdf5_file::write_text(&file, "description", DESCRIPTION)?;
    hdf5_file::write_text(&file, "code_version", crate::VERSION)?;
    hdf5_file::write_text(&file, "config", &header.config)?;
    hdf5_file::write_number(&file, "viscosity", header.viscosity)?;
    hdf5_file::write_number(&file, "shell_width", header.width)?;
    let step = file.new_dataset::<i64>().chunk(CHUNK / 8).shape(0..).create("step")?;
    let time = file.new_dataset::<f64>().chunk(CHUNK / 8).shape(0..).create("time")?;
    let k = file.new_dataset::<f64>().chunk(CHUNK / 8).shape(header.shells..).create("k")?;
    k.write_raw(&wavenumbers(header.shells, header.width))?;
    for (dataset, unit, name) in [
        (&step, "1", "time step number"),
        (&time, "T", "time"),
        (&k, "1/L", "wavenumber in the middle of the shell"),
    ] {
        hdf5_file::write_text(dataset, "units", unit)?;
        hdf5_file::write_text(dataset, "long_name", name)?;
    }
    hdf5_file::make_scale(&time, "time")?;
    hdf5_file::make_scale(&k, "k")?;
    let chunk = ((CHUNK / header.shells).max(1), header.shells);
    for Spectrum { name, unit, description } in &header.spectra {
        let dataset = file
            .new_dataset::<f64>()
            .chunk(chunk)
            .shape((0.., header.shells..))
            .create(name.as_str())?;
        hdf5_file::write_text(&dataset, "units", unit)?;
        hdf5_file::write_text(&dataset, "long_name", description)?;
        hdf5_file::attach_scale(&dataset, 0, "time", &time)?;
        hdf5_file::attach_scale(&dataset, 1, "k", &k)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(shells: usize) -> Header {
        let spectrum = |name: &str| Spectrum {
            name: name.into(),
            unit: "L^3/T^2".into(),
            description: format!("spectrum of {name}"),
        };
        Header {
            spectra: vec![spectrum("a"), spectrum("b")],
            shells,
            width: 0.5,
            viscosity: 0.01,
            config: "# e\n".repeat(30_000),
        }
    }

    /// Steps, wavenumbers, and both spectra one after the other.
    fn read(path: &Path) -> (Vec<i64>, Vec<f64>, Vec<f64>) {
        let file = File::open(path).unwrap();
        let numbers = |name: &str| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
        let steps = file.dataset("step").unwrap().read_raw().unwrap();
        assert_eq!(numbers("time").len(), steps.len());
        (steps, numbers("k"), [numbers("a"), numbers("b")].concat())
    }

    #[test]
    fn records_are_added_cut_off_and_grow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("spectra.h5");
        let serial = Communicator::serial();
        let writer = SpectraWriter::create(&serial, &path, &header(2)).unwrap();
        assert_eq!(read(&path), (vec![], vec![0.0, 0.5], vec![]));
        for step in 0..3 {
            let x = step as f64;
            writer.append(10 * step, x, &[vec![x, 1.0], vec![-x, 2.0]]).unwrap();
        }
        let all = read(&path);
        assert_eq!(all.0, [0, 10, 20]);
        assert_eq!(all.2, [0.0, 1.0, 1.0, 1.0, 2.0, 1.0, 0.0, 2.0, -1.0, 2.0, -2.0, 2.0]);
        // On a finer grid from step 19 on, then on a coarser one.
        let writer = SpectraWriter::resume(&serial, &path, &header(3), 19).unwrap();
        writer.append(25, 7.0, &[vec![7.0; 3], vec![8.0; 3]]).unwrap();
        let writer = SpectraWriter::resume(&serial, &path, &header(2), 25).unwrap();
        writer.append(30, 9.0, &[vec![9.0; 2], vec![9.0; 2]]).unwrap();
        let (steps, k, numbers) = read(&path);
        assert_eq!((steps, k), (vec![0, 10, 25, 30], vec![0.0, 0.5, 1.0]));
        let a = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 7.0, 7.0, 7.0, 9.0, 9.0, 0.0];
        assert_eq!(numbers[..12], a);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("spectra.h5");
        let serial = Communicator::serial();
        SpectraWriter::create(&serial, &path, &header(2)).unwrap();
        let mut other = header(2);
        other.spectra.pop();
        let error = SpectraWriter::resume(&serial, &path, &other, 0).err().unwrap();
        assert!(error.message.contains("not the spectra that this run writes"), "{error}");
        fs::write(&path, "no HDF5").unwrap();
        let error = SpectraWriter::resume(&serial, &path, &header(2), 0).err().unwrap();
        assert!(error.message.contains("move it away"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"no HDF5");
    }
}
