//! Progress of a run as the user sees it, and a table of where the time went.

use std::fmt::Write;
use std::fs;
use std::io::{IsTerminal, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::history::Row;
use super::restart::state::Clock;
use crate::format::{duration, number, scientific, three_digits};
use crate::io::log::Log;
use crate::parallel::Communicator;
use crate::transform::timings::{Activity, Timings};

/// A progress bar on a terminal, a plain line per row of the history elsewhere.
pub struct Progress {
    bar: Option<ProgressBar>,
    end: f64,
    started: Instant,
    /// The start of this.
    first: Clock,
    /// The time at which the bar was last drawn.
    drawn: Instant,
    /// The averages in the last row.
    averages: String,
}

/// Positions of the bar.
const BAR_LENGTH: u64 = 10_000;
/// Time between two drawings of the bar.
const REDRAW: Duration = Duration::from_millis(100);

impl Progress {
    /// Progress of a run from `first` until time `end`, shown where `log` is.
    pub fn new(log: &Log, first: Clock, end: f64) -> Self {
        let style = ProgressStyle::with_template("[{bar:50}] {percent:>3}%  {prefix}\n{msg}");
        let bar = style.ok().filter(|_| log.is_shown() && is_on_terminal()).map(|style| {
            let bar = ProgressBar::with_draw_target(Some(BAR_LENGTH), ProgressDrawTarget::stdout());
            bar.with_style(style.progress_chars("=> "))
        });
        let now = Instant::now();
        Progress { bar, end, started: now, first, drawn: now, averages: String::new() }
    }

    /// Moves the bar after a step; not more often than the eye can follow.
    pub fn step(&mut self, now: Clock, dt: f64) {
        if self.drawn.elapsed() >= REDRAW {
            self.draw(now, dt);
        }
    }

    /// Shows a row of the history, in the log file too.
    pub fn row(&mut self, step: u64, row: &Row, log: &mut Log) {
        self.averages = format!(
            "E {}  eps {}  kmax*eta {:.2}",
            scientific(row.budget.kinetic_energy, 4),
            scientific(row.budget.dissipation, 3),
            row.scales.resolution
        );
        let now = Clock { time: row.time, step };
        let line = format!("{}  {}", self.state(now, row.dt), self.pace(now));
        let line = line.trim_end();
        if self.bar.is_some() {
            log.record(line);
            self.draw(now, row.dt);
        } else {
            log.line(line);
        }
    }

    fn draw(&mut self, now: Clock, dt: f64) {
        self.drawn = Instant::now();
        if let Some(bar) = &self.bar {
            bar.set_prefix(self.pace(now));
            bar.set_message(self.state(now, dt));
            bar.set_position((now.time / self.end * BAR_LENGTH as f64) as u64);
        }
    }

    /// Tells where the run is.
    fn state(&self, Clock { time, step }: Clock, dt: f64) -> String {
        let dt = scientific(dt, 2);
        format!("t {time:<8.4}  step {step:<6}  dt {dt}  {}", self.averages)
    }

    /// Tells how fast it goes.
    fn pace(&self, Clock { time, step }: Clock) -> String {
        if step == self.first.step {
            return String::new();
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let left = seconds * (self.end - time) / (time - self.first.time);
        let rate = three_digits((step - self.first.step) as f64 / seconds);
        format!("{rate} steps/s  ETA {}", duration(left))
    }

    /// Leaves the bar as it stands.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

/// Returns whether what is printed ends on a terminal. Open MPI gives each rank a terminal of its own,
/// also when the output goes to a file; then that of mpirun, the parent process, decides.
fn is_on_terminal() -> bool {
    let launcher_is = || {
        let stdout = format!("/proc/{}/fd/1", std::os::unix::process::parent_id());
        fs::read_link(stdout).is_ok_and(|path| path.starts_with("/dev/pts"))
    };
    stdout().is_terminal() && (stderr().is_terminal() || launcher_is())
}

/// The totals of a run, for the account of its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totals {
    /// Steps taken.
    pub steps: u64,
    /// Steps that were taken back, and are not among these.
    pub rejected: u64,
    /// Grid points.
    pub points: f64,
    /// Threads of each rank.
    pub threads: usize,
    /// Wall-clock time from the first output to the last.
    pub seconds: f64,
}

/// A table of the time spent in each part. Collective; the text is complete on rank 0 only.
pub fn table(comm: &Communicator, timings: &Timings, totals: &Totals) -> String {
    let Totals { steps, rejected, points, threads, seconds } = *totals;
    let parts = timings.seconds();
    let rest = seconds - parts.iter().sum::<f64>();
    let mine: Vec<f64> = parts.into_iter().chain([rest, seconds]).collect();
    let names = Activity::ALL.iter().map(|(_, name)| *name).chain(["other", "all"]);
    let all = comm.gather(&mine);
    let ms = 1e3 / steps.max(1) as f64;
    let mut text = format!(
        "{:<22}{:>10}{:>10}{:>10}{:>9}\n",
        format!("ms per step, {}", number(comm.size(), "rank")),
        "min",
        "mean",
        "max",
        "share"
    );
    for (index, name) in names.enumerate() {
        let values = all.chunks_exact(mine.len()).map(|rank| rank[index] * ms);
        let mean = values.clone().sum::<f64>() / comm.size() as f64;
        let (min, max) = values.fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(v), b.max(v)));
        let share = 100.0 * mean / (seconds * ms);
        let _ = writeln!(text, "{name:<22}{min:>10.3}{mean:>10.3}{max:>10.3}{share:>8.1}%");
    }
    let (cores, rate) = (comm.cores(threads).used, steps as f64 / seconds);
    let _ = write!(
        text,
        "{steps} steps in {}: {} steps/s, {} points x steps per second per core, on {}",
        duration(seconds),
        three_digits(rate),
        scientific(points * rate / cores as f64, 2),
        number(cores, "core")
    );
    if rejected > 0 {
        let tried = number(rejected as usize, "more step");
        let _ = write!(text, "\n{tried} had errors above time.tolerance and did not count");
    }
    text
}
