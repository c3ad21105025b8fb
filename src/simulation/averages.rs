//! The averages of a run: measured before anything is written, for what is not finite is not written,
//! and the rows of its history.

use crate::diagnostics::{Quantities, Scales};
use crate::error::Result;
use crate::io::history::HistoryWriter;
use crate::real::Real;
use crate::solver::Solver;
use crate::sums::VelocityAverages;

use super::energy_budget::EnergyBudget;
use super::output::RunContext;
use super::output::history::{self, Row};
use super::output::schedule::Schedule;
use super::output::spent::Spent;
use super::restart::state::{Clock, RunState};

/// The averages of a run, and its history.
pub struct Averages<'a> {
    run: RunContext<'a>,
    quantities: Quantities,
    writer: HistoryWriter,
    /// The times at which rows are due.
    pub schedule: Schedule,
    /// The budget of energy before the last step, when it led to a row.
    before: Option<EnergyBudget>,
    /// The time that rows have taken, and the averages that are measured for other outputs.
    spent: Spent,
    /// The last step that was measured, and what was found.
    measured: Option<(u64, VelocityAverages, Vec<f64>)>,
}

impl<'a> Averages<'a> {
    /// Makes ready to create the history, or to go on with it after an instant. Collective.
    ///
    /// # Errors
    /// The history that is there cannot be gone on with.
    pub fn open(run: RunContext<'a>, after: Option<Clock>) -> Result<Self> {
        let RunContext { comm, config, directory, modes } = run;
        let quantities = Quantities::new(&config.physics, modes.grid.lengths);
        let columns = history::columns(&quantities, &config.physics);
        let step = after.map(|after| after.step);
        let writer = HistoryWriter::open(comm, &directory.files().history(), &columns, step)?;
        let (every, time) = (config.output.history.every, after.map(|after| after.time));
        let schedule = Schedule::beginning(every, config.time.end, time);
        let spent = Spent::new(history::volume(config, &modes).name);
        Ok(Averages { run, quantities, writer, schedule, before: None, spent, measured: None })
    }

    /// Makes the history what the run goes on from. Collective.
    pub fn begin(&mut self) -> Result<()> {
        self.writer.begin(self.run.comm)
    }

    /// Brings all rows to the disk. It does not communicate.
    pub fn sync(&self) -> Result<()> {
        self.writer.sync()
    }

    /// Notes the budget of energy before the step that follows on `step` and leads to the time `next`, if
    /// that is one of a row. Collective.
    pub fn note_before<T: Real>(&mut self, step: u64, next: f64, solver: &Solver<T>) {
        self.before = self.schedule.is_due(next).then(|| {
            let (velocity, values) = self.at(step, solver);
            let injected = solver.forces().injected_energy();
            EnergyBudget::new(&self.quantities, &velocity, &values, injected)
        });
    }

    /// Returns whether the flow was measured at this step.
    pub fn are_of(&self, step: u64) -> bool {
        self.measured.as_ref().is_some_and(|(measured, ..)| *measured == step)
    }

    /// The averages of the velocity and the quantities after `step`, measured once. Collective.
    fn at<T: Real>(&mut self, step: u64, solver: &Solver<T>) -> (VelocityAverages, Vec<f64>) {
        let RunContext { comm, config, .. } = self.run;
        let known = self.measured.take().filter(|(measured, ..)| *measured == step);
        let (_, velocity, values) = known.unwrap_or_else(|| {
            let viscosity = config.physics.viscosity;
            let (state, pool) = (solver.state(), solver.pool());
            let measure = || self.quantities.measure(state, viscosity, pool, comm);
            let (velocity, values) = self.spent.time(measure);
            (step, velocity, values)
        });
        self.measured = Some((step, velocity, values.clone()));
        (velocity, values)
    }

    /// Measures the flow. Collective.
    pub fn measure<T: Real>(&mut self, solver: &Solver<T>, now: &RunState) -> Row {
        let (budget, quantities) = self.at(now.clock.step, solver);
        let RunContext { config, modes, .. } = self.run;
        let since = now.clock.time - now.row_time;
        let (injected_power, injections) = history::powers(solver.forces(), &config.physics, since);
        let [budget_dissipation, budget_residual] = self.before.map_or([0.0; 2], |before| {
            let injected = solver.forces().injected_energy();
            let after = EnergyBudget::new(&self.quantities, &budget, &quantities, injected);
            [EnergyBudget::dissipation, EnergyBudget::residual].map(|of| of(before, after, now.dt))
        });
        Row {
            time: now.clock.time,
            dt: now.dt,
            budget,
            scales: Scales::new(&budget, config.physics.viscosity, modes.grid.k_max()),
            cfl: now.last_good.cfl,
            injected_power,
            budget_dissipation,
            budget_residual,
            quantities,
            injections,
        }
    }

    /// Adds a row to the history. Collective.
    pub fn append(&mut self, step: u64, row: &Row) -> Result<()> {
        self.spent.add_one();
        self.spent.time(|| self.run.comm.agree(self.writer.append(step, &row.values())))
    }

    /// The time that rows have taken.
    pub fn spent(&self) -> &Spent {
        &self.spent
    }
}
