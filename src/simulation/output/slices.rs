//! Slices: fields on some grid points, at short intervals.

use crate::config::{self, Config};
use crate::diagnostics::{Flow, OutputFields};
use crate::error::Result;
use crate::grid::Region;
use crate::io::slices::{Header, SliceWriter};
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::real::Real;
use crate::transform::decomposition::Decomposition;
use crate::transform::plan::Plan;

use super::kind::{FlowAtPoints, Opening, Output, OutputContext, OutputKind, RunContext, Volume};
use super::schedule::Schedule;
use super::snapshots::{bytes_at_a_point, output_fields, provenance};

/// One slice of a run.
pub struct SliceOutput {
    fields: OutputFields,
    region: Region,
    every: f64,
    writer: SliceWriter,
}

impl<T: Real> OutputKind<T> for config::Slice {
    fn times(&self) -> Multiples {
        self.every.into()
    }

    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>> {
        let RunContext { comm, config, directory, modes } = opening.run;
        let (fields, region) = (output_fields(&self.fields, config)?, self.region(&modes.grid));
        let header = Header {
            name: self.name.clone(),
            grid: modes.grid,
            region: region.clone(),
            precision: self.precision,
            fields: fields.fields().cloned().collect(),
        };
        let mine = Decomposition { modes, grid: comm.grid() }.points_of(comm.rank());
        let has_points = !region.common(&mine).is_empty();
        let (slices, provenance) = (directory.files().slices(), provenance(config)?);
        let after = opening.after.map(|after| after.step);
        let writer = SliceWriter::open(comm, &slices, header, provenance, after, has_points)?;
        Ok(Box::new(SliceOutput { fields, region, every: self.every, writer }))
    }

    fn volume(&self, config: &Config, modes: &Modes) -> Result<Volume> {
        let points = self.region(&modes.grid).shape().iter().product::<usize>() as f64;
        let bytes = points * bytes_at_a_point(&self.fields, config, self.precision)?;
        let name = format!("records of slice {}", self.name);
        let transforms = output_fields(&self.fields, config)?.transforms();
        Ok(Volume { name, every: self.every, bytes, transforms })
    }

    fn memory(&self, config: &Config, plan: &Plan, _: f64) -> Result<f64> {
        let momentum = output_fields(&self.fields, config)?.momentum();
        Ok(momentum.map_or(0.0, |part| part.bytes::<T>(plan)))
    }
}

impl<T: Real> Output<T> for SliceOutput {
    fn begin(&mut self, _: RunContext) -> Result<()> {
        self.writer.begin()
    }

    /// Adds a record.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        let (config, clock) = (context.run.config, context.clock);
        let left = Schedule::beginning(self.every, config.time.end, Some(clock.time));
        self.writer.begin_record(clock.step, 1 + left.left(clock.time))?;
        let FlowAtPoints { state, momentum, sweep } = context.look(self.fields.momentum());
        let flow = Flow::new(state, momentum);
        self.fields.visit(&flow, sweep, &self.region, |field, batch, values| {
            self.writer.put(field, batch, values);
            Ok(())
        })?;
        self.writer.commit(clock.step, clock.time)
    }

    fn sync(&self) -> Result<()> {
        self.writer.sync()
    }
}
