//! The run.

use crate::config::Config;
use crate::error::Result;
use crate::parallel::Communicator;

/// What the command line asks for beyond the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Say what the run would be and need, and stop.
    pub dry_run: bool,
    /// Print warnings and errors only.
    pub quiet: bool,
}

/// Runs the simulation that `config` describes. Collective.
///
/// # Errors
/// See [`ErrorKind`](crate::error::ErrorKind).
pub fn run(communicator: &Communicator, config: &Config, _options: &Options) -> Result<()> {
    if communicator.is_root() {
        print!("{}", config.to_toml()?);
    }
    Ok(())
}
