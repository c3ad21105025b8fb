//! Files of one kind that are numbered by steps, such as `snapshots/snapshot_00000010.h5`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files `<prefix><step>.h5` of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    directory: PathBuf,
    prefix: String,
}

impl Numbered {
    /// Those of `directory`, which need not exist.
    pub fn new(directory: PathBuf, prefix: impl Into<String>) -> Self {
        Numbered { directory, prefix: prefix.into() }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file of a step: `<prefix>00000010.h5` for step 10.
    pub fn path(&self, step: u64) -> PathBuf {
        self.directory.join(format!("{}{step:08}.h5", self.prefix))
    }

    /// The steps, in order, of the files that are there; none when there is no such directory.
    pub fn steps(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.directory) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut steps = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let digits =
                name.to_str().and_then(|n| n.strip_prefix(&self.prefix)?.strip_suffix(".h5"));
            let step = digits.and_then(|digits| digits.parse::<u64>().ok());
            // Other spellings of the number are not ours.
            steps.extend(step.filter(|step| self.path(*step).file_name() == Some(&name)));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Removes files that were not finished, if there is such a directory.
    pub fn tidy(&self) -> io::Result<()> {
        if !self.directory.try_exists()? {
            return Ok(());
        }
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Removes the files of these steps.
    pub fn remove(&self, mut steps: impl Iterator<Item = u64>) -> io::Result<()> {
        steps.try_for_each(|step| fs::remove_file(self.path(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_step_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let files = Numbered::new(directory.path().join("snapshots"), "snapshot_");
        assert!(files.steps().unwrap().is_empty());
        files.tidy().unwrap();
        fs::create_dir(files.directory()).unwrap();
        for step in [100_000_000, 20, 3] {
            fs::write(files.path(step), "").unwrap();
        }
        assert!(files.path(20).ends_with("snapshots/snapshot_00000020.h5"));
        let unfinished = files.path(7).with_extension("h5.tmp");
        fs::write(&unfinished, "").unwrap();
        fs::write(files.path(7).with_file_name("other.h5"), "").unwrap();
        assert_eq!(files.steps().unwrap(), [3, 20, 100_000_000]);
        files.remove([3].into_iter()).unwrap();
        files.tidy().unwrap();
        assert_eq!(files.steps().unwrap(), [20, 100_000_000]);
        assert!(!unfinished.exists());
    }
}
