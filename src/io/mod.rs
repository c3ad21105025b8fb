//! Everything that goes to or comes from files.
//!
//! A run directory holds `config.toml`, `log.txt`, `history.csv`, `gradients.csv`, files of records
//! such as `spectra.h5` (`spectra.part2.h5`, see `parts`), `snapshots.xmf`, `snapshots/snapshot_<step>.h5`, `modes/modes_<step>.h5`,
//! `slices/<name>_<step>.h5`, `checkpoints/checkpoint_<step>.h5`, and, while the run is at work, `lock`.
//! This is the only module that uses HDF5; it knows ranks and planes but no physics, and takes plain
//! arguments.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

pub mod checkpoint;
mod growing;
mod hdf5_file;
pub mod history;
mod input_file;
pub mod log;
mod numbered;
mod parts;
mod placed;
pub mod records;
pub mod run_directory;
pub mod slices;
pub mod snapshot;
pub mod xdmf;

/// Version of the HDF5 library.
pub fn library_version() -> String {
    let (major, minor, patch) = hdf5::library_version();
    format!("{major}.{minor}.{patch}")
}

/// From now on a write beyond the largest size that a file may have (`ulimit -f`) fails with an error,
/// which names the file, instead of ending the process.
pub fn report_size_limits() {
    // SAFETY: to ignore a signal is allowed at any time.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Checks that the file at `path` can be opened to read, and is none at which a reader would wait.
///
/// # Errors
/// Names it, and the reason of the system, which HDF5 does not tell.
pub fn check_readable(path: &Path) -> Result<()> {
    if let Some(reason) = what_is_no_file(path) {
        return Err(Error::io("read", path, format!("it is {reason}")));
    }
    File::open(path).map(drop).map_err(|e| Error::io("read", path, e))
}

/// The error that something else is in the place of a file that a run goes on with.
fn foreign(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::input(format!(
        "cannot go on with {}: {reason}; move it away to go on with a new one",
        path.display()
    ))
}

/// The reason for which what is at `path` can be no file of a run: a directory, a pipe, at which a reader
/// would wait for ever, or a link to nowhere.
fn what_is_no_file(path: &Path) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    if let Ok(found) = std::fs::metadata(path) {
        let odd = [(found.is_dir(), "a directory"), (found.file_type().is_fifo(), "a pipe")];
        return odd.into_iter().find_map(|(is_odd, what)| is_odd.then_some(what));
    }
    // Where the target's directory is there, the target can be made.
    let target = path.parent()?.join(std::fs::read_link(path).ok()?);
    let can_be_made = target.parent().is_some_and(Path::is_dir);
    (!can_be_made).then_some("a link that leads nowhere")
}

/// Checks that the file at `path`, if it is there, can be written to, and that files can be made, renamed
/// and removed beside it. Changes nothing.
///
/// # Errors
/// Names the file or the directory, and the reason.
fn check_writable(path: &Path) -> Result<()> {
    if let Some(reason) = what_is_no_file(path) {
        return Err(Error::io("write", path, format!("it is {reason}")));
    }
    let allows = |path: &Path, how| {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::CString::new(path.as_os_str().as_bytes())
            .map_err(|_| Error::input(format!("{path:?} has a zero byte")))?;
        // SAFETY: the name is alive and ends in a zero byte.
        match unsafe { libc::faccessat(libc::AT_FDCWD, name.as_ptr(), how, libc::AT_EACCESS) } {
            0 => Ok(true),
            _ => match std::io::Error::last_os_error() {
                e if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
                e => Err(Error::io("write", path, e)),
            },
        }
    };
    allows(path, libc::W_OK)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => allows(parent, libc::W_OK | libc::X_OK).map(drop),
        None => Ok(()),
    }
}

/// The error that `path` could not be written; says what to look at where the system says that there
/// is no room.
fn write_failed(path: &Path, cause: io::Error) -> Error {
    let hint = match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; is the disk full, or a quota used up?"
        }
        _ => "",
    };
    Error::io("write", path, format!("{cause}{hint}"))
}

/// A file under a temporary name beside its final one, removed when dropped unless
/// [`Temporary::rename`] succeeded: no half-written file ever has the final name. Lives on the
/// one rank that owns the file.
struct Temporary {
    path: PathBuf,
    final_path: PathBuf,
}

impl Temporary {
    /// Will become `path`. Nothing is created yet.
    fn new(path: &Path) -> Self {
        Temporary { path: Self::path_for(path), final_path: path.to_owned() }
    }

    /// The temporary name of `path`.
    fn path_for(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".tmp");
        name.into()
    }

    /// Returns the path to write to.
    fn path(&self) -> &Path {
        &self.path
    }

    /// Sends the file to the disk, then gives it its final name.
    fn rename(self) -> Result<()> {
        let path = self.final_path.clone();
        self.publish().map_err(|e| write_failed(&path, e))
    }

    /// As [`Self::rename`], with the bare error.
    fn publish(self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, &self.final_path)?;
        match self.final_path.parent().filter(|p| !p.as_os_str().is_empty()) {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left under this name, and that is no error.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing waits at a pipe, and a link to a place where a file can be made is as good as a file.
    #[test]
    fn what_is_no_file_is_neither_written_to_nor_read() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let pipe = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(pipe.success());
        let link = |target: &str, name| std::os::unix::fs::symlink(target, at(name)).unwrap();
        link("/nowhere/file", "lost");
        link("elsewhere", "new");
        for (name, reason) in
            [("pipe", "is a pipe"), ("lost", "leads nowhere"), (".", "is a directory")]
        {
            let message = check_writable(&at(name)).unwrap_err().message;
            assert!(message.contains(reason), "{name}: {message}");
            let message = check_readable(&at(name)).unwrap_err().message;
            assert!(message.contains(reason), "{name}: {message}");
        }
        check_writable(&at("new")).unwrap();
        check_writable(&at("none")).unwrap();
    }
}
