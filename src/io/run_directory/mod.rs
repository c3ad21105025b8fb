//! The directory of a run: locked while a run is at work in it, made when the run starts, reopened
//! when it goes on.

mod leftovers;
mod lock;

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::log::Log;
use super::numbered::Numbered;
use super::xdmf::{self, Series};
use super::{Temporary, check_writable, history, parts};
use crate::error::{Error, Result};
use crate::parallel::Communicator;

use lock::{Lock, Pace};

const CONFIG: &str = "config.toml";
const HISTORY: &str = "history.csv";
const RECORDS: [&str; 3] = ["spectra", "pdfs", "structure_functions"];
const GRADIENTS: &str = "gradients.csv";
const SERIES: &str = "snapshots.xmf";
const SNAPSHOTS: &str = "snapshots";
const MODES: &str = "modes";
const SLICES: &str = "slices";
const CHECKPOINTS: &str = "checkpoints";
const LOG: &str = "log.txt";
const STOP: &str = "stop";
const LOCK: &str = "lock";

/// A directory that no other run can use while this lives.
pub struct RunDirectory {
    path: PathBuf,
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
        let mut directory =
            RunDirectory { path: path.to_owned(), lock: RefCell::new(None), is_new: false };
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
        let made = target(&self.path).and_then(fs::create_dir_all);
        made.map_err(|e| Error::io("create run directory", &self.path, e))?;
        let lock =
            Lock::acquire(&self.path.join(LOCK), Pace::default(), &mut |text| log.warn(text));
        *self.lock.borrow_mut() = Some(lock?);
        Ok(())
    }

    /// Checks that everything in the directory can be written to, and, for a run that `is_new`, that
    /// [`Self::begin`] with this `config` will not refuse it. Touches nothing. Collective.
    ///
    /// # Errors
    /// Names what cannot be written to, or what is there of another run.
    pub fn check(&self, comm: &Communicator, config: &str, is_new: bool) -> Result<()> {
        let check = || {
            let files = [CONFIG, LOG, SERIES].map(|name| self.path.join(name));
            let numbered =
                [snapshots(&self.path), self.numbered_modes(), self.numbered_checkpoints()];
            let numbered = numbered.map(|files| files.path(0));
            files.iter().chain(&numbered).try_for_each(|path| check_writable(path))?;
            if is_new { self.check_free(config) } else { Ok(()) }
        };
        comm.agree(if comm.is_root() { check() } else { Ok(()) })
    }

    /// Checks that [`Self::cut_back`] will be able to write what it has to. Touches nothing. Collective.
    ///
    /// # Errors
    /// Names what cannot be written to.
    pub fn check_leftovers(&self, comm: &Communicator, step: u64) -> Result<()> {
        comm.agree(if comm.is_root() { leftovers::check(&self.path, step) } else { Ok(()) })
    }

    /// Cuts the files of outputs that the run writes no more back to what was there after `step`. Those
    /// of the others must have been. Collective.
    pub fn cut_back(&self, comm: &Communicator, step: u64) -> Result<()> {
        comm.agree(if comm.is_root() { leftovers::cut_back(&self.path, step) } else { Ok(()) })
    }

    /// Whether the directory was removed, or taken over by another run. Known on rank 0.
    pub fn is_lost(&self) -> bool {
        self.lock.borrow().as_ref().is_some_and(Lock::is_lost)
    }

    /// Makes it the directory of a new run, with `config.toml` and empty `snapshots/` and
    /// `checkpoints/`. One that holds a run already is refused, unless that run had the same
    /// `config` and was killed before its first step; other files in it, such as those of a batch
    /// system, do not matter. Collective.
    pub fn begin(&self, comm: &Communicator, config: &str) -> Result<()> {
        comm.agree(if comm.is_root() { self.make(config) } else { Ok(()) })
    }

    /// Makes the directory what it was after `step`, with a new `config.toml`: later snapshots and
    /// unfinished files are removed, and later checkpoints, which cannot be used or are not
    /// wanted, get the ending `.unused`. Nothing is done to the files that grow, see
    /// [`Self::cut_back`]. Collective.
    pub fn reopen(&self, comm: &Communicator, step: u64, config: &str) -> Result<()> {
        let reopen = || {
            let failed = |e| Error::io("continue run directory", &self.path, e);
            let loses_snapshots = self.go_back(step, config).map_err(failed)?;
            // It may be that the run writes no more of them.
            if loses_snapshots && self.path.join(SERIES).try_exists().map_err(failed)? {
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
        &self.path
    }

    /// The configuration of the run in the directory, if there is one. Collective.
    pub fn config(&self, comm: &Communicator) -> Result<Option<String>> {
        let path = self.path.join(CONFIG);
        let text = comm.from_root(|| match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            text => text.map_err(|e| Error::io("read", &path, e)),
        })?;
        Ok((!text.is_empty()).then(|| String::from_utf8_lossy(&text).into_owned()))
    }

    /// Where the history goes.
    pub fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    /// Where records of a kind go, such as `spectra.h5`.
    pub fn records(&self, kind: &str) -> PathBuf {
        self.path.join(kind).with_extension("h5")
    }

    /// Where the moments of the velocity gradient go.
    pub fn gradients(&self) -> PathBuf {
        self.path.join(GRADIENTS)
    }

    /// Where the log goes.
    pub fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// The file that asks the run to stop.
    pub fn stop_file(&self) -> PathBuf {
        self.path.join(STOP)
    }

    /// Where the snapshot of a step goes: `snapshots/snapshot_00000010.h5` for step 10.
    pub fn snapshot(&self, step: u64) -> PathBuf {
        snapshots(&self.path).path(step)
    }

    /// Writes the XDMF series of the snapshots that there are. On rank 0.
    pub fn snapshot_series(&self) -> Result<Series> {
        xdmf::snapshot_series(&self.path.join(SERIES), &snapshots(&self.path))
    }

    /// Where the spectral snapshot of a step goes: `modes/modes_00000010.h5` for step 10. Makes the
    /// directory. Collective.
    pub fn modes(&self, comm: &Communicator, step: u64) -> Result<PathBuf> {
        let files = self.numbered_modes();
        let made = if comm.is_root() { fs::create_dir_all(files.directory()) } else { Ok(()) };
        comm.agree(made.map_err(|e| Error::io("create", files.directory(), e)))?;
        Ok(files.path(step))
    }

    /// The directory that slices go to.
    pub fn slices(&self) -> PathBuf {
        self.path.join(SLICES)
    }

    /// Where the checkpoint of a step goes: `checkpoints/checkpoint_00000010.h5` for step 10.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.numbered_checkpoints().path(step)
    }

    /// Steps of the finished checkpoints, in order; none when there is no such directory.
    /// Collective.
    pub fn checkpoints(&self, comm: &Communicator) -> Result<Vec<u64>> {
        let bytes = comm.from_root(|| {
            let steps = self.numbered_checkpoints().steps();
            let steps = steps.map_err(|e| Error::io("list checkpoints of", &self.path, e))?;
            Ok(steps.into_iter().flat_map(u64::to_le_bytes).collect())
        })?;
        let (steps, _) = bytes.as_chunks();
        Ok(steps.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// Removes all checkpoints but the last `keep`. Collective.
    pub fn keep_checkpoints(&self, comm: &Communicator, keep: usize) -> Result<()> {
        let remove = || {
            let checkpoints = self.numbered_checkpoints();
            let mut steps = checkpoints.steps()?;
            steps.truncate(steps.len().saturating_sub(keep));
            checkpoints.remove(steps.into_iter())
        };
        let removed = if comm.is_root() { remove() } else { Ok(()) };
        comm.agree(removed.map_err(|e| Error::io("remove old checkpoints of", &self.path, e)))
    }

    fn numbered_checkpoints(&self) -> Numbered {
        Numbered::new(self.path.join(CHECKPOINTS), "checkpoint_")
    }

    fn numbered_modes(&self) -> Numbered {
        Numbered::new(self.path.join(MODES), "modes_")
    }

    fn make(&self, config: &str) -> Result<()> {
        self.check_free(config)?;
        let failed = |e| Error::io("create run directory", &self.path, e);
        // First of all, so that a run killed from here on is known to be unstarted.
        self.write_config(config).and_then(|()| self.clear()).map_err(failed)
    }

    /// An error where there is a run already.
    fn check_free(&self, config: &str) -> Result<()> {
        let failed = |e| Error::io("create run directory", &self.path, e);
        let records = RECORDS.map(|kind| format!("{kind}.h5"));
        let others = [CONFIG, HISTORY, GRADIENTS, SNAPSHOTS, MODES, SLICES, CHECKPOINTS];
        for name in others.into_iter().chain(records.iter().map(String::as_str)) {
            if self.path.join(name).try_exists().map_err(failed)? && !self.is_unstarted(config) {
                return Err(self.taken(name));
            }
        }
        Ok(())
    }

    fn write_config(&self, config: &str) -> io::Result<()> {
        let temporary = Temporary::new(&self.path.join(CONFIG));
        fs::write(temporary.path(), config)?;
        temporary.publish()
    }

    /// Whether a run with this configuration was killed before its first step, so that nothing in
    /// its directory is worth keeping.
    fn is_unstarted(&self, config: &str) -> bool {
        fs::read_to_string(self.path.join(CONFIG)).is_ok_and(|found| found == config)
            && self.numbered_checkpoints().steps().is_ok_and(|steps| steps.is_empty())
            && history::last_step(&self.history()).unwrap_or(0) == 0
    }

    /// Removes what a run wrote before its first step.
    fn clear(&self) -> io::Result<()> {
        let mut files = vec![self.history(), self.gradients()];
        for kind in RECORDS {
            files.extend(parts::present(&self.records(kind))?.into_iter().map(|(_, path)| path));
        }
        for path in files {
            match fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        for files in [snapshots(&self.path), self.numbered_modes(), self.numbered_checkpoints()] {
            files.tidy()?;
            files.remove(files.steps()?.into_iter())?;
        }
        self.make_directories()
    }

    /// Returns whether there are fewer snapshots now.
    fn go_back(&self, step: u64, config: &str) -> io::Result<bool> {
        self.make_directories()?;
        let checkpoints = self.numbered_checkpoints();
        checkpoints.tidy()?;
        for later in checkpoints.steps()?.into_iter().filter(|later| *later > step) {
            let path = checkpoints.path(later);
            fs::rename(&path, path.with_extension("h5.unused"))?;
        }
        let mut loses_snapshots = false;
        for (files, are_snapshots) in
            [(snapshots(&self.path), true), (self.numbered_modes(), false)]
        {
            files.tidy()?;
            let later: Vec<u64> =
                files.steps()?.into_iter().filter(|later| *later > step).collect();
            loses_snapshots |= are_snapshots && !later.is_empty();
            files.remove(later.into_iter())?;
        }
        self.write_config(config).map(|()| loses_snapshots)
    }

    fn make_directories(&self) -> io::Result<()> {
        [SNAPSHOTS, CHECKPOINTS].iter().try_for_each(|n| fs::create_dir_all(self.path.join(n)))
    }

    /// Renames the directory without its lock.
    fn rename(&self) -> Result<PathBuf> {
        let failed = |e| Error::io("rename run directory", &self.path, e);
        let whole = self.path.canonicalize().map_err(failed)?;
        if std::env::current_dir().is_ok_and(|here| here.starts_with(&whole)) {
            return Err(Error::input(format!(
                "--fresh renames the run directory {}, so start the program outside of it",
                self.path.display()
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
                let unlocked = fs::remove_file(now.join(LOCK));
                return match renamed {
                    Err(e) if e.kind() == io::ErrorKind::ResourceBusy => {
                        Err(Error::input(format!(
                            "--fresh renames the run directory {}, which cannot be done: it is a mount \
                         point, or in use as one ({e}); choose a directory in it with `--output DIR`",
                            self.path.display()
                        )))
                    }
                    renamed => renamed.and(unlocked).map_err(failed).map(|()| name),
                };
            }
            number += 1;
        }
    }

    fn taken(&self, name: &str) -> Error {
        Error::input(format!(
            "run directory {0} holds a run already ({name} is there), but no checkpoint to \
             continue it from, and a run is never overwritten: give `--fresh` to set it aside, or \
             choose another `output.directory` in the configuration, or `--output DIR`",
            self.path.display()
        ))
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        self.lock.take();
        if self.is_new {
            // Refused while something is in it.
            let _ = target(&self.path).and_then(fs::remove_dir);
        }
    }
}

/// What `path` leads to, whether that is there or not.
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

/// The snapshots of the run directory at `path`.
fn snapshots(path: &Path) -> Numbered {
    Numbered::new(path.join(SNAPSHOTS), "snapshot_")
}

#[cfg(test)]
mod tests;
