//! Reading a snapshot, with all the ways in which that can fail.

use std::ops::Range;
use std::path::Path;

use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5::{Dataset, File, Group, H5Type, LocationType};

use super::header::{Header, in_file};
use crate::error::Result;
use crate::grid::{AXES, Region};
use crate::io::hdf5_file;
use crate::io::input_file::{InputFile, open_alone, unusable};
use crate::io::placed::PIECE;
use crate::parallel::Communicator;
use crate::real::{Precision, Real, for_precision};
use crate::variable::Variable;

/// The name of the file in messages.
const KIND: &str = "snapshot";

/// A snapshot being read, on any number of ranks.
pub struct SnapshotReader {
    file: InputFile<Header>,
}

impl SnapshotReader {
    /// Opens a snapshot. An error says what is wrong with it. Collective.
    pub fn open(comm: &Communicator, path: &Path) -> Result<Self> {
        let file = InputFile::open(comm, KIND, path, look, Header::datasets)?;
        Ok(SnapshotReader { file })
    }

    /// The contents beside the fields.
    pub fn header(&self) -> &Header {
        &self.file.header
    }

    /// The configuration of the run that wrote it, in TOML. Collective.
    pub fn config(&self) -> Result<String> {
        let read = |file| hdf5_file::read_fixed_text(file, "config");
        let bytes = self.file.comm.from_root(|| {
            let text = self.file.file().map_or_else(|| Ok(String::new()), |file| read(file));
            text.map(String::into_bytes).map_err(|e| self.file.unusable(e))
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads a region of a field, `[z][y][x]`; a rank may ask for an empty one. Every rank makes
    /// the same number of calls with the same names. Collective.
    pub fn read(&self, field: &str, region: &Region) -> Result<Vec<f64>> {
        let InputFile { comm, header, .. } = &self.file;
        let names: Vec<&str> = header.fields.iter().map(|f| f.name.as_str()).collect();
        let Some(index) = names.iter().position(|&name| name == field) else {
            let found = names.join(", ");
            return Err(self.file.unusable(format!("it has no field {field} (it has {found})")));
        };
        let mut numbers = vec![0.0; region.len()];
        let ranks = comm.with_same_writer();
        let regions = ranks.gather_to_all(to_bounds(region));
        let Some(dataset) = self.file.dataset(index) else {
            ranks.receive(0, &mut numbers);
            return comm.agree(Ok(numbers));
        };
        let mut failure = Ok(());
        for (rank, bounds) in regions.into_iter().enumerate() {
            let mut rest = &mut numbers[..];
            for piece in pieces(&from_bounds(bounds), dataset.is_chunked()) {
                let read = read_piece(dataset, header.precision, &piece).unwrap_or_else(|error| {
                    failure = Err(self.file.unusable(error));
                    vec![0.0; piece.len()]
                });
                if rank > 0 {
                    ranks.send(rank, &read);
                } else {
                    let (here, later) = std::mem::take(&mut rest).split_at_mut(read.len());
                    here.copy_from_slice(&read);
                    rest = later;
                }
            }
        }
        comm.agree(failure.map(|()| numbers))
    }
}

/// First and last points of a region, for messages.
fn to_bounds(region: &Region) -> [i64; 2 * AXES] {
    let [x, y, z] = &region.ranges;
    [x.start, x.end, y.start, y.end, z.start, z.end].map(|n| n as i64)
}

/// The region that [`to_bounds`] tells of.
fn from_bounds(bounds: [i64; 2 * AXES]) -> Region {
    let [a, b, c, d, e, f] = bounds.map(|n| n as usize);
    Region { ranges: [a..b, c..d, e..f] }
}

/// Parts of a region, one after the other, of a megabyte at most or of one row; planes of a file that has
/// them compressed stay whole, for each is unpacked at once.
fn pieces(region: &Region, planes_stay_whole: bool) -> Vec<Region> {
    let [x, y, z] = region.ranges.clone();
    if region.is_empty() {
        return Vec::new();
    }
    let planes = if planes_stay_whole { 1 } else { (PIECE / region.plane_len()).max(1) };
    let rows = if planes_stay_whole { y.len() } else { (PIECE / x.len()).clamp(1, y.len()) };
    let parts = |range: Range<usize>, each: usize| {
        let end = range.end;
        range.step_by(each).map(move |start| start..(start + each).min(end))
    };
    let of_planes = parts(z, planes);
    let regions = of_planes.flat_map(|z| parts(y.clone(), rows).map(move |y| (y, z.clone())));
    regions.map(|(y, z)| Region { ranges: [x.clone(), y, z] }).collect()
}

fn read_piece(dataset: &Dataset, precision: Precision, piece: &Region) -> hdf5::Result<Vec<f64>> {
    let block = in_file(piece);
    for_precision!(precision, T => {
        hdf5_file::read_block::<T>(dataset, &block)
            .map(|numbers| numbers.into_iter().map(T::double).collect())
    })
}

/// Reads and checks everything but the numbers. Needs one rank only.
pub(in crate::io) fn read_header(path: &Path) -> Result<Header> {
    look(path).map_err(|cause| unusable(KIND, path, cause))
}

/// As [`read_header`], with the bare cause.
fn look(path: &Path) -> Result<Header, String> {
    let file = open_alone(path)?;
    let foreign = |name: &'static str| {
        move |e: hdf5::Error| format!("it is not a snapshot of this program: {name}: {e}")
    };
    let points = hdf5_file::read_triple::<u64>(&file, "points").map_err(foreign("points"))?;
    let mut header = Header {
        time: number(&file, "time").map_err(foreign("time"))?,
        step: number(&file, "step").map_err(foreign("step"))?,
        points: points.map(|n| n as usize),
        lengths: hdf5_file::read_triple(&file, "lengths").map_err(foreign("lengths"))?,
        precision: Precision::Double,
        compression: 0,
        fields: Vec::new(),
    };
    let group = file.group("fields").map_err(foreign("/fields"))?;
    for name in group.member_names().map_err(foreign("/fields"))? {
        let Some(dataset) = dataset(&group, &name)?.filter(|dataset| dataset.ndim() == AXES) else {
            continue;
        };
        header.precision = check_dataset(&header, &format!("/fields/{name}"), &dataset)?;
        header.fields.push(Variable::named(name));
    }
    Ok(header)
}

/// A number from an attribute, whatever the type that it is stored in.
fn number<E: H5Type>(file: &File, name: &str) -> hdf5::Result<E> {
    let numbers = file.attr(name)?.read_raw::<E>()?.into_iter();
    numbers.last().ok_or_else(|| "holds no number".into())
}

/// The dataset of this name in a group, also through links of any kind; `None` if it is no dataset.
fn dataset(group: &Group, name: &str) -> Result<Option<Dataset>, String> {
    let failed =
        |e: hdf5::Error| format!("/fields/{name} leads to nothing that can be opened: {e}");
    match group.loc_type_by_name(name).map_err(failed)? {
        LocationType::Dataset => group.dataset(name).map(Some).map_err(failed),
        _ => Ok(None),
    }
}

/// The precision of a dataset, if shape and type are those of a field of this snapshot. HDF5 converts
/// numbers of the other byte order as it reads them.
fn check_dataset(header: &Header, name: &str, dataset: &Dataset) -> Result<Precision, String> {
    let found = dataset.shape();
    let expected = header.shape();
    if found != expected {
        return Err(format!("{name} has shape {found:?}, but `points` mean {expected:?}"));
    }
    let number = dataset.dtype().and_then(|number| number.to_descriptor());
    let precision = match number {
        Ok(TypeDescriptor::Float(FloatSize::U4)) => Precision::Single,
        Ok(TypeDescriptor::Float(FloatSize::U8)) => Precision::Double,
        Ok(other) => {
            return Err(format!("{name} is of neither single nor double precision: it is {other}"));
        }
        Err(e) => return Err(format!("{name} is of neither single nor double precision: {e}")),
    };
    match header.fields.first() {
        Some(first) if precision != header.precision => {
            Err(format!("{name} and /fields/{} differ in precision", first.name))
        }
        _ => Ok(precision),
    }
}
