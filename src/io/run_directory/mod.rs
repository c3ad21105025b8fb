//! The directory of a run: locked while a run is at work in it, made when the run starts, reopened
//! when it goes on.
//!
//! | file | what it has |
//! |---|---|
//! | here | [`RunDirectory`]: entered, begun, reopened, set aside and left |
//! | `files` | [`RunFiles`], the names of what a run writes |
//! | `contents` | what is made and removed when a run begins or goes on |
//! | `leftovers` | what outputs have left that the run writes no more |
//! | `lock`, `owner` | who is at work in the directory |

mod contents;
mod files;
mod leftovers;
mod lock;
mod owner;

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::check_readable;
use super::log::Log;
use super::xdmf::{self, Series};
use crate::error::{Error, Result};
use crate::parallel::Communicator;

pub use files::RunFiles;
use lock::{Heartbeat, Lock};

/// A directory that no other run can use while this lives.
pub struct RunDirectory {
    files: RunFiles,
    /// On rank 0 only, and not after it was lost or left.
    lock: RefCell<Option<Lock>>,
    /// Made for this run, to be removed if nothing came to be in it.
    is_new: bool,
}

impl RunDirectory {
    /// Makes the directory at `path` if it is not there, and locks it; `log` is told when another
    /// run was or may be at work in it. Collective.
    ///
    /// # Errors
    /// Another run is, or the directory cannot be written to.
    pub fn enter(comm: &Communicator, path: &Path, log: &mut Log) -> Result<Self> {
        let (files, lock) = (RunFiles::new(path.to_owned()), RefCell::new(None));
        let mut directory = RunDirectory { files, lock, is_new: false };
        let mut enter = || {
            let exists = path.try_exists().map_err(|e| Error::io("create run directory", path, e));
            directory.is_new = !exists?;
            directory.lock(log)
        };
        let locked = if comm.is_root() { enter() } else { Ok(()) };
        comm.agree(locked)?;
        Ok(directory)
    }

    fn lock(&self, log: &mut Log) -> Result<()> {
        let made = target(self.path()).and_then(fs::create_dir_all);
        made.map_err(|e| Error::io("create run directory", self.path(), e))?;
        let mut tell = |text: &str| log.warn(text);
        let lock = Lock::acquire(&self.files.lock(), Heartbeat::default(), &mut tell);
        *self.lock.borrow_mut() = Some(lock?);
        Ok(())
    }

    /// The layout of ranks that an earlier part of the run has kept, if it has. Collective.
    ///
    /// # Errors
    /// None of its own: what cannot be read is not there.
    pub fn kept_layout(&self, comm: &Communicator) -> Result<Option<String>> {
        let path = self.files.layout();
        let read = || check_readable(&path).ok().and_then(|()| fs::read(&path).ok());
        let text = comm.from_root(|| Ok(read().unwrap_or_default()))?;
        Ok(String::from_utf8(text).ok().filter(|text| !text.is_empty()))
    }

    /// Keeps a layout of ranks. Collective.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_layout(&self, comm: &Communicator, text: &str) -> Result<()> {
        let path = self.files.layout();
        let keep = || contents::write_text(&path, text);
        let kept = if comm.is_root() { keep() } else { Ok(()) };
        comm.agree(kept.map_err(|e| Error::io("keep the layout of ranks in", &path, e)))
    }

    /// Checks that everything in the directory can be written to, and, for a run that `is_new`, that
    /// [`Self::begin`] with this `config` will not refuse it. Touches nothing. Collective.
    ///
    /// # Errors
    /// Names what cannot be written to, or what is there of another run.
    pub fn check(&self, comm: &Communicator, config: &str, is_new: bool) -> Result<()> {
        let check = || {
            contents::check_all_writable(&self.files)?;
            if is_new { contents::check_free(&self.files, config) } else { Ok(()) }
        };
        comm.agree(if comm.is_root() { check() } else { Ok(()) })
    }

    /// Checks that [`Self::cut_back`] will be able to write what it has to. Touches nothing. Collective.
    ///
    /// # Errors
    /// Names what cannot be written to.
    pub fn check_leftovers(&self, comm: &Communicator, step: u64) -> Result<()> {
        comm.agree(if comm.is_root() { leftovers::check(&self.files, step) } else { Ok(()) })
    }

    /// Cuts the files of outputs that the run writes no more back to what was there after `step`. Those
    /// of the others must have been. Collective.
    pub fn cut_back(&self, comm: &Communicator, step: u64) -> Result<()> {
        comm.agree(if comm.is_root() { leftovers::cut_back(&self.files, step) } else { Ok(()) })
    }

    /// Returns whether the directory was removed, or taken over by another run. Known on rank 0.
    pub fn is_lost(&self) -> bool {
        self.lock.borrow().as_ref().is_some_and(Lock::is_lost)
    }

    /// Makes it the directory of a new run, with `config.toml` and empty `snapshots/` and
    /// `checkpoints/`. One that holds a run already is refused, unless that run had the same
    /// `config` and was killed before its first step; other files in it, such as those of a batch
    /// system, do not matter. Collective.
    pub fn begin(&self, comm: &Communicator, config: &str) -> Result<()> {
        comm.agree(if comm.is_root() { contents::make(&self.files, config) } else { Ok(()) })
    }

    /// Makes the directory what it was after `step`, with a new `config.toml`: later snapshots and
    /// unfinished files are removed, and later checkpoints, which cannot be used or are not
    /// wanted, get the ending `.unused`. Nothing is done to the files that grow, see
    /// [`Self::cut_back`]. Collective.
    pub fn reopen(&self, comm: &Communicator, step: u64, config: &str) -> Result<()> {
        let reopen = || {
            let failed = |e| Error::io("continue run directory", self.path(), e);
            let loses_snapshots = contents::go_back(&self.files, step, config).map_err(failed)?;
            // It may be that the run writes no more of them.
            if loses_snapshots && self.files.series().try_exists().map_err(failed)? {
                self.snapshot_series()?;
            }
            Ok(())
        };
        comm.agree(if comm.is_root() { reopen() } else { Ok(()) })
    }

    /// Renames the directory to the first free name with `.old-1`, `.old-2` and so on, which it
    /// returns, and makes an empty one in its place. Of a link the directory that it leads to is
    /// renamed and made anew, and the link stays. Does nothing if it is new anyway. Collective.
    pub fn set_aside(&self, comm: &Communicator, log: &mut Log) -> Result<Option<PathBuf>> {
        let name = comm.from_root(|| {
            if self.is_new {
                return Ok(Vec::new());
            }
            let name = self.rename()?;
            self.lock(log)?;
            Ok(name.display().to_string().into_bytes())
        })?;
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok((!name.is_empty()).then(|| name.into()))
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        self.files.directory()
    }

    /// The files in it.
    pub fn files(&self) -> &RunFiles {
        &self.files
    }

    /// The configuration of the run in the directory, if there is one. Collective.
    pub fn config(&self, comm: &Communicator) -> Result<Option<String>> {
        let path = self.files.config();
        let text = comm.from_root(|| {
            if !path.try_exists().map_err(|e| Error::io("read", &path, e))? {
                return Ok(Vec::new());
            }
            check_readable(&path)?;
            fs::read(&path).map_err(|e| Error::io("read", &path, e))
        })?;
        Ok((!text.is_empty()).then(|| String::from_utf8_lossy(&text).into_owned()))
    }

    /// Writes the XDMF series of the snapshots that there are. On rank 0.
    pub fn snapshot_series(&self) -> Result<Series> {
        xdmf::snapshot_series(&self.files.series(), &self.files.snapshots())
    }

    /// The path of the spectral snapshot of a step, in a directory that is made if need be. Collective.
    pub fn modes(&self, comm: &Communicator, step: u64) -> Result<PathBuf> {
        let files = self.files.modes();
        let made = if comm.is_root() { fs::create_dir_all(files.directory()) } else { Ok(()) };
        comm.agree(made.map_err(|e| Error::io("create", files.directory(), e)))?;
        Ok(files.path(step))
    }

    /// Steps of the finished checkpoints, in order; none when there is no such directory.
    /// Collective.
    pub fn checkpoints(&self, comm: &Communicator) -> Result<Vec<u64>> {
        let bytes = comm.from_root(|| {
            let steps = self.files.checkpoints().steps();
            let steps = steps.map_err(|e| Error::io("list checkpoints of", self.path(), e))?;
            Ok(steps.into_iter().flat_map(u64::to_le_bytes).collect())
        })?;
        let (steps, _) = bytes.as_chunks();
        Ok(steps.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// Removes all checkpoints but the last `keep`. Collective.
    pub fn keep_checkpoints(&self, comm: &Communicator, keep: usize) -> Result<()> {
        let remove = || {
            let checkpoints = self.files.checkpoints();
            let mut steps = checkpoints.steps()?;
            steps.truncate(steps.len().saturating_sub(keep));
            checkpoints.remove(steps.into_iter())
        };
        let removed = if comm.is_root() { remove() } else { Ok(()) };
        comm.agree(removed.map_err(|e| Error::io("remove old checkpoints of", self.path(), e)))
    }

    /// Renames the directory without its lock.
    fn rename(&self) -> Result<PathBuf> {
        let failed = |e| Error::io("rename run directory", self.path(), e);
        let whole = self.path().canonicalize().map_err(failed)?;
        if std::env::current_dir().is_ok_and(|here| here.starts_with(&whole)) {
            return Err(Error::input(format!(
                "--fresh renames the run directory {}, so start the program outside of it",
                self.path().display()
            )));
        }
        let mut number = 1;
        loop {
            let mut name = whole.clone().into_os_string();
            name.push(format!(".old-{number}"));
            let name = PathBuf::from(name);
            if !name.try_exists().map_err(failed)? {
                // The file stays until the directory has its new name, and keeps others out.
                self.lock.take().into_iter().for_each(Lock::leave);
                let renamed = fs::rename(&whole, &name);
                let now = if renamed.is_ok() { &name } else { &whole };
                let unlocked = fs::remove_file(RunFiles::new(now.clone()).lock());
                return match renamed {
                    Err(e) if e.kind() == io::ErrorKind::ResourceBusy => {
                        Err(Error::input(format!(
                            "--fresh renames the run directory {}, which cannot be done: it is a mount \
                         point, or in use as one ({e}); choose a directory in it with `--output DIR`",
                            self.path().display()
                        )))
                    }
                    renamed => renamed.and(unlocked).map_err(failed).map(|()| name),
                };
            }
            number += 1;
        }
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        self.lock.take();
        if self.is_new {
            // Refused while something is in it.
            let _ = target(self.path()).and_then(fs::remove_dir);
        }
    }
}

/// Returns what `path` leads to, whether that is there or not.
fn target(path: &Path) -> io::Result<PathBuf> {
    /// As many links as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

#[cfg(test)]
mod tests;
