//! The cost of statistics, in steps.

use super::report::InSteps;
use super::{Bench, short_step};
use crate::diagnostics::{
    Bins, Densities, Flow, Gradients, Invariants, Momentum, Pdfs, Quantities, StructureFunctions,
};
use crate::error::Result;
use crate::grid::Region;
use crate::real::Real;
use crate::simulation::output::snapshots::output_fields;
use crate::simulation::output::spectra::AllSpectra;
use crate::solver::Solver;

/// The axis of the structure functions that are measured.
const AXIS: usize = 0;
/// The fields that are made.
const FIELDS: [&str; 3] = ["pressure", "dissipation", "q_criterion"];
/// Bins of the densities of two variables along each.
const BINS_OF_INVARIANTS: usize = 100;
/// Bins of the densities that are measured.
const BINS: Bins = Bins { low: -10.0, high: 10.0, count: 200 };

impl Bench<'_> {
    /// Every statistic that the physics of the run has, whether the run asks for it or not.
    /// Collective.
    pub(super) fn statistics<T: Real>(&self, solver: &mut Solver<T>) -> Result<Vec<InSteps>> {
        let (comm, physics) = (self.comm, &self.config.physics);
        let grid = solver.state().modes.grid;
        let quantities = Quantities::new(physics, grid.lengths);
        let spectra = AllSpectra::new(self.config, grid);
        let gradients = Gradients::new(physics, false);
        let pdfs = Pdfs::new(physics, false, BINS, |_| None);
        let invariants = Invariants::new(Densities::new(BINS_OF_INVARIANTS, BINS.high));
        let fields = output_fields(&FIELDS.map(String::from), self.config)?;
        let structure = StructureFunctions::new(physics, vec![AXIS], vec![grid.spacing()[AXIS]]);
        Ok(vec![
            self.in_steps("row of the history", solver, |solver| {
                let (state, pool) = (solver.state(), solver.pool());
                // The flow before the step and after it, for the budget of energy.
                for _ in 0..2 {
                    drop(quantities.measure(state, physics.viscosity, pool, comm));
                }
            })?,
            self.in_steps("spectra", solver, |solver| drop(spectra.measure(solver, comm)))?,
            self.in_steps("gradients", solver, |solver| {
                let (state, sweep) = solver.state_and_sweep();
                drop(gradients.measure(state, None, sweep, comm));
            })?,
            self.in_steps("densities", solver, |solver| {
                let (state, sweep) = solver.state_and_sweep();
                drop(pdfs.measure(state, None, sweep, comm));
            })?,
            self.in_steps("invariants", solver, |solver| {
                let (state, sweep) = solver.state_and_sweep();
                drop(invariants.measure(state, sweep, comm));
            })?,
            self.in_steps("pressure, dissipation, Q", solver, |solver| {
                let (state, sweep) = solver.state_and_sweep();
                let momentum = Momentum::new(state, None, physics, sweep);
                let flow = Flow::new(state, Some(&momentum));
                // Nothing is written, so nothing can fail.
                let _ = fields.visit(&flow, sweep, &Region::whole(&grid), |_, _, _| Ok(()));
            })?,
            self.in_steps("structure functions", solver, |solver| {
                let (state, sweep) = solver.state_and_sweep();
                drop(structure.measure(state, sweep, comm));
            })?,
        ])
    }

    /// Measures `work` in turn with steps, after once of each to warm up. Collective.
    fn in_steps<T: Real>(
        &self,
        name: &'static str,
        solver: &mut Solver<T>,
        work: impl Fn(&mut Solver<T>),
    ) -> Result<InSteps> {
        let [step, statistic] = self.in_turn(|index| {
            if index == 0 {
                return short_step(solver);
            }
            work(solver);
            Ok(())
        })?;
        Ok(InSteps::new(name, statistic, step))
    }
}
