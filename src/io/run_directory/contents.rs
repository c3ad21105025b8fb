//! The contents of a run directory when a run begins in it, or goes on: on one rank.

use std::fs;
use std::io;
use std::path::Path;

use super::files::RunFiles;
use crate::error::{Error, Result};
use crate::io::{Temporary, check_writable, history, parts};

/// Checks that everything in the directory can be written to.
///
/// # Errors
/// Names what cannot be.
pub fn check_all_writable(files: &RunFiles) -> Result<()> {
    let alone = [files.config(), files.layout(), files.log(), files.series()];
    let numbered = [files.snapshots(), files.modes(), files.checkpoints()];
    let numbered = numbered.map(|files| files.path(0));
    alone.iter().chain(&numbered).try_for_each(|path| check_writable(path))
}

/// Checks that there is no run in the directory, but perhaps one with the same `config` that was killed
/// before its first step.
///
/// # Errors
/// Names what is there of a run.
pub fn check_free(files: &RunFiles, config: &str) -> Result<()> {
    let failed = |e| Error::io("create run directory", files.directory(), e);
    let alone = [files.config(), files.history(), files.gradients()];
    let numbered = [files.snapshots(), files.modes()].map(|files| files.directory().to_owned());
    let others =
        [files.slices(), files.particles_directory(), files.checkpoints().directory().to_owned()];
    let all = alone.into_iter().chain(numbered).chain(others).chain(files.all_records());
    for path in all {
        if path.try_exists().map_err(failed)? && !is_unstarted(files, config) {
            return Err(taken(files, &path));
        }
    }
    Ok(())
}

/// Makes the directory that of a new run.
///
/// # Errors
/// As [`check_free`], or it cannot be written.
pub fn make(files: &RunFiles, config: &str) -> Result<()> {
    check_free(files, config)?;
    // First of all, so that a run killed from here on is known to be unstarted.
    write_text(&files.config(), config)
        .and_then(|()| clear(files))
        .map_err(|e| Error::io("create run directory", files.directory(), e))
}

/// Makes the directory what it was after `step`, but for the files that grow, with a new configuration.
/// Returns whether there are fewer snapshots now.
pub fn go_back(files: &RunFiles, step: u64, config: &str) -> io::Result<bool> {
    make_directories(files)?;
    let checkpoints = files.checkpoints();
    checkpoints.tidy()?;
    for later in checkpoints.steps()?.into_iter().filter(|later| *later > step) {
        let path = checkpoints.path(later);
        fs::rename(&path, path.with_extension("h5.unused"))?;
    }
    let mut loses_snapshots = false;
    for (files, are_snapshots) in [(files.snapshots(), true), (files.modes(), false)] {
        files.tidy()?;
        let later: Vec<u64> = files.steps()?.into_iter().filter(|later| *later > step).collect();
        loses_snapshots |= are_snapshots && !later.is_empty();
        files.remove(later.into_iter())?;
    }
    write_text(&files.config(), config).map(|()| loses_snapshots)
}

/// Returns whether a run with this configuration was killed before its first step, so that nothing in its
/// directory is worth keeping.
fn is_unstarted(files: &RunFiles, config: &str) -> bool {
    fs::read_to_string(files.config()).is_ok_and(|found| found == config)
        && files.checkpoints().steps().is_ok_and(|steps| steps.is_empty())
        && history::last_step(&files.history()).unwrap_or(0) == 0
}

/// Writes a file of text, or leaves it as it was.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let temporary = Temporary::new(path);
    fs::write(temporary.path(), text)?;
    temporary.publish()
}

/// Removes what a run wrote before its first step.
fn clear(files: &RunFiles) -> io::Result<()> {
    let mut tables = vec![files.history(), files.gradients()];
    for records in files.all_records() {
        tables.extend(parts::present(&records)?.into_iter().map(|(_, path)| path));
    }
    tables.extend(files.all_particles()?);
    for path in tables {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    for files in [files.snapshots(), files.modes(), files.checkpoints()] {
        files.tidy()?;
        files.remove(files.steps()?.into_iter())?;
    }
    make_directories(files)
}

fn make_directories(files: &RunFiles) -> io::Result<()> {
    let numbered = [files.snapshots(), files.checkpoints()];
    numbered.iter().try_for_each(|files| fs::create_dir_all(files.directory()))
}

fn taken(files: &RunFiles, found: &Path) -> Error {
    let name = found.file_name().unwrap_or_default().display();
    Error::input(format!(
        "run directory {0} holds a run already ({name} is there), but no checkpoint to \
         continue it from, and a run is never overwritten: give `--fresh` to set it aside, or \
         choose another `output.directory` in the configuration, or `--output DIR`",
        files.directory().display()
    ))
}
