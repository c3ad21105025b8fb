//! Clocks that tell where the time goes.

use std::time::{Duration, Instant};

/// The work on which a run spends its time, as far as it is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
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

impl Activity {
    /// Every activity with its name.
    pub const ALL: [(Activity, &'static str); 5] = [
        (Activity::Columns, "z-lines"),
        (Activity::Transpose, "all-to-all"),
        (Activity::Planes, "planes (y, x)"),
        (Activity::Update, "spectral update"),
        (Activity::Output, "diagnostics, I/O"),
    ];
}

/// The seconds spent on each activity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    seconds: [f64; Activity::ALL.len()],
}

impl Timings {
    /// Seconds of each activity, in the order of [`Activity::ALL`].
    pub fn seconds(&self) -> [f64; Activity::ALL.len()] {
        self.seconds
    }

    /// Books `time` on `activity`.
    pub fn add(&mut self, activity: Activity, time: Duration) {
        self.seconds[activity as usize] += time.as_secs_f64();
    }

    /// Does `work`, and books the time that it takes on `activity`.
    pub fn time<R>(&mut self, activity: Activity, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.add(activity, start.elapsed());
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
    pub fn lap(&mut self, timings: &mut Timings, activity: Activity) {
        let now = Instant::now();
        timings.add(activity, now - self.0);
        self.0 = now;
    }
}
