//! The directory of a run: made when the run starts, reopened when it goes on, never shared by two
//! runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Temporary, history};
use crate::error::{Error, Result};
use crate::parallel::Communicator;

const CONFIG: &str = "config.toml";
const HISTORY: &str = "history.csv";
const SNAPSHOTS: &str = "snapshots";
const CHECKPOINTS: &str = "checkpoints";
const LOG: &str = "log.txt";
const STOP: &str = "stop";

/// A directory that is, or will be, that of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// The directory at `path`, whatever is there.
    pub fn at(path: &Path) -> Self {
        RunDirectory { path: path.to_owned() }
    }

    /// Makes the directory with its `config.toml` and its empty `snapshots/` and `checkpoints/`,
    /// which also shows that it can be written to. A directory that holds a run already is refused,
    /// unless that run had the same `config` and was killed before its first step; other files in
    /// it, such as those of a batch system, do not matter. Collective.
    pub fn create(comm: &Communicator, path: &Path, config: &str) -> Result<Self> {
        comm.agree(if comm.is_root() { make(path, config) } else { Ok(()) })?;
        Ok(RunDirectory::at(path))
    }

    /// Makes the directory what it was after `step`, with a new `config.toml`: later snapshots and
    /// unfinished files are removed, and later checkpoints, which cannot be used or are not
    /// wanted, get the ending `.unused`. Nothing is done to the history. Collective.
    pub fn reopen(&self, comm: &Communicator, step: u64, config: &str) -> Result<()> {
        let reopened = if comm.is_root() { reopen(&self.path, step, config) } else { Ok(()) };
        comm.agree(reopened.map_err(|e| Error::io("continue run directory", &self.path, e)))
    }

    /// Renames the directory, if it is there, to the first free name with `.old-1`, `.old-2` and
    /// so on; returns that name. Collective.
    pub fn set_aside(&self, comm: &Communicator) -> Result<Option<PathBuf>> {
        let name = comm.from_root(|| {
            let name = set_aside(&self.path)?.unwrap_or_default();
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
        self.path.join(SNAPSHOTS).join(format!("snapshot_{step:08}.h5"))
    }

    /// Where the checkpoint of a step goes: `checkpoints/checkpoint_00000010.h5` for step 10.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.path.join(CHECKPOINTS).join(format!("checkpoint_{step:08}.h5"))
    }

    /// Steps of the finished checkpoints, in order; none when there is no such directory.
    /// Collective.
    pub fn checkpoints(&self, comm: &Communicator) -> Result<Vec<u64>> {
        let bytes = comm.from_root(|| {
            let steps = checkpoints(&self.path)
                .map_err(|e| Error::io("list checkpoints of", &self.path, e))?;
            Ok(steps.into_iter().flat_map(u64::to_le_bytes).collect())
        })?;
        let (steps, _) = bytes.as_chunks();
        Ok(steps.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// Removes all checkpoints but the last `keep`. Collective.
    pub fn keep_checkpoints(&self, comm: &Communicator, keep: usize) -> Result<()> {
        let remove = || {
            let mut steps = checkpoints(&self.path)?;
            steps.truncate(steps.len().saturating_sub(keep));
            steps.into_iter().try_for_each(|step| fs::remove_file(self.checkpoint(step)))
        };
        let removed = if comm.is_root() { remove() } else { Ok(()) };
        comm.agree(removed.map_err(|e| Error::io("remove old checkpoints of", &self.path, e)))
    }
}

/// The steps, sorted, and names of the files `<prefix><step>.h5` in a directory.
fn numbered(directory: &Path, prefix: &str) -> io::Result<Vec<(u64, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let step = name.strip_prefix(prefix).and_then(|n| n.strip_suffix(".h5"));
        if let Some(step) = step.and_then(|digits| digits.parse::<u64>().ok()) {
            found.push((step, name));
        }
    }
    found.sort();
    Ok(found)
}

/// The names, sorted, of the finished snapshots in a run directory, relative to it.
pub(super) fn snapshots(path: &Path) -> io::Result<Vec<String>> {
    let found = numbered(&path.join(SNAPSHOTS), "snapshot_")?;
    Ok(found.into_iter().map(|(_, name)| format!("{SNAPSHOTS}/{name}")).collect())
}

/// The steps, sorted, of the finished checkpoints in a run directory.
fn checkpoints(path: &Path) -> io::Result<Vec<u64>> {
    match numbered(&path.join(CHECKPOINTS), "checkpoint_") {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        found => Ok(found?.into_iter().map(|(step, _)| step).collect()),
    }
}

fn make(path: &Path, config: &str) -> Result<()> {
    let failed = |e| Error::io("create run directory", path, e);
    fs::create_dir_all(path).map_err(failed)?;
    for name in [CONFIG, HISTORY, SNAPSHOTS, CHECKPOINTS] {
        if path.join(name).try_exists().map_err(failed)? {
            return if is_unstarted(path, config) {
                clear(path).map_err(failed)
            } else {
                Err(taken(path, name))
            };
        }
    }
    // `create_new` settles who comes first when two runs start at the same time.
    let mut file = match fs::File::create_new(path.join(CONFIG)) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(taken(path, CONFIG)),
        other => other.map_err(failed)?,
    };
    file.write_all(config.as_bytes()).map_err(failed)?;
    fs::create_dir(path.join(SNAPSHOTS)).map_err(failed)?;
    fs::create_dir(path.join(CHECKPOINTS)).map_err(failed)
}

/// Whether a run with this configuration was killed before its first step, so that nothing in
/// its directory is worth keeping.
fn is_unstarted(path: &Path, config: &str) -> bool {
    fs::read_to_string(path.join(CONFIG)).is_ok_and(|found| found == config)
        && checkpoints(path).is_ok_and(|steps| steps.is_empty())
        && history::last_step(&path.join(HISTORY)).unwrap_or(0) == 0
}

/// Removes what a run wrote before its first step.
fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(HISTORY)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    for name in [SNAPSHOTS, CHECKPOINTS] {
        fs::create_dir_all(path.join(name))?;
        for entry in fs::read_dir(path.join(name))? {
            fs::remove_file(entry?.path())?;
        }
    }
    Ok(())
}

fn reopen(path: &Path, step: u64, config: &str) -> io::Result<()> {
    for name in [SNAPSHOTS, CHECKPOINTS] {
        let directory = path.join(name);
        fs::create_dir_all(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                fs::remove_file(path)?;
            }
        }
    }
    for (later, name) in numbered(&path.join(CHECKPOINTS), "checkpoint_")? {
        if later > step {
            let path = path.join(CHECKPOINTS).join(name);
            fs::rename(&path, path.with_extension("h5.unused"))?;
        }
    }
    for (later, name) in numbered(&path.join(SNAPSHOTS), "snapshot_")? {
        if later > step {
            fs::remove_file(path.join(SNAPSHOTS).join(name))?;
        }
    }
    let temporary = Temporary::new(&path.join(CONFIG));
    fs::write(temporary.path(), config)?;
    temporary.publish()
}

fn set_aside(path: &Path) -> Result<Option<PathBuf>> {
    let failed = |e| Error::io("rename run directory", path, e);
    if !path.try_exists().map_err(failed)? {
        return Ok(None);
    }
    let whole = path.canonicalize().map_err(failed)?;
    if std::env::current_dir().is_ok_and(|here| here.starts_with(&whole)) {
        return Err(Error::input(format!(
            "--fresh renames the run directory {}, so start the program outside of it",
            path.display()
        )));
    }
    let mut number = 1;
    loop {
        let mut name = whole.clone().into_os_string();
        name.push(format!(".old-{number}"));
        let name = PathBuf::from(name);
        if !name.try_exists().map_err(failed)? {
            fs::rename(&whole, &name).map_err(failed)?;
            return Ok(Some(name));
        }
        number += 1;
    }
}

fn taken(path: &Path, name: &str) -> Error {
    Error::input(format!(
        "run directory {0} holds a run already ({name} is there), but no checkpoint to continue it \
         from, and a run is never overwritten: give `--fresh` to set it aside, or choose another \
         `output.directory` in the configuration, or `--output DIR`",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn create(path: &Path) -> Result<RunDirectory> {
        RunDirectory::create(&Communicator::serial(), path, "precision = \"double\"\n")
    }

    #[test]
    fn a_new_directory_is_made_with_its_parents() {
        let parent = tempfile::tempdir().unwrap();
        let run = create(&parent.path().join("runs/one")).unwrap();
        let config = fs::read_to_string(run.path().join("config.toml")).unwrap();
        assert_eq!(config, "precision = \"double\"\n");
        assert!(run.snapshot(10).ends_with("runs/one/snapshots/snapshot_00000010.h5"));
        assert!(run.snapshot(0).parent().unwrap().is_dir());
    }

    #[test]
    fn a_directory_that_holds_a_run_is_refused() {
        for name in ["config.toml", "history.csv", "snapshots"] {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join(name), "precious").unwrap();
            let error = create(directory.path()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Input);
            for part in [directory.path().to_str().unwrap(), name, "output.directory", "--output"] {
                assert!(error.message.contains(part), "{error}");
            }
            assert_eq!(fs::read_to_string(directory.path().join(name)).unwrap(), "precious");
        }
    }

    #[test]
    fn other_files_do_not_matter() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("slurm-1.out"), "").unwrap();
        create(directory.path()).unwrap();
        let other = RunDirectory::create(&Communicator::serial(), directory.path(), "");
        assert!(other.is_err(), "a second run in the same place");
        assert!(directory.path().join("slurm-1.out").exists());
    }

    #[test]
    fn a_run_killed_before_its_first_step_is_started_again() {
        let directory = tempfile::tempdir().unwrap();
        let run = create(directory.path()).unwrap();
        fs::write(run.history(), "step,time\n0,0.0\n").unwrap();
        fs::write(run.snapshot(0), "").unwrap();
        fs::write(run.checkpoint(0).with_extension("h5.tmp"), "").unwrap();
        create(directory.path()).unwrap();
        assert!(!run.history().exists() && !run.snapshot(0).exists());
        // One step further it is worth keeping.
        fs::write(run.history(), "step,time\n0,0.0\n1,0.1\n").unwrap();
        assert!(create(directory.path()).unwrap_err().message.contains("--fresh"));
    }

    #[test]
    fn reopening_removes_what_came_later() {
        let directory = tempfile::tempdir().unwrap();
        let serial = Communicator::serial();
        let run = create(directory.path()).unwrap();
        for step in [0, 10, 20] {
            fs::write(run.snapshot(step), "").unwrap();
            fs::write(run.checkpoint(step), step.to_string()).unwrap();
        }
        fs::write(run.snapshot(30).with_extension("h5.tmp"), "").unwrap();
        run.reopen(&serial, 10, "new").unwrap();
        assert_eq!(run.checkpoints(&serial).unwrap(), [0, 10]);
        assert_eq!(snapshots(run.path()).unwrap().len(), 2);
        assert!(!run.snapshot(30).with_extension("h5.tmp").exists());
        let unused = run.checkpoint(20).with_extension("h5.unused");
        assert_eq!(fs::read_to_string(unused).unwrap(), "20");
        assert_eq!(fs::read_to_string(run.path().join(CONFIG)).unwrap(), "new");
        run.keep_checkpoints(&serial, 1).unwrap();
        assert_eq!(run.checkpoints(&serial).unwrap(), [10]);
    }

    #[test]
    fn runs_are_set_aside_under_names_that_are_free() {
        let parent = tempfile::tempdir().unwrap();
        let (serial, run) = (Communicator::serial(), RunDirectory::at(&parent.path().join("run")));
        assert_eq!(run.set_aside(&serial).unwrap(), None);
        for number in [1, 2] {
            create(run.path()).unwrap();
            let name = run.set_aside(&serial).unwrap().unwrap();
            assert!(name.ends_with(format!("run.old-{number}")) && name.is_dir());
            assert!(!run.path().exists());
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "").unwrap();
        let error = create(&path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Io);
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
    }

    #[test]
    fn snapshots_are_listed_by_step_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let run = create(directory.path()).unwrap();
        for step in [100_000_000, 20, 3] {
            fs::write(run.snapshot(step), "").unwrap();
        }
        fs::write(run.snapshot(7).with_extension("h5.tmp"), "").unwrap();
        fs::write(run.snapshot(7).with_file_name("other.h5"), "").unwrap();
        assert_eq!(
            snapshots(run.path()).unwrap(),
            ["00000003", "00000020", "100000000"].map(|s| format!("snapshots/snapshot_{s}.h5"))
        );
    }
}
