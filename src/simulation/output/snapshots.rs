//! Writes fields as a snapshot.

use std::path::Path;

use crate::config::{Config, Snapshots};
use crate::diagnostics::{Flow, OutputFields};
use crate::error::{Error, Result};
use crate::fields::SpectralFields;
use crate::grid::{AXES, Grid, Region};
use crate::io::snapshot::{Header, Provenance, SnapshotWriter};
use crate::io::xdmf::{self, Series};
use crate::modes::Modes;
use crate::parallel::{Communicator, Team};
use crate::real::{Precision, Real};
use crate::transform::sweep::Sweep;

use super::{Moment, Output, Place, Stamp};

/// What a snapshot shows, and how.
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

impl SnapshotsOutput {
    /// Makes ready to go on with the snapshots that there are.
    pub fn open(place: Place, snapshots: &Snapshots) -> Result<Self> {
        let config = place.config;
        let contents = Contents {
            fields: output_fields(&snapshots.fields, config)?,
            points: snapshots.points.unwrap_or(config.grid.points),
            precision: snapshots.precision,
            compression: snapshots.compression,
        };
        Ok(SnapshotsOutput { contents, series: None })
    }
}

impl<T: Real> Output<T> for SnapshotsOutput {
    fn begin(&mut self, Place { comm, directory, .. }: Place) -> Result<()> {
        let series = comm.is_root().then(|| xdmf::snapshot_series(directory.path())).transpose();
        self.series = comm.agree(series)?;
        Ok(())
    }

    /// Writes a snapshot and adds it to the XDMF series.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (Place { comm, config, directory, .. }, stamp) = (moment.place, moment.stamp);
        let path = directory.snapshot(stamp.step);
        let (state, sweep) = moment.solver.state_and_sweep();
        let header = save(comm, &path, config, &self.contents, state, sweep, stamp)?;
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

/// Where files of a run come from.
pub fn provenance(config: &Config) -> Result<Provenance> {
    Ok(Provenance {
        code_version: crate::VERSION.into(),
        config: config.to_toml()?,
        parameters: vec![("viscosity".into(), config.physics.viscosity)],
    })
}

/// Writes a snapshot of `state` at `path`, with `sweep` for the transform. Collective.
pub fn save<T: Real>(
    comm: &Communicator,
    path: &Path,
    config: &Config,
    contents: &Contents,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    stamp: Stamp,
) -> Result<Header> {
    let Contents { fields, points, precision, compression } = contents;
    let header = Header {
        time: stamp.time,
        step: stamp.step,
        points: *points,
        lengths: config.grid.lengths,
        precision: *precision,
        compression: *compression,
        fields: fields.fields().cloned().collect(),
    };
    let mut writer = SnapshotWriter::create(comm, path, &header, &provenance(config)?)?;
    let flow = Flow::new(fields, state, &config.physics, sweep);
    let grid = Grid::full(*points, config.grid.lengths);
    let whole = Region::whole(&grid);
    let write = |field, region: &Region, values: &[T]| writer.write(field, region, values);
    if *points == config.grid.points {
        fields.visit(&flow, sweep, &whole, write)?;
    } else {
        let modes = Modes::new(grid, T::LANES);
        let team = comm.agree(Team::new(config.parallel.threads))?;
        let mut coarse = Sweep::new(modes, comm, team, AXES, 0)?;
        fields.visit(&flow.regrid(modes, comm), &mut coarse, &whole, write)?;
    }
    writer.finish()?;
    Ok(header)
}
