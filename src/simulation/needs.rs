//! What a run will need: known before it starts.

use std::fmt::Write;

use crate::config::{Config, Step};
use crate::error::Result;
use crate::grid::AXES;
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::real::Real;
use crate::simd::Cpu;
use crate::transform::plan::Plan;
use crate::transform::sweep::Sweep;

/// Decomposition, memory, messages and files of a run.
pub struct Needs {
    lines: Vec<(&'static str, String)>,
    warnings: Vec<String>,
}

impl Needs {
    /// What `config` needs on the ranks of `comm`; an error if they cannot run it.
    pub fn new<T: Real>(config: &Config, modes: Modes, comm: &Communicator) -> Result<Self> {
        let (ranks, threads) = (comm.size(), config.parallel.threads);
        let equation = crate::equation::navier_stokes::<T>(&modes, config.physics.viscosity);
        let counts = equation.counts();
        let slots = counts.fields.max(counts.contracted);
        // The first rank has the largest share of everything.
        let plan = Plan::new(modes, 0, ranks, slots)?;
        let state = 2 * counts.fields * plan.bundles.len() * modes.column_len();
        let numbers = state + Sweep::<T>::numbers(&plan, counts.products, threads);
        let bytes = (numbers * size_of::<T>()) as f64;
        let [nx, ny, nz] = config.grid.points;
        let [kx, ky, kz] = modes.grid.cutoff;
        let points = modes.grid.point_count();
        let sent = |fields| plan.bytes_sent(fields, size_of::<T>()) as f64;
        let mut lines = vec![
            (
                "grid",
                format!(
                    "{nx} x {ny} x {nz} points, modes up to {kx}, {ky}, {kz}, {} precision",
                    T::NAME
                ),
            ),
            (
                "ranks",
                format!(
                    "{ranks} x {threads} thread(s), {} instructions; at most {} of {nz} planes and {} of \
                     {} bundles of {} columns each",
                    Cpu::current().name(),
                    plan.planes.len(),
                    plan.bundles.len(),
                    modes.bundles(),
                    modes.lanes
                ),
            ),
            (
                "memory",
                format!(
                    "{} per rank, {} in total, {:.0} bytes per point, besides libraries",
                    size(bytes),
                    size(bytes * ranks as f64),
                    bytes * ranks as f64 / points
                ),
            ),
            (
                "all-to-all",
                format!(
                    "{} out and {} back per rank and right-hand side, {} right-hand sides per step",
                    size(sent(counts.fields)),
                    size(sent(counts.contracted)),
                    config.time.scheme.stages()
                ),
            ),
        ];
        lines.push(("output", output(config, points)));
        if let Step::Fixed { dt } = config.time.step {
            lines.push(("steps", format!("{:.0} of dt = {dt}", (config.time.end / dt).ceil())));
        }
        let mut warnings = Vec::new();
        let idle = |what: &str, have: usize, remedy: &str| {
            format!(
                "{} of {ranks} ranks have no {what}: the grid has {have}; {remedy}",
                ranks - have
            )
        };
        if ranks > nz {
            let remedy = "use at most as many ranks as grid.points[2], or more threads per rank";
            warnings.push(idle("planes", nz, remedy));
        }
        if ranks > modes.bundles() {
            let remedy = "use fewer ranks, or more threads per rank";
            warnings.push(idle("columns", modes.bundles(), remedy));
        }
        Ok(Needs { lines, warnings })
    }

    /// The needs, a line each.
    pub fn report(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.lines {
            let _ = writeln!(text, "{:<12}{value}", format!("{name}:"));
        }
        text
    }

    /// What the user should know.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Number and size of the files.
fn output(config: &Config, points: f64) -> String {
    let occasions = |every: f64| (config.time.end / every + 1e-9).floor() + 1.0;
    let rows = occasions(config.output.history.every);
    match config.output.snapshots {
        None => format!("{rows:.0} rows of history, no snapshots"),
        Some(snapshots) => {
            let count = occasions(snapshots.every);
            let each = points * (AXES * snapshots.precision.bytes()) as f64;
            format!(
                "{rows:.0} rows of history, {count:.0} snapshots of {}, {} in all",
                size(each),
                size(each * count)
            )
        }
    }
}

/// Bytes for people.
fn size(bytes: f64) -> String {
    let (mut value, mut unit) = (bytes, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    if unit == "B" { format!("{value:.0} B") } else { format!("{value:.1} {unit}") }
}
