//! What a run writes besides its history, each kind when it is due.

pub mod gradients;
pub mod history;
pub mod names;
pub mod pdfs;
pub mod records;
pub mod schedule;
pub mod sizes;
pub mod slices;
pub mod snapshots;
pub mod spectra;
pub mod spectral_snapshots;
pub mod structure_functions;

use crate::config::Config;
use crate::error::Result;
use crate::io::checkpoint::Accumulated;
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;

use self::gradients::GradientsOutput;
use self::schedule::Schedule;
use self::slices::SliceOutput;
use self::snapshots::SnapshotsOutput;
use self::spectra::AllSpectra;
use self::spectral_snapshots::ModesOutput;
use crate::multiples::Multiples;
use crate::simulation::warnings::Warnings;
use crate::solver::Solver;

/// Which instant an output shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stamp {
    /// Time.
    pub time: f64,
    /// Steps taken.
    pub step: u64,
}

/// Where outputs go, and the run that they belong to.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The ranks of the run.
    pub comm: &'a Communicator,
    /// Its configuration.
    pub config: &'a Config,
    /// Its directory.
    pub directory: &'a RunDirectory,
    /// Its modes.
    pub modes: Modes,
}

/// A run at an instant at which something is due.
pub struct Moment<'a, T: Real> {
    /// Where outputs go.
    pub place: Place<'a>,
    /// The instant.
    pub stamp: Stamp,
    /// The flow.
    pub solver: &'a mut Solver<T>,
    /// For what an output shows to be wrong.
    pub warnings: &'a mut Warnings,
    /// Where warnings go.
    pub log: &'a mut Log,
}

/// How the outputs of a run begin, or go on.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// Where they go.
    pub place: Place<'a>,
    /// Everything up to this instant was written; `None` for a new run.
    pub after: Option<Stamp>,
    /// What averages had summed up by then, by the name of the output.
    pub accumulated: &'a Accumulated,
}

/// Something that a run writes every so often.
pub trait Output<T: Real> {
    /// Makes its files what they are to be at the start of this part of the run. Until then it has
    /// looked at them, and touched nothing. Collective.
    fn begin(&mut self, _: Place) -> Result<()> {
        Ok(())
    }

    /// Writes what the flow is at this moment. Collective.
    fn write(&mut self, moment: &mut Moment<T>) -> Result<()>;

    /// Brings everything written so far to the disk, for a checkpoint takes it for written. It does
    /// not communicate, so it may fail on one rank alone.
    fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// Its name, and what it has summed up for an average that is not written yet: part of a
    /// checkpoint. `None` when there is nothing.
    fn accumulated(&self) -> Option<(&'static str, Vec<f64>)> {
        None
    }
}

/// The outputs that the configuration of a run asks for.
pub struct Outputs<T: Real> {
    scheduled: Vec<(Schedule, Box<dyn Output<T>>)>,
}

impl<T: Real> Outputs<T> {
    /// Makes ready to create their files, or to go on with them. Collective.
    pub fn open(opening: Opening) -> Result<Self> {
        let Opening { place, after, .. } = opening;
        let (output, end) = (&place.config.output, place.config.time.end);
        let step = after.map(|after| after.step);
        let mut scheduled: Vec<(Multiples, Box<dyn Output<T>>)> = Vec::new();
        if let Some(spectra) = output.spectra {
            let sampling = spectra.sampling();
            let records = AllSpectra::open(opening, sampling)?;
            scheduled.push((sampling.times(), Box::new(records)));
        }
        if let Some(gradients) = output.gradients {
            scheduled.push((gradients.every.into(), Box::new(GradientsOutput::open(place, step)?)));
        }
        if let Some(pdfs) = &output.pdfs {
            let interval = pdfs.sampling().times();
            scheduled.push((interval, Box::new(pdfs::open(opening, pdfs)?)));
        }
        if let Some(structure) = &output.structure_functions {
            let interval = structure.sampling().times();
            scheduled.push((interval, Box::new(structure_functions::open(opening, structure)?)));
        }
        for slice in &output.slices {
            scheduled.push((slice.every.into(), Box::new(SliceOutput::open(place, slice, step)?)));
        }
        if let Some(modes) = output.modes {
            scheduled.push((modes.every.into(), Box::new(ModesOutput::new(modes.precision))));
        }
        if let Some(snapshots) = &output.snapshots {
            let every = snapshots.every.into();
            scheduled.push((every, Box::new(SnapshotsOutput::open(place, snapshots)?)));
        }
        let schedule =
            |every: Multiples| Schedule::beginning(every, end, after.map(|after| after.time));
        let scheduled = scheduled.into_iter().map(|(every, output)| (schedule(every), output));
        Ok(Outputs { scheduled: scheduled.collect() })
    }

    /// See [`Output::begin`]. Collective.
    pub fn begin(&mut self, place: Place) -> Result<()> {
        self.scheduled.iter_mut().try_for_each(|(_, output)| output.begin(place))
    }

    /// When the next one is due.
    pub fn next_time(&self) -> f64 {
        self.scheduled.iter().map(|(when, _)| when.next_time()).fold(f64::INFINITY, f64::min)
    }

    /// Whether any is due at `time`.
    pub fn are_due(&self, time: f64) -> bool {
        self.scheduled.iter().any(|(when, _)| when.is_due(time))
    }

    /// Writes those that are due. Collective.
    pub fn write(&mut self, moment: &mut Moment<T>) -> Result<()> {
        for (when, output) in &mut self.scheduled {
            if when.take(moment.stamp.time) {
                output.write(moment)?;
            }
        }
        Ok(())
    }

    /// See [`Output::accumulated`].
    pub fn accumulated(&self) -> Accumulated {
        let all = self.scheduled.iter().filter_map(|(_, output)| output.accumulated());
        all.map(|(name, numbers)| (name.to_string(), numbers)).collect()
    }

    /// See [`Output::sync`].
    pub fn sync(&self) -> Result<()> {
        self.scheduled.iter().try_for_each(|(_, output)| output.sync())
    }
}
