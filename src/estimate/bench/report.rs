//! A report of what was measured, as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use clap::ValueEnum;
use serde::Serialize;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::grid::AXES;
use crate::io;
use crate::parallel::Runtime;
use crate::real::Precision;
use crate::simd::Cpu;
use crate::transform::timings::Activity;

use super::rates::Rates;
use super::subject::Subject;
use crate::format::number;

/// One point of a study: a grid on a layout of ranks and threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Processor, name of the machine, instruction set.
    pub machine: BTreeMap<&'static str, String>,
    /// Of this program and its libraries.
    pub versions: BTreeMap<&'static str, String>,
    /// Along x, y, z.
    pub points: [usize; AXES],
    /// Of the fields.
    pub precision: Precision,
    /// Number of ranks.
    pub ranks: usize,
    /// Threads of each rank.
    pub threads: usize,
    /// The way in which ranks exchange rows.
    pub exchange: &'static str,
    /// Measurements, by name.
    pub measured: BTreeMap<&'static str, Measured>,
    /// Milliseconds of a step in each of its parts, averaged over ranks.
    pub parts: BTreeMap<&'static str, f64>,
    /// Statistics, in the order in which they were measured.
    pub statistics: Vec<InSteps>,
    /// Particles; none if they were not measured, or there are none.
    pub particles: Option<Carried>,
    /// Bytes of the snapshot.
    pub snapshot_bytes: f64,
    /// The place of a step below the roofs; none if no step or no rates were measured.
    pub roofline: Option<Roofline>,
}

/// Seconds of one piece of work, in the order in which they were measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The median.
    pub median: f64,
    /// Each sample.
    pub seconds: Vec<f64>,
    /// Repeats of the work in each sample.
    pub repeats: usize,
}

impl Measured {
    /// Of samples, at least one.
    pub fn new(seconds: Vec<f64>, repeats: usize) -> Self {
        let mut sorted = seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        } else {
            sorted[middle]
        };
        Measured { median, seconds, repeats }
    }
}

/// A statistic beside the steps that were taken in turn with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InSteps {
    /// Its name.
    pub name: &'static str,
    /// Seconds of the statistic.
    pub statistic: Measured,
    /// Seconds of a step.
    pub step: Measured,
    /// The median of the statistic over that of a step.
    pub steps: f64,
}

impl InSteps {
    /// Of what was measured.
    pub fn new(name: &'static str, statistic: Measured, step: Measured) -> Self {
        InSteps { name, steps: statistic.median / step.median, statistic, step }
    }
}

/// Steps with particles beside those without that were taken in turn with them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Carried {
    /// Particles of all sets.
    pub count: usize,
    /// Seconds of a step with particles.
    pub with: Measured,
    /// Seconds of a step without.
    pub without: Measured,
    /// What particles add, over a step without.
    pub steps: f64,
    /// Microseconds that a particle adds to a step, on the ranks and threads that there are.
    pub microseconds: f64,
}

impl Carried {
    /// Of what was measured.
    pub fn new(count: usize, with: Measured, without: Measured) -> Self {
        let more = with.median - without.median;
        let (steps, microseconds) = (more / without.median, 1e6 * more / count as f64);
        Carried { count, with, without, steps, microseconds }
    }
}

/// A step beside what the machine can do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Roofline {
    /// Roofs.
    pub rates: Rates,
    /// Nominal FLOPs of a step, see [`Cost`](crate::estimate::cost::Cost).
    pub flops: f64,
    /// Bytes of a step to and from memory, if no cache held them.
    pub bytes: f64,
    /// FLOPs per second of a step over `rates.peak`.
    pub share_of_peak: f64,
    /// Bytes per second of a step over `rates.bandwidth`.
    pub share_of_bandwidth: f64,
}

/// Processor, host and instruction set.
pub fn machine() -> BTreeMap<&'static str, String> {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    BTreeMap::from([
        ("processor", model.map_or(std::env::consts::ARCH, |(_, model)| model).to_string()),
        ("host", host.trim().to_string()),
        ("instructions", Cpu::current().name().to_string()),
    ])
}

/// Of the program and its libraries.
pub fn versions() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("dns-solver", crate::VERSION.to_string()),
        ("MPI", Runtime::library_version()),
        ("HDF5", io::library_version()),
    ])
}

impl Report {
    /// A report on `config` without any results yet.
    pub fn new(config: &Config, ranks: usize, exchange: &'static str) -> Self {
        Report {
            machine: machine(),
            versions: versions(),
            points: config.grid.points,
            precision: config.precision,
            ranks,
            threads: config.parallel.threads,
            exchange,
            measured: BTreeMap::new(),
            parts: BTreeMap::new(),
            statistics: Vec::new(),
            particles: None,
            snapshot_bytes: 0.0,
            roofline: None,
        }
    }

    /// For programs: one line.
    pub fn json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|e| Error::input(format!("cannot write the report as JSON: {e}")))
    }

    /// For people.
    pub fn table(&self) -> String {
        let [nx, ny, nz] = self.points;
        let listed = |map: &BTreeMap<&str, String>| {
            map.iter().map(|(name, text)| format!("{name} {text}")).collect::<Vec<_>>().join(", ")
        };
        let mut text = format!(
            "{}\n{}\n{nx} x {ny} x {nz} points, {:?} precision, {} with {} each, exchange: {}\n\n\
             {:<18}{:>12}{:>12}{:>12}{:>9}\n",
            listed(&self.machine),
            listed(&self.versions),
            self.precision,
            number(self.ranks, "rank"),
            number(self.threads, "thread"),
            self.exchange,
            "ms",
            "median",
            "least",
            "most",
            "samples",
        );
        let ordered = Subject::value_variants().iter().map(|subject| subject.name());
        for (name, measured) in ordered.filter_map(|name| Some((name, self.measured.get(name)?))) {
            let (least, most) = measured
                .seconds
                .iter()
                .fold((f64::INFINITY, 0.0_f64), |(a, b), &s| (a.min(s), b.max(s)));
            let _ = writeln!(
                text,
                "{name:<18}{:>12.3}{:>12.3}{:>12.3}{:>9}",
                measured.median * 1e3,
                least * 1e3,
                most * 1e3,
                measured.seconds.len()
            );
        }
        if let Some(snapshot) = self.measured.get("snapshot") {
            let rate = self.snapshot_bytes / snapshot.median / 1e6;
            let _ = writeln!(text, "\na snapshot is written at {rate:.0} MB/s");
        }
        if !self.parts.is_empty() {
            text += "\nparts of a step, ms (mean over ranks and threads)\n";
            let ordered =
                Activity::ALL.iter().filter_map(|(_, name)| Some((name, self.parts.get(name)?)));
            for (name, ms) in ordered {
                let _ = writeln!(text, "{name:<18}{ms:>12.3}");
            }
        }
        if !self.statistics.is_empty() {
            let _ = writeln!(text, "\n{:<30}{:>12}{:>12}", "statistics", "ms", "in steps");
        }
        for InSteps { name, statistic, steps, .. } in &self.statistics {
            let _ = writeln!(text, "{name:<30}{:>12.3}{steps:>12.3}", statistic.median * 1e3);
        }
        if let Some(Carried { count, with, without, steps, microseconds }) = &self.particles {
            let _ = writeln!(
                text,
                "\n{count} particles: a step of {:.3} ms, without them {:.3} ms\n\
                 they add {steps:.3} of a step, {microseconds:.3} us for each of them",
                with.median * 1e3,
                without.median * 1e3,
            );
        }
        if let Some(Roofline { rates, share_of_peak, share_of_bandwidth, .. }) = self.roofline {
            let _ = writeln!(
                text,
                "\na step has {:.0} % of {:.1} GFLOP/s (multiply-adds) and {:.0} % of {:.1} GB/s \
                 (copy)",
                100.0 * share_of_peak,
                rates.peak / 1e9,
                100.0 * share_of_bandwidth,
                rates.bandwidth / 1e9
            );
        }
        text
    }
}
