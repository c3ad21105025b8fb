//! Snapshots: the fields on the grid points at one instant, one HDF5 file each.
//!
//! Datasets `/fields/<name>` have shape [nz][ny][nx] with coordinates `/fields/x`, `y`, `z`
//! attached as dimension scales; root attributes hold the time, the grid, and where the file comes
//! from, with a `description` in words. A rank's planes lie in one contiguous block of the file.
//! The precision of the file does not depend on that of the run.

use std::f64::consts::TAU;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::dataset::{AllocTime, FillTime};
use hdf5::{Dataset, File, Group, H5Type, MinorErrorCode, OpenMode};
use serde::{Deserialize, Serialize};

use super::{Temporary, hdf5_file};
use crate::error::{Error, Result};
use crate::grid::AXES;
use crate::parallel::Communicator;
use crate::real::Real;

const AXIS_NAMES: [&str; AXES] = ["x", "y", "z"];

const DESCRIPTION: &str = "\
Fields of a direct numerical simulation in a periodic box, at one instant. \
Each field of /fields has shape [nz][ny][nx]: u[k, j, i] is the value of u at the grid point \
(x[i], y[j], z[k]); the coordinates are /fields/x, /fields/y, /fields/z. \
Attributes `points` and `lengths` are in the order x, y, z; the sides of the box are \
2 pi times `lengths`, and the point at the far side, the image of the first one, is not stored. \
Units: L and T are the units of length and time in which the run was configured. \
`config` is the configuration of the run in TOML.";

/// The numbers of a file: 4 or 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// IEEE single precision.
    Single,
    /// IEEE double precision.
    Double,
}

impl Precision {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Precision::Single => 4,
            Precision::Double => 8,
        }
    }
}

/// One field of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name of its dataset, such as `u`.
    pub name: String,
    /// Units, such as `L/T`.
    pub units: String,
    /// What it is, in words.
    pub long_name: String,
}

/// What a snapshot holds: needed to read it, or to draw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Simulated time.
    pub time: f64,
    /// Time step number.
    pub step: u64,
    /// Points along x, y, z.
    pub points: [usize; AXES],
    /// Box sides along x, y, z in units of 2 pi.
    pub lengths: [f64; AXES],
    /// Numbers of the file.
    pub precision: Precision,
    /// The fields, in alphabetical order when read from a file.
    pub fields: Vec<Field>,
}

/// Where a snapshot comes from, for those who find it later.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// Version of the program.
    pub code_version: String,
    /// The configuration of the run, in TOML.
    pub config: String,
    /// Root attributes of their own, such as ("viscosity", 6.25e-4).
    pub parameters: Vec<(String, f64)>,
}

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
        let failed = |e| Error::io("write", path, e);
        let temporary = comm.is_root().then(|| Temporary::new(path));
        comm.agree(match &temporary {
            Some(temporary) => create_file(temporary.path(), header, provenance).map_err(failed),
            None => Ok(()),
        })?;
        let opened = open(comm, &Temporary::path_for(path), OpenMode::ReadWrite, header);
        let (file, datasets) = comm.agree(opened.map_err(failed))?;
        Ok(SnapshotWriter {
            datasets,
            file,
            temporary,
            comm: comm.clone(),
            precision: header.precision,
            path: path.to_owned(),
        })
    }

    /// Writes whole planes of field number `field` (in the order of the header) from `z0` on;
    /// `data` is [z][ny][nx]. Every rank makes the same number of calls with the same fields, some
    /// perhaps with empty `data`. A copy of `data` in the precision of the file is held meanwhile.
    /// Collective.
    pub fn write_planes<T: Real>(&mut self, field: usize, z0: usize, data: &[T]) -> Result<()> {
        let written = match self.precision {
            Precision::Single => self.write_as::<T, f32>(field, z0, data),
            Precision::Double => self.write_as::<T, f64>(field, z0, data),
        };
        self.comm.agree(written.map_err(|e| Error::io("write", &self.path, e)))
    }

    fn write_as<T: Real, E: Real + H5Type>(
        &self,
        field: usize,
        z0: usize,
        data: &[T],
    ) -> hdf5::Result<()> {
        // Converted here: in HDF5's hands a conversion would make the access independent.
        let data: Vec<E> = data.iter().map(|x| E::from_double(x.double())).collect();
        hdf5_file::write_planes(&self.comm, &self.datasets[field], z0, &data)
    }

    /// Brings everything to the disk and gives the file its name. Collective.
    pub fn finish(self) -> Result<()> {
        let SnapshotWriter { datasets, file, temporary, comm, path, .. } = self;
        let flushed = file.flush();
        drop(datasets);
        let closed = flushed.and(file.close());
        comm.agree(closed.map_err(|e| Error::io("write", &path, e)))?;
        comm.agree(temporary.map_or(Ok(()), Temporary::rename))
    }
}

/// Creates a file with everything but the numbers of the fields. On rank 0 only.
fn create_file(path: &Path, header: &Header, provenance: &Provenance) -> hdf5::Result<()> {
    let file = File::create(path)?;
    hdf5_file::write_text(&file, "description", DESCRIPTION)?;
    hdf5_file::write_number(&file, "time", header.time)?;
    hdf5_file::write_number(&file, "step", header.step)?;
    hdf5_file::write_numbers(&file, "points", &header.points.map(|n| n as u64))?;
    hdf5_file::write_numbers(&file, "lengths", &header.lengths)?;
    hdf5_file::write_text(&file, "code_version", &provenance.code_version)?;
    hdf5_file::write_text(&file, "config", &provenance.config)?;
    for (name, value) in &provenance.parameters {
        hdf5_file::write_number(&file, name, *value)?;
    }
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
    let side = TAU * header.lengths[axis];
    let points: Vec<f64> = (0..count).map(|i| side * i as f64 / count as f64).collect();
    let dataset = group.new_dataset_builder().with_data(&points).create(name)?;
    hdf5_file::write_text(&dataset, "units", "L")?;
    hdf5_file::write_text(&dataset, "long_name", &format!("{name} coordinate of the grid points"))?;
    hdf5_file::make_scale(&dataset, name)?;
    Ok(dataset)
}

fn create_field<E: H5Type>(group: &Group, header: &Header, field: &Field) -> hdf5::Result<Dataset> {
    let dataset = group
        .new_dataset::<E>()
        // All ranks write at once, so the space must be there, and every number is written.
        .alloc_time(Some(AllocTime::Early))
        .fill_time(FillTime::Never)
        .shape(shape(header))
        .create(field.name.as_str())?;
    hdf5_file::write_text(&dataset, "units", &field.units)?;
    hdf5_file::write_text(&dataset, "long_name", &field.long_name)?;
    Ok(dataset)
}

/// Shape of every field: [nz, ny, nx].
fn shape(header: &Header) -> [usize; AXES] {
    let [nx, ny, nz] = header.points;
    [nz, ny, nx]
}

/// Opens a file and the datasets of its fields on all ranks. Collective.
fn open(
    comm: &Communicator,
    path: &Path,
    mode: OpenMode,
    header: &Header,
) -> hdf5::Result<(File, Vec<Dataset>)> {
    let file = hdf5_file::open(comm, path, mode)?;
    let group = file.group("fields")?;
    let datasets =
        header.fields.iter().map(|f| group.dataset(&f.name)).collect::<Result<_, _>>()?;
    Ok((file, datasets))
}

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
        let (file, datasets) = comm.agree(opened.map_err(|e| unreadable(path, e)))?;
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

    /// Reads planes `planes` of a field, [z][ny][nx]; a rank may ask for none. Every rank makes
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
pub(super) fn read_header(path: &Path) -> Result<Header> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn header(precision: Precision) -> Header {
        let field = |name: &str| Field {
            name: name.into(),
            units: "L/T".into(),
            long_name: format!("velocity, component {name}"),
        };
        Header {
            time: 0.1 + 0.2,
            step: 12,
            points: [5, 3, 4],
            lengths: [1.0, 0.5, 2.0],
            precision,
            fields: vec![field("u"), field("v")],
        }
    }

    fn provenance() -> Provenance {
        Provenance {
            code_version: "0.0".into(),
            // Longer than the 64 KiB that an attribute could hold in place.
            config: "# é\n".repeat(30_000),
            parameters: vec![("viscosity".into(), 6.25e-4)],
        }
    }

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|i| 1.0 / (i as f64 + 3.0)).collect()
    }

    fn create(path: &Path, precision: Precision) -> Result<SnapshotWriter> {
        SnapshotWriter::create(&Communicator::serial(), path, &header(precision), &provenance())
    }

    /// Writes all planes of both fields; the second one is the negative of the first.
    fn write(path: &Path, precision: Precision) {
        let mut writer = create(path, precision).unwrap();
        for (field, sign) in [(0, 1.0), (1, -1.0)] {
            let data: Vec<f64> = numbers(60).iter().map(|x| sign * x).collect();
            writer.write_planes(field, 1, &data[15..]).unwrap();
            writer.write_planes(field, 0, &data[..15]).unwrap();
        }
        writer.finish().unwrap();
    }

    fn open(path: &Path) -> Result<SnapshotReader> {
        SnapshotReader::open(&Communicator::serial(), path)
    }

    #[test]
    fn both_precisions_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        for precision in [Precision::Single, Precision::Double] {
            write(&path, precision);
            let reader = open(&path).unwrap();
            assert_eq!(*reader.header(), header(precision));
            let expected = numbers(60).into_iter().map(|x| match precision {
                Precision::Single => f64::from(x as f32),
                Precision::Double => x,
            });
            let expected: Vec<f64> = expected.collect();
            assert_eq!(reader.read_planes("u", 0..4).unwrap(), expected);
            assert_eq!(reader.read_planes("u", 2..3).unwrap(), expected[30..45]);
            assert_eq!(reader.read_planes("u", 4..4).unwrap(), []);
            assert_eq!(reader.read_planes("v", 3..4).unwrap()[0], -expected[45]);
        }
    }

    #[test]
    fn a_single_precision_run_can_write_double() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        let mut writer = create(&path, Precision::Double).unwrap();
        writer.write_planes(0, 0, &[0.1_f32; 60]).unwrap();
        writer.finish().unwrap();
        assert_eq!(open(&path).unwrap().read_planes("u", 0..4).unwrap(), [f64::from(0.1_f32); 60]);
    }

    #[test]
    fn the_file_explains_itself() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        write(&path, Precision::Single);
        let file = File::open(&path).unwrap();
        assert_eq!(hdf5_file::read_text(&file, "description").unwrap(), DESCRIPTION);
        assert_eq!(hdf5_file::read_text(&file, "config").unwrap(), provenance().config);
        assert_eq!(hdf5_file::read_text(&file, "code_version").unwrap(), "0.0");
        assert_eq!(hdf5_file::read_number::<f64>(&file, "viscosity").unwrap(), 6.25e-4);
        let u = file.dataset("fields/u").unwrap();
        assert_eq!(hdf5_file::read_text(&u, "units").unwrap(), "L/T");
        assert!(u.attr("DIMENSION_LIST").is_ok() && u.attr("DIMENSION_LABELS").is_ok());
        let y = file.dataset("fields/y").unwrap().read_raw::<f64>().unwrap();
        assert_eq!(y, [0.0, TAU * 0.5 / 3.0, TAU * 0.5 * 2.0 / 3.0]);
    }

    #[test]
    fn an_unfinished_snapshot_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        let writer = create(&path, Precision::Single).unwrap();
        assert!(!path.exists(), "the final name is for finished files");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        drop(writer);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

        let error =
            create(&directory.path().join("nowhere/s.h5"), Precision::Single).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Io);
        assert!(error.message.contains("nowhere/s.h5: "), "{error}");
        assert!(error.message.contains("No such file"), "{error}");
    }

    /// The message with which a file is refused, after `spoil` has had its way with a good one.
    fn refusal(spoil: impl FnOnce(&Path)) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snapshot.h5");
        write(&path, Precision::Double);
        spoil(&path);
        let error = match open(&path) {
            Ok(reader) => reader.read_planes("u", 0..1).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind, ErrorKind::Input);
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
        error.message
    }

    /// Opens a file to spoil its content.
    fn edit(path: &Path) -> File {
        File::open_rw(path).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let missing = refusal(|path| fs::remove_file(path).unwrap());
        assert!(missing.contains("No such file"), "{missing}");

        let text = refusal(|path| fs::write(path, "time = 3").unwrap());
        assert!(text.contains("not an HDF5 file"), "{text}");

        let truncated = refusal(|path| {
            let length = fs::metadata(path).unwrap().len();
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length - 1).unwrap();
        });
        assert!(truncated.contains("truncated"), "{truncated}");

        let foreign = refusal(|path| edit(path).delete_attr("points").unwrap());
        assert!(foreign.contains("not a snapshot of this program: points"), "{foreign}");

        let no_field = refusal(|path| edit(path).unlink("fields/u").unwrap());
        assert!(no_field.contains("no field u (it has v)"), "{no_field}");

        let shape = refusal(|path| {
            let file = edit(path);
            file.delete_attr("points").unwrap();
            hdf5_file::write_numbers(&file, "points", &[5_u64, 3, 8]).unwrap();
        });
        assert!(shape.contains("/fields/u has shape [4, 3, 5]"), "{shape}");
        assert!(shape.contains("[8, 3, 5]"), "{shape}");

        let integers = refusal(|path| {
            let file = edit(path);
            file.unlink("fields/u").unwrap();
            file.new_dataset::<i32>().shape([4, 3, 5]).create("fields/u").unwrap();
        });
        assert!(integers.contains("/fields/u is of neither single nor double"), "{integers}");

        let mixed = refusal(|path| {
            let file = edit(path);
            file.unlink("fields/v").unwrap();
            file.new_dataset::<f32>().shape([4, 3, 5]).create("fields/v").unwrap();
        });
        assert!(mixed.contains("differ in precision"), "{mixed}");
    }
}
