//! The run: the only place that knows every part.

mod blow_up;
mod convert;
mod deadline;
mod energy_budget;
mod first_step;
pub mod output;
mod progress;
pub mod restart;
mod run;
mod stop;
pub mod time_step;
mod warnings;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use crate::config::{Config, Exchange, Machine};
use crate::console::complain;
use crate::error::Result;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::{Precision, Real};

use crate::estimate::resources::{Layout, Needs};
use crate::estimate::{performance_model, rank_grid};

pub use convert::convert;
use deadline::Deadline;
use output::names;
use restart::Origin;
use run::Run;

/// What the command line asks for beyond the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Say what the run would be and need, and stop.
    pub dry_run: Option<DryRun>,
    /// Print warnings and errors only.
    pub quiet: bool,
    /// Set a run that is in the directory aside, and start over.
    pub fresh: bool,
    /// Continue from this checkpoint instead of the newest one of the directory.
    pub restart: Option<PathBuf>,
    /// Keys and tables of the configuration that may differ from those of the run to continue.
    pub allowed_changes: Vec<String>,
    /// When the run must have ended, if the user says so.
    pub deadline: Option<Instant>,
}

/// Where the run would be that a dry run is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Its ranks; as many as there are now, if not given.
    pub ranks: Option<usize>,
    /// The file that describes its machine, see [`Machine`].
    pub machine: Option<PathBuf>,
}

impl DryRun {
    /// The ranks and nodes of the run. Collective.
    fn layout(&self, comm: &Communicator, config: &Config) -> Result<Layout> {
        let ranks = self.ranks.unwrap_or(comm.size());
        let machine = self.machine.as_ref().map(|path| Machine::load(comm, path)).transpose()?;
        let one_node = match &machine {
            Some(machine) => {
                performance_model::nodes(machine, ranks, config.parallel.threads)?.0 == 1
            }
            // What is not known of other ranks is taken from those here.
            None => comm.size() == ranks && comm.shares_memory(),
        };
        let shares_memory = one_node && config.parallel.exchange == Exchange::Auto;
        Ok(Layout { ranks, shares_memory, machine })
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At its end.
    Complete,
    /// It was asked to stop, and can be continued.
    Stopped,
}

/// Runs the simulation that `config` describes. Collective.
///
/// # Errors
/// See [`ErrorKind`](crate::error::ErrorKind).
pub fn run(comm: &Communicator, config: &Config, options: &Options) -> Result<Ending> {
    let comm = &match config.output.writers {
        Some(writers) => comm.with_writers(writers),
        None => comm.clone(),
    };
    let comm = &match config.parallel.exchange {
        Exchange::Auto => comm.clone(),
        Exchange::AllToAll => comm.without_shared_memory(),
    };
    match config.precision {
        Precision::Double => run_as::<f64>(comm, config, options),
        Precision::Single => run_as::<f32>(comm, config, options),
    }
}

fn run_as<T: Real>(comm: &Communicator, config: &Config, options: &Options) -> Result<Ending> {
    comm.agree(names::check(config))?;
    let modes = Modes::new(config.grid.build(), T::LANES);
    if let Some(dry_run) = &options.dry_run {
        let layout = dry_run.layout(comm, config)?;
        let first_dt = first_step::first_step::<T>(comm, config)?;
        let needs = Needs::new::<T>(config, modes, layout, first_dt)?;
        if comm.is_root() {
            // A reader that has seen enough is no error.
            let _ = write!(std::io::stdout(), "{}\n{}", config.to_toml()?, needs.report());
            needs.warnings().iter().for_each(|text| complain(format!("warning: {text}")));
        }
        return Ok(Ending::Complete);
    }
    let grid = rank_grid::choose(config.parallel.grid, &modes, comm.size())?;
    let comm = &comm.arranged(grid);
    let here = Layout { ranks: comm.size(), shares_memory: comm.shares_memory(), machine: None };
    let needs = Needs::new::<T>(config, modes, here, None)?;
    let mut log = Log::new(comm, options.quiet);
    let directory = RunDirectory::enter(comm, &config.output.directory, &mut log)?;
    let origin = Origin::<T>::find(comm, config, options, &directory, &mut log)?;
    if let Some(message) = origin.is_complete(config.time.end) {
        log.line(&message);
        return Ok(Ending::Complete);
    }
    origin.entry().check(comm, config, &directory)?;
    log.line(&format!("dns-solver {}, into {}", crate::VERSION, directory.path().display()));
    log.line(needs.report().trim_end());
    for warning in needs.warnings().iter().chain(&warnings_of_ranks(comm, config)) {
        log.warn(warning);
    }
    let deadline = Deadline::find(comm, options.deadline, &mut log);
    let outcome = Run::<T>::new(comm, config, modes, origin, &directory, &mut log, deadline)
        .and_then(Run::complete);
    if let Err(error) = &outcome {
        log.record(&format!("error: {error}"));
    }
    outcome
}

/// What is odd about where the ranks are. Collective.
fn warnings_of_ranks(comm: &Communicator, config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let (threads, fewest) = (config.parallel.threads, comm.cores(config.parallel.threads).fewest);
    if threads > fewest {
        warnings.push(format!(
            "parallel.threads is {threads}, but a rank may use {fewest} of the cores only: its threads \
             wait for each other; use fewer, or give ranks more cores (mpirun --bind-to none, srun \
             --cpus-per-task={threads})"
        ));
    }
    if comm.is_apart() && config.parallel.exchange == Exchange::Auto {
        warnings.push(
            "the ranks are on one node but cannot share memory, as in containers of their own: they \
             pass messages, which are slower; start them in one container"
                .into(),
        );
    }
    warnings
}
