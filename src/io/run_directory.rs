//! The directory of a run: made when the run starts, never shared by two runs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::parallel::Communicator;

const CONFIG: &str = "config.toml";
const HISTORY: &str = "history.csv";
const SNAPSHOTS: &str = "snapshots";
const LOG: &str = "log.txt";

/// A run directory that belongs to this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes the directory with its `config.toml` and its empty `snapshots/`, which also shows
    /// that it can be written to. A directory that holds a run already is refused; other files
    /// in it, such as those of a batch system, do not matter. Collective.
    pub fn create(comm: &Communicator, path: &Path, config: &str) -> Result<Self> {
        comm.agree(if comm.is_root() { make(path, config) } else { Ok(()) })?;
        Ok(RunDirectory { path: path.to_owned() })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the history goes.
    pub fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    /// Where the log goes.
    pub fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// Where the snapshot of a step goes: `snapshots/snapshot_00000010.h5` for step 10.
    pub fn snapshot(&self, step: u64) -> PathBuf {
        self.path.join(SNAPSHOTS).join(format!("snapshot_{step:08}.h5"))
    }
}

/// The names, sorted, of the finished snapshots in a run directory, relative to it.
pub(super) fn snapshots(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path.join(SNAPSHOTS))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let step = name.strip_prefix("snapshot_").and_then(|n| n.strip_suffix(".h5"));
        if let Some(step) = step.and_then(|digits| digits.parse::<u64>().ok()) {
            names.push((step, format!("{SNAPSHOTS}/{name}")));
        }
    }
    names.sort();
    Ok(names.into_iter().map(|(_, name)| name).collect())
}

fn make(path: &Path, config: &str) -> Result<()> {
    let failed = |e| Error::io("create run directory", path, e);
    fs::create_dir_all(path).map_err(failed)?;
    for name in [CONFIG, HISTORY, SNAPSHOTS] {
        if path.join(name).try_exists().map_err(failed)? {
            return Err(taken(path, name));
        }
    }
    // `create_new` settles who comes first when two runs start at the same time.
    let mut file = match fs::File::create_new(path.join(CONFIG)) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(taken(path, CONFIG)),
        other => other.map_err(failed)?,
    };
    file.write_all(config.as_bytes()).map_err(failed)?;
    fs::create_dir(path.join(SNAPSHOTS)).map_err(failed)
}

fn taken(path: &Path, name: &str) -> Error {
    Error::input(format!(
        "run directory {0} holds a run already ({name} is there), and a run is never overwritten: \
         choose another `output.directory` in the configuration, give `--output DIR`, or remove {0}",
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
        assert!(create(directory.path()).is_err(), "a second run in the same place");
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
