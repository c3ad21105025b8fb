//! The resources of a run, known before it starts: memory, messages, files, steps and time.

use std::fmt::Write;

use crate::config::{Config, Machine, Step};
use crate::diagnostics::PRESSURE_PRODUCTS;
use crate::equation::FieldCounts;
use crate::error::Result;
use crate::grid::Grid;
use crate::io::checkpoint;
use crate::modes::Modes;
use crate::parallel::ProcessGrid;
use crate::particles::{Tracers, passing_fields};
use crate::real::Real;
use crate::simd::Cpu;
use crate::transform::decomposition::Decomposition;
use crate::transform::plan::{Plan, Room, Sharing};
use crate::transform::sweep::Sweep;

use super::performance_model::{Case, Prediction};
use super::process_grid;
use crate::format::{duration, number, size, three_digits};
use crate::simulation::output::registry::asked_for;
use crate::simulation::output::volume::{self, Pace};

/// The placement of a run: its ranks, and what they are on.
pub struct Placement {
    /// Its ranks.
    pub ranks: usize,
    /// Ranks of a node, which exchange through its memory; 1 where each sends messages to all others.
    pub node: usize,
    /// The machine, if known.
    pub machine: Option<Machine>,
}

/// Decomposition, memory, messages and files of a run.
pub struct Resources {
    lines: Vec<(&'static str, String)>,
    warnings: Vec<String>,
}

impl Resources {
    /// Adds up what `config` needs at `placement`, with the length of the first step where that is
    /// known.
    ///
    /// # Errors
    /// It cannot be run there.
    pub fn new<T: Real>(
        config: &Config,
        modes: Modes,
        placement: Placement,
        first_dt: Option<f64>,
    ) -> Result<Self> {
        let Placement { ranks, node, machine } = placement;
        let threads = config.parallel.threads;
        let grid = process_grid::choose(config.parallel.grid, &modes, ranks)?;
        let Share { plan, sent, memory } = Share::new::<T>(config, modes, grid, node)?;
        let stages = config.time.scheme.stages();
        let mut lines = vec![
            ("grid", points::<T>(&modes.grid)),
            ("ranks", arrangement(grid, threads)),
            ("share", share(&plan)),
            ("memory", amount(memory, ranks, modes.grid.point_count())),
            ("all-to-all", messages(&plan, node, sent, stages)),
        ];
        let steps = steps(config, first_dt);
        let count = steps.as_ref().map(|(count, _)| *count);
        let pace = Pace { transforms: (stages * sent.transforms()) as f64, steps: count };
        let outputs = volume::report::<T>(config, &modes, pace)?.into_iter();
        lines.extend(outputs.map(|item| ("output", item)));
        lines.extend(steps.map(|(_, text)| ("steps", text)));
        if let Some(machine) = &machine {
            let prediction =
                Prediction::new::<T>(machine, Case { plan: &plan, counts: sent, stages, threads })?;
            lines.extend(predicted(machine, prediction, ranks * threads, count));
        }
        Ok(Resources { lines, warnings: ranks_without_work(&modes, grid) })
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

    /// Warnings for the user.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// The share of the first rank, which is the largest.
struct Share {
    plan: Plan,
    /// Fields that pass through a sweep, those of particles included.
    sent: FieldCounts,
    /// Bytes.
    memory: f64,
}

impl Share {
    /// That of ranks arranged as `grid`, of which `node` share memory.
    fn new<T: Real>(config: &Config, modes: Modes, grid: ProcessGrid, node: usize) -> Result<Self> {
        let equation = config.physics.build_equation::<T>(&modes);
        let counts = equation.counts();
        // What particles need passes with the fields.
        let passing = passing_fields(&config.particles);
        let sent = FieldCounts { fields: counts.fields + passing, ..counts };
        let slots = sent.fields.max(sent.contracted);
        let products = counts.products.max(PRESSURE_PRODUCTS);
        let room = Room { slots, products, precision: config.row_precision() };
        let plan = Plan::new(modes, (0, grid), room, Sharing::in_nodes(grid, node))?;
        let registers = registers(config, &modes.grid, equation.uses_state());
        let memory = memory::<T>(config, &plan, counts, registers)?;
        Ok(Share { plan, sent, memory })
    }
}

/// Returns the bytes that the rank with the largest share needs for its arrays, with ranks arranged as `grid`,
/// of which `node` share memory.
///
/// # Errors
/// It cannot be run so.
pub fn bytes_of_a_rank<T: Real>(
    config: &Config,
    modes: Modes,
    grid: ProcessGrid,
    node: usize,
) -> Result<f64> {
    Share::new::<T>(config, modes, grid, node).map(|share| share.memory)
}

/// The line on the grid and its modes.
fn points<T: Real>(Grid { points: [nx, ny, nz], cutoff: [kx, ky, kz], .. }: &Grid) -> String {
    let precision = T::NAME;
    format!("{nx} x {ny} x {nz} points, modes up to {kx}, {ky}, {kz}, {precision} precision")
}

/// The line on ranks, threads and cores.
fn arrangement(grid: ProcessGrid, threads: usize) -> String {
    let groups = match grid.columns {
        1 => String::new(),
        columns => format!(" in {} of {columns}", number(grid.rows, "group")),
    };
    let (ranks, threads) = (grid.ranks(), number(threads, "thread"));
    format!("{ranks}{groups} with {threads} each, {} instructions", Cpu::current().name())
}

/// The line on the largest share of planes and modes.
fn share(plan: &Plan) -> String {
    format!(
        "at most {} of {} and {} of {} (of {} columns of modes) per rank",
        plan.planes.len(),
        number(plan.modes.grid.points[2], "z-plane"),
        plan.bundles.len(),
        number(plan.modes.bundles(), "bundle"),
        plan.modes.lanes
    )
}

/// The line on memory: `bytes` of the rank with the largest share, on a grid of `points` points.
fn amount(bytes: f64, ranks: usize, points: f64) -> String {
    let all = bytes * ranks as f64;
    format!(
        "{} per rank, {} in all, {:.0} bytes per point; libraries come on top",
        size(bytes),
        size(all),
        all / points
    )
}

/// The line on what each rank sends in a step of `stages` stages.
fn messages(plan: &Plan, node: usize, counts: FieldCounts, stages: usize) -> String {
    if plan.grid.ranks() == 1 {
        return "none, there is one rank".into();
    } else if node >= plan.grid.ranks() {
        return "none, all ranks are on one node and share memory".into();
    }
    let sent = |fields| size(plan.bytes_z_to_y(fields) as f64);
    let in_row = plan.bytes_y_to_x(counts.fields + counts.products);
    let within = match plan.grid.columns {
        1 => String::new(),
        _ => format!(", and {} within its group", size(in_row as f64)),
    };
    let together = match plan.z_to_y.ranks_of_node() {
        1 => String::new(),
        ranks => format!("; {ranks} ranks of a node send their rows together"),
    };
    format!(
        "each rank sends {} to the planes and {} back{within}, {stages} times a step{together}",
        sent(counts.fields),
        sent(counts.contracted)
    )
}

/// The number of steps, and the line on them; `None` when their length is not known.
fn steps(config: &Config, first_dt: Option<f64>) -> Option<(f64, String)> {
    let count = |dt: f64| (config.time.end / dt * (1.0 - 1e-9)).ceil();
    if let Step::Fixed { dt } = config.time.step {
        let steps = count(dt);
        return Some((steps, format!("at least {steps:.0}, of dt = {dt} or a little less")));
    }
    let (steps, dt) = (count(first_dt?), three_digits(first_dt?));
    let text = format!(
        "about {steps:.0}, if they stay as long as the initial field lets the first be, dt = {dt}; \
         outputs shorten some"
    );
    Some((steps, text))
}

/// The warnings of ranks that have nothing to do in some part of a step.
fn ranks_without_work(modes: &Modes, grid: ProcessGrid) -> Vec<String> {
    let (ranks, nz) = (grid.ranks(), modes.grid.points[2]);
    let with_planes = grid.rows.min(nz) * grid.columns;
    let of_planes = idle(ranks, with_planes, "z-planes", ("grid.points[2]", nz));
    let bundles = ("bundles", modes.bundles());
    let of_columns = idle(ranks, with_columns(modes, grid), "columns of modes", bundles);
    of_planes.into_iter().chain(of_columns).collect()
}

/// The lines on what the model says, see [`Prediction`].
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

/// Arrays of all fields that a solver has: the state, a sum, the state of a stage if it is used, and two
/// tendencies to compare.
fn registers(config: &Config, grid: &Grid, uses_state: bool) -> usize {
    let (velocity, magnetic) = (&config.forcing, &config.magnetic_forcing);
    let forces = config.physics.build_forces(velocity, magnetic, grid);
    let uses_state = uses_state || forces.iter().any(|term| term.force.amplifies());
    let compares = matches!(config.time.step, Step::Tolerance { .. });
    2 + usize::from(uses_state) + 2 * usize::from(compares)
}

/// Bytes that the rank with the largest share needs for its arrays.
fn memory<T: Real>(
    config: &Config,
    plan: &Plan,
    counts: FieldCounts,
    registers: usize,
) -> Result<f64> {
    let field = plan.bundles.len() * plan.modes.column_len();
    let sweep = Sweep::<T>::bytes(plan, config.parallel.threads);
    let (grid, shares_planes) = (&plan.modes.grid, plan.grid.columns > 1);
    let particles = config.particles.iter().map(|set| Tracers::bytes(set, grid, shares_planes));
    let solver = (registers * counts.fields * field * size_of::<T>() + sweep) as f64
        + particles.sum::<f64>();
    // One at a time: the initial field before it becomes the state, or what an output or checkpoint
    // holds.
    let mut beside = (counts.fields * field * size_of::<T>()) as f64;
    beside = beside.max(checkpoint::buffer_bytes(&plan.modes) as f64);
    for kind in asked_for::<T>(&config.output, &config.particles) {
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
