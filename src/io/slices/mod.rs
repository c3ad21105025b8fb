//! Slices: some fields on a plane, a line or a box of grid points, at short intervals, in files that
//! grow.
//!
//! The records of the slice `name` are in `slices/<name>_<step>.h5`, one file after the other, each
//! named after its first step: `/fields/u` is `[record][z][y][x]`, with the coordinates `/fields/x`,
//! `y`, `z` and `/time` attached; `/step` has the steps. The first `/records` of them are there, the
//! rest is room (see `io::growing`).

mod header;
mod start;

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::path::Path;
use std::{fs, io};

use hdf5::{Dataset, File, Group};

use super::growing::{self, GrowingFile, Layout};
use super::numbered::Numbered;
use super::parts::same_flow;
use super::placed::PlacedFile;
use super::snapshot::{AXIS_NAMES, Provenance};
use super::xdmf::Series;
use super::{Temporary, hdf5_file, placed};
use crate::error::{Error, Result};
use crate::grid::{AXES, Grid, Region};
use crate::parallel::Communicator;
use crate::real::{Real, for_precision};

pub use header::Header;
use start::{Present, Start};

const DESCRIPTION: &str = "\
Fields of a direct numerical simulation at some of its grid points, one record an interval. Each \
field of /fields has shape [record][nz][ny][nx]; the first /records are there, at /time and /step, \
and what follows is room for more. Attributes `points` and `lengths` are those of the whole grid, in \
the order x, y, z: its sides are 2 pi times `lengths`. `config` is the configuration in TOML.";

/// A slice being written.
pub struct SliceWriter {
    comm: Communicator,
    files: Numbered,
    header: Header,
    provenance: Provenance,
    present: Option<Present>,
    /// The same, open on ranks that write to it, and on rank 0.
    numbers: Option<PlacedFile>,
    stamps: Option<GrowingFile>,
    has_points: bool,
    /// On rank 0, from the beginning on.
    series: Option<Series>,
    /// The work to be done before the first record. On rank 0.
    start: Start,
    /// The failure of the record so far.
    failure: Result<()>,
}

impl SliceWriter {
    /// Makes ready to begin a slice in the directory `slices`; or to go on `after` a step: then records
    /// of later steps are to be cut off. `has_points` tells whether this rank will have some. Until
    /// [`Self::begin`] nothing is touched. Collective.
    pub fn open(
        comm: &Communicator,
        slices: &Path,
        header: Header,
        provenance: Provenance,
        after: Option<u64>,
        has_points: bool,
    ) -> Result<Self> {
        let files = Numbered::new(slices.to_owned(), format!("{}_", header.name));
        let mut has_points = [i64::from(has_points)];
        comm.with_same_writer().max(&mut has_points);
        let fits = |of_file: &Header, config: &str| {
            of_file.shows_the_same(&header) && same_flow(config, &provenance.config)
        };
        let find = || Start::find(&files, &header.name, after, fits);
        let start = comm.agree(comm.is_root().then(find).transpose())?.unwrap_or_default();
        Ok(SliceWriter {
            comm: comm.clone(),
            files,
            header,
            provenance,
            present: None,
            numbers: None,
            stamps: None,
            has_points: has_points[0] == 1,
            series: None,
            start,
            failure: Ok(()),
        })
    }

    /// Makes the files what they are to be. Collective.
    pub fn begin(&mut self) -> Result<()> {
        let start = std::mem::take(&mut self.start);
        let (files, name) = (&self.files, &self.header.name);
        let mut series = None;
        let bytes = self.comm.from_root(|| {
            let slices = files.directory();
            fs::create_dir_all(slices).map_err(|e| Error::io("create", slices, e))?;
            let (of_slice, last) = start.make(files, name)?;
            series = Some(of_slice);
            Ok(last.map_or(Vec::new(), |present| to_bytes(&present)))
        })?;
        self.series = series;
        self.enter(&bytes)
    }

    /// Makes ready for the record of `step`, of which `left` are still to come with this one.
    /// Collective.
    pub fn begin_record(&mut self, step: u64, left: u64) -> Result<()> {
        if self.present.as_ref().is_some_and(|p| p.layout.records < p.layout.capacity) {
            return Ok(());
        }
        // What was written to the last file must not be lost when it is closed.
        let synced = self.sync();
        self.comm.agree(synced)?;
        let path = self.files.path(step);
        let bytes = self.comm.from_root(|| {
            let capacity = self.header.room(left);
            let layout = create(&path, &self.header, &self.provenance, capacity)?;
            Ok(to_bytes(&Present { path, layout }))
        })?;
        self.enter(&bytes)
    }

    /// Writes values `[z][y][x]` of a field on the rows of `part`, a part of the slice, into the record.
    /// Every rank makes the same number of calls with the same fields, some perhaps with an empty part.
    /// What goes wrong is told by [`Self::commit`]. Collective.
    pub fn put<T: Real>(&mut self, field: usize, part: &Region, values: &[T]) {
        let (Some(file), Some(present)) = (&self.numbers, &self.present) else { return };
        let Header { region, precision, .. } = &self.header;
        let start = present.layout.start((field, present.layout.records));
        let [_, ny, nx] = region.shape();
        let [_, y, z] = &part.ranges;
        let planes = z.clone().zip(values.chunks_exact(part.plane_len().max(1)));
        let runs = planes.map(|(z, values)| {
            let row = (z - region.ranges[2].start) * ny + y.start - region.ranges[1].start;
            let first = (row * nx * precision.bytes()) as u64;
            (start + first, values.iter().map(|x| x.double()))
        });
        let written = file.write(runs, *precision);
        if self.failure.is_ok() {
            self.failure = written.map_err(|e| Error::io("write", &present.path, e));
        }
    }

    /// Completes the record. Collective.
    pub fn commit(&mut self, step: u64, time: f64) -> Result<()> {
        let failure = std::mem::replace(&mut self.failure, Ok(()));
        self.comm.agree(failure)?;
        let Some(Present { path, layout }) = &mut self.present else { return Ok(()) };
        let mut commit = || {
            let (Some(series), Some(file)) = (&mut self.series, &self.stamps) else {
                return Ok(());
            };
            let record = layout.records;
            file.commit(record, step, time).map_err(|e| Error::io("write", path, e))?;
            series.add(&self.header.xdmf(path, (layout.capacity, record), (step, time)))
        };
        let committed = commit();
        layout.records += 1;
        self.comm.agree(committed)
    }

    /// Brings what this rank has written to the disk. Does not communicate.
    pub fn sync(&self) -> Result<()> {
        let (Some(numbers), Some(present)) = (&self.numbers, &self.present) else { return Ok(()) };
        let stamps = self.stamps.as_ref().map_or(Ok(()), GrowingFile::sync);
        numbers.sync().and(stamps).map_err(|e| Error::io("write", &present.path, e))
    }

    /// Opens the file that rank 0 told of. Collective.
    fn enter(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let parsed = toml::from_slice::<Present>(bytes).map_err(|e| Error::input(e.to_string()));
        let present = self.comm.agree(parsed)?;
        let (path, layout) = (&present.path, &present.layout);
        let open = || -> io::Result<_> {
            let stamps = || GrowingFile::open(path, layout.clone());
            let stamps = self.comm.is_root().then(stamps).transpose()?;
            Ok((PlacedFile::open_where(&self.comm, path, self.has_points)?, stamps))
        };
        let opened = self.comm.agree(open().map_err(|e| Error::io("open", path, e)))?;
        self.numbers = Some(opened.0);
        self.stamps = opened.1;
        self.present = Some(present);
        Ok(())
    }
}

fn to_bytes(present: &Present) -> Vec<u8> {
    toml::to_string(present).map_or_else(|_| Vec::new(), String::into_bytes)
}

/// Names of the slices that there are files of in the directory `slices`.
pub(super) fn names(slices: &Path) -> std::io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    if slices.try_exists()? {
        for entry in fs::read_dir(slices)? {
            let file = entry?.file_name();
            let stem = file.to_str().and_then(|file| file.strip_suffix(".h5"));
            names.extend(stem.and_then(|stem| Some(stem.rsplit_once('_')?.0.to_string())));
        }
    }
    Ok(names)
}

/// Cuts the slice `name` in the directory `slices` back to the records up to `step`.
pub(super) fn end_at(slices: &Path, name: &str, step: u64) -> Result<()> {
    let files = Numbered::new(slices.to_owned(), format!("{name}_"));
    Start::find(&files, name, Some(step), |_, _| false)?.make(&files, name).map(drop)
}

/// Makes a file without records. On rank 0 only.
fn create(path: &Path, header: &Header, provenance: &Provenance, capacity: u64) -> Result<Layout> {
    let temporary = Temporary::new(path);
    let create = || {
        let file = hdf5_file::create(temporary.path())?;
        fill(&file, header, provenance, capacity)?;
        let layout = growing::layout(&file, &header.datasets())?;
        file.close()?;
        Ok(layout)
    };
    let layout = create().map_err(|e: hdf5::Error| hdf5_file::write_failed(path, e))?;
    temporary.rename()?;
    Ok(layout)
}

fn fill(file: &File, header: &Header, provenance: &Provenance, capacity: u64) -> hdf5::Result<()> {
    provenance.write(file, DESCRIPTION)?;
    hdf5_file::write_numbers(file, "points", &header.grid.points.map(|n| n as i64))?;
    hdf5_file::write_numbers(file, "lengths", &header.grid.lengths)?;
    hdf5_file::write_numbers(file, "first", &header.first())?;
    let time = growing::create_stamps(file, capacity)?;
    let group = file.create_group("fields")?;
    let coordinates = (0..AXES).map(|axis| create_coordinates(&group, header, axis));
    let coordinates = coordinates.collect::<hdf5::Result<Vec<_>>>()?;
    let shape = [&[capacity as usize], &header.region.shape()[..]].concat();
    for field in &header.fields {
        let create = for_precision!(header.precision, T => placed::reserve::<T>);
        let dataset = create(&group, &field.name, &shape)?;
        hdf5_file::explain(&dataset, field)?;
        hdf5_file::attach_scale(&dataset, 0, "time", &time)?;
        for (axis, coordinates) in coordinates.iter().enumerate() {
            let dimension = (AXES - axis) as u32;
            hdf5_file::attach_scale(&dataset, dimension, AXIS_NAMES[axis], coordinates)?;
        }
    }
    Ok(())
}

fn create_coordinates(group: &Group, header: &Header, axis: usize) -> hdf5::Result<Dataset> {
    let Grid { points, lengths, .. } = header.grid;
    let range = header.region.ranges[axis].clone();
    hdf5_file::create_coordinates(group, AXIS_NAMES[axis], range, TAU * lengths[axis], points[axis])
}

#[cfg(test)]
mod tests;
