//! Writes fields as a snapshot.

use std::path::Path;

use crate::config::{self, Config};
use crate::diagnostics::{Flow, OutputFields};
use crate::error::{Error, Result};
use crate::grid::{AXES, Grid, Region};
use crate::io::snapshot::{Header, Provenance, SnapshotWriter};
use crate::io::xdmf::{self, Series};
use crate::modes::Modes;
use crate::multiples::Multiples;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::{Precision, Real};
use crate::transform::plan::Plan;
use crate::transform::sweep::Sweep;

use super::kind::{FlowAtPoints, Opening, Output, OutputContext, OutputKind, RunContext, Volume};
use crate::simulation::restart::state::Clock;

/// The contents of a snapshot.
pub struct Contents {
    fields: OutputFields,
    points: [usize; AXES],
    precision: Precision,
    compression: u8,
}

impl Contents {
    /// The fields of the state, on the grid of the run.
    ///
    /// # Errors
    /// As [`output_fields`].
    pub fn state(config: &Config, precision: Precision) -> Result<Self> {
        let fields = output_fields(&[], config)?;
        Ok(Contents { fields, points: config.grid.points, precision, compression: 0 })
    }
}

/// The snapshots of a run that wants them.
pub struct SnapshotsOutput {
    contents: Contents,
    /// The XDMF series, on rank 0 from the beginning on.
    series: Option<Series>,
}

impl<T: Real> OutputKind<T> for config::Snapshots {
    fn times(&self) -> Multiples {
        self.every.into()
    }

    fn open(&self, opening: Opening) -> Result<Box<dyn Output<T>>> {
        let config = opening.run.config;
        let contents = Contents {
            fields: output_fields(&self.fields, config)?,
            points: self.points.unwrap_or(config.grid.points),
            precision: self.precision,
            compression: self.compression,
        };
        Ok(Box::new(SnapshotsOutput { contents, series: None }))
    }

    fn volume(&self, config: &Config, _: &Modes) -> Result<Volume> {
        let points = self.points.unwrap_or(config.grid.points);
        let points: f64 = points.iter().map(|&n| n as f64).product();
        let name = if self.compression > 0 { "snapshots at most" } else { "snapshots" };
        let bytes = points * bytes_at_a_point(&self.fields, config, self.precision)?;
        let transforms = output_fields(&self.fields, config)?.transforms();
        Ok(Volume { name: name.into(), every: self.every, bytes, transforms })
    }

    fn names(&self, config: &Config, _: Grid) -> Result<Option<(String, Vec<String>)>> {
        let fixed = ["x", "y", "z", "time", "step"].map(String::from);
        let fields = OutputFields::all_names(&config.physics);
        Ok(Some(("a snapshot".into(), fixed.into_iter().chain(fields).collect())))
    }

    /// Planes on their way, and a whole field where one is summed up before it is written.
    fn memory(&self, config: &Config, plan: &Plan, _: f64) -> Result<f64> {
        let [nx, ny, _] = plan.modes.grid.points;
        let batch = nx * ny * Sweep::<T>::planes_per_batch(plan);
        let fields = output_fields(&self.fields, config)?;
        let momentum = fields.momentum().map_or(0.0, |part| part.bytes::<T>(plan));
        let sum = if fields.holds_a_field() { nx * ny * plan.planes.len() } else { 0 };
        let planes = batch * (AXES * size_of::<T>() + self.precision.bytes());
        Ok((planes + sum * size_of::<T>()) as f64 + momentum)
    }
}

impl<T: Real> Output<T> for SnapshotsOutput {
    fn begin(&mut self, RunContext { comm, directory, .. }: RunContext) -> Result<()> {
        let series = comm.is_root().then(|| directory.snapshot_series()).transpose();
        self.series = comm.agree(series)?;
        Ok(())
    }

    /// Writes a snapshot and adds it to the XDMF series.
    fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        let (RunContext { comm, config, directory, .. }, clock) = (context.run, context.clock);
        let path = directory.files().snapshots().path(clock.step);
        let FlowAtPoints { state, momentum, sweep } = context.look(self.contents.fields.momentum());
        let flow = Flow::new(state, momentum);
        let header = save(comm, &path, config, &self.contents, &flow, sweep, clock)?;
        let grid = || xdmf::snapshot_grid(directory.path(), &path, &header);
        comm.agree(self.series.as_mut().map_or(Ok(()), |series| series.add(&grid())))
    }
}

/// The fields with these names, which the configuration has been checked for.
///
/// # Errors
/// There is no such field.
pub fn output_fields(names: &[String], config: &Config) -> Result<OutputFields> {
    OutputFields::new(names, &config.physics)
        .map_err(|index| Error::input(format!("there is no field {}", names[index])))
}

/// Returns the bytes at one point of the fields with these names.
pub fn bytes_at_a_point(names: &[String], config: &Config, precision: Precision) -> Result<f64> {
    Ok((output_fields(names, config)?.fields().count() * precision.bytes()) as f64)
}

/// Returns where files of a run come from.
pub fn provenance(config: &Config) -> Result<Provenance> {
    Ok(Provenance {
        code_version: crate::VERSION.into(),
        config: config.to_toml()?,
        parameters: vec![("viscosity".into(), config.physics.viscosity)],
    })
}

/// Writes a snapshot of `flow` at `path`, with `sweep` for the transform. Collective.
pub fn save<T: Real>(
    comm: &Communicator,
    path: &Path,
    config: &Config,
    contents: &Contents,
    flow: &Flow<T>,
    sweep: &mut Sweep<T>,
    clock: Clock,
) -> Result<Header> {
    let Contents { fields, points, precision, compression } = contents;
    let header = Header {
        time: clock.time,
        step: clock.step,
        points: *points,
        lengths: config.grid.lengths,
        precision: *precision,
        compression: *compression,
        fields: fields.fields().cloned().collect(),
    };
    let mut writer = SnapshotWriter::create(comm, path, &header, &provenance(config)?)?;
    let grid = Grid::full(*points, config.grid.lengths);
    let whole = Region::whole(&grid);
    let write = |field, region: &Region, values: &[T]| {
        writer.write(field, region, values);
        Ok(())
    };
    if *points == config.grid.points {
        fields.visit(flow, sweep, &whole, write)?;
    } else {
        let modes = Modes::new(grid, T::LANES);
        let pool = comm.agree(ThreadPool::new(config.parallel.threads))?;
        let mut coarse = Sweep::new(modes, comm, pool, AXES, 0)?;
        fields.visit(&flow.regrid(modes, comm), &mut coarse, &whole, write)?;
    }
    writer.finish()?;
    Ok(header)
}
