//! The run: the only place that knows every part.

mod forced_band;
mod history;
mod needs;
mod progress;
mod schedule;
mod snapshots;
pub mod solver;
mod start;

use std::time::Instant;

use crate::config::{Config, Step};
use crate::diagnostics::{Budget, Scales};
use crate::equation;
use crate::error::{Error, Result};
use crate::io::history::HistoryWriter;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::{Precision, Real};
use crate::transform::timings::{Part, Stopwatch, Timings};

use history::Row;
use needs::Needs;
use progress::Progress;
use schedule::{Schedule, next_step};
use solver::Solver;

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
pub fn run(comm: &Communicator, config: &Config, options: &Options) -> Result<()> {
    match config.precision {
        Precision::Double => run_as::<f64>(comm, config, options),
        Precision::Single => run_as::<f32>(comm, config, options),
    }
}

fn run_as<T: Real>(comm: &Communicator, config: &Config, options: &Options) -> Result<()> {
    let modes = Modes::new(config.grid.build(), T::LANES);
    let needs = Needs::new::<T>(config, modes, comm)?;
    if options.dry_run {
        if comm.is_root() {
            print!("{}\n{}", config.to_toml()?, needs.report());
        }
        return Ok(());
    }
    let directory = RunDirectory::create(comm, &config.output.directory, &config.to_toml()?)?;
    let mut log = Log::open(comm, &directory.log(), options.quiet)?;
    log.line(needs.report().trim_end());
    for warning in needs.warnings() {
        log.warn(warning);
    }
    let mut run = Run::<T>::start(comm, config, modes, &directory, log, options.quiet)?;
    run.complete()?;
    run.finish();
    Ok(())
}

/// A run under way.
struct Run<'a, T: Real> {
    comm: &'a Communicator,
    config: &'a Config,
    directory: &'a RunDirectory,
    solver: Solver<T>,
    log: Log,
    progress: Progress,
    history: HistoryWriter,
    history_schedule: Schedule,
    snapshot_schedule: Option<Schedule>,
    time: f64,
    step: u64,
    dt: f64,
    cfl: f64,
    /// Time of the last history row, and the energy put in until then.
    last_row: (f64, f64),
    output_timings: Timings,
    started: Instant,
}

impl<'a, T: Real> Run<'a, T> {
    /// Sets up everything and the initial field. Collective.
    fn start(
        comm: &'a Communicator,
        config: &'a Config,
        modes: Modes,
        directory: &'a RunDirectory,
        log: Log,
        quiet: bool,
    ) -> Result<Self> {
        let team = comm.agree(Team::new(config.parallel.threads))?;
        let equation = match config.physics.equation {
            crate::config::Equation::NavierStokes => {
                equation::navier_stokes::<T>(&modes, config.physics.viscosity)
            }
        };
        let force = config.forcing.build();
        let mut solver = Solver::new(modes, comm, team, equation, config.time.scheme, force)?;
        let mut state = solver.state().clone();
        start::initial_state(config, comm, &mut state)?;
        solver.set_state(state);
        Ok(Run {
            comm,
            config,
            directory,
            solver,
            log,
            progress: Progress::new(comm, config.time.end, quiet),
            history: HistoryWriter::create(comm, &directory.history(), &history::COLUMNS)?,
            history_schedule: Schedule::every(config.output.history.every),
            snapshot_schedule: config.output.snapshots.map(|s| Schedule::every(s.every)),
            time: 0.0,
            step: 0,
            dt: 0.0,
            cfl: 0.0,
            last_row: (0.0, 0.0),
            output_timings: Timings::default(),
            started: Instant::now(),
        })
    }

    /// Steps and writes until the end. Collective.
    fn complete(&mut self) -> Result<()> {
        self.output()?;
        while self.time < self.config.time.end {
            self.advance()?;
            self.output()?;
        }
        Ok(())
    }

    /// Takes one step towards the next time at which something is due.
    fn advance(&mut self) -> Result<()> {
        let snapshot = self.snapshot_schedule.map_or(f64::INFINITY, |s| s.next_time());
        let target = self.config.time.end.min(self.history_schedule.next_time()).min(snapshot);
        let (time, step, rule) = (self.time, self.step, self.config.time.step);
        let last_cfl = self.cfl;
        let mut frequency = 0.0;
        let mut next_time = time;
        self.dt = self.solver.step(|outlook| {
            frequency = outlook.frequency;
            if !frequency.is_finite() {
                return Err(blow_up("a velocity is not finite", time, step, last_cfl));
            }
            let longest = match rule {
                Step::Fixed { dt } => dt,
                Step::Cfl { cfl, dt_max } => (cfl / frequency).min(dt_max.unwrap_or(f64::INFINITY)),
            };
            let (dt, next) = next_step(time, target, longest);
            next_time = next;
            if next > time {
                Ok(dt)
            } else {
                Err(blow_up(&format!("the time step fell to {dt:e}"), time, step, last_cfl))
            }
        })?;
        self.cfl = self.dt * frequency;
        self.time = next_time;
        self.step += 1;
        Ok(())
    }

    /// Writes what is due. At the end everything is.
    fn output(&mut self) -> Result<()> {
        let mut watch = Stopwatch::start();
        let at_end = self.time >= self.config.time.end;
        if self.history_schedule.is_due(self.time) || at_end {
            let row = self.row();
            row.check()?;
            self.comm.agree(self.history.append(self.step, &row.values()))?;
            self.last_row = (self.time, self.solver.injected_energy());
            self.progress.show(self.step, &row, &mut self.log);
        }
        let snapshot_is_due =
            self.snapshot_schedule.as_mut().map(|s| s.is_due(self.time) || at_end);
        if snapshot_is_due == Some(true) {
            let stamp = snapshots::Stamp { time: self.time, step: self.step };
            snapshots::write(self.comm, self.config, self.directory, &mut self.solver, stamp)?;
        }
        watch.lap(&mut self.output_timings, Part::Output);
        Ok(())
    }

    /// Measures the flow. Collective.
    fn row(&mut self) -> Row {
        let viscosity = self.config.physics.viscosity;
        let (state, sweep) = self.solver.state_and_sweep();
        let budget = Budget::measure(state, viscosity, sweep.team(), self.comm);
        let scales = Scales::new(&budget, viscosity, state.modes.grid.k_max());
        let (since, energy) = self.last_row;
        let injected = self.solver.injected_energy() - energy;
        let injected_power = if self.time > since { injected / (self.time - since) } else { 0.0 };
        Row { time: self.time, dt: self.dt, budget, scales, cfl: self.cfl, injected_power }
    }

    /// Says where the time went. Collective.
    fn finish(mut self) {
        let seconds = self.started.elapsed().as_secs_f64();
        let mut timings = self.solver.timings();
        timings.merge(&self.output_timings, 1);
        self.progress.finish();
        let table = progress::table(
            self.comm,
            &timings,
            self.step,
            seconds,
            self.config.grid.build().point_count(),
            self.solver.threads(),
        );
        self.log.line(&table);
    }
}

/// The error for a run that cannot go on.
fn blow_up(reason: &str, time: f64, step: u64, cfl: f64) -> Error {
    Error::blow_up(format!(
        "the solution blew up: {reason} in step {} (last good time t = {time}, Courant number of \
         the last step {cfl:.2}); take a smaller time.dt, or time.cfl at most about 1.3 for rk4, \
         0.8 for rk3, 0.5 for rk2",
        step + 1
    ))
}
