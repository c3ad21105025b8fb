//! Writing a snapshot.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use hdf5::dataset::{AllocTime, FillTime};
use hdf5::{Dataset, File, Group, H5Type, OpenMode};

use super::{AXIS_NAMES, Field, Header, Provenance, in_file};
use crate::error::Result;
use crate::grid::{AXES, Region};
use crate::io::{Temporary, hdf5_file};
use crate::parallel::Communicator;
use crate::real::Precision;
use crate::real::Real;

pub(super) const DESCRIPTION: &str = "\
Fields of a direct numerical simulation in a periodic box, at one instant. \
Each field of /fields has shape [nz][ny][nx]: u[k, j, i] is the value of u at the grid point \
(x[i], y[j], z[k]); the coordinates are /fields/x, /fields/y, /fields/z. \
Attributes `points` and `lengths` are in the order x, y, z; the sides of the box are \
2 pi times `lengths`, and the point at the far side, the image of the first one, is not stored. \
Units: L and T are the units of length and time in which the run was configured. \
`config` is the configuration of the run in TOML.";

/// A snapshot being written, under a temporary name until [`SnapshotWriter::finish`]. After an
/// error, or when dropped before, nothing is left of it. Dropping is collective.
pub struct SnapshotWriter {
    // HDF5 wants datasets closed before their file, and the file before it is removed.
    datasets: Vec<Dataset>,
    file: File,
    temporary: Option<Temporary>,
    comm: Communicator,
    precision: Precision,
    path: PathBuf,
}

impl SnapshotWriter {
    /// Creates the file, with space for every field. Collective.
    pub fn create(
        comm: &Communicator,
        path: &Path,
        header: &Header,
        provenance: &Provenance,
    ) -> Result<Self> {
        let failed = |e| hdf5_file::write_failed(path, e);
        let temporary = comm.is_root().then(|| Temporary::new(path));
        comm.agree(match &temporary {
            Some(temporary) => create_file(temporary.path(), header, provenance).map_err(failed),
            None => Ok(()),
        })?;
        let name = Temporary::path_for(path);
        let opened = hdf5_file::open_datasets(comm, &name, OpenMode::ReadWrite, &header.datasets());
        let (datasets, file) = comm.agree(opened.map_err(failed))?;
        Ok(SnapshotWriter {
            datasets,
            file,
            temporary,
            comm: comm.clone(),
            precision: header.precision,
            path: path.to_owned(),
        })
    }

    /// Writes a region of field number `field` (in the order of the header); `data` is `[z][y][x]`.
    /// Every rank makes the same number of calls with the same fields, some perhaps with an empty
    /// region. A copy of `data` in the precision of the file is held meanwhile. Collective.
    pub fn write<T: Real>(&mut self, field: usize, region: &Region, data: &[T]) -> Result<()> {
        let written = match self.precision {
            Precision::Single => self.write_as::<T, f32>(field, region, data),
            Precision::Double => self.write_as::<T, f64>(field, region, data),
        };
        self.comm.agree(written.map_err(|e| hdf5_file::write_failed(&self.path, e)))
    }

    fn write_as<T: Real, E: Real + H5Type>(
        &self,
        field: usize,
        region: &Region,
        data: &[T],
    ) -> hdf5::Result<()> {
        // Converted here: in HDF5's hands a conversion would make the access independent.
        let data: Vec<E> = data.iter().map(|x| E::from_double(x.double())).collect();
        hdf5_file::write_block(&self.comm, &self.datasets[field], &in_file(region), &data)
    }

    /// Brings everything to the disk and gives the file its name. Collective.
    pub fn finish(self) -> Result<()> {
        let SnapshotWriter { datasets, file, temporary, comm, path, .. } = self;
        let flushed = file.flush();
        drop(datasets);
        let closed = flushed.and(file.close());
        comm.agree(closed.map_err(|e| hdf5_file::write_failed(&path, e)))?;
        comm.agree(temporary.map_or(Ok(()), Temporary::rename))
    }
}

/// Creates a file with everything but the numbers of the fields. On rank 0 only.
fn create_file(path: &Path, header: &Header, provenance: &Provenance) -> hdf5::Result<()> {
    let file = hdf5_file::create(path)?;
    provenance.write(&file, DESCRIPTION)?;
    hdf5_file::write_number(&file, "time", header.time)?;
    // Signed, because differences of unsigned numbers surprise in Python.
    hdf5_file::write_number(&file, "step", header.step as i64)?;
    hdf5_file::write_numbers(&file, "points", &header.points.map(|n| n as i64))?;
    hdf5_file::write_numbers(&file, "lengths", &header.lengths)?;
    let group = file.create_group("fields")?;
    let mut coordinates = Vec::with_capacity(AXES);
    for axis in 0..AXES {
        coordinates.push(create_coordinates(&group, header, axis)?);
    }
    for field in &header.fields {
        let dataset = match header.precision {
            Precision::Single => create_field::<f32>(&group, header, field),
            Precision::Double => create_field::<f64>(&group, header, field),
        }?;
        for (axis, coordinates) in coordinates.iter().enumerate() {
            let dimension = (AXES - 1 - axis) as u32;
            hdf5_file::attach_scale(&dataset, dimension, AXIS_NAMES[axis], coordinates)?;
        }
    }
    drop((coordinates, group));
    file.close()
}

fn create_coordinates(group: &Group, header: &Header, axis: usize) -> hdf5::Result<Dataset> {
    let (name, count) = (AXIS_NAMES[axis], header.points[axis]);
    hdf5_file::create_coordinates(group, name, 0..count, TAU * header.lengths[axis], count)
}

fn create_field<E: H5Type>(group: &Group, header: &Header, field: &Field) -> hdf5::Result<Dataset> {
    let builder = group.new_dataset::<E>().fill_time(FillTime::Never);
    let shape = header.shape();
    let builder = match header.compression {
        // All ranks write at once, so the space must be there, and every number is written.
        0 => builder.alloc_time(Some(AllocTime::Early)).shape(shape),
        // A chunk is a plane, which one rank writes.
        level => builder.chunk([1, shape[1], shape[2]]).shuffle().deflate(level).shape(shape),
    };
    let dataset = builder.create(field.name.as_str())?;
    hdf5_file::explain(&dataset, &field.units, &field.long_name)?;
    Ok(dataset)
}
