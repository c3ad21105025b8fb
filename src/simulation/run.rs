//! The loop of a run: steps, output, checkpoints, and its end.

use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::timings::{Activity, Timings};

use super::averages::Averages;
use super::blow_up::Stability;
use super::deadline::Deadline;
use super::options::Outcome;
use super::output::history::Row;
use super::output::particles;
use super::output::schedule::Schedule;
use super::output::spent;
use super::output::{Opening, OutputContext, Outputs, RunContext};
use super::progress::{self, Progress};
use super::restart::initial;
use super::restart::state::{self, Clock, LastGood, RunState, Saved};
use super::restart::{Entry, Origin};
use super::stop::{self, Notice, Watch};
use super::time_step;
use super::warnings::Warnings;
use crate::solver::{Attempt, MOST_REJECTIONS, Solver};

/// A run under way.
pub struct Run<'a, T: Real> {
    context: RunContext<'a>,
    entry: Entry,
    solver: Solver<T>,
    log: &'a mut Log,
    progress: Progress,
    averages: Averages<'a>,
    outputs: Outputs<T>,
    checkpoint_schedule: Option<Schedule>,
    now: RunState,
    stability: Stability,
    warnings: Warnings,
    /// The instant at which this process took over.
    first: Clock,
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
        let mut solver = initial::solver_at_rest(comm, config, modes)?;
        let (entry, end) = (origin.entry(), config.time.end);
        let mut watch = Watch::new(comm, directory.files().stop(), deadline);
        // To write a checkpoint will take about as long as to read one.
        origin.took().into_iter().for_each(|took| watch.expect_checkpoint(took));
        let (now, saved) = origin.restore(comm, config, &mut solver, log)?;
        let after = saved.as_ref().map(|saved| saved.clock);
        let schedule = |every| Schedule::beginning(every, end, after.map(|after| after.time));
        let first = now.clock;
        let run = RunContext { comm, config, directory, modes };
        Ok(Run {
            context: run,
            entry,
            solver,
            progress: Progress::new(log, first, end),
            log,
            averages: Averages::open(run, after)?,
            outputs: Outputs::open(Opening { run, after, accumulated: &now.parts.accumulated })?,
            checkpoint_schedule: config.output.checkpoints.map(|c| schedule(c.every)),
            now,
            stability: Stability::new(config, saved),
            warnings: Warnings::new(config, modes),
            first,
            rejected: 0,
            watch,
            output_timings: Timings::default(),
            started: Instant::now(),
        })
    }

    /// Steps and writes until the end, and says where the time went; [`Self::begin`] comes before.
    /// Collective.
    pub fn complete(mut self) -> Result<Outcome> {
        stop::catch_signals();
        self.watch.begin();
        let stopped = self.step_to_end();
        self.progress.finish();
        let stopped = stopped?;
        let mut timings = self.solver.timings();
        timings.merge(&self.output_timings, 1);
        let totals = progress::Totals {
            steps: self.now.clock.step - self.first.step,
            rejected: self.rejected,
            points: self.context.config.grid.build().point_count(),
            threads: self.solver.threads(),
            seconds: self.started.elapsed().as_secs_f64(),
        };
        let spent = std::iter::once(self.averages.spent()).chain(self.outputs.spent());
        let outputs = spent::table(spent, totals.steps, totals.seconds);
        if !outputs.is_empty() {
            self.log.line(&outputs);
        }
        self.log.line(&progress::table(self.context.comm, &timings, &totals));
        if let Some(warning) = self.watch.clear() {
            self.log.warn(&warning);
        }
        let Some(notice) = stopped else { return Ok(Outcome::Complete) };
        let Clock { time, step } = self.now.clock;
        self.log.line(&format!(
            "stopped early, at t = {time}, step {step}, because {}; continue with the same command",
            notice.reason()
        ));
        Ok(Outcome::Stopped)
    }

    /// Makes the directory and its files what the run goes on from: from here on there is no way back.
    /// Collective.
    pub fn begin(&mut self) -> Result<()> {
        let RunContext { comm, config, directory, .. } = self.context;
        self.entry.make(comm, config, directory, self.log)?;
        self.log.open(comm, &directory.files().log())?;
        self.averages.begin()?;
        self.outputs.begin(self.context)?;
        self.entry.complete(comm, directory)
    }

    /// Steps until the end, or until it is asked to stop: then returns why.
    fn step_to_end(&mut self) -> Result<Option<Notice>> {
        if self.stability.saved.is_none() {
            // The first checkpoint shows at once whether there is room for it.
            self.output()?;
            self.checkpoint()?;
        }
        loop {
            let notice = self.step()?;
            self.watch.agreed(notice);
            if let Some(news) = self.watch.news() {
                self.log.line(&news);
            }
            if notice == Notice::Lost {
                return Err(Error::io(
                    "go on in run directory",
                    self.context.directory.path(),
                    "it was removed, or another run has taken it over",
                ));
            }
            self.output()?;
            let time = self.now.clock.time;
            let complete = time >= self.context.config.time.end;
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
    fn step(&mut self) -> Result<Notice> {
        let (clock, last_good) = (self.now.clock, self.now.last_good);
        let time = clock.time;
        let target = self.averages.schedule.next_time().min(self.outputs.next_time());
        let target = target.min(particles::next_release(self.context.config, time));
        let notice = self.watch.notice(self.context.directory.is_lost());
        self.solver.set_time(time);
        let (mut estimate, notice) = self.solver.begin_step_with(notice.code());
        let frequency = estimate.frequency;
        if !frequency.is_finite() {
            let reason = format!("a velocity is {frequency} at t = {time}");
            return Err(self.stability.blow_up(last_good, &reason));
        }
        let (dt, next) = loop {
            let rule = self.context.config.time.step;
            let (dt, next) = time_step::next(rule, &estimate, time, target);
            let end = self.context.config.time.end;
            if time_step::stands_still(dt, (time, next), target, end)
                || estimate.rejected >= MOST_REJECTIONS
            {
                let good = LastGood { clock, ..last_good };
                return Err(self.stability.no_step(good, dt));
            }
            let started = Instant::now();
            self.averages.note_before(clock.step, next, &self.solver);
            self.output_timings.add(Activity::Output, started.elapsed());
            match self.solver.try_step(dt) {
                Attempt::Accepted => break (dt, next),
                Attempt::Rejected(shorter) => estimate = shorter,
            }
        };
        self.rejected += u64::from(estimate.rejected);
        let cfl = dt * frequency;
        self.stability.step(time, dt, cfl);
        self.now.last_good = LastGood { clock, cfl };
        self.now.clock = Clock { time: next, step: clock.step + 1 };
        self.now.dt = dt;
        self.progress.step(self.now.clock, dt);
        Ok(Notice::of_code(notice))
    }

    /// Writes a checkpoint, after all else of this step. Collective.
    fn checkpoint(&mut self) -> Result<()> {
        let started = Instant::now();
        self.watch.begin_checkpoint();
        if !self.averages.are_of(self.now.clock.step) {
            self.measure()?;
        }
        // What the checkpoint takes for written must be.
        self.context.comm.agree(self.averages.sync().and_then(|()| self.outputs.sync()))?;
        self.now.controller = self.solver.controller();
        self.now.forces = self.solver.forces().states();
        self.now.parts.accumulated = self.outputs.accumulated();
        self.now.parts.particles = particles::positions(&self.solver);
        self.now.parts.past = particles::past(&self.solver);
        state::write(
            self.context.comm,
            self.context.config,
            self.context.directory,
            &self.solver,
            &self.now,
        )?;
        let clock = self.now.clock;
        let path = self.context.directory.files().checkpoint(clock.step);
        self.stability.saved = Some(Saved { path, clock });
        let took = started.elapsed();
        self.watch.end_checkpoint(took);
        self.output_timings.add(Activity::Output, took);
        Ok(())
    }

    /// Writes what is due.
    fn output(&mut self) -> Result<()> {
        let clock = self.now.clock;
        let time = clock.time;
        let history_is_due = self.averages.schedule.take(time);
        if !(history_is_due || self.outputs.are_due(time)) {
            return Ok(());
        }
        let (started, transforms) = (Instant::now(), self.seconds_in_sweeps());
        // Measured for the others as well: what is not finite is not written.
        let row = self.measure()?;
        if history_is_due {
            self.averages.append(clock.step, &row)?;
            self.now.row_time = time;
            self.solver.forces_mut().clear_accounts();
            self.progress.row(clock.step, &row, self.log);
            self.warnings.forces(time, self.solver.forces().remarks(), self.log);
            self.warnings.row(&row, self.log);
        }
        let mut context = OutputContext {
            run: self.context,
            clock,
            solver: &mut self.solver,
            energy_spectrum: None,
            momentum: None,
        };
        self.outputs.write(&mut context)?;
        if let Some(spectrum) = context.energy_spectrum {
            self.warnings.spectrum(time, &spectrum, self.log);
        }
        // The sweeps of spectra and snapshots keep their own account.
        let transforms = Duration::from_secs_f64(self.seconds_in_sweeps() - transforms);
        self.output_timings.add(Activity::Output, started.elapsed().saturating_sub(transforms));
        Ok(())
    }

    fn seconds_in_sweeps(&self) -> f64 {
        self.solver.timings().seconds().iter().sum()
    }

    /// Measures the flow. Collective.
    ///
    /// # Errors
    /// It is no longer finite.
    fn measure(&mut self) -> Result<Row> {
        let row = self.averages.measure(&self.solver, &self.now);
        self.stability.check(&row, &self.now)?;
        Ok(row)
    }
}
