//! Numbers that are written into their places in an HDF5 file, beside the library.
//!
//! HDF5 makes the file once, each dataset in one piece whose room is set aside at once. From then on
//! its numbers are bytes at a known place in the file, and are written by the operating system: the
//! ranks that share a writer send it theirs in small pieces. Nothing is collective inside a library,
//! so that a full disk is an error like any other of the one rank that meets it, which all ranks then
//! agree on. (What MPI-IO does when the write of one rank fails differs from one MPI to the next: the
//! error may be lost, or the other ranks wait for ever.)

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use hdf5::dataset::{AllocTime, FillTime};
use hdf5::{Dataset, Group, H5Type};

use crate::error::Result;
use crate::parallel::Communicator;
use crate::real::{Precision, Real, for_precision};

/// Numbers in a piece, so that it has a megabyte at most.
pub const PIECE: usize = 1 << 17;

/// Makes a dataset in one piece, whose numbers are undefined until they are written.
pub fn reserve<E: H5Type>(group: &Group, name: &str, shape: &[usize]) -> hdf5::Result<Dataset> {
    group
        .new_dataset::<E>()
        .alloc_time(Some(AllocTime::Early))
        .fill_time(FillTime::Never)
        .shape(shape)
        .create(name)
}

/// The byte of the file at which a dataset begins.
pub fn start_of(dataset: &Dataset) -> hdf5::Result<u64> {
    dataset.offset().ok_or_else(|| "a dataset lies in several pieces".into())
}

/// Tells every rank where the datasets of a file begin that rank 0 creates. Collective.
pub fn share_starts(
    comm: &Communicator,
    create: impl FnOnce() -> Result<Vec<u64>>,
) -> Result<Vec<u64>> {
    let bytes =
        comm.from_root(|| Ok(create()?.into_iter().flat_map(u64::to_ne_bytes).collect()))?;
    let (starts, _) = bytes.as_chunks();
    Ok(starts.iter().map(|start| u64::from_ne_bytes(*start)).collect())
}

/// Puts numbers in the given precision, as files have them, in the place of `bytes`.
pub fn encode(numbers: impl Iterator<Item = f64>, precision: Precision, bytes: &mut Vec<u8>) {
    bytes.clear();
    for_precision!(precision, T => {
        numbers.for_each(|x| bytes.extend(T::from_double(x).to_ne_bytes()));
    });
}

/// A file whose datasets have their places, open on the ranks that write for others.
pub struct PlacedFile {
    /// Those with the same writer, which is their rank 0.
    ranks: Communicator,
    file: Option<File>,
}

impl PlacedFile {
    /// Opens a finished file to write numbers into it. May fail on some ranks only.
    pub fn open(comm: &Communicator, path: &Path) -> io::Result<Self> {
        Self::open_where(comm, path, true)
    }

    /// As [`Self::open`], where ranks with the same writer all say whether one of them `has_numbers`.
    pub fn open_where(comm: &Communicator, path: &Path, has_numbers: bool) -> io::Result<Self> {
        let ranks = comm.with_same_writer();
        let open = || OpenOptions::new().write(true).open(path);
        let file = (has_numbers && ranks.is_root()).then(open).transpose()?;
        Ok(PlacedFile { ranks, file })
    }

    /// Writes runs of numbers in the given precision, each from a byte of the file on; a rank may
    /// have none. Fails on the ranks that write. Collective.
    pub fn write<N: IntoIterator<Item = f64>>(
        &self,
        runs: impl IntoIterator<Item = (u64, N)>,
        precision: Precision,
    ) -> io::Result<()> {
        let mut runs = runs.into_iter();
        let mut run: Option<(u64, N::IntoIter)> = None;
        let next = |piece: &mut Vec<u8>| loop {
            if let Some((start, numbers)) = &mut run {
                encode(numbers.take(PIECE), precision, piece);
                if !piece.is_empty() {
                    *start += piece.len() as u64;
                    return Some(*start - piece.len() as u64);
                }
            }
            let (start, numbers) = runs.next()?;
            run = Some((start, numbers.into_iter()));
        };
        let mut written = Ok(());
        self.ranks.deliver(next, |start, piece| {
            // After an error the others must still get rid of theirs.
            if written.is_ok() {
                written = self.put(start, piece);
            }
        });
        written
    }

    /// Writes bytes from a byte of the file on. Does nothing on ranks that do not write.
    pub fn put(&self, start: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.write_all_at(bytes, start))
    }

    /// Brings what was written to the disk. Fails on the ranks that write.
    pub fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }
}
