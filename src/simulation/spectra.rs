//! Measures and writes the spectra of a run.

use crate::diagnostics::{Name, Spectra};
use crate::error::Result;
use crate::io::spectra::{Header, SpectraWriter, Spectrum};
use crate::real::Real;
use crate::shells::Shells;

use super::outputs::{Moment, Output, Place, Stamp};

/// The spectra of a run that wants them.
pub struct SpectraOutput {
    spectra: Spectra,
    writer: SpectraWriter,
}

impl SpectraOutput {
    /// Creates the file, or goes on with it after `step`. Collective.
    pub fn open(place: Place, after: Option<u64>) -> Result<Self> {
        let Place { comm, config, directory, modes } = place;
        let spectra = Spectra::new(&config.physics);
        let shells = Shells::new(modes.grid);
        let describe = |name: &Name| Spectrum {
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
        Ok(SpectraOutput { spectra, writer })
    }
}

impl<T: Real> Output<T> for SpectraOutput {
    /// Adds a record to the file, and warns of a pile-up.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        let (comm, Stamp { time, step }) = (moment.place.comm, moment.stamp);
        let tendency = moment.solver.tendency();
        let (state, sweep) = moment.solver.state_and_sweep();
        let spectra = self.spectra.measure(state, &tendency, sweep.team(), comm);
        comm.agree(self.writer.append(step, time, &spectra))?;
        moment.warnings.spectrum(time, &spectra[0], moment.log);
        Ok(())
    }
}
