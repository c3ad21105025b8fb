//! The loop of a run: steps, output, checkpoints, and its end.

use std::time::{Duration, Instant};

use crate::config::{Config, Step};
use crate::diagnostics::{Budget, Quantities, Scales};
use crate::error::{Error, Result};
use crate::io::history::HistoryWriter;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::timings::{Part, Timings};

use super::account::Account;
use super::blow_up::{LastGood, Saved, Stability};
use super::checkpoints::{self, RunState};
use super::gradients::GradientsOutput;
use super::history::{self, Row};
use super::origin::Origin;
use super::progress::{self, Progress};
use super::restart::Resumed;
use super::schedule::{Schedule, next_step};
use super::solver::Solver;
use super::spectra::SpectraOutput;
use super::stop::{self, Watch};
use super::warnings::Warnings;
use super::{Ending, snapshots, start};

/// A run under way.
pub struct Run<'a, T: Real> {
    comm: &'a Communicator,
    config: &'a Config,
    directory: &'a RunDirectory,
    solver: Solver<T>,
    log: &'a mut Log,
    progress: Progress,
    history: HistoryWriter,
    quantities: Quantities,
    history_schedule: Schedule,
    spectra: Option<SpectraOutput>,
    gradients: Option<GradientsOutput>,
    snapshot_schedule: Option<Schedule>,
    checkpoint_schedule: Option<Schedule>,
    now: RunState,
    /// The account of energy before the last step, when it led to a row of the history.
    before_row: Option<Account>,
    stability: Stability,
    warnings: Warnings,
    /// Step and time at which this process took over.
    first: (u64, f64),
    watch: Watch,
    output_timings: Timings,
    started: Instant,
}

impl<'a, T: Real> Run<'a, T> {
    /// Sets up everything and the field to begin with. `deadline` is when rank 0 must have ended.
    /// Collective.
    pub fn new(
        comm: &'a Communicator,
        config: &'a Config,
        modes: Modes,
        origin: Origin<T>,
        directory: &'a RunDirectory,
        log: &'a mut Log,
        deadline: Option<Instant>,
    ) -> Result<Self> {
        let quantities = Quantities::new(&config.physics);
        let mut solver = start::solver_at_rest(comm, config, modes)?;
        let (path, columns) = (directory.history(), &history::columns(&quantities));
        let (mut watch, end) = (Watch::new(comm, directory.stop_file(), deadline), config.time.end);
        let (now, saved, history) = match origin {
            Origin::Beginning(start) => {
                let mut state = solver.state().clone();
                start.fill(config, comm, &mut state)?;
                solver.set_state(state);
                (RunState::default(), None, HistoryWriter::create(comm, &path, columns)?)
            }
            Origin::Checkpoint(resumed) => {
                let Resumed { path: checkpoint, run, state, took, .. } = resumed;
                // To write one will take about as long.
                watch.checkpoint_took(took);
                solver.set_state(state);
                if !solver.restore_force(&run.force, run.injected_energy) {
                    return Err(Error::input(format!(
                        "cannot use checkpoint {}: what its force remembers, {} numbers, is not \
                         for [forcing]",
                        checkpoint.display(),
                        run.force.len()
                    )));
                }
                let saved = Saved { path: checkpoint, time: run.time, step: run.step };
                let history = HistoryWriter::resume(comm, &path, columns, run.step)?;
                (run, Some(saved), history)
            }
        };
        let schedule = |every| match &saved {
            None => Schedule::new(every, end),
            Some(saved) => Schedule::after(every, end, saved.time),
        };
        let first = (now.step, now.time);
        let after = saved.as_ref().map(|saved| saved.step);
        let spectra = config.output.spectra.map(|s| {
            SpectraOutput::open(comm, config, directory, &modes, schedule(s.every), after)
        });
        let gradients = config.output.gradients.map(|gradients| {
            GradientsOutput::open(comm, directory, schedule(gradients.every), after)
        });
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
            spectra: spectra.transpose()?,
            gradients: gradients.transpose()?,
            snapshot_schedule: config.output.snapshots.map(|s| schedule(s.every)),
            checkpoint_schedule: config.output.checkpoints.map(|c| schedule(c.every)),
            now,
            before_row: None,
            stability: Stability::new(config.time.scheme, saved),
            warnings: Warnings::new(config, modes),
            first,
            watch,
            output_timings: Timings::default(),
            started: Instant::now(),
        })
    }

    /// Steps and writes until the end, and says where the time went. Collective.
    pub fn complete(mut self) -> Result<Ending> {
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
        let Some(notice) = stopped else { return Ok(Ending::Complete) };
        self.watch.clear();
        let RunState { time, step, .. } = self.now;
        self.log.line(&format!(
            "stopped early, at t = {time}, step {step}, because {}; continue with the same command",
            stop::reason(notice)
        ));
        Ok(Ending::Stopped)
    }

    /// Steps until the end, or until it is asked to stop: then returns why.
    fn advance_to_end(&mut self) -> Result<Option<i64>> {
        if self.stability.saved.is_none() {
            // The first checkpoint shows at once whether there is room for it.
            self.output()?;
            self.checkpoint()?;
        }
        loop {
            let notice = self.advance()?;
            if notice == stop::LOST {
                return Err(Error::io(
                    "go on in run directory",
                    self.directory.path(),
                    "it was removed, or another run has taken it over",
                ));
            }
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
        let spectra = self.spectra.as_ref().map(|s| s.schedule);
        let gradients = self.gradients.as_ref().map(|g| g.schedule);
        let target = [Some(self.history_schedule), spectra, gradients, self.snapshot_schedule]
            .into_iter()
            .flatten()
            .map(|schedule| schedule.next_time())
            .fold(f64::INFINITY, f64::min);
        let RunState { time, step, last_good, .. } = self.now;
        let (rule, stability) = (self.config.time.step, &self.stability);
        let (mut frequency, mut notice) = (0.0, 0);
        let mut next_time = time;
        self.solver.give_notice(self.watch.notice(self.directory.is_lost()));
        let (comm, quantities, mut history_schedule) =
            (self.comm, &self.quantities, self.history_schedule);
        let viscosity = self.config.physics.viscosity;
        let (mut before, mut measuring) = (None, Duration::ZERO);
        self.now.dt = self.solver.step(|solver, outlook| {
            frequency = outlook.frequency;
            notice = outlook.notice;
            if !frequency.is_finite() {
                let reason = format!("a velocity is {frequency} at t = {time}");
                return Err(stability.blow_up(last_good, &reason));
            }
            let longest = match rule {
                Step::Fixed { dt } => dt,
                Step::Cfl { cfl, dt_max } => (cfl / frequency).min(dt_max.unwrap_or(f64::INFINITY)),
            };
            let (dt, next) = next_step(time, target, longest);
            next_time = next;
            if history_schedule.is_due(next) {
                let started = Instant::now();
                before = Some(Account::of(solver, quantities, viscosity, comm));
                measuring = started.elapsed();
            }
            if next > time {
                Ok(dt)
            } else {
                let good = LastGood { time, step, ..last_good };
                Err(stability.blow_up(good, &format!("the time step fell to {dt:e} at t = {time}")))
            }
        })?;
        self.before_row = before;
        self.output_timings.add(Part::Output, measuring);
        let cfl = self.now.dt * frequency;
        self.stability.step(time, self.now.dt, cfl);
        self.now.last_good = LastGood { time, step, cfl };
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
        let gradients = self.gradients.as_ref().map_or(Ok(()), GradientsOutput::sync);
        self.comm.agree(self.history.sync().and(gradients))?;
        self.now.injected_energy = self.solver.injected_energy();
        self.now.force = self.solver.force_state();
        checkpoints::write(self.comm, self.config, self.directory, &self.solver, &self.now)?;
        let RunState { time, step, .. } = self.now;
        self.stability.saved = Some(Saved { path: self.directory.checkpoint(step), time, step });
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
        let spectra_are_due = self.spectra.as_mut().is_some_and(|s| s.schedule.is_due(time));
        let gradients_are_due = self.gradients.as_mut().is_some_and(|g| g.schedule.is_due(time));
        if !(history_is_due || spectra_are_due || gradients_are_due || snapshot_is_due) {
            return Ok(());
        }
        let (started, transforms) = (Instant::now(), self.seconds_in_sweeps());
        // Measured for the others as well: what is not finite is not written.
        let row = self.row();
        self.check(&row)?;
        if history_is_due {
            self.comm.agree(self.history.append(step, &row.values()))?;
            self.now.row_time = time;
            self.now.row_injected_energy = self.solver.injected_energy();
            self.progress.row(step, &row, self.log);
            self.warnings.row(&row, self.log);
        }
        let stamp = snapshots::Stamp { time, step };
        if let Some(spectra) = self.spectra.as_ref().filter(|_| spectra_are_due) {
            let energy = spectra.write(self.comm, &mut self.solver, stamp)?;
            self.warnings.spectrum(time, &energy, self.log);
        }
        if let Some(gradients) = self.gradients.as_mut().filter(|_| gradients_are_due) {
            gradients.write(self.comm, &mut self.solver, stamp)?;
        }
        if snapshot_is_due {
            snapshots::write(self.comm, self.config, self.directory, &mut self.solver, stamp)?;
        }
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
        let budget_residual = self.before_row.map_or(0.0, |before| {
            let injected = self.solver.injected_energy();
            let after = Account::new(&self.quantities, &budget, &quantities, injected);
            Account::residual(before, after, dt)
        });
        Row { time, dt, budget, scales, cfl, injected_power, budget_residual, quantities }
    }
}
