//! Compressed fields, each z-plane in a chunk of its own.
//!
//! A plane goes to one rank, its *home*, which compresses it; rank 0 gets the planes one by one and
//! writes them. As long as ranks have whole planes, each is the home of its own.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use hdf5::dataset::FillTime;
use hdf5::{Dataset, File, Group, H5Type};

use super::header::Header;
use crate::grid::{AXES, Region};
use crate::io::{hdf5_file, placed};
use crate::parallel::{Communicator, RowCounts, share};
use crate::real::{Precision, Real};

/// Makes a dataset `[z][y][x]` whose planes are chunks.
pub fn create<E: H5Type>(
    group: &Group,
    name: &str,
    shape: [usize; AXES],
    level: u8,
) -> hdf5::Result<Dataset> {
    let [_, ny, nx] = shape;
    let builder = group.new_dataset::<E>().fill_time(FillTime::Never);
    builder.chunk([1, ny, nx]).shuffle().deflate(level).shape(shape).create(name)
}

/// A file of such datasets, open on rank 0.
pub struct CompressedFile {
    comm: Communicator,
    shape: [usize; AXES],
    precision: Precision,
    level: u8,
    /// Planes at home here of which rows are missing, by field and z.
    unfinished: BTreeMap<(usize, usize), Plane>,
    /// The datasets are closed before their file.
    file: Option<(Vec<Dataset>, File)>,
}

/// A plane as it will be in the file, and how many of its rows are there.
struct Plane {
    bytes: Vec<u8>,
    rows: usize,
}

impl CompressedFile {
    /// Opens a finished file to write the numbers of its fields. Fails on rank 0 only.
    pub fn open(comm: &Communicator, path: &Path, header: &Header) -> hdf5::Result<Self> {
        let open = || -> hdf5::Result<_> {
            let file = File::open_rw(path)?;
            let datasets = header.datasets();
            let datasets = datasets.iter().map(|name| file.dataset(name));
            Ok((datasets.collect::<hdf5::Result<_>>()?, file))
        };
        let file = comm.is_root().then(open).transpose()?;
        Ok(CompressedFile {
            comm: comm.clone(),
            shape: header.shape(),
            precision: header.precision,
            level: header.compression,
            unfinished: BTreeMap::new(),
            file,
        })
    }

    /// Writes numbers `[z][y][x]` of a field in a region of whole lines along x, those of planes with
    /// rows to come later. Fails on rank 0 only. Collective.
    pub fn write<T: Real>(
        &mut self,
        field: usize,
        region: &Region,
        numbers: &[T],
    ) -> hdf5::Result<()> {
        self.bring_home(field, region, numbers);
        let (whole, unfinished): (BTreeMap<_, _>, _) = std::mem::take(&mut self.unfinished)
            .into_iter()
            .partition(|(_, plane)| plane.rows == self.shape[1]);
        self.unfinished = unfinished;
        let mut whole = whole.into_iter();
        let mut written = Ok(());
        self.comm.deliver(
            |bytes| {
                let ((_, z), plane) = whole.next()?;
                *bytes = compress(&plane.bytes, self.precision.bytes(), self.level);
                Some(z as u64)
            },
            |z, bytes| {
                if let (Ok(()), Some((datasets, _))) = (&written, &self.file) {
                    written = hdf5_file::write_chunk(&datasets[field], &[z, 0, 0], bytes);
                }
            },
        );
        written
    }

    /// Sends each row to the home of its plane. Collective.
    fn bring_home<T: Real>(&mut self, field: usize, region: &Region, numbers: &[T]) {
        let ([nz, ny, nx], ranks) = (self.shape, self.comm.size());
        let [_, y, z] = region.ranges.clone();
        let bounds = [y.start, y.end, z.start, z.end].map(|n| n as i64);
        // The rows (first and last y) and planes of every rank.
        let regions = self.comm.gather_to_all(if region.is_empty() { [0; 4] } else { bounds });
        let regions = regions.into_iter().map(|bounds| bounds.map(|n| n as usize));
        let regions: Vec<_> = regions.map(|[a, b, c, d]| (a..b, c..d)).collect();
        let planes_at = |home: usize, of: usize| {
            let (planes, home) = (&regions[of].1, share(nz, home, ranks));
            let start = planes.start.max(home.start);
            start..planes.end.min(home.end).max(start)
        };
        let here = self.comm.rank();
        let rows = |home: usize, of: usize| planes_at(home, of).len() * regions[of].0.len();
        let outgoing = (0..ranks).map(|home| rows(home, here) as i32).collect();
        let incoming: Vec<i32> = (0..ranks).map(|of| rows(here, of) as i32).collect();
        let count = incoming.iter().sum::<i32>() as usize;
        let mut arriving = vec![T::ZERO; count * nx];
        let [outgoing, incoming] = [outgoing, incoming].map(RowCounts::side_by_side);
        self.comm.all_to_all(nx, (numbers, &outgoing), (&mut arriving, &incoming));
        let mut arriving = arriving.chunks_exact(nx.max(1));
        let (row_bytes, mut row) = (nx * self.precision.bytes(), Vec::new());
        for (of, (y, _)) in regions.iter().enumerate() {
            for z in planes_at(here, of) {
                let empty = || Plane { bytes: vec![0; ny * row_bytes], rows: 0 };
                let plane = self.unfinished.entry((field, z)).or_insert_with(empty);
                for (y, numbers) in y.clone().zip(&mut arriving) {
                    placed::encode(numbers.iter().map(|x| x.double()), self.precision, &mut row);
                    plane.bytes[y * row_bytes..][..row_bytes].copy_from_slice(&row);
                }
                plane.rows += y.len();
            }
        }
    }

    /// Closes the file. Fails on rank 0 only.
    pub fn close(self) -> hdf5::Result<()> {
        let Some((datasets, file)) = self.file else { return Ok(()) };
        drop(datasets);
        file.flush()?;
        file.close()
    }
}

/// Applies HDF5's filters shuffle and deflate to numbers of `size` bytes: first bytes first.
fn compress(numbers: &[u8], size: usize, level: u8) -> Vec<u8> {
    let count = numbers.len() / size;
    let mut shuffled = vec![0; numbers.len()];
    for (index, number) in numbers.chunks_exact(size).enumerate() {
        number.iter().enumerate().for_each(|(byte, &value)| shuffled[byte * count + index] = value);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level.into()));
    // Writing to memory does not fail.
    let _ = encoder.write_all(&shuffled);
    encoder.finish().unwrap_or_default()
}
