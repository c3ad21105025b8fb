//! Snapshots made of checkpoints, and checkpoints made of snapshots.

use std::path::Path;

use crate::config::Config;
use crate::diagnostics::Flow;
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::io::checkpoint::{self, CheckpointReader};
use crate::io::log::Log;
use crate::io::snapshot::SnapshotReader;
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::{Real, for_precision};
use crate::transform::decomposition::Decomposition;
use crate::transform::sweep::Sweep;

use super::output::snapshots::{self, Contents};
use super::restart::file_fields::FieldsInFile;
use super::restart::state::{self, Clock, RunState};

/// Writes the checkpoint or snapshot `from` as the other of the two, at `to`. Collective.
///
/// # Errors
/// `from` is neither, or is damaged; `to` is there already or cannot be written.
pub fn convert(comm: &Communicator, from: &Path, to: &Path) -> Result<()> {
    comm.from_root(|| match to.try_exists() {
        Ok(false) => Ok(Vec::new()),
        Ok(true) => Err(Error::input(format!(
            "{} is there already, and is not overwritten; give another name",
            to.display()
        ))),
        Err(e) => Err(Error::io("look for", to, e)),
    })?;
    if checkpoint::is_checkpoint(comm, from)? {
        let reader = CheckpointReader::open(comm, from)?;
        let config = configuration(comm, &reader.header().config, from)?;
        let precision = reader.header().precision;
        for_precision!(precision, T => to_snapshot::<T>(comm, &reader, &config, to))
    } else {
        let reader = SnapshotReader::open(comm, from)?;
        let config = configuration(comm, &reader.config()?, from)?;
        let file = (from, reader);
        for_precision!(config.precision, T => to_checkpoint::<T>(comm, file, &config, to))
    }
}

/// The configuration that the file at `path` holds. Collective.
fn configuration(comm: &Communicator, text: &str, path: &Path) -> Result<Config> {
    let name = format!("the configuration in {}", path.display());
    comm.agree(Config::parse(text, &name, Path::new(""), &[]))
}

fn to_snapshot<T: Real>(
    comm: &Communicator,
    reader: &CheckpointReader,
    config: &Config,
    to: &Path,
) -> Result<()> {
    let (header, state) = (reader.header(), reader.read::<T>()?);
    let pool = comm.agree(ThreadPool::new(config.parallel.threads))?;
    let mut sweep = Sweep::<T>::new(state.modes, comm, pool, state.count, 0)?;
    let clock = Clock { time: header.time, step: header.step };
    let contents = Contents::state(config, header.precision)?;
    snapshots::save(comm, to, config, &contents, &Flow::new(&state, None), &mut sweep, clock)
        .map(drop)
}

fn to_checkpoint<T: Real>(
    comm: &Communicator,
    (from, reader): (&Path, SnapshotReader),
    config: &Config,
    to: &Path,
) -> Result<()> {
    let (time, step) = (reader.header().time, reader.header().step);
    let modes = Modes::new(config.grid.build(), T::LANES);
    let count = config.physics.fields().len();
    let file = FieldsInFile::of_snapshot(reader, from, config);
    if let Some(name) = file.missing(config, 0..count).first() {
        return Err(Error::input(format!(
            "cannot use snapshot {}: it has no field {name}, which its configuration asks for",
            from.display()
        )));
    }
    let bundles = Decomposition { modes, grid: comm.grid() }.bundles_of(comm.rank());
    let mut state = SpectralFields::<T>::zeros(modes, bundles, count);
    let mut log = Log::new(comm, true);
    file.read(config, comm, &mut state)?.iter().for_each(|warning| log.warn(warning));
    let run = RunState::at(Clock { time, step });
    state::save(comm, to, config, config.precision, &state, &run)
}
