//! What a run will need: known before it starts.

use std::fmt::Write;

use crate::config::{Config, Machine, Step};
use crate::diagnostics::PRESSURE_PRODUCTS;
use crate::equation::FieldCounts;
use crate::error::Result;
use crate::forcing::Forcing;
use crate::modes::Modes;
use crate::parallel::ProcessGrid;
use crate::real::Real;
use crate::simd::Cpu;
use crate::transform::decomposition::Decomposition;
use crate::transform::plan::{Plan, Room, Sharing};
use crate::transform::sweep::Sweep;

use super::performance_model::{Case, Prediction};
use super::process_grid;
use crate::format::{duration, number, size, three_digits};
use crate::simulation::output::registry::asked_for;
use crate::simulation::output::volume;

/// The placement of a run: its ranks, and what they are on.
pub struct Placement {
    /// Its ranks.
    pub ranks: usize,
    /// Whether all are on one node and exchange through its memory.
    pub shares_memory: bool,
    /// The machine, if known.
    pub machine: Option<Machine>,
}

/// Decomposition, memory, messages and files of a run.
pub struct Resources {
    lines: Vec<(&'static str, String)>,
    warnings: Vec<String>,
}

impl Resources {
    /// what `config` needs there, with the length of the first step where that is known; an
    /// error if it cannot be run there.
    pub fn new<T: Real>(
        config: &Config,
        modes: Modes,
        placement: Placement,
        first_dt: Option<f64>,
    ) -> Result<Self> {
        let Placement { ranks, shares_memory, machine } = placement;
        let threads = config.parallel.threads;
        let equation = config.physics.build_equation::<T>(&modes);
        let counts = equation.counts();
        let slots = counts.fields.max(counts.contracted);
        // The first rank has the largest share of everything.
        let grid = process_grid::choose(config.parallel.grid, &modes, ranks)?;
        let room = Room { slots, products: counts.products.max(PRESSURE_PRODUCTS) };
        let sharing = Sharing { z_to_y: shares_memory, y_to_x: shares_memory };
        let plan = Plan::new(modes, (0, grid), room, sharing)?;
        let [nx, ny, nz] = config.grid.points;
        let [kx, ky, kz] = modes.grid.cutoff;
        let points = modes.grid.point_count();
        // The state, a sum, the state of a stage if it is used, and two tendencies to compare.
        let uses_state = equation.uses_state() || matches!(config.forcing, Forcing::Linear { .. });
        let compares = matches!(config.time.step, Step::Tolerance { .. });
        let registers = 2 + usize::from(uses_state) + 2 * usize::from(compares);
        let memory = memory::<T>(config, &plan, counts, registers)?;
        let sent = |fields| size(plan.bytes_z_to_y(fields, size_of::<T>()) as f64);
        let exchange = if ranks == 1 {
            "none, there is one rank".into()
        } else if shares_memory {
            "none, all ranks are on one node and share memory".into()
        } else {
            let in_row = plan.bytes_y_to_x(counts.fields + counts.products, size_of::<T>());
            let within = match grid.columns {
                1 => String::new(),
                _ => format!(", and {} within its group", size(in_row as f64)),
            };
            format!(
                "each rank sends {} to the planes and {} back{within}, {} times a step",
                sent(counts.fields),
                sent(counts.contracted),
                config.time.scheme.stages()
            )
        };
        let arrangement = match grid.columns {
            1 => String::new(),
            columns => format!(" in {} of {columns}", number(grid.rows, "group")),
        };
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
                    "{ranks}{arrangement} with {} each, {} instructions",
                    number(threads, "thread"),
                    Cpu::current().name()
                ),
            ),
            (
                "share",
                format!(
                    "at most {} of {} and {} of {} (of {} columns of modes) per rank",
                    plan.planes.len(),
                    number(nz, "z-plane"),
                    plan.bundles.len(),
                    number(modes.bundles(), "bundle"),
                    modes.lanes
                ),
            ),
            (
                "memory",
                format!(
                    "{} per rank, {} in all, {:.0} bytes per point; libraries come on top",
                    size(memory),
                    size(memory * ranks as f64),
                    memory * ranks as f64 / points
                ),
            ),
            ("all-to-all", exchange),
        ];
        lines.extend(volume::report::<T>(config, &modes)?.into_iter().map(|item| ("output", item)));
        let count = |dt: f64| (config.time.end / dt * (1.0 - 1e-9)).ceil();
        let (steps, text) = match (config.time.step, first_dt) {
            (Step::Fixed { dt }, _) => (
                Some(count(dt)),
                format!("at least {:.0}, of dt = {dt} or a little less", count(dt)),
            ),
            (_, Some(dt)) => {
                let (steps, dt) = (count(dt), three_digits(dt));
                let text = format!(
                    "about {steps:.0}, if they stay as long as the initial field lets the first be, \
                     dt = {dt}; outputs shorten some"
                );
                (Some(steps), text)
            }
            _ => (None, String::new()),
        };
        if steps.is_some() {
            lines.push(("steps", text));
        }
        if let Some(machine) = &machine {
            let stages = config.time.scheme.stages();
            let case = Case { plan: &plan, counts, stages, threads };
            let prediction = Prediction::new::<T>(machine, case)?;
            lines.extend(predicted(machine, prediction, ranks * threads, steps));
        }
        let with_planes = grid.rows.min(nz) * grid.columns;
        let warnings = idle(ranks, with_planes, "z-planes", ("grid.points[2]", nz))
            .into_iter()
            .chain(idle(
                ranks,
                with_columns(&modes, grid),
                "columns of modes",
                ("bundles", modes.bundles()),
            ))
            .collect();
        Ok(Resources { lines, warnings })
    }

    /// All of it, a line or several each.
    pub fn report(&self) -> String {
        let mut text = String::new();
        let mut last = "";
        for (name, value) in &self.lines {
            // What has several lines is named in the first one.
            let head = if *name == last { String::new() } else { format!("{name}:") };
            let _ = writeln!(text, "{head:<12}{value}");
            last = name;
        }
        text
    }

    /// What the user should know.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What the model says, see [`Prediction`].
fn predicted(
    machine: &Machine,
    prediction: Prediction,
    cores: usize,
    steps: Option<f64>,
) -> Vec<(&'static str, String)> {
    let Prediction { nodes, ranks_per_node, arithmetic, memory, exchange, message, efficiency } =
        prediction;
    let seconds = prediction.seconds();
    let part = |part: f64| format!("{:.0} %", 100.0 * part / seconds);
    let ranks = number(ranks_per_node, "rank");
    let nodes = format!("{} with {ranks} each, {}", number(nodes, "node"), machine.name);
    let messages =
        if exchange > 0.0 { format!(" in messages of {}", size(message)) } else { String::new() };
    let step = format!(
        "{} s per step: {} arithmetic, {} memory, {} all-to-all{messages}; efficiency {:.0} %",
        three_digits(seconds),
        part(arithmetic),
        part(memory),
        part(exchange),
        100.0 * efficiency
    );
    let run = steps.map(|steps| {
        let seconds = steps * seconds;
        let hours = three_digits(seconds * cores as f64 / 3600.0);
        ("run", format!("at least {}, {hours} core-hours, without output", duration(seconds)))
    });
    [("machine", nodes), ("prediction", step)].into_iter().chain(run).collect()
}

/// Bytes that the rank with the largest share needs for its arrays.
fn memory<T: Real>(
    config: &Config,
    plan: &Plan,
    counts: FieldCounts,
    registers: usize,
) -> Result<f64> {
    let field = plan.bundles.len() * plan.modes.column_len();
    let sweep = Sweep::<T>::numbers(plan, config.parallel.threads);
    let solver = ((registers * counts.fields * field + sweep) * size_of::<T>()) as f64;
    // One at a time: the initial field before it becomes the state, or what an output holds.
    let mut beside = (counts.fields * field * size_of::<T>()) as f64;
    for kind in asked_for::<T>(&config.output) {
        beside = beside.max(kind.memory(config, plan, solver)?);
    }
    Ok(solver + beside)
}

/// Number of ranks that have bundles.
fn with_columns(modes: &Modes, grid: ProcessGrid) -> usize {
    let decomposition = Decomposition { modes: *modes, grid };
    (0..grid.ranks()).filter(|&rank| !decomposition.bundles_of(rank).is_empty()).count()
}

/// A warning when only `have` of `ranks` have things, of which there are as many as `(key, count)` says.
fn idle(ranks: usize, have: usize, things: &str, (key, count): (&str, usize)) -> Option<String> {
    (ranks > have).then(|| {
        format!(
            "{} of {ranks} ranks have no {things} ({key} is {count}) and wait for the others; use \
             at most {have} ranks, and more --threads",
            ranks - have
        )
    })
}
