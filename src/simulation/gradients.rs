//! `gradients.csv`: what only a look at the grid points tells, see [`Gradients`].

use std::borrow::Cow;

use crate::diagnostics::Gradients;
use crate::error::Result;
use crate::io::history::{Column, HistoryWriter};
use crate::real::Real;

use super::outputs::{Moment, Output, Place, Stamp};

/// Names, units and meaning of the columns after the step.
const COLUMNS: [(&str, &str, &str); 7] = [
    ("time", "T", "time"),
    ("max_speed", "L/T", "largest |u| of the grid points"),
    ("max_vorticity", "1/T", "largest |omega| of the grid points"),
    ("longitudinal_skewness", "1", "skewness of du/dx, dv/dy and dw/dz"),
    ("longitudinal_flatness", "1", "flatness of du/dx, dv/dy and dw/dz"),
    ("transverse_flatness", "1", "flatness of the six other derivatives"),
    ("vorticity_flatness", "1", "flatness of the components of the vorticity"),
];

/// The file of a run that wants it.
pub struct GradientsOutput {
    writer: HistoryWriter,
}

impl GradientsOutput {
    /// Creates the file, or goes on with it after a step. Collective.
    pub fn open(place: Place, after: Option<u64>) -> Result<Self> {
        let columns = COLUMNS.map(|(name, unit, description)| Column {
            name: Cow::Borrowed(name),
            unit: Cow::Borrowed(unit),
            description: Cow::Borrowed(description),
        });
        let (comm, path) = (place.comm, place.directory.gradients());
        let writer = match after {
            None => HistoryWriter::create(comm, &path, &columns),
            Some(step) => HistoryWriter::resume(comm, &path, &columns, step),
        }?;
        Ok(GradientsOutput { writer })
    }
}

impl<T: Real> Output<T> for GradientsOutput {
    /// Adds a row.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (comm, Stamp { time, step }) = (moment.place.comm, moment.stamp);
        let (state, sweep) = moment.solver.state_and_sweep();
        let gradients = Gradients::measure(state, sweep, comm);
        moment.solver.prepare();
        let row = [
            time,
            gradients.max_speed,
            gradients.max_vorticity,
            gradients.longitudinal_skewness,
            gradients.longitudinal_flatness,
            gradients.transverse_flatness,
            gradients.vorticity_flatness,
        ];
        comm.agree(self.writer.append(step, &row))
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}
