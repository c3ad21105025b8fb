//! A simulation from its configuration to its end, or what it would be.

use crate::config::{Config, Exchange, Machine};
use crate::console::{self, complain};
use crate::error::Result;
use crate::estimate::performance_model;
use crate::estimate::resources::{Placement, Resources};
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::{Real, for_precision};

use super::deadline::Deadline;
use super::first_step::first_step;
use super::layout::Choice;
use super::options::{DryRun, Options, Outcome};
use super::output::names;
use super::restart::Origin;
use super::run::Run;

/// Runs the simulation that `config` describes. Collective.
///
/// # Errors
/// See [`ErrorKind`](crate::error::ErrorKind).
pub fn run(comm: &Communicator, config: &Config, options: &Options) -> Result<Outcome> {
    let comm = &comm.with_writers(writers(comm, config));
    let comm = &config.parallel.exchange.among(comm);
    for_precision!(config.precision, T => run_as::<T>(comm, config, options))
}

/// The ranks of each node that write and read files: as configured, or one for every GiB that the fields
/// of a node have at all points. Collective.
fn writers(comm: &Communicator, config: &Config) -> usize {
    const EACH: f64 = (1_u64 << 30) as f64;
    let points: f64 = config.grid.points.iter().map(|&n| n as f64).product();
    let bytes = points * (config.physics.fields().len() * size_of::<f64>()) as f64;
    let each_node = (bytes / comm.nodes() as f64 / EACH).ceil() as usize;
    config.output.writers.unwrap_or(each_node)
}

fn run_as<T: Real>(comm: &Communicator, config: &Config, options: &Options) -> Result<Outcome> {
    comm.agree(names::check(config))?;
    let modes = Modes::new(config.grid.build(), T::LANES);
    if let Some(dry_run) = &options.dry_run {
        return tell::<T>(comm, config, modes, dry_run);
    }
    let mut log = Log::new(comm, options.quiet);
    // What cannot be run at all makes no directory.
    let mut resources = resources_here::<T>(comm, config, modes)?;
    let directory = RunDirectory::enter(comm, &config.output.directory, &mut log)?;
    let choice = Choice::find::<T>(comm, config, modes, &directory, &mut log)?;
    let comm = &choice.of(comm);
    let origin = Origin::<T>::find(comm, config, &options.restart, &directory, &mut log)?;
    if let Some(message) = origin.is_complete(config.time.end) {
        log.line(&message);
        return Ok(Outcome::Complete);
    }
    origin.entry().check(comm, config, &directory)?;
    log.line(&format!("dns-solver {}, into {}", crate::VERSION, directory.path().display()));
    if let Some(tuned) = choice.instead_of(config) {
        resources = resources_here::<T>(comm, &tuned, modes)?;
    }
    log.line(resources.report().trim_end());
    for warning in resources.warnings().iter().chain(&warnings_of_ranks(comm, config)) {
        log.warn(warning);
    }
    let deadline = Deadline::find(comm, options.deadline, &mut log);
    let outcome = Run::<T>::new(comm, config, modes, origin, &directory, &mut log, deadline)
        .and_then(|mut run| {
            run.begin()?;
            choice.keep(comm, &directory)?;
            run.complete()
        });
    if let Err(error) = &outcome {
        log.record(&format!("error: {error}"));
    }
    outcome
}

/// Returns what a run needs on these ranks.
fn resources_here<T: Real>(
    comm: &Communicator,
    config: &Config,
    modes: Modes,
) -> Result<Resources> {
    let here = Placement { ranks: comm.size(), node: comm.node_size(), machine: None };
    Resources::new::<T>(config, modes, here, None)
}

/// Warns of what is odd about where the ranks are. Collective.
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
    if comm.is_apart() && config.parallel.exchange != Exchange::AllToAll {
        warnings.push(
            "the ranks are on one node but cannot share memory, as in containers of their own: they \
             pass messages, which are slower; start them in one container"
                .into(),
        );
    }
    warnings
}

/// Tells what the run would be and need. Collective.
fn tell<T: Real>(
    comm: &Communicator,
    config: &Config,
    modes: Modes,
    dry_run: &DryRun,
) -> Result<Outcome> {
    let placement = placement(dry_run, comm, config)?;
    let first_dt = first_step::<T>(comm, config)?;
    let resources = Resources::new::<T>(config, modes, placement, first_dt)?;
    let text = config.to_toml()?;
    let print = || {
        resources.warnings().iter().for_each(|text| complain(format!("warning: {text}")));
        console::print(format!("{text}\n{}", resources.report()))
    };
    comm.agree(if comm.is_root() { print() } else { Ok(()) })?;
    Ok(Outcome::Complete)
}

/// The ranks and nodes of the run. Collective.
fn placement(dry_run: &DryRun, comm: &Communicator, config: &Config) -> Result<Placement> {
    let ranks = dry_run.ranks.unwrap_or(comm.size());
    let machine = dry_run.machine.as_ref().map(|path| Machine::load(comm, path)).transpose()?;
    let node = match &machine {
        Some(machine) => {
            let on_node = performance_model::nodes(machine, ranks, config.parallel.threads)?.1;
            config.parallel.exchange.node_size(ranks, on_node)
        }
        None if comm.size() == ranks => comm.node_size(),
        // Nothing is known of other ranks.
        None => 1,
    };
    Ok(Placement { ranks, node, machine })
}
