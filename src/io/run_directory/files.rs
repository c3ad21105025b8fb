//! The files of a run directory, by name.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::io::numbered::Numbered;

/// The files of records that a run may have, less `.h5`.
const RECORDS: [&str; 4] = ["spectra", "pdfs", "invariants", "structure_functions"];

/// The paths of all that a run writes in its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    directory: PathBuf,
}

impl RunFiles {
    /// Those in `directory`.
    pub fn new(directory: PathBuf) -> Self {
        RunFiles { directory }
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The configuration of the run.
    pub fn config(&self) -> PathBuf {
        self.directory.join("config.toml")
    }

    /// The layout of ranks that was found by trying.
    pub fn layout(&self) -> PathBuf {
        self.directory.join("layout.toml")
    }

    /// The log.
    pub fn log(&self) -> PathBuf {
        self.directory.join("log.txt")
    }

    /// The lock.
    pub fn lock(&self) -> PathBuf {
        self.directory.join("lock")
    }

    /// The file that asks the run to stop.
    pub fn stop(&self) -> PathBuf {
        self.directory.join("stop")
    }

    /// The history.
    pub fn history(&self) -> PathBuf {
        self.directory.join("history.csv")
    }

    /// The moments of the velocity gradient.
    pub fn gradients(&self) -> PathBuf {
        self.directory.join("gradients.csv")
    }

    /// The records of a kind, such as `spectra.h5`.
    pub fn records(&self, kind: &str) -> PathBuf {
        self.directory.join(kind).with_extension("h5")
    }

    /// The records of every kind.
    pub fn all_records(&self) -> [PathBuf; RECORDS.len()] {
        RECORDS.map(|kind| self.records(kind))
    }

    /// The directory of particles.
    pub fn particles_directory(&self) -> PathBuf {
        self.directory.join("particles")
    }

    /// The records of a set of particles: `particles/tracers.h5`.
    pub fn particles(&self, name: &str) -> PathBuf {
        self.particles_directory().join(format!("{name}.h5"))
    }

    /// All files of particles that are there.
    pub fn all_particles(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(self.particles_directory()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        let is_ours = |path: &PathBuf| path.extension().is_some_and(|name| name == "h5");
        let mut paths: Vec<_> = paths.into_iter().filter(is_ours).collect();
        paths.sort_unstable();
        Ok(paths)
    }

    /// The directory of slices.
    pub fn slices(&self) -> PathBuf {
        self.directory.join("slices")
    }

    /// The XDMF series of the snapshots.
    pub fn series(&self) -> PathBuf {
        self.directory.join("snapshots.xmf")
    }

    /// The snapshots: `snapshots/snapshot_00000010.h5` for step 10.
    pub fn snapshots(&self) -> Numbered {
        Numbered::new(self.directory.join("snapshots"), "snapshot_")
    }

    /// The spectral snapshots: `modes/modes_00000010.h5` for step 10.
    pub fn modes(&self) -> Numbered {
        Numbered::new(self.directory.join("modes"), "modes_")
    }

    /// The checkpoints: `checkpoints/checkpoint_00000010.h5` for step 10.
    pub fn checkpoints(&self) -> Numbered {
        Numbered::new(self.directory.join("checkpoints"), "checkpoint_")
    }

    /// The checkpoint of a step.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().path(step)
    }
}
