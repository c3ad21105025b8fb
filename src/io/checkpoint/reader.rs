//! Reading a checkpoint, with all the ways in which that can fail.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, H5Type, MinorErrorCode, OpenMode};
use num_complex::Complex;

use super::{FORMAT, Header, batches, checksum, first_column, places, total};
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::io::hdf5_file;
use crate::modes::Modes;
use crate::parallel::{Communicator, share};
use crate::real::{Precision, Real};

/// A checkpoint being read, on any number of ranks. Dropping is collective.
pub struct CheckpointReader {
    datasets: Vec<Dataset>,
    // Kept open for the datasets, and closed after them.
    _file: File,
    comm: Communicator,
    header: Header,
    path: PathBuf,
}

impl CheckpointReader {
    /// Opens a checkpoint and checks all but the numbers. An error says what is wrong with it.
    /// Collective.
    pub fn open(comm: &Communicator, path: &Path) -> Result<Self> {
        // Rank 0 looks at everything, so that the others neither crowd the file nor fail alone.
        let bytes = comm.from_root(|| {
            let header = toml::to_string(&read_header(path)?);
            header.map(String::into_bytes).map_err(|e| unusable(path, e))
        })?;
        let header: Header = toml::from_slice(&bytes).map_err(|e| unusable(path, e))?;
        let open = || -> hdf5::Result<_> {
            let file = hdf5_file::open(comm, path, OpenMode::Read)?;
            let dataset = |name| file.dataset(&format!("fields/{name}"));
            let datasets = header.fields.iter().map(dataset).collect::<Result<_, _>>()?;
            Ok((datasets, file))
        };
        let (datasets, file) = comm.agree(open().map_err(|e| unusable(path, e)))?;
        Ok(CheckpointReader {
            datasets,
            _file: file,
            comm: comm.clone(),
            header,
            path: path.to_owned(),
        })
    }

    /// What the checkpoint holds beside the fields.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The fields on the checkpoint's own grid, their checksums compared. Collective.
    pub fn read<T: Real>(&self) -> Result<SpectralFields<T>> {
        let modes = Modes::new(self.header.grid(), T::LANES);
        let bundles = share(modes.bundles(), self.comm.rank(), self.comm.size());
        let mut state = SpectralFields::zeros(modes, bundles, self.datasets.len());
        self.visit(modes, |field, bundles, numbers| {
            for (place, z) in places(modes, bundles).zip(numbers) {
                let z = Complex::new(T::from_double(z.re), T::from_double(z.im));
                state.set(place, field, z);
            }
        })?;
        Ok(state)
    }

    /// Reads everything and compares the checksums. Collective.
    pub fn verify<T: Real>(&self) -> Result<()> {
        self.visit(Modes::new(self.header.grid(), T::LANES), |_, _, _| {})
    }

    /// Calls `take(field, bundles, numbers)` for all bundles of this rank. Collective.
    fn visit(
        &self,
        modes: Modes,
        mut take: impl FnMut(usize, Range<usize>, &[Complex<f64>]),
    ) -> Result<()> {
        let comm = &self.comm;
        let owned = share(modes.bundles(), comm.rank(), comm.size());
        let mut found = vec![0_i64; self.datasets.len()];
        for (field, dataset) in self.datasets.iter().enumerate() {
            for bundles in batches(modes, owned.clone(), comm) {
                let columns =
                    first_column(&modes, bundles.start)..first_column(&modes, bundles.end);
                let first = columns.start * modes.rows();
                let read = match self.header.precision {
                    Precision::Single => read_as::<f32>(comm, dataset, columns),
                    Precision::Double => read_as::<f64>(comm, dataset, columns),
                };
                let numbers = comm.agree(read.map_err(|e| unusable(&self.path, e)))?;
                found[field] = found[field].wrapping_add(checksum::of_numbers(first, &numbers));
                take(field, bundles, &numbers);
            }
        }
        let found = total(comm, found);
        for ((name, dataset), found) in self.header.fields.iter().zip(&self.datasets).zip(found) {
            let stored = hdf5_file::read_number::<i64>(dataset, "checksum");
            let stored = comm.agree(stored.map_err(|e| unusable(&self.path, e)))?;
            if stored != found {
                let cause = format!("it is damaged: the numbers of {name} miss their checksum");
                return Err(unusable(&self.path, cause));
            }
        }
        Ok(())
    }
}

fn read_as<E: Real>(
    comm: &Communicator,
    dataset: &Dataset,
    columns: Range<usize>,
) -> hdf5::Result<Vec<Complex<f64>>>
where
    Complex<E>: H5Type,
{
    let numbers = hdf5_file::read_planes::<Complex<E>>(comm, dataset, columns)?;
    Ok(numbers.into_iter().map(|z| Complex::new(z.re.double(), z.im.double())).collect())
}

/// Whether a file says that it is a checkpoint, whatever its state. Collective.
pub fn is_checkpoint(comm: &Communicator, path: &Path) -> Result<bool> {
    let answer = comm.from_root(|| {
        let attribute = File::open(path).and_then(|file| file.attr("checkpoint_format"));
        Ok(vec![u8::from(attribute.is_ok())])
    })?;
    Ok(answer == [1])
}

fn unusable(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::input(format!("cannot use checkpoint {}: {cause}", path.display()))
}

/// Reads and checks everything but the numbers. Needs one rank only.
fn read_header(path: &Path) -> Result<Header> {
    let length = fs::metadata(path).map_err(|e| unusable(path, e))?.len();
    if length == 0 {
        return Err(unusable(path, "it is empty"));
    }
    let file = File::open(path).map_err(|e| {
        if e.contains_minor(MinorErrorCode::NotHdf5) {
            unusable(path, "it is not an HDF5 file")
        } else if e.contains_minor(MinorErrorCode::Truncated) {
            unusable(path, "it is truncated, as after an incomplete copy")
        } else {
            unusable(path, e)
        }
    })?;
    let format = hdf5_file::read_number::<i64>(&file, "checkpoint_format")
        .map_err(|_| unusable(path, "it is not a checkpoint of this program"))?;
    if format != FORMAT {
        let cause = format!(
            "it has format {format}, and this program reads format {FORMAT}; use the version of \
             the program that wrote it, or a newer one"
        );
        return Err(unusable(path, cause));
    }
    let damaged = |e: hdf5::Error| unusable(path, format!("it is damaged: {e}"));
    let read = || -> hdf5::Result<(Header, i64)> {
        let triple = |name| -> hdf5::Result<[usize; AXES]> {
            Ok(hdf5_file::read_triple::<i64>(&file, name)?.map(|n| n as usize))
        };
        let names = hdf5_file::read_text(&file, "field_names")?;
        let mut header = Header {
            time: hdf5_file::read_number(&file, "time")?,
            step: hdf5_file::read_number::<i64>(&file, "step")? as u64,
            points: triple("points")?,
            lengths: hdf5_file::read_triple(&file, "lengths")?,
            cutoff: triple("cutoff")?,
            precision: Precision::Double,
            fields: names.split_whitespace().map(str::to_string).collect(),
            code_version: hdf5_file::read_text(&file, "code_version")?,
            config: hdf5_file::read_text(&file, "config")?,
            run_state: hdf5_file::read_text(&file, "run_state")?,
        };
        let checksum = hdf5_file::read_number(&file, "checksum")?;
        for name in &header.fields {
            let number = file.dataset(&format!("fields/{name}"))?.dtype()?;
            header.precision = if number.is::<Complex<f64>>() {
                Precision::Double
            } else if number.is::<Complex<f32>>() {
                Precision::Single
            } else {
                return Err(format!("{name} is not of complex numbers").into());
            };
        }
        Ok((header, checksum))
    };
    let (header, checksum) = read().map_err(damaged)?;
    if header.checksum().ok() != Some(checksum) {
        return Err(unusable(path, "it is damaged: its attributes miss their checksum"));
    }
    // With the attributes known to be right, so are these numbers.
    let shape = [(2 * header.cutoff[1] + 1) * (header.cutoff[0] + 1), 2 * header.cutoff[2] + 1];
    for name in &header.fields {
        let found = file.dataset(&format!("fields/{name}")).map_err(damaged)?.shape();
        if found != shape {
            let cause = format!("it is damaged: {name} has shape {found:?} instead of {shape:?}");
            return Err(unusable(path, cause));
        }
    }
    Ok(header)
}
