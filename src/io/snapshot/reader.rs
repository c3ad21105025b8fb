//! Reading a snapshot, with all the ways in which that can fail.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, MinorErrorCode, OpenMode};

use super::{Field, Header, open, shape};
use crate::error::{Error, Result};
use crate::grid::AXES;
use crate::io::hdf5_file;
use crate::parallel::Communicator;
use crate::real::Precision;

/// A snapshot being read, on any number of ranks. Dropping is collective.
pub struct SnapshotReader {
    datasets: Vec<Dataset>,
    // Kept open for the datasets, and closed after them.
    _file: File,
    comm: Communicator,
    header: Header,
    path: PathBuf,
}

impl SnapshotReader {
    /// Opens a snapshot. An error says what is wrong with it. Collective.
    pub fn open(comm: &Communicator, path: &Path) -> Result<Self> {
        // Rank 0 looks at everything, so that the others neither crowd the file nor fail alone.
        let bytes = comm.from_root(|| {
            let header = toml::to_string(&read_header(path)?);
            header.map(String::into_bytes).map_err(|e| unreadable(path, e))
        })?;
        let header: Header = toml::from_slice(&bytes).map_err(|e| unreadable(path, e))?;
        let opened = open(comm, path, OpenMode::Read, &header);
        let (datasets, file) = comm.agree(opened.map_err(|e| unreadable(path, e)))?;
        Ok(SnapshotReader {
            datasets,
            _file: file,
            comm: comm.clone(),
            header,
            path: path.to_owned(),
        })
    }

    /// What the snapshot holds.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads planes `planes` of a field, `[z][ny][nx]`; a rank may ask for none. Every rank makes
    /// the same number of calls with the same names. Collective.
    pub fn read_planes(&self, field: &str, planes: Range<usize>) -> Result<Vec<f64>> {
        let names: Vec<&str> = self.header.fields.iter().map(|f| f.name.as_str()).collect();
        let Some(index) = names.iter().position(|&name| name == field) else {
            let found = names.join(", ");
            return Err(unreadable(
                &self.path,
                format!("it has no field {field} (it has {found})"),
            ));
        };
        let dataset = &self.datasets[index];
        let read = match self.header.precision {
            Precision::Single => hdf5_file::read_planes::<f32>(&self.comm, dataset, planes)
                .map(|data| data.into_iter().map(f64::from).collect()),
            Precision::Double => hdf5_file::read_planes(&self.comm, dataset, planes),
        };
        self.comm.agree(read.map_err(|e| unreadable(&self.path, e)))
    }
}

fn unreadable(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::input(format!("cannot read snapshot {}: {cause}", path.display()))
}

/// Reads and checks everything but the numbers. Needs one rank only.
pub(in crate::io) fn read_header(path: &Path) -> Result<Header> {
    fs::File::open(path).map_err(|e| unreadable(path, e))?;
    let file = File::open(path).map_err(|e| {
        if e.contains_minor(MinorErrorCode::NotHdf5) {
            unreadable(path, "it is not an HDF5 file")
        } else if e.contains_minor(MinorErrorCode::Truncated) {
            unreadable(path, "it is truncated, as after an incomplete copy")
        } else {
            unreadable(path, e)
        }
    })?;
    let foreign = |name: &'static str| {
        move |e: hdf5::Error| {
            unreadable(path, format!("it is not a snapshot of this program: {name}: {e}"))
        }
    };
    let points = hdf5_file::read_triple::<u64>(&file, "points").map_err(foreign("points"))?;
    let mut header = Header {
        time: hdf5_file::read_number(&file, "time").map_err(foreign("time"))?,
        step: hdf5_file::read_number(&file, "step").map_err(foreign("step"))?,
        points: points.map(|n| n as usize),
        lengths: hdf5_file::read_triple(&file, "lengths").map_err(foreign("lengths"))?,
        precision: Precision::Double,
        fields: Vec::new(),
    };
    let datasets = file.group("fields").and_then(|group| {
        Ok(group.datasets()?.into_iter().filter(|dataset| dataset.ndim() == AXES))
    });
    for dataset in datasets.map_err(foreign("/fields"))? {
        header.precision = check_dataset(&header, &dataset).map_err(|e| unreadable(path, e))?;
        let text = |name| hdf5_file::read_text(&dataset, name).unwrap_or_default();
        header.fields.push(Field {
            name: dataset.name().trim_start_matches("/fields/").to_owned(),
            units: text("units"),
            long_name: text("long_name"),
        });
    }
    Ok(header)
}

/// The precision of a dataset, if shape and type are those of a field of this snapshot.
fn check_dataset(header: &Header, dataset: &Dataset) -> Result<Precision, String> {
    let (name, found) = (dataset.name(), dataset.shape());
    if found != shape(header) {
        let expected = shape(header);
        return Err(format!("{name} has shape {found:?}, but `points` mean {expected:?}"));
    }
    let number = dataset.dtype().map_err(|e| e.to_string())?;
    let precision = if number.is::<f32>() {
        Precision::Single
    } else if number.is::<f64>() {
        Precision::Double
    } else {
        return Err(format!("{name} is of neither single nor double precision"));
    };
    match header.fields.first() {
        Some(first) if precision != header.precision => {
            Err(format!("{name} and /fields/{} differ in precision", first.name))
        }
        _ => Ok(precision),
    }
}
