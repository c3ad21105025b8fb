//! Slices: fields on some grid points, at short intervals.

use crate::config::Slice;
use crate::diagnostics::{Flow, OutputFields};
use crate::error::Result;
use crate::grid::Region;
use crate::io::slices::{Header, SliceWriter};
use crate::real::Real;
use crate::transform::decomposition::Decomposition;

use super::schedule::Schedule;
use super::snapshots::{output_fields, provenance};
use super::{Moment, Output, Place};

/// One slice of a run.
pub struct SliceOutput {
    fields: OutputFields,
    region: Region,
    every: f64,
    writer: SliceWriter,
}

impl SliceOutput {
    /// Makes ready to begin the slice, or to go on with it after a step. Collective.
    pub fn open(place: Place, slice: &Slice, after: Option<u64>) -> Result<Self> {
        let Place { comm, config, directory, modes } = place;
        let (fields, region) = (output_fields(&slice.fields, config)?, slice.region(&modes.grid));
        let header = Header {
            name: slice.name.clone(),
            grid: modes.grid,
            region: region.clone(),
            precision: slice.precision,
            fields: fields.fields().cloned().collect(),
        };
        let mine = Decomposition { modes, grid: comm.grid() }.points_of(comm.rank());
        let has_points = !region.common(&mine).is_empty();
        let (slices, provenance) = (directory.slices(), provenance(config)?);
        let writer = SliceWriter::open(comm, &slices, header, provenance, after, has_points)?;
        Ok(SliceOutput { fields, region, every: slice.every, writer })
    }
}

impl<T: Real> Output<T> for SliceOutput {
    fn begin(&mut self, _: Place) -> Result<()> {
        self.writer.begin()
    }

    /// Adds a record.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (config, stamp) = (moment.place.config, moment.stamp);
        let left = Schedule::beginning(self.every, config.time.end, Some(stamp.time));
        self.writer.begin_record(stamp.step, 1 + left.left(stamp.time))?;
        let (state, sweep) = moment.solver.state_and_sweep();
        let flow = Flow::new(&self.fields, state, &config.physics, sweep);
        self.fields.visit(&flow, sweep, &self.region, |field, batch, values| {
            self.writer.put(field, batch, values);
            Ok(())
        })?;
        self.writer.commit(stamp.step, stamp.time)
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}
