//! Writes the fields as a snapshot.

use std::path::Path;

use crate::config::Config;
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::io::snapshot::{Field, Header, Provenance, SnapshotWriter};
use crate::io::xdmf;
use crate::parallel::Communicator;
use crate::real::{Precision, Real};
use crate::transform::sweep::Sweep;

use super::outputs::{Moment, Output, Place, Stamp};

/// The snapshots of a run that wants them.
pub struct SnapshotsOutput {
    precision: Precision,
}

impl SnapshotsOutput {
    /// Snapshots with numbers of the given type.
    pub fn new(precision: Precision) -> Self {
        SnapshotsOutput { precision }
    }
}

impl<T: Real> Output<T> for SnapshotsOutput {
    /// Writes a snapshot and lists it in the XDMF series.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (Place { comm, config, directory, .. }, stamp) = (moment.place, moment.stamp);
        let (state, sweep) = moment.solver.state_and_sweep();
        save(comm, &directory.snapshot(stamp.step), config, self.precision, state, sweep, stamp)?;
        moment.solver.prepare();
        xdmf::write_series(comm, directory.path())
    }
}

/// Writes the fields `state` as a snapshot at `path`, with `sweep` for the transform. Collective.
pub fn save<T: Real>(
    comm: &Communicator,
    path: &Path,
    config: &Config,
    precision: Precision,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    stamp: Stamp,
) -> Result<()> {
    let fields: Vec<_> = (config.physics.fields().into_iter())
        .map(|f| Field { name: f.name, units: f.unit.into(), long_name: f.description })
        .collect();
    let count = fields.len();
    let header = Header {
        time: stamp.time,
        step: stamp.step,
        points: config.grid.points,
        lengths: config.grid.lengths,
        precision,
        fields,
    };
    let provenance = Provenance {
        code_version: crate::VERSION.into(),
        config: config.to_toml()?,
        parameters: vec![("viscosity".into(), config.physics.viscosity)],
    };
    let mut writer = SnapshotWriter::create(comm, path, &header, &provenance)?;
    sweep.to_physical(state, |region, values| {
        let len = values.len() / count;
        for field in 0..count {
            writer.write(field, region, &values[field * len..(field + 1) * len])?;
        }
        Ok(())
    })?;
    writer.finish()
}
