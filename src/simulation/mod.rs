//! The run: the only place that knows every part.

mod checkpoints;
mod forced_band;
mod history;
mod needs;
mod origin;
mod phase_shift;
mod progress;
mod restart;
mod schedule;
mod snapshots;
pub mod solver;
mod start;
mod stop;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::config::{Config, Dealias, Exchange, Step};
use crate::diagnostics::{Budget, Quantities, Scales};
use crate::equation;
use crate::error::{Error, Result};
use crate::io::history::HistoryWriter;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::io::xdmf;
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::{Precision, Real};
use crate::transform::timings::{Part, Timings};

use serde::{Deserialize, Serialize};

use checkpoints::RunState;
use history::Row;
use needs::Needs;
use origin::{Notes, Origin};
use progress::Progress;
use restart::Resumed;
use schedule::{Schedule, next_step};
use solver::Solver;
use start::Start;
use stop::Watch;

/// What the command line asks for beyond the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Say what the run would be and need, and stop.
    pub dry_run: bool,
    /// Print warnings and errors only.
    pub quiet: bool,
    /// Set a run that is in the directory aside, and start over.
    pub fresh: bool,
    /// Continue from this checkpoint instead of the newest one of the directory.
    pub restart: Option<PathBuf>,
    /// When the run must have ended.
    pub deadline: Option<Instant>,
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
    if options.dry_run {
        Start::open(config, comm)?;
        if comm.is_root() {
            // A reader that has seen enough is no error.
            let _ = write!(std::io::stdout(), "{}\n{}", config.to_toml()?, needs.report());
            needs.warnings().iter().for_each(|text| eprintln!("dns-solver: warning: {text}"));
        }
        return Ok(());
    }
    let directory = RunDirectory::at(&config.output.directory);
    let mut notes = Notes::default();
    let origin = Origin::<T>::find(comm, config, options, &directory, &mut notes)?;
    let end = config.time.end;
    if let Origin::Checkpoint(Resumed { path, run, .. }) = &origin
        && run.time >= end
    {
        if comm.is_root() {
            notes.warnings.iter().for_each(|text| eprintln!("dns-solver: warning: {text}"));
            let RunState { time, step, .. } = run;
            println!(
                "the run is complete: {} is of t = {time}, step {step}, and time.end is {end}; to \
                 go on raise time.end, to start over give --fresh",
                path.display()
            );
        }
        return Ok(());
    }
    match &origin {
        // Also when the checkpoint comes from elsewhere, into a directory without a run.
        Origin::Checkpoint(Resumed { run, .. }) => {
            directory.reopen(comm, run.step, &config.to_toml()?)?;
            xdmf::write_series(comm, directory.path())?;
        }
        Origin::Beginning(_) => {
            RunDirectory::create(comm, directory.path(), &config.to_toml()?)?;
        }
    }
    let mut log = Log::open(comm, &directory.log(), options.quiet)?;
    log.line(&format!("dns-solver {}, into {}", crate::VERSION, directory.path().display()));
    notes.lines.iter().for_each(|line| log.line(line));
    log.line(needs.report().trim_end());
    for warning in notes.warnings.iter().chain(needs.warnings()) {
        log.warn(warning);
    }
    let outcome =
        Run::<T>::new(comm, config, modes, origin, &directory, &mut log, options.deadline)
            .and_then(Run::complete);
    if let Err(error) = &outcome {
        log.record(&format!("error: {error}"));
    }
    outcome
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
    quantities: Quantities,
    history_schedule: Schedule,
    snapshot_schedule: Option<Schedule>,
    checkpoint_schedule: Option<Schedule>,
    now: RunState,
    is_new: bool,
    /// Step and time at which this process took over.
    first: (u64, f64),
    watch: Watch,
    output_timings: Timings,
    started: Instant,
}

/// The start of the last step: the flow was seen to be finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
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
    /// Sets up everything and the field to begin with. Collective.
    fn new(
        comm: &'a Communicator,
        config: &'a Config,
        modes: Modes,
        origin: Origin<T>,
        directory: &'a RunDirectory,
        log: &'a mut Log,
        deadline: Option<Instant>,
    ) -> Result<Self> {
        let team = comm.agree(Team::new(config.parallel.threads))?;
        let equation = equation::build(&config.physics, &modes);
        let quantities = Quantities::new(&config.physics);
        let force = config.forcing.build(&modes.grid);
        let mut solver = Solver::new(modes, comm, team, equation, config.time.scheme, force)?;
        if config.grid.dealias == Dealias::PhaseShift {
            solver.use_phase_shifts();
        }
        let (state, resumed, reading) = match origin {
            Origin::Beginning(start) => {
                let mut state = solver.state().clone();
                start.fill(config, comm, &mut state)?;
                (state, None, Duration::ZERO)
            }
            Origin::Checkpoint(Resumed { run, state, took, .. }) => (state, Some(run), took),
        };
        let started = Instant::now();
        solver.set_state(state);
        if let Some(run) = &resumed
            && !solver.restore_force(&run.force, run.injected_energy)
        {
            return Err(Error::input(format!(
                "the checkpoint does not hold what [forcing] must remember: {} numbers",
                run.force.len()
            )));
        }
        let end = config.time.end;
        let done_until = resumed.as_ref().map(|run| run.time);
        let schedule = |every| match done_until {
            None => Schedule::new(every, end),
            Some(time) => Schedule::after(every, end, time),
        };
        let (path, columns) = (directory.history(), &history::columns(&quantities));
        let history = match &resumed {
            None => HistoryWriter::create(comm, &path, columns)?,
            Some(run) => HistoryWriter::resume(comm, &path, columns, run.step)?,
        };
        let is_new = resumed.is_none();
        let now = resumed.unwrap_or_default();
        let first = (now.step, now.time);
        Ok(Run {
            comm,
            config,
            directory,
            solver,
            progress: Progress::new(log, first, end),
            log,
            history,
            quantities,
            history_schedule: schedule(config.output.history.every),
            snapshot_schedule: config.output.snapshots.map(|s| schedule(s.every)),
            checkpoint_schedule: config.output.checkpoints.map(|c| schedule(c.every)),
            now,
            first,
            is_new,
            watch: Watch::new(comm, directory.stop_file(), deadline, reading),
            output_timings: Timings::default(),
            started,
        })
    }

    /// Steps and writes until the end, and says where the time went. Collective.
    fn complete(mut self) -> Result<()> {
        stop::catch_signals();
        let stopped = self.advance_to_end();
        self.progress.finish();
        let stopped = stopped?;
        let mut timings = self.solver.timings();
        timings.merge(&self.output_timings, 1);
        let work = progress::Work {
            steps: self.now.step - self.first.0,
            points: self.config.grid.build().point_count(),
            threads: self.solver.threads(),
            seconds: self.started.elapsed().as_secs_f64(),
        };
        self.log.line(&progress::table(self.comm, &timings, &work));
        if let Some(notice) = stopped {
            self.watch.clear();
            let RunState { time, step, .. } = self.now;
            self.log.line(&format!(
                "stopped early, at t = {time}, step {step}, because {}; continue with the same \
                 command",
                stop::reason(notice)
            ));
        }
        Ok(())
    }

    /// Steps until the end, or until it is asked to stop: then returns why.
    fn advance_to_end(&mut self) -> Result<Option<i64>> {
        if self.is_new {
            // The first checkpoint shows at once whether there is room for it.
            self.output()?;
            self.checkpoint()?;
        }
        loop {
            let notice = self.advance()?;
            self.output()?;
            let complete = self.now.time >= self.config.time.end;
            let time = self.now.time;
            let due = self.checkpoint_schedule.as_mut().is_some_and(|s| s.is_due(time));
            if due || complete || notice != 0 {
                self.checkpoint()?;
            }
            if complete {
                return Ok(None);
            } else if notice != 0 {
                return Ok(Some(notice));
            }
        }
    }

    /// Takes one step towards the next time at which something is due. Returns what the ranks were
    /// asked before it, see [`Watch::notice`].
    fn advance(&mut self) -> Result<i64> {
        let snapshot = self.snapshot_schedule.map_or(f64::INFINITY, |s| s.next_time());
        let target = self.history_schedule.next_time().min(snapshot);
        let RunState { time, step, last_good, .. } = self.now;
        let rule = self.config.time.step;
        let (mut frequency, mut notice) = (0.0, 0);
        let mut next_time = time;
        self.solver.give_notice(self.watch.notice());
        self.now.dt = self.solver.step(|outlook| {
            frequency = outlook.frequency;
            notice = outlook.notice;
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
        self.now.last_good = LastGood { time, step, cfl: self.now.dt * frequency };
        self.now.time = next_time;
        self.now.step += 1;
        self.progress.step(self.now.step, self.now.time, self.now.dt);
        Ok(notice)
    }

    /// Writes a checkpoint, after all else of this step. Collective.
    fn checkpoint(&mut self) -> Result<()> {
        let started = Instant::now();
        let row = self.row();
        self.check(&row)?;
        // What the checkpoint takes for written must be.
        self.comm.agree(self.history.sync())?;
        self.now.injected_energy = self.solver.injected_energy();
        self.now.force = self.solver.force_state();
        checkpoints::write(self.comm, self.config, self.directory, &self.solver, &self.now)?;
        let took = started.elapsed();
        self.watch.checkpoint_took(took);
        self.output_timings.add(Part::Output, took);
        Ok(())
    }

    /// Writes what is due.
    fn output(&mut self) -> Result<()> {
        let RunState { time, step, .. } = self.now;
        let history_is_due = self.history_schedule.is_due(time);
        let snapshot_is_due = self.snapshot_schedule.as_mut().is_some_and(|s| s.is_due(time));
        if !history_is_due && !snapshot_is_due {
            return Ok(());
        }
        let (started, transforms) = (Instant::now(), self.seconds_in_sweeps());
        // Measured for a snapshot as well: what is not finite is not written.
        let row = self.row();
        self.check(&row)?;
        if history_is_due {
            self.comm.agree(self.history.append(step, &row.values()))?;
            self.now.row_time = time;
            self.now.row_injected_energy = self.solver.injected_energy();
            self.progress.row(step, &row, self.log);
        }
        if snapshot_is_due {
            let stamp = snapshots::Stamp { time, step };
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
        let other = row.quantities.iter().any(|quantity| quantity.is_nan());
        if kinetic_energy.is_finite() && enstrophy.is_finite() && !other {
            return Ok(());
        }
        let mut found =
            format!("the kinetic energy is {kinetic_energy}, the enstrophy {enstrophy}");
        if other {
            found += ", and a field is not finite";
        }
        Err(match self.now.step {
            0 => Error::input(format!("the initial field is not finite: {found}; see [initial]")),
            _ => self.now.last_good.blow_up(&format!("{found} at t = {}", self.now.time)),
        })
    }

    /// Measures the flow. Collective.
    fn row(&mut self) -> Row {
        let viscosity = self.config.physics.viscosity;
        let (state, sweep) = self.solver.state_and_sweep();
        let budget = Budget::measure(state, viscosity, sweep.team(), self.comm);
        let scales = Scales::new(&budget, viscosity, state.modes.grid.k_max());
        let quantities = self.quantities.measure(state, &budget, sweep.team(), self.comm);
        let RunState { time, dt, row_time, row_injected_energy, .. } = self.now;
        let injected = self.solver.injected_energy() - row_injected_energy;
        let injected_power = if time > row_time { injected / (time - row_time) } else { 0.0 };
        let cfl = self.now.last_good.cfl;
        Row { time, dt, budget, scales, cfl, injected_power, quantities }
    }
}
