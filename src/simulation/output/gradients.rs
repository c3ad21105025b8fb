//! `gradients.csv`: what only a look at the grid points tells, see [`Gradients`].

use crate::config::{self, Config};
use crate::diagnostics::Gradients;
use crate::error::Result;
use crate::grid::Grid;
use crate::io::history::HistoryWriter;
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::real::Real;
use crate::transform::plan::Plan;
use crate::variable::Variable;

use super::history;
use super::kind::{FlowAtPoints, Opening, Output, OutputContext, OutputKind, RunContext, Volume};
use crate::simulation::restart::state::Clock;

/// The file of a run that wants it.
pub struct GradientsOutput {
    gradients: Gradients,
    writer: HistoryWriter,
}

impl<T: Real> OutputKind<T> for config::Gradients {
    fn times(&self) -> Multiples {
        self.every.into()
    }

    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>> {
        let RunContext { comm, config, directory, .. } = opening.run;
        let gradients = Gradients::new(&config.physics, self.acceleration);
        let (path, after) = (directory.files().gradients(), opening.after.map(|after| after.step));
        let writer = HistoryWriter::open(comm, &path, &columns(&gradients), after)?;
        Ok(Box::new(GradientsOutput { gradients, writer }))
    }

    fn volume(&self, config: &Config, _: &Modes) -> Result<Volume> {
        let gradients = Gradients::new(&config.physics, self.acceleration);
        let columns = columns(&gradients);
        Ok(history::volume_of_rows("gradients", &columns, self.every, gradients.transforms()))
    }

    fn memory(&self, config: &Config, plan: &Plan, _: f64) -> Result<f64> {
        let momentum = Gradients::new(&config.physics, self.acceleration).momentum();
        Ok(momentum.map_or(0.0, |part| part.bytes::<T>(plan)))
    }

    fn names(&self, config: &Config, _: Grid) -> Result<Option<(String, Vec<String>)>> {
        let columns = columns(&Gradients::new(&config.physics, self.acceleration));
        Ok(Some(("gradients.csv".into(), history::names_of_columns(columns))))
    }
}

/// The columns after `step`, in order.
fn columns(gradients: &Gradients) -> Vec<Variable> {
    [&[Variable::new("time", "T", "time")], gradients.variables()].concat()
}

impl<T: Real> Output<T> for GradientsOutput {
    fn begin(&mut self, run: RunContext) -> Result<()> {
        self.writer.begin(run.comm)
    }

    /// Adds a row.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        let (comm, Clock { time, step }) = (context.run.comm, context.clock);
        let FlowAtPoints { state, momentum, sweep } = context.look(self.gradients.momentum());
        let mut row = vec![time];
        row.extend(self.gradients.measure(state, momentum, sweep, comm));
        comm.agree(self.writer.append(step, &row))
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}
