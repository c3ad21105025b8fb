//! The run: the only place that knows every part.

mod forced_band;
mod history;
mod needs;
mod progress;
mod schedule;
mod snapshots;
pub mod solver;
mod start;

use std::io::Write;
use std::time::{Duration, Instant};

use crate::config::{self, Config, Exchange, Step};
use crate::diagnostics::{Budget, Scales};
use crate::equation::{self, Equation};
use crate::error::{Error, Result};
use crate::io::history::HistoryWriter;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::{Precision, Real};
use crate::transform::timings::{Part, Timings};

use history::Row;
use needs::Needs;
use progress::Progress;
use schedule::{Schedule, next_step};
use solver::Solver;
use start::Start;

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
    let comm = &match config.parallel.exchange {
        Exchange::Auto => comm.clone(),
        Exchange::AllToAll => comm.without_shared_memory(),
    };
    match config.precision {
        Precision::Double => run_as::<f64>(comm, config, options),
        Precision::Single => run_as::<f32>(comm, config, options),
    }
}

fn run_as<T: Real>(comm: &Communicator, config: &Config, options: &Options) -> Result<()> {
    let modes = Modes::new(config.grid.build(), T::LANES);
    let needs = Needs::new::<T>(config, modes, comm)?;
    let start = Start::open(config, comm)?;
    if options.dry_run {
        if comm.is_root() {
            // A reader that has seen enough is no error.
            let _ = write!(std::io::stdout(), "{}\n{}", config.to_toml()?, needs.report());
            needs.warnings().iter().for_each(|text| eprintln!("dns-solver: warning: {text}"));
        }
        return Ok(());
    }
    let directory = RunDirectory::create(comm, &config.output.directory, &config.to_toml()?)?;
    let mut log = Log::open(comm, &directory.log(), options.quiet)?;
    log.line(&format!("dns-solver {}, into {}", crate::VERSION, directory.path().display()));
    log.line(needs.report().trim_end());
    for warning in needs.warnings() {
        log.warn(warning);
    }
    let outcome =
        Run::<T>::new(comm, config, modes, start, &directory, &mut log).and_then(Run::complete);
    if let Err(error) = &outcome {
        log.record(&format!("error: {error}"));
    }
    outcome
}

/// The equation of a run on the modes of its grid.
fn build_equation<T: Real>(config: &Config, modes: &Modes) -> Box<dyn Equation<T>> {
    match config.physics.equation {
        config::Equation::NavierStokes => equation::navier_stokes(modes, config.physics.viscosity),
    }
}

/// A run under way.
struct Run<'a, T: Real> {
    comm: &'a Communicator,
    config: &'a Config,
    directory: &'a RunDirectory,
    solver: Solver<T>,
    log: &'a mut Log,
    progress: Progress,
    history: HistoryWriter,
    history_schedule: Schedule,
    snapshot_schedule: Option<Schedule>,
    time: f64,
    step: u64,
    dt: f64,
    last_good: LastGood,
    /// Time of the last history row, and the energy put in until then.
    last_row: (f64, f64),
    output_timings: Timings,
    started: Instant,
}

/// The start of the last step: the flow was seen to be finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct LastGood {
    time: f64,
    step: u64,
    /// Courant number of the step that it took.
    cfl: f64,
}

impl LastGood {
    /// The error for a run that cannot go on.
    fn blow_up(&self, reason: &str) -> Error {
        let LastGood { time, step, cfl } = self;
        Error::blow_up(format!(
            "the solution blew up: {reason}\n\
             last good time: t = {time}, after step {step}; the next step had the Courant number {}\n\
             take a smaller time.dt, or time.cfl of at most 1.3 for rk4, 0.8 for rk3, 0.5 for rk2",
            progress::scientific(*cfl, 2)
        ))
    }
}

impl<'a, T: Real> Run<'a, T> {
    /// Sets up everything and the initial field. Collective.
    fn new(
        comm: &'a Communicator,
        config: &'a Config,
        modes: Modes,
        start: Start,
        directory: &'a RunDirectory,
        log: &'a mut Log,
    ) -> Result<Self> {
        let team = comm.agree(Team::new(config.parallel.threads))?;
        let equation = build_equation(config, &modes);
        let force = config.forcing.build();
        let mut solver = Solver::new(modes, comm, team, equation, config.time.scheme, force)?;
        let mut state = solver.state().clone();
        start.fill(config, comm, &mut state)?;
        let started = Instant::now();
        solver.set_state(state);
        let end = config.time.end;
        Ok(Run {
            comm,
            config,
            directory,
            solver,
            progress: Progress::new(log, config.time.end),
            log,
            history: HistoryWriter::create(comm, &directory.history(), &history::COLUMNS)?,
            history_schedule: Schedule::new(config.output.history.every, end),
            snapshot_schedule: config.output.snapshots.map(|s| Schedule::new(s.every, end)),
            time: 0.0,
            step: 0,
            dt: 0.0,
            last_good: LastGood::default(),
            last_row: (0.0, 0.0),
            output_timings: Timings::default(),
            started,
        })
    }

    /// Steps and writes until the end, and says where the time went. Collective.
    fn complete(mut self) -> Result<()> {
        let reached = self.advance_to_end();
        self.progress.finish();
        reached?;
        let mut timings = self.solver.timings();
        timings.merge(&self.output_timings, 1);
        let work = progress::Work {
            steps: self.step,
            points: self.config.grid.build().point_count(),
            threads: self.solver.threads(),
            seconds: self.started.elapsed().as_secs_f64(),
        };
        self.log.line(&progress::table(self.comm, &timings, &work));
        Ok(())
    }

    fn advance_to_end(&mut self) -> Result<()> {
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
        let target = self.history_schedule.next_time().min(snapshot);
        let (time, step, rule, last_good) =
            (self.time, self.step, self.config.time.step, self.last_good);
        let mut frequency = 0.0;
        let mut next_time = time;
        self.dt = self.solver.step(|outlook| {
            frequency = outlook.frequency;
            if !frequency.is_finite() {
                return Err(last_good.blow_up(&format!("a velocity is {frequency} at t = {time}")));
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
                let good = LastGood { time, step, ..last_good };
                Err(good.blow_up(&format!("the time step fell to {dt:e} at t = {time}")))
            }
        })?;
        self.last_good = LastGood { time, step, cfl: self.dt * frequency };
        self.time = next_time;
        self.step += 1;
        self.progress.step(self.step, self.time, self.dt);
        Ok(())
    }

    /// Writes what is due.
    fn output(&mut self) -> Result<()> {
        let history_is_due = self.history_schedule.is_due(self.time);
        let snapshot_is_due = self.snapshot_schedule.as_mut().is_some_and(|s| s.is_due(self.time));
        if !history_is_due && !snapshot_is_due {
            return Ok(());
        }
        let (started, transforms) = (Instant::now(), self.seconds_in_sweeps());
        // Measured for a snapshot as well: what is not finite is not written.
        let row = self.row();
        self.check(&row)?;
        if history_is_due {
            self.comm.agree(self.history.append(self.step, &row.values()))?;
            self.last_row = (self.time, self.solver.injected_energy());
            self.progress.row(self.step, &row, self.log);
        }
        if snapshot_is_due {
            let stamp = snapshots::Stamp { time: self.time, step: self.step };
            snapshots::write(self.comm, self.config, self.directory, &mut self.solver, stamp)?;
        }
        // The sweeps of a snapshot keep their own account.
        let transforms = Duration::from_secs_f64(self.seconds_in_sweeps() - transforms);
        self.output_timings.add(Part::Output, started.elapsed().saturating_sub(transforms));
        Ok(())
    }

    fn seconds_in_sweeps(&self) -> f64 {
        self.solver.timings().seconds().iter().sum()
    }

    /// An error when the flow is no longer finite.
    fn check(&self, row: &Row) -> Result<()> {
        let Budget { kinetic_energy, enstrophy, .. } = row.budget;
        if kinetic_energy.is_finite() && enstrophy.is_finite() {
            return Ok(());
        }
        let found = format!("the kinetic energy is {kinetic_energy}, the enstrophy {enstrophy}");
        Err(match self.step {
            0 => Error::input(format!("the initial field is not finite: {found}; see [initial]")),
            _ => self.last_good.blow_up(&format!("{found} at t = {}", self.time)),
        })
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
        Row {
            time: self.time,
            dt: self.dt,
            budget,
            scales,
            cfl: self.last_good.cfl,
            injected_power,
        }
    }
}
