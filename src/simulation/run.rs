//! The loop of a run: steps, output, checkpoints, and its end.

use std::time::{Duration, Instant};

use crate::config::Config;
use crate::diagnostics::{Budget, Quantities, Scales};
use crate::error::{Error, Result};
use crate::io::history::HistoryWriter;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::timings::{Part, Timings};

use super::Ending;
use super::blow_up::{Saved, Stability};
use super::deadline::Deadline;
use super::energy_budget::Account;
use super::output::history::{self, Row};
use super::output::schedule::Schedule;
use super::output::{Moment, Opening, Outputs, Place, Stamp};
use super::progress::{self, Progress};
use super::restart::initial;
use super::restart::resume::Resumed;
use super::restart::state::{self, LastGood, RunState};
use super::restart::{Entry, Origin};
use super::stop::{self, Notice, Watch};
use super::time_step;
use super::warnings::Warnings;
use crate::solver::{Attempt, MOST_REJECTIONS, Solver};

/// A run under way.
pub struct Run<'a, T: Real> {
    place: Place<'a>,
    entry: Entry,
    solver: Solver<T>,
    log: &'a mut Log,
    progress: Progress,
    history: HistoryWriter,
    quantities: Quantities,
    history_schedule: Schedule,
    outputs: Outputs<T>,
    checkpoint_schedule: Option<Schedule>,
    now: RunState,
    /// The last step that was measured, and found finite.
    measured: Option<u64>,
    /// The account of energy before the last step, when it led to a row of the history.
    before_row: Option<Account>,
    stability: Stability,
    warnings: Warnings,
    /// Step and time at which this process took over.
    first: (u64, f64),
    /// Steps that error control has taken back since.
    rejected: u64,
    watch: Watch,
    output_timings: Timings,
    started: Instant,
}

impl<'a, T: Real> Run<'a, T> {
    /// Sets up everything and the field to begin with, and touches nothing. `deadline` is when the
    /// run must have ended. Collective.
    pub fn new(
        comm: &'a Communicator,
        config: &'a Config,
        modes: Modes,
        origin: Origin<T>,
        directory: &'a RunDirectory,
        log: &'a mut Log,
        deadline: Option<Deadline>,
    ) -> Result<Self> {
        let quantities = Quantities::new(&config.physics, modes.grid.lengths);
        let mut solver = initial::solver_at_rest(comm, config, modes)?;
        let entry = origin.entry();
        let (mut watch, end) = (Watch::new(comm, directory.stop_file(), deadline), config.time.end);
        let (now, saved) = match origin {
            Origin::Beginning { start, .. } => {
                let mut state = solver.state().clone();
                let said = start.fill(config, comm, &mut state)?;
                said.lines.iter().for_each(|line| log.line(line));
                said.warnings.iter().for_each(|warning| log.warn(warning));
                solver.set_state(state);
                initial::check_forces(&mut solver, config)?;
                (RunState::default(), None)
            }
            Origin::Checkpoint(resumed) => {
                let Resumed { path: checkpoint, mut run, state, took, .. } = resumed;
                // To write one will take about as long.
                watch.expect_checkpoint(took);
                solver.set_state(state);
                let forces = std::mem::take(&mut run.forces);
                solver.forces_mut().restore(forces).map_err(|state| {
                    Error::input(format!(
                        "cannot use checkpoint {}: what the force on the {} remembers, {} numbers, \
                         is not for [forcing]",
                        checkpoint.display(),
                        state.name,
                        state.memory.len()
                    ))
                })?;
                if let Some(controller) = run.controller {
                    solver.set_controller(controller);
                }
                let saved = Saved { path: checkpoint, time: run.time, step: run.step };
                (run, Some(saved))
            }
        };
        let columns = history::columns(&quantities, &config.physics);
        let step = saved.as_ref().map(|saved| saved.step);
        let history = HistoryWriter::open(comm, &directory.history(), &columns, step)?;
        let after = saved.as_ref().map(|saved| Stamp { time: saved.time, step: saved.step });
        let schedule = |every| Schedule::beginning(every, end, after.map(|after| after.time));
        let first = (now.step, now.time);
        let place = Place { comm, config, directory, modes };
        Ok(Run {
            place,
            entry,
            solver,
            progress: Progress::new(log, first, end),
            log,
            history,
            quantities,
            history_schedule: schedule(config.output.history.every),
            outputs: Outputs::open(Opening { place, after, accumulated: &now.accumulated })?,
            checkpoint_schedule: config.output.checkpoints.map(|c| schedule(c.every)),
            now,
            measured: None,
            before_row: None,
            stability: Stability::new(config, saved),
            warnings: Warnings::new(config, modes),
            first,
            rejected: 0,
            watch,
            output_timings: Timings::default(),
            started: Instant::now(),
        })
    }

    /// Steps and writes until the end, and says where the time went. Collective.
    pub fn complete(mut self) -> Result<Ending> {
        self.begin()?;
        stop::catch_signals();
        self.watch.begin();
        let stopped = self.advance_to_end();
        self.progress.finish();
        let stopped = stopped?;
        let mut timings = self.solver.timings();
        timings.merge(&self.output_timings, 1);
        let work = progress::Work {
            steps: self.now.step - self.first.0,
            rejected: self.rejected,
            points: self.place.config.grid.build().point_count(),
            threads: self.solver.threads(),
            seconds: self.started.elapsed().as_secs_f64(),
        };
        self.log.line(&progress::table(self.place.comm, &timings, &work));
        if let Some(warning) = self.watch.clear() {
            self.log.warn(&warning);
        }
        let Some(notice) = stopped else { return Ok(Ending::Complete) };
        let RunState { time, step, .. } = self.now;
        self.log.line(&format!(
            "stopped early, at t = {time}, step {step}, because {}; continue with the same command",
            notice.reason()
        ));
        Ok(Ending::Stopped)
    }

    /// Makes the directory and its files what the run goes on from: from here on there is no way back.
    fn begin(&mut self) -> Result<()> {
        let Place { comm, config, directory, .. } = self.place;
        self.entry.make(comm, config, directory, self.log)?;
        self.log.open(comm, &directory.log())?;
        self.history.begin(comm)?;
        self.outputs.begin(self.place)
    }

    /// Steps until the end, or until it is asked to stop: then returns why.
    fn advance_to_end(&mut self) -> Result<Option<Notice>> {
        if self.stability.saved.is_none() {
            // The first checkpoint shows at once whether there is room for it.
            self.output()?;
            self.checkpoint()?;
        }
        loop {
            let notice = self.advance()?;
            self.watch.agreed(notice);
            if let Some(news) = self.watch.news() {
                self.log.line(&news);
            }
            if notice == Notice::Lost {
                return Err(Error::io(
                    "go on in run directory",
                    self.place.directory.path(),
                    "it was removed, or another run has taken it over",
                ));
            }
            self.output()?;
            let complete = self.now.time >= self.place.config.time.end;
            let time = self.now.time;
            let due = self.checkpoint_schedule.as_mut().is_some_and(|s| s.take(time));
            if due || complete || notice.asks_to_stop() {
                self.checkpoint()?;
            }
            if complete {
                return Ok(None);
            } else if notice.asks_to_stop() {
                return Ok(Some(notice));
            }
        }
    }

    /// Takes one step towards the next time at which something is due. Returns what the ranks were
    /// asked before it.
    fn advance(&mut self) -> Result<Notice> {
        let target = self.history_schedule.next_time().min(self.outputs.next_time());
        let RunState { time, step, last_good, .. } = self.now;
        let notice = self.watch.notice(self.place.directory.is_lost());
        self.solver.set_time(time);
        let (mut estimate, notice) = self.solver.begin_step_with(notice.code());
        let frequency = estimate.frequency;
        if !frequency.is_finite() {
            let reason = format!("a velocity is {frequency} at t = {time}");
            return Err(self.stability.blow_up(last_good, &reason));
        }
        let (dt, next) = loop {
            let rule = self.place.config.time.step;
            let (dt, next) = time_step::next(rule, &estimate, time, target);
            if next <= time || estimate.rejected >= MOST_REJECTIONS {
                let good = LastGood { time, step, ..last_good };
                let reason = format!("the time step fell to {dt:e} at t = {time}");
                return Err(self.stability.blow_up(good, &reason));
            }
            self.before_row = self.budget_before(next);
            match self.solver.try_step(dt) {
                Attempt::Accepted => break (dt, next),
                Attempt::Rejected(shorter) => estimate = shorter,
            }
        };
        self.rejected += u64::from(estimate.rejected);
        let cfl = dt * frequency;
        self.stability.step(time, dt, cfl);
        self.now.last_good = LastGood { time, step, cfl };
        (self.now.time, self.now.dt) = (next, dt);
        self.now.step += 1;
        self.progress.step(self.now.step, self.now.time, self.now.dt);
        Ok(Notice::of_code(notice))
    }

    /// The account of energy before a step to the time `next`, if that is one of a row. Collective.
    fn budget_before(&mut self, next: f64) -> Option<Account> {
        let started = Instant::now();
        let Place { comm, config, .. } = self.place;
        let (quantities, viscosity) = (&self.quantities, config.physics.viscosity);
        let is_due = self.history_schedule.is_due(next);
        let before = is_due.then(|| Account::of(&self.solver, quantities, viscosity, comm));
        self.output_timings.add(Part::Output, started.elapsed());
        before
    }

    /// Writes a checkpoint, after all else of this step. Collective.
    fn checkpoint(&mut self) -> Result<()> {
        let started = Instant::now();
        self.watch.begin_checkpoint();
        if self.measured != Some(self.now.step) {
            self.row()?;
        }
        // What the checkpoint takes for written must be.
        self.place.comm.agree(self.history.sync().and_then(|()| self.outputs.sync()))?;
        self.now.controller = self.solver.controller();
        self.now.forces = self.solver.forces().states();
        self.now.accumulated = self.outputs.accumulated();
        state::write(
            self.place.comm,
            self.place.config,
            self.place.directory,
            &self.solver,
            &self.now,
        )?;
        let RunState { time, step, .. } = self.now;
        self.stability.saved =
            Some(Saved { path: self.place.directory.checkpoint(step), time, step });
        let took = started.elapsed();
        self.watch.end_checkpoint(took);
        self.output_timings.add(Part::Output, took);
        Ok(())
    }

    /// Writes what is due.
    fn output(&mut self) -> Result<()> {
        let RunState { time, step, .. } = self.now;
        let history_is_due = self.history_schedule.take(time);
        if !(history_is_due || self.outputs.are_due(time)) {
            return Ok(());
        }
        let (started, transforms) = (Instant::now(), self.seconds_in_sweeps());
        // Measured for the others as well: what is not finite is not written.
        let row = self.row()?;
        if history_is_due {
            self.place.comm.agree(self.history.append(step, &row.values()))?;
            self.now.row_time = time;
            self.solver.forces_mut().clear_accounts();
            self.progress.row(step, &row, self.log);
            self.warnings.forces(time, self.solver.forces().remarks(), self.log);
            self.warnings.row(&row, self.log);
        }
        self.outputs.write(&mut Moment {
            place: self.place,
            stamp: Stamp { time, step },
            solver: &mut self.solver,
            warnings: &mut self.warnings,
            log: self.log,
        })?;
        // The sweeps of spectra and snapshots keep their own account.
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
            _ => {
                let reason = format!("{found} at t = {}", self.now.time);
                self.stability.blow_up(self.now.last_good, &reason)
            }
        })
    }

    /// Measures the flow; an error when it is no longer finite. Collective.
    fn row(&mut self) -> Result<Row> {
        let viscosity = self.place.config.physics.viscosity;
        let (state, sweep) = self.solver.state_and_sweep();
        let budget = Budget::measure(state, viscosity, sweep.team(), self.place.comm);
        let scales = Scales::new(&budget, viscosity, state.modes.grid.k_max());
        let quantities = self.quantities.measure(state, &budget, sweep.team(), self.place.comm);
        let RunState { time, dt, row_time, .. } = self.now;
        let physics = &self.place.config.physics;
        let (injected_power, injections) =
            history::powers(self.solver.forces(), physics, time - row_time);
        let cfl = self.now.last_good.cfl;
        let (budget_dissipation, budget_residual) = match self.before_row {
            None => (0.0, 0.0),
            Some(before) => {
                let injected = self.solver.forces().injected_energy();
                let after = Account::new(&self.quantities, &budget, &quantities, injected);
                (Account::dissipation(before, after, dt), Account::residual(before, after, dt))
            }
        };
        let row = Row {
            time,
            dt,
            budget,
            scales,
            cfl,
            injected_power,
            budget_dissipation,
            budget_residual,
            quantities,
            injections,
        };
        self.check(&row)?;
        self.measured = Some(self.now.step);
        Ok(row)
    }
}
