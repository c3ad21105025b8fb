//! Writing a snapshot.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, Group, H5Type};

use super::compressed::{self, CompressedFile};
use super::header::{AXIS_NAMES, Header, Provenance};
use crate::error::Result;
use crate::grid::{AXES, Region};
use crate::io::placed::{self, PlacedFile};
use crate::io::{Temporary, hdf5_file, write_failed};
use crate::parallel::Communicator;
use crate::real::{Precision, Real, for_precision};
use crate::variable::Variable;

pub(super) const DESCRIPTION: &str = "\
Fields of a direct numerical simulation in a periodic box, at one instant. \
Each field of /fields has shape [nz][ny][nx]: u[k, j, i] is the value of u at the grid point \
(x[i], y[j], z[k]); the coordinates are /fields/x, /fields/y, /fields/z. \
Attributes `points` and `lengths` are in the order x, y, z; the sides of the box are \
2 pi times `lengths`, and the point at the far side, the image of the first one, is not stored. \
Units: L and T are the units of length and time in which the run was configured. \
`config` is the configuration of the run in TOML.";

/// A snapshot being written, under a temporary name until [`SnapshotWriter::finish`]. After an
/// error, or when dropped before, nothing is left of it.
pub struct SnapshotWriter {
    numbers: Numbers,
    temporary: Option<Temporary>,
    comm: Communicator,
    shape: [usize; AXES],
    precision: Precision,
    path: PathBuf,
    /// The failure so far.
    failure: Result<()>,
}

/// The way of the numbers into the file.
enum Numbers {
    /// To the places where the fields begin.
    Placed(PlacedFile, Vec<u64>),
    Compressed(CompressedFile),
}

impl SnapshotWriter {
    /// Creates the file, with space for every field. Collective.
    pub fn create(
        comm: &Communicator,
        path: &Path,
        header: &Header,
        provenance: &Provenance,
    ) -> Result<Self> {
        let temporary = comm.is_root().then(|| Temporary::new(path));
        let name = Temporary::path_for(path);
        let starts = placed::share_starts(comm, || {
            let created = create_file(&name, header, provenance);
            created.map_err(|e| hdf5_file::write_failed(path, e))
        })?;
        let numbers = match header.compression {
            0 => {
                let file = PlacedFile::open(comm, &name).map_err(|e| write_failed(path, e));
                Numbers::Placed(comm.agree(file)?, starts)
            }
            _ => {
                let file = CompressedFile::open(comm, &name, header);
                let file = file.map_err(|e| hdf5_file::write_failed(path, e));
                Numbers::Compressed(comm.agree(file)?)
            }
        };
        Ok(SnapshotWriter {
            numbers,
            temporary,
            comm: comm.clone(),
            shape: header.shape(),
            precision: header.precision,
            path: path.to_owned(),
            failure: Ok(()),
        })
    }

    /// Writes a region of field number `field` (in the order of the header), of whole lines along x;
    /// `data` is `[z][y][x]`. Every rank makes the same number of calls with the same fields, some
    /// perhaps with an empty region. What goes wrong is told by [`Self::finish`]. Collective.
    pub fn write<T: Real>(&mut self, field: usize, region: &Region, data: &[T]) {
        let ([nz, ny, nx], [x, y, z]) = (self.shape, &region.ranges);
        assert!(region.is_empty() || (*x == (0..nx) && y.end <= ny && z.end <= nz), "{region:?}");
        assert_eq!(data.len(), region.len(), "{region:?} is written whole");
        let written = match &mut self.numbers {
            Numbers::Placed(file, starts) => {
                let planes = z.clone().zip(data.chunks_exact(region.plane_len().max(1)));
                let runs = planes.map(|(z, values)| {
                    let first = ((z * ny + y.start) * nx * self.precision.bytes()) as u64;
                    (starts[field] + first, values.iter().map(|x| x.double()))
                });
                file.write(runs, self.precision).map_err(|e| write_failed(&self.path, e))
            }
            Numbers::Compressed(file) => {
                let written = file.write(field, region, data);
                written.map_err(|e| hdf5_file::write_failed(&self.path, e))
            }
        };
        if self.failure.is_ok() {
            self.failure = written;
        }
    }

    /// Brings everything to the disk and gives the file its name. Collective.
    pub fn finish(self) -> Result<()> {
        let SnapshotWriter { numbers, temporary, comm, path, failure, .. } = self;
        let closed = match numbers {
            Numbers::Placed(file, _) => file.sync().map_err(|e| write_failed(&path, e)),
            Numbers::Compressed(file) => {
                file.close().map_err(|e| hdf5_file::write_failed(&path, e))
            }
        };
        comm.agree(failure.and(closed))?;
        comm.agree(temporary.map_or(Ok(()), Temporary::rename))
    }
}

/// Creates a file with everything but the numbers of the fields, and returns where they begin; nothing
/// when they are compressed. On rank 0 only.
fn create_file(path: &Path, header: &Header, provenance: &Provenance) -> hdf5::Result<Vec<u64>> {
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
    let mut starts = Vec::with_capacity(header.fields.len());
    for field in &header.fields {
        let dataset =
            for_precision!(header.precision, T => create_field::<T>(&group, header, field))?;
        for (axis, coordinates) in coordinates.iter().enumerate() {
            let dimension = (AXES - 1 - axis) as u32;
            hdf5_file::attach_scale(&dataset, dimension, AXIS_NAMES[axis], coordinates)?;
        }
        if header.compression == 0 {
            starts.push(placed::start_of(&dataset)?);
        }
    }
    drop((coordinates, group));
    file.close()?;
    Ok(starts)
}

fn create_coordinates(group: &Group, header: &Header, axis: usize) -> hdf5::Result<Dataset> {
    let (name, count) = (AXIS_NAMES[axis], header.points[axis]);
    hdf5_file::create_coordinates(group, name, 0..count, TAU * header.lengths[axis], count)
}

fn create_field<E: H5Type>(
    group: &Group,
    header: &Header,
    field: &Variable,
) -> hdf5::Result<Dataset> {
    let (shape, name) = (header.shape(), field.name.as_str());
    let dataset = match header.compression {
        0 => placed::reserve::<E>(group, name, &shape),
        level => compressed::create::<E>(group, name, shape, level),
    }?;
    hdf5_file::explain(&dataset, field)?;
    Ok(dataset)
}
