//! Measures and writes the spectra of a run.

use crate::config::Config;
use crate::diagnostics::Spectra;
use crate::error::Result;
use crate::io::run_directory::RunDirectory;
use crate::io::spectra::{Header, SpectraWriter, Spectrum};
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::shells::Shells;

use super::schedule::Schedule;
use super::snapshots::Stamp;
use super::solver::Solver;

/// The spectra of a run that wants them.
pub struct SpectraOutput {
    spectra: Spectra,
    writer: SpectraWriter,
    /// When they are due.
    pub schedule: Schedule,
}

impl SpectraOutput {
    /// Creates the file, or goes on with it after `step`. Collective.
    pub fn open(
        comm: &Communicator,
        config: &Config,
        directory: &RunDirectory,
        modes: &Modes,
        schedule: Schedule,
        after: Option<u64>,
    ) -> Result<Self> {
        let spectra = Spectra::new(&config.physics);
        let shells = Shells::new(modes.grid);
        let describe = |name: &crate::diagnostics::Name| Spectrum {
            name: name.name.clone(),
            unit: name.unit.clone(),
            description: name.description.clone(),
        };
        let header = Header {
            spectra: spectra.names().iter().map(describe).collect(),
            shells: shells.count(),
            width: shells.width,
            viscosity: config.physics.viscosity,
            config: config.to_toml()?,
        };
        let path = directory.spectra();
        let writer = match after {
            None => SpectraWriter::create(comm, &path, &header),
            Some(step) => SpectraWriter::resume(comm, &path, &header, step),
        }?;
        Ok(SpectraOutput { spectra, writer, schedule })
    }

    /// Adds the spectra of the present state, and returns that of the kinetic energy. Collective.
    pub fn write<T: Real>(
        &self,
        comm: &Communicator,
        solver: &mut Solver<T>,
        Stamp { time, step }: Stamp,
    ) -> Result<Vec<f64>> {
        let tendency = solver.tendency();
        let (state, sweep) = solver.state_and_sweep();
        let mut spectra = self.spectra.measure(state, &tendency, sweep.team(), comm);
        comm.agree(self.writer.append(step, time, &spectra))?;
        Ok(spectra.swap_remove(0))
    }
}
