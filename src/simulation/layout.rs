//! The layout of a run: how its ranks are arranged and how they exchange rows.
//!
//! No layout changes a bit of a result, so a run that will be long tries a few at its start and takes the
//! fastest (as cuDecomp does: Romero, Costa & Fatica 2022, PASC '22). The run directory keeps what was
//! found for the next part of the run on the same ranks.

use std::fmt;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Exchange, Parallel, Step, Tune};
use crate::error::{Error, Result};
use crate::estimate::{process_grid, resources};
use crate::io::log::Log;
use crate::io::run_directory::RunDirectory;
use crate::modes::Modes;
use crate::parallel::{Communicator, ProcessGrid};
use crate::real::{Precision, Real};

use super::first_step::first_step;
use super::restart::initial;

/// Right-hand sides that a layout is timed with, after a first one.
const SAMPLES: usize = 3;
/// Right-hand sides that it takes to try a layout, with its memory and the first one.
const COST: f64 = 10.0;
/// Part of a run that trying may take.
const SHARE: f64 = 0.01;
/// A layout must be so much faster than the one that is taken untried.
const GAIN: f64 = 0.97;
/// Part of the memory that is left which a layout may take: libraries and files come on top.
const ROOM: f64 = 0.8;
/// Most ranks of a group that are tried, but for those of a node.
const GROUP: usize = 8;

/// An arrangement of ranks, and the way in which they exchange rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Layout {
    exchange: Exchange,
    /// Groups, and ranks of each.
    grid: [usize; 2],
}

/// The circumstances that the speed of a layout depends on.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Circumstances {
    ranks: usize,
    nodes: usize,
    threads: usize,
    points: [usize; 3],
    fields: usize,
    precision: Precision,
    transpose_precision: Precision,
}

/// The contents of the file in a run directory.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Kept {
    taken: Layout,
    on: Circumstances,
}

/// The layout of a run, and what is to be kept of it.
pub struct Choice {
    layout: Layout,
    /// The one that is taken without trying.
    untried: Layout,
    /// The layout that was found by trying.
    found: Option<Kept>,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.grid {
            [_, 1] => write!(f, "slabs")?,
            [groups, members] => write!(f, "{groups} groups of {members}")?,
        }
        match self.exchange {
            Exchange::Auto => Ok(()),
            Exchange::ByNode => write!(f, " by node"),
            Exchange::AllToAll => write!(f, " from rank to rank"),
        }
    }
}

impl Layout {
    /// Returns the ranks of `comm` in this layout. Collective.
    fn of(self, comm: &Communicator) -> Communicator {
        let [rows, columns] = self.grid;
        self.exchange.among(comm).arranged(ProcessGrid { rows, columns })
    }

    /// Returns the bytes that a rank needs for its arrays. Collective.
    fn bytes<T: Real>(self, comm: &Communicator, config: &Config, modes: Modes) -> Result<f64> {
        let [rows, columns] = self.grid;
        let node = self.of(comm).node_size();
        resources::bytes_of_a_rank::<T>(config, modes, ProcessGrid { rows, columns }, node)
    }

    /// Seconds of a right-hand side, or why there is none. Collective.
    fn seconds<T: Real>(self, comm: &Communicator, config: &Config, modes: Modes) -> Result<f64> {
        let comm = &self.of(comm);
        let mut solver = initial::solver_at_rest::<T>(comm, config, modes)?;
        solver.state_and_tendency();
        let mut least = f64::INFINITY;
        for _ in 0..SAMPLES {
            comm.barrier();
            let started = Instant::now();
            solver.state_and_tendency();
            let mut seconds = [started.elapsed().as_secs_f64()];
            comm.max(&mut seconds);
            least = least.min(seconds[0]);
        }
        Ok(least)
    }
}

impl Choice {
    /// Finds the layout of a run: as configured, as the run directory has kept it, or by trying.
    /// Nothing is touched. Collective.
    ///
    /// # Errors
    /// `parallel.grid` is not for these ranks, or the initial field lacks something.
    pub fn find<T: Real>(
        comm: &Communicator,
        config: &Config,
        modes: Modes,
        directory: &RunDirectory,
        log: &mut Log,
    ) -> Result<Self> {
        let ProcessGrid { rows, columns } =
            process_grid::choose(config.parallel.grid, &modes, comm.size())?;
        let untried = Layout { exchange: config.parallel.exchange, grid: [rows, columns] };
        if comm.size() == 1 || config.parallel.tune == Tune::Never {
            return Ok(Choice { layout: untried, untried, found: None });
        }
        let candidates = candidates(untried, comm, config, &modes);
        let untried = candidates[0];
        let mut choice = Choice { layout: untried, untried, found: None };
        if candidates.len() == 1 {
            return Ok(choice);
        }
        let on = Circumstances {
            ranks: comm.size(),
            nodes: comm.nodes(),
            threads: config.parallel.threads,
            points: config.grid.points,
            fields: config.physics.fields().len(),
            precision: config.precision,
            transpose_precision: config.row_precision(),
        };
        let kept = directory.kept_layout(comm)?;
        if let Some(Ok(kept)) = kept.map(|text| toml::from_str::<Kept>(&text))
            && kept.on == on
            && candidates.contains(&kept.taken)
        {
            log.line(&format!("layout of ranks, as it was found: {}", kept.taken));
            choice.layout = kept.taken;
            return Ok(choice);
        }
        let affordable = match config.parallel.tune {
            Tune::Always => candidates.len(),
            _ => (right_hand_sides::<T>(comm, config)? * SHARE / COST) as usize,
        };
        if affordable < 2 {
            return Ok(choice);
        }
        let mut tried = Vec::new();
        let room = ROOM * comm.room_of_a_rank();
        for layout in candidates.into_iter().take(affordable) {
            // Groups need more memory than slabs, and a run that takes too much is killed without a word.
            if layout != untried && layout.bytes::<T>(comm, config, modes)? > room {
                log.line(&format!("layout of ranks not tried, for want of memory: {layout}"));
                continue;
            }
            // One that is refused is none; the first is the run's to complain of.
            if let Ok(seconds) = layout.seconds::<T>(comm, config, modes) {
                tried.push((layout, seconds));
            }
        }
        let Some(taken) = fastest(&tried) else { return Ok(choice) };
        let table = tried.iter().map(|(layout, seconds)| format!("{layout} {:.3}", seconds * 1e3));
        let table = table.collect::<Vec<_>>().join(", ");
        log.line(&format!("layouts of ranks, ms of a right-hand side: {table}; takes {taken}"));
        choice.layout = taken;
        choice.found = Some(Kept { taken, on });
        Ok(choice)
    }

    /// Returns the ranks of `comm` in this layout. Collective.
    pub fn of(&self, comm: &Communicator) -> Communicator {
        self.layout.of(comm)
    }

    /// `config` with this layout as configured, if it is another than the one that is taken untried (which
    /// may leave ranks idle, as no `parallel.grid` may).
    pub fn instead_of(&self, config: &Config) -> Option<Config> {
        if self.layout == self.untried {
            return None;
        }
        let Layout { exchange, grid } = self.layout;
        let parallel = Parallel { exchange, grid: Some(grid), ..config.parallel };
        Some(Config { parallel, ..config.clone() })
    }

    /// Keeps in the run directory what was found by trying. Collective.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, comm: &Communicator, directory: &RunDirectory) -> Result<()> {
        let Some(found) = &self.found else { return Ok(()) };
        let text = toml::to_string(found).map_err(|e| Error::input(e.to_string()))?;
        directory.keep_layout(comm, &text)
    }
}

/// Right-hand sides of a run, about or at least; 0 where nothing tells the length of its steps beforehand.
/// Collective.
fn right_hand_sides<T: Real>(comm: &Communicator, config: &Config) -> Result<f64> {
    let dt = match config.time.step {
        Step::Fixed { dt } => Some(dt),
        Step::Cfl { dt_max: None, .. } => first_step::<T>(comm, config)?,
        Step::Cfl { dt_max, .. } | Step::Tolerance { dt_max, .. } => dt_max,
    };
    let steps = dt.map_or(0.0, |dt| config.time.end / dt);
    Ok(steps * config.time.scheme.stages() as f64)
}

/// The fastest layout; the first one if no other is clearly faster.
fn fastest(tried: &[(Layout, f64)]) -> Option<Layout> {
    let (first, seconds) = *tried.first()?;
    let (layout, least) = *tried.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(if least < GAIN * seconds { layout } else { first })
}

/// The layouts that `config` leaves open, first the one that is taken `untried`. Collective.
fn candidates(untried: Layout, comm: &Communicator, config: &Config, modes: &Modes) -> Vec<Layout> {
    let node = Exchange::ByNode.among(comm).node_size();
    let mut grids = vec![untried.grid];
    if config.parallel.grid.is_none() {
        grids.extend(groups(comm.size(), node, modes).filter(|grid| *grid != untried.grid));
    }
    let exchanges = match untried.exchange {
        Exchange::Auto if node > 1 && node < comm.size() => {
            let is_by_node = comm.node_size() > 1;
            let both = [Exchange::ByNode, Exchange::AllToAll];
            if is_by_node { both.to_vec() } else { both.into_iter().rev().collect() }
        }
        given => vec![given],
    };
    let layouts = grids
        .iter()
        .flat_map(|&grid| exchanges.iter().map(move |&exchange| Layout { exchange, grid }));
    layouts.collect()
}

/// Groups of few ranks, or of those of a node, in which every rank has planes and lines.
fn groups(ranks: usize, node: usize, modes: &Modes) -> impl Iterator<Item = [usize; 2]> {
    let [_, ny, nz] = modes.grid.points;
    let most = modes.bundles_along_x().min(ny.div_ceil(modes.row_len()));
    (1..=ranks)
        .filter(move |members| ranks.is_multiple_of(*members) && *members <= most)
        .filter(move |members| *members <= GROUP || *members == node)
        .map(move |members| [ranks / members, members])
        .filter(move |[groups, _]| *groups <= nz)
}
