//! HDF5 files that all ranks read, through a few: rank 0 looks at everything first, so that the others
//! neither crowd the file nor fail alone, then those that read for others open the datasets.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, MinorErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{hdf5_file, what_is_no_file};
use crate::error::{Error, Result};
use crate::parallel::Communicator;

/// A file that all ranks have opened.
pub struct InputFile<H> {
    /// The datasets asked for, in that order, and the file, closed after them, on the ranks that read.
    opened: Option<(Vec<Dataset>, File)>,
    /// All that is known about the file beside its numbers.
    pub header: H,
    /// The ranks that want to know.
    pub comm: Communicator,
    kind: &'static str,
    path: PathBuf,
}

impl<H: Serialize + DeserializeOwned> InputFile<H> {
    /// Opens a file of a `kind` such as "snapshot". `look` reads and checks the header on rank 0;
    /// `names` tells which datasets to open. An error says what is wrong with the file. Collective.
    pub fn open(
        comm: &Communicator,
        kind: &'static str,
        path: &Path,
        look: impl FnOnce(&Path) -> Result<H, String>,
        names: impl FnOnce(&H) -> Vec<String>,
    ) -> Result<Self> {
        let failed = |cause: &dyn Display| unusable(kind, path, cause);
        let bytes = comm.from_root(|| {
            let header = look(path).map_err(|cause| failed(&cause))?;
            toml::to_string(&header).map(String::into_bytes).map_err(|e| failed(&e))
        })?;
        let header: H = toml::from_slice(&bytes).map_err(|e| failed(&e))?;
        comm.agree(InputFile::of_header(comm, kind, path, header, names))
    }

    /// As [`Self::open`], where all ranks have the header already: rank 0 only looks whether it can be
    /// read. An error is one of this rank.
    pub fn of_known(
        comm: &Communicator,
        kind: &'static str,
        path: &Path,
        header: H,
        look: impl FnOnce(&Path) -> Result<H, String>,
        names: impl FnOnce(&H) -> Vec<String>,
    ) -> Result<Self> {
        if comm.is_root() {
            look(path).map_err(|cause| unusable(kind, path, cause))?;
        }
        InputFile::of_header(comm, kind, path, header, names)
    }

    fn of_header(
        comm: &Communicator,
        kind: &'static str,
        path: &Path,
        header: H,
        names: impl FnOnce(&H) -> Vec<String>,
    ) -> Result<Self> {
        let open = || hdf5_file::open_datasets(path, &names(&header));
        let opened = comm.is_writer().then(open).transpose();
        let opened = opened.map_err(|e| unusable(kind, path, e))?;
        Ok(InputFile { opened, header, comm: comm.clone(), kind, path: path.to_owned() })
    }

    /// A dataset, by its place in those asked for, on the ranks that read; rank 0 is one of them.
    pub fn dataset(&self, index: usize) -> Option<&Dataset> {
        self.opened.as_ref().map(|(datasets, _)| &datasets[index])
    }

    /// The file, on the ranks that read.
    pub fn file(&self) -> Option<&File> {
        self.opened.as_ref().map(|(_, file)| file)
    }

    /// The error that the file cannot be used because of `cause`.
    pub fn unusable(&self, cause: impl Display) -> Error {
        unusable(self.kind, &self.path, cause)
    }
}

/// The error that a file cannot be used because of `cause`.
pub fn unusable(kind: &str, path: &Path, cause: impl Display) -> Error {
    Error::input(format!("cannot use {kind} {}: {cause}", path.display()))
}

/// Opens a file on one rank, or says why that is not possible.
pub fn open_alone(path: &Path) -> Result<File, String> {
    if let Some(reason) = what_is_no_file(path) {
        return Err(format!("it is {reason}"));
    }
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if length == 0 {
        return Err("it is empty".into());
    }
    File::open(path).map_err(|e| {
        if e.contains_minor(MinorErrorCode::NotHdf5) {
            "it is not an HDF5 file".into()
        } else if e.contains_minor(MinorErrorCode::Truncated) {
            "it is truncated, as after an incomplete copy".into()
        } else {
            e.to_string()
        }
    })
}
