//! What the user sees while a run goes on, and where the time went.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::io::log::Log;
use crate::parallel::Communicator;
use crate::transform::timings::{Part, Timings};

use super::history::Row;

/// A progress bar on a terminal, plain lines in a log.
pub struct Progress {
    bar: Option<ProgressBar>,
    end: f64,
    started: Instant,
}

/// Steps of the bar.
const BAR_LENGTH: u64 = 10_000;

impl Progress {
    /// Progress of a run until time `end`. Only rank 0 shows anything.
    pub fn new(comm: &Communicator, end: f64, quiet: bool) -> Self {
        let show = comm.is_root() && !quiet && std::io::stdout().is_terminal();
        let style = ProgressStyle::with_template("[{bar:24}] {percent:>3}% {msg}");
        let bar = style
            .ok()
            .filter(|_| show)
            .map(|style| ProgressBar::new(BAR_LENGTH).with_style(style.progress_chars("=> ")));
        Progress { bar, end, started: Instant::now() }
    }

    /// Shows the state of the run.
    pub fn show(&self, step: u64, row: &Row, log: &mut Log) {
        let seconds = self.started.elapsed().as_secs_f64();
        let done = row.time / self.end;
        let eta = if done > 0.0 { duration(seconds * (1.0 / done - 1.0)) } else { "-".into() };
        let rate = if step > 0 { step as f64 / seconds } else { 0.0 };
        let line = format!(
            "t {:<9.4} step {step:<7} dt {:<9.3e} E {:<11.6e} eps {:<10.4e} kmax*eta {:<6.2} \
             {rate:>7.4} steps/s  ETA {eta}",
            row.time,
            row.dt,
            row.budget.kinetic_energy,
            row.budget.dissipation,
            row.scales.resolution,
        );
        match &self.bar {
            Some(bar) => {
                log.record(&line);
                bar.set_message(line);
                bar.set_position((done * BAR_LENGTH as f64) as u64);
            }
            None => log.line(&line),
        }
    }

    /// Leaves the bar as it stands.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

/// A time span for people.
fn duration(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// A table of the time spent in each part. Collective; the text is complete on rank 0 only.
pub fn table(
    comm: &Communicator,
    timings: &Timings,
    steps: u64,
    seconds: f64,
    points: f64,
    threads: usize,
) -> String {
    let parts = timings.seconds();
    let all = comm.gather(&parts);
    let per_step = 1e3 / steps.max(1) as f64;
    let mut text =
        format!("{:<18}{:>10}{:>10}{:>10}   share\n", "ms per step", "min", "mean", "max");
    let ranks: Vec<&[f64]> = all.chunks_exact(parts.len()).collect();
    for (index, (_, name)) in Part::ALL.iter().enumerate() {
        let values = ranks.iter().map(|rank| rank[index] * per_step);
        let mean = values.clone().sum::<f64>() / ranks.len().max(1) as f64;
        let (min, max) = values.fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(v), b.max(v)));
        let share = 100.0 * mean / (seconds * per_step);
        let _ = writeln!(text, "{name:<18}{min:>10.3}{mean:>10.3}{max:>10.3}  {share:>5.1}%");
    }
    let cores = (comm.size() * threads) as f64;
    let rate = points * steps as f64 / seconds / cores;
    let _ = write!(
        text,
        "{steps} steps in {}, {:.3} ms per step, {rate:.3e} points x steps per second per core",
        duration(seconds),
        seconds * per_step
    );
    text
}
