//! Files of outputs that a run writes no more: they end where the run goes on, too, and have nothing of
//! what it went back from. Outputs that the run does write have done this for themselves by then, and
//! files that are not of this program are left alone.

use std::io;
use std::path::PathBuf;

use super::files::RunFiles;
use crate::error::{Error, Result};
use crate::io::numbered::Numbered;
use crate::io::{check_readable, check_writable, growing, history, parts, records, slices};

/// A file, or several of one name, with records that may be later than a step.
enum Grown {
    /// A part of a file of records.
    Records(PathBuf),
    /// The rows of a table.
    Rows(PathBuf),
    /// The files of a slice, and its name.
    Slice(Numbered, String),
}

/// Checks that [`cut_back`] to `step` will be able to write what it has to.
///
/// # Errors
/// Names the file, and the reason.
pub fn check(files: &RunFiles, step: u64) -> Result<()> {
    let later = later_than(files, step)?;
    later.iter().flat_map(Grown::paths).try_for_each(|path| check_writable(&path))
}

/// Cuts everything in the run directory back to what was there after `step`.
pub fn cut_back(files: &RunFiles, step: u64) -> Result<()> {
    later_than(files, step)?.into_iter().try_for_each(|grown| match grown {
        Grown::Records(path) => records::end_at(&path, step),
        Grown::Rows(path) => history::end_at(&path, step),
        Grown::Slice(_, name) => slices::end_at(&files.slices(), &name, step),
    })
}

/// All that goes beyond a step.
fn later_than(files: &RunFiles, step: u64) -> Result<Vec<Grown>> {
    let found = all(files).map_err(|e| Error::io("list the files of", files.directory(), e))?;
    let mut later = Vec::new();
    for grown in found {
        if grown.is_later(step)? {
            later.push(grown);
        }
    }
    Ok(later)
}

/// All that there is.
fn all(files: &RunFiles) -> io::Result<Vec<Grown>> {
    let mut found = Vec::new();
    for records in files.all_records() {
        let present = parts::present(&records)?;
        found.extend(present.into_iter().map(|(_, path)| Grown::Records(path)));
    }
    found.extend(files.all_particles()?.into_iter().map(Grown::Records));
    let gradients = files.gradients();
    found.extend(gradients.try_exists()?.then_some(Grown::Rows(gradients)));
    let directory = files.slices();
    let of_slice = |name: &str| Numbered::new(directory.clone(), format!("{name}_"));
    let names = slices::names(&directory)?.into_iter();
    found.extend(names.map(|name| Grown::Slice(of_slice(&name), name)));
    Ok(found)
}

impl Grown {
    /// The files.
    fn paths(&self) -> Vec<PathBuf> {
        match self {
            Grown::Records(path) | Grown::Rows(path) => vec![path.clone()],
            Grown::Slice(files, _) => {
                let steps = files.steps().unwrap_or_default().into_iter();
                steps.map(|step| files.path(step)).collect()
            }
        }
    }

    /// Returns whether there is something later than `step`.
    fn is_later(&self, step: u64) -> Result<bool> {
        for path in self.paths() {
            check_readable(&path)?;
            let last = match self {
                Grown::Rows(_) => history::last_step(&path),
                Grown::Records(_) | Grown::Slice(..) => growing::last_step(&path),
            };
            if last.is_some_and(|last| last > step) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
