//! All kinds of output, and those of a run, each when it is due.

use super::kind::{Opening, Output, OutputContext, OutputKind, RunContext};
use super::schedule::Schedule;
use super::spent::Spent;
use crate::config;
use crate::error::Result;
use crate::io::checkpoint::Accumulated;
use crate::particles::ParticleSet;
use crate::real::Real;

/// Returns the sections of `output` that ask for something, and the sets of `particles`, in the order in
/// which they are written.
/// To add a kind of output, add its section to [`config::Output`], a file with its [`OutputKind`] beside
/// this one, and a line here.
pub fn asked_for<'a, T: Real>(
    output: &'a config::Output,
    particles: &'a [ParticleSet],
) -> Vec<&'a dyn OutputKind<T>> {
    let mut kinds: Vec<&dyn OutputKind<T>> = Vec::new();
    add(&mut kinds, &output.spectra);
    add(&mut kinds, &output.gradients);
    add(&mut kinds, &output.pdfs);
    add(&mut kinds, &output.invariants);
    add(&mut kinds, &output.structure_functions);
    add(&mut kinds, &output.slices);
    add(&mut kinds, &output.modes);
    add(&mut kinds, &output.snapshots);
    add(&mut kinds, particles);
    kinds
}

/// Adds the sections of one kind, of which there may be none, one or several.
fn add<'a, T: Real, K: OutputKind<T> + 'a>(
    kinds: &mut Vec<&'a dyn OutputKind<T>>,
    sections: impl IntoIterator<Item = &'a K>,
) {
    kinds.extend(sections.into_iter().map(|section| section as &dyn OutputKind<T>));
}

/// The outputs that the configuration of a run asks for.
pub struct Outputs<T: Real> {
    scheduled: Vec<Scheduled<T>>,
}

/// One of them.
struct Scheduled<T: Real> {
    when: Schedule,
    output: Box<dyn Output<T>>,
    spent: Spent,
}

impl<T: Real> Outputs<T> {
    /// Makes ready to create their files, or to go on with them. Collective.
    pub fn open(opening: Opening) -> Result<Self> {
        let RunContext { config, modes, .. } = opening.run;
        let after = opening.after.map(|after| after.time);
        let open = |kind: &dyn OutputKind<T>| {
            let when = Schedule::beginning(kind.times(), config.time.end, after);
            let spent = Spent::new(kind.volume(config, &modes)?.name);
            Ok(Scheduled { when, output: kind.open(opening)?, spent })
        };
        let scheduled: Result<_> =
            asked_for(&config.output, &config.particles).into_iter().map(open).collect();
        Ok(Outputs { scheduled: scheduled? })
    }

    /// See [`Output::begin`]. Collective.
    pub fn begin(&mut self, run: RunContext) -> Result<()> {
        self.scheduled.iter_mut().try_for_each(|scheduled| scheduled.output.begin(run))
    }

    /// Returns when the next one is due.
    pub fn next_time(&self) -> f64 {
        self.scheduled
            .iter()
            .map(|scheduled| scheduled.when.next_time())
            .fold(f64::INFINITY, f64::min)
    }

    /// Returns whether any is due at `time`.
    pub fn are_due(&self, time: f64) -> bool {
        self.scheduled.iter().any(|scheduled| scheduled.when.is_due(time))
    }

    /// Writes those that are due. Collective.
    pub fn write(&mut self, context: &mut OutputContext<T>) -> Result<()> {
        for Scheduled { when, output, spent } in &mut self.scheduled {
            if when.take(context.clock.time) {
                spent.time(|| output.write(context))?;
                spent.add_one();
            }
        }
        Ok(())
    }

    /// The time that each has taken.
    pub fn spent(&self) -> impl Iterator<Item = &Spent> + Clone {
        self.scheduled.iter().map(|scheduled| &scheduled.spent)
    }

    /// See [`Output::accumulated`].
    pub fn accumulated(&self) -> Accumulated {
        let all = self.scheduled.iter().filter_map(|scheduled| scheduled.output.accumulated());
        all.map(|(name, numbers)| (name.to_string(), numbers)).collect()
    }

    /// See [`Output::sync`].
    pub fn sync(&self) -> Result<()> {
        self.scheduled.iter().try_for_each(|scheduled| scheduled.output.sync())
    }
}
