//! The subjects of measurements.

use clap::ValueEnum;

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// All fields to physical space and back
    Transform,
    /// One right-hand side
    Tendency,
    /// One step
    Step,
    /// One snapshot, written and forced to the disk
    Snapshot,
    /// Every statistic, in turn with steps
    Statistics,
    /// Steps with the particles of the configuration, if it has any, in turn with steps without
    Particles,
    /// Copies of memory and multiply-adds: the roofs of the roofline
    Rates,
}

impl Subject {
    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Transform => "transform",
            Subject::Tendency => "tendency",
            Subject::Step => "step",
            Subject::Snapshot => "snapshot",
            Subject::Statistics => "statistics",
            Subject::Particles => "particles",
            Subject::Rates => "rates",
        }
    }
}
