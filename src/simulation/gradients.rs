//! `gradients.csv`: what only a look at the grid points tells, see [`Gradients`].

use std::borrow::Cow;

use crate::diagnostics::Gradients;
use crate::error::Result;
use crate::io::history::{Column, HistoryWriter};
use crate::io::run_directory::RunDirectory;
use crate::parallel::Communicator;
use crate::real::Real;

use super::schedule::Schedule;
use super::snapshots::Stamp;
use super::solver::Solver;

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
    /// When a row is due.
    pub schedule: Schedule,
}

impl GradientsOutput {
    /// Creates the file, or goes on with it after a step. Collective.
    pub fn open(
        comm: &Communicator,
        directory: &RunDirectory,
        schedule: Schedule,
        after: Option<u64>,
    ) -> Result<Self> {
        let columns = COLUMNS.map(|(name, unit, description)| Column {
            name: Cow::Borrowed(name),
            unit: Cow::Borrowed(unit),
            description: Cow::Borrowed(description),
        });
        let path = directory.gradients();
        let writer = match after {
            None => HistoryWriter::create(comm, &path, &columns),
            Some(step) => HistoryWriter::resume(comm, &path, &columns, step),
        }?;
        Ok(GradientsOutput { writer, schedule })
    }

    /// Adds a row of the present state. Collective.
    pub fn write<T: Real>(
        &mut self,
        comm: &Communicator,
        solver: &mut Solver<T>,
        Stamp { time, step }: Stamp,
    ) -> Result<()> {
        let (state, sweep) = solver.state_and_sweep();
        let Gradients {
            max_speed,
            max_vorticity,
            longitudinal_skewness,
            longitudinal_flatness,
            transverse_flatness,
            vorticity_flatness,
        } = Gradients::measure(state, sweep, comm);
        solver.prepare();
        let row = [
            time,
            max_speed,
            max_vorticity,
            longitudinal_skewness,
            longitudinal_flatness,
            transverse_flatness,
            vorticity_flatness,
        ];
        comm.agree(self.writer.append(step, &row))
    }

    /// Brings all rows to the disk. As [`HistoryWriter::sync`], it does not communicate.
    pub fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}
