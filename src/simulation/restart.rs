//! What a run goes on from: the newest checkpoint that is good, or a given one.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use toml::{Table, Value};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::io::checkpoint::CheckpointReader;
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::Real;

use super::checkpoints::RunState;

/// A run as a checkpoint has it.
pub struct Resumed<T: Real> {
    /// The checkpoint.
    pub path: PathBuf,
    /// What the run remembers.
    pub run: RunState,
    /// The modes.
    pub state: SpectralFields<T>,
    /// What it took to read.
    pub took: Duration,
}

/// The newest good checkpoint of the run in `directory`, if there are any; what is wrong with
/// newer ones is added to `warnings`. Collective.
///
/// # Errors
/// None is good, or the configuration has changed in more than may change.
pub fn newest<T: Real>(
    comm: &Communicator,
    config: &Config,
    directory: &RunDirectory,
    warnings: &mut Vec<String>,
) -> Result<Option<Resumed<T>>> {
    let steps = directory.checkpoints(comm)?;
    for &step in steps.iter().rev() {
        let path = directory.checkpoint(step);
        match CheckpointReader::open(comm, &path) {
            Err(error) => warnings.push(error.message),
            Ok(reader) => {
                check_config(comm, config, &reader.header().config, &path)?;
                match load(&reader, &path) {
                    Err(error) => warnings.push(error.message),
                    Ok(resumed) => return Ok(Some(resumed)),
                }
            }
        }
    }
    if steps.is_empty() {
        return Ok(None);
    }
    Err(Error::input(format!(
        "no checkpoint of {} can be used:\n  {}\ngive another with `--restart FILE`, or start over \
         with `--fresh`, which sets this run aside",
        directory.path().display(),
        warnings.join("\n  ")
    )))
}

/// The checkpoint at `path`, to go on from in `directory`. Collective.
///
/// # Errors
/// It cannot be used, or the configuration differs from its own, or from that of a run in
/// `directory`, in more than may change.
pub fn given<T: Real>(
    comm: &Communicator,
    config: &Config,
    directory: &RunDirectory,
    path: &Path,
) -> Result<Resumed<T>> {
    if let Some(text) = directory.config(comm)? {
        check_config(comm, config, &text, directory.path())?;
    }
    let reader = CheckpointReader::open(comm, path)?;
    check_config(comm, config, &reader.header().config, path)?;
    load(&reader, path)
}

fn load<T: Real>(reader: &CheckpointReader, path: &Path) -> Result<Resumed<T>> {
    let started = Instant::now();
    let run = RunState::from_toml(&reader.header().run_state).map_err(|cause| {
        Error::input(format!("cannot use checkpoint {}: {cause}", path.display()))
    })?;
    let state = reader.read()?;
    Ok(Resumed { path: path.to_owned(), run, state, took: started.elapsed() })
}

/// An error with all differences between the configuration and that `before`, of the checkpoint or
/// run at `path`, which would change the course of the run. Collective.
fn check_config(comm: &Communicator, config: &Config, before: &str, path: &Path) -> Result<()> {
    let check = || {
        let parse = |text: &str| {
            toml::from_str::<Table>(text).map_err(|e| {
                Error::input(format!("cannot read the configuration of {}: {e}", path.display()))
            })
        };
        let old = physics(&parse(before)?);
        let new = physics(&parse(&config.to_toml()?)?);
        let differences = differences(&old, &new);
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::input(format!(
            "the configuration is not that of {}:\n{differences}undo this to continue; or start \
             another run, in another directory with `--output DIR` or here with `--fresh`, which \
             sets this one aside. Only time.end, [output] and [parallel] may change",
            path.display()
        )))
    };
    comm.agree(check())
}

/// Paths and values of all keys that the course of the run depends on.
fn physics(config: &Table) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    flatten("", &Value::Table(config.clone()), &mut keys);
    keys.retain(|(path, _)| {
        path != "time.end" && !path.starts_with("output.") && !path.starts_with("parallel.")
    });
    keys
}

fn flatten(path: &str, value: &Value, keys: &mut Vec<(String, String)>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, keys);
            }
        }
        value => keys.push((path.to_string(), value.to_string())),
    }
}

/// A line `key: old -> new` for each difference.
fn differences(old: &[(String, String)], new: &[(String, String)]) -> String {
    let mut text = String::new();
    let value_in = |keys: &[(String, String)], path: &str| {
        let found = keys.iter().find(|(key, _)| key == path);
        found.map_or_else(|| "not set".to_string(), |(_, value)| value.clone())
    };
    for (path, value) in old {
        let now = value_in(new, path);
        if now != *value {
            let _ = writeln!(text, "  {path}: {value} -> {now}");
        }
    }
    for (path, value) in new {
        if old.iter().all(|(key, _)| key != path) {
            let _ = writeln!(text, "  {path}: not set -> {value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_that_matter_are_listed() {
        let parse = |text: &str| physics(&toml::from_str(text).unwrap());
        let old = parse(
            "precision = 'double'\n[time]\ndt = 0.1\nend = 1.0\n[output]\ndirectory = 'a'\n\
             [parallel]\nthreads = 1",
        );
        let new = parse(
            "precision = 'single'\n[time]\ncfl = 0.5\nend = 2.0\n[output]\ndirectory = 'b'\n\
             history = { every = 1.0 }",
        );
        assert_eq!(
            differences(&old, &new),
            "  precision: \"double\" -> \"single\"\n  time.dt: 0.1 -> not set\n  \
             time.cfl: not set -> 0.5\n"
        );
        assert_eq!(differences(&old, &old), "");
    }
}
