//! The options of a run beyond its configuration, and its outcome.

use std::path::PathBuf;
use std::time::Instant;

use super::restart::RestartOptions;

/// The options of the command line beyond the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Say what the run would be and need, and stop.
    pub dry_run: Option<DryRun>,
    /// Print warnings and errors only.
    pub quiet: bool,
    /// Options on where it begins or goes on.
    pub restart: RestartOptions,
    /// The time by which the run must have ended, if the user says so.
    pub deadline: Option<Instant>,
}

/// The place of a run that a dry run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Its ranks; as many as there are now, if not given.
    pub ranks: Option<usize>,
    /// The file that describes its machine, see [`Machine`](crate::config::Machine).
    pub machine: Option<PathBuf>,
}

/// The way in which a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At its end.
    Complete,
    /// It was asked to stop, and can be continued.
    Stopped,
}
