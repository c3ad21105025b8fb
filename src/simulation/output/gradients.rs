//! `gradients.csv`: what only a look at the grid points tells, see [`Gradients`].

use crate::diagnostics::Gradients;
use crate::error::Result;
use crate::io::history::HistoryWriter;
use crate::real::Real;
use crate::variable::Variable;

use super::{Moment, Output, Place, Stamp};

/// The file of a run that wants it.
pub struct GradientsOutput {
    gradients: Gradients,
    writer: HistoryWriter,
}

impl GradientsOutput {
    /// Makes ready to create the file, or to go on with it after a step. Collective.
    pub fn open(place: Place, after: Option<u64>) -> Result<Self> {
        let gradients = Gradients::new(&place.config.physics);
        let columns = [&[Variable::new("time", "T", "time")], gradients.variables()].concat();
        let (comm, path) = (place.comm, place.directory.gradients());
        let writer = HistoryWriter::open(comm, &path, &columns, after)?;
        Ok(GradientsOutput { gradients, writer })
    }
}

impl<T: Real> Output<T> for GradientsOutput {
    fn begin(&mut self, place: Place) -> Result<()> {
        self.writer.begin(place.comm)
    }

    /// Adds a row.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (comm, Stamp { time, step }) = (moment.place.comm, moment.stamp);
        let (state, sweep) = moment.solver.state_and_sweep();
        let mut row = vec![time];
        row.extend(self.gradients.measure(state, sweep, comm));
        comm.agree(self.writer.append(step, &row))
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}
