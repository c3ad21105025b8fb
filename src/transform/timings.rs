//! Where the time goes.

use std::time::{Duration, Instant};

/// The parts of a run that are timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Transforms along z.
    Columns,
    /// Moving rows between ranks, and waiting for them.
    Transpose,
    /// Transforms along y and x, and the work on values between them.
    Planes,
    /// Assembly and time step in spectral space.
    Update,
    /// Diagnostics and files.
    Output,
}

impl Part {
    /// Every part with its name.
    pub const ALL: [(Part, &'static str); 5] = [
        (Part::Columns, "z-lines"),
        (Part::Transpose, "all-to-all"),
        (Part::Planes, "planes (y, x)"),
        (Part::Update, "spectral update"),
        (Part::Output, "diagnostics, I/O"),
    ];
}

/// Seconds spent in each part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    seconds: [f64; Part::ALL.len()],
}

impl Timings {
    /// Seconds in each part, in the order of [`Part::ALL`].
    pub fn seconds(&self) -> [f64; Part::ALL.len()] {
        self.seconds
    }

    /// Books `time` on `part`.
    pub fn add(&mut self, part: Part, time: Duration) {
        self.seconds[part as usize] += time.as_secs_f64();
    }

    /// Does `work`, and books the time that it takes on `part`.
    pub fn time<R>(&mut self, part: Part, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.add(part, start.elapsed());
        result
    }

    /// Books another account, divided by the number of threads that kept one.
    pub fn merge(&mut self, other: &Timings, threads: usize) {
        for (mine, theirs) in self.seconds.iter_mut().zip(other.seconds) {
            *mine += theirs / threads as f64;
        }
    }
}

/// A stopwatch that books the time since its last reading.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// Books the time since the start or the last lap.
    pub fn lap(&mut self, timings: &mut Timings, part: Part) {
        let now = Instant::now();
        timings.add(part, now - self.0);
        self.0 = now;
    }
}
