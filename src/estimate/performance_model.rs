//! A model of the time that a step takes on a machine that is not at hand.
//!
//! A step of s stages on P ranks takes s times the sum of
//!
//! - *arithmetic*: nominal FLOPs of the rank with the largest share ([`Cost`]) over its cores' rate,
//! - *memory*: its bytes over its share of the bandwidth of a node, all of whose cores are at work,
//! - *exchange*: on each of the two ways of an all-to-all, for a rank that shares its node with r - 1
//!   others, m = parts x (P / r - 1) messages to other nodes, and the rows to those of its own:
//!   m latency + B_off r / (share x injection) + 3 B_on r / (bandwidth of the node). Where each
//!   rank sends by itself, m = parts x (P - r).
//!
//! A message has B r / (P parts) bytes, which is proportional to N^3 r / P^2: the latency is what ends
//! strong scaling. Nothing overlaps in the model, though messages overlap with lines along z in the
//! program, and congestion is in `share` alone. The slab ends at P = number of z-planes. Ranks of a
//! process row that share planes go on: there P in the exchange is the number of process rows, and what
//! passes between the ranks of a row comes on top, through memory as far as they are on one node.
//!
//! This is the LogGP model (Alexandrov et al. 1997, J. Parallel Distrib. Comput. 44, 71) with one
//! gap per byte for all ranks of a node.

use crate::config::Machine;
use crate::equation::FieldCounts;
use crate::error::{Error, Result};
use crate::real::Real;
use crate::transform::plan::Plan;
use crate::transform::transpose::{Storage, Transpose};

use super::cost::Cost;

/// A prediction of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Nodes, and ranks on each (on the last one perhaps fewer).
    pub nodes: usize,
    /// Ranks of a full node.
    pub ranks_per_node: usize,
    /// Seconds per step in transforms and pointwise work.
    pub arithmetic: f64,
    /// Seconds per step that memory takes.
    pub memory: f64,
    /// Seconds per step in the all-to-all.
    pub exchange: f64,
    /// Bytes of a message towards the planes.
    pub message: f64,
    /// Seconds per step of one core that has the whole work, over cores times seconds per step.
    pub efficiency: f64,
}

/// A run as the model sees it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The share of the first rank, which is the largest.
    pub plan: &'a Plan,
    /// Fields of the equation.
    pub counts: FieldCounts,
    /// Stages of a step.
    pub stages: usize,
    /// Threads of each rank.
    pub threads: usize,
}

/// Nodes that `ranks` ranks of `threads` threads take, and ranks on each.
///
/// # Errors
/// A rank has more threads than a node has cores.
pub fn nodes(machine: &Machine, ranks: usize, threads: usize) -> Result<(usize, usize)> {
    let cores = machine.node.cores;
    let per_node = (cores / threads).min(ranks);
    if per_node == 0 {
        return Err(Error::input(format!(
            "a rank has {threads} threads, and a node of {} has {cores} cores; use fewer threads",
            machine.name
        )));
    }
    Ok((ranks.div_ceil(per_node), per_node))
}

impl Prediction {
    /// Predicts a step of `case` on `machine`.
    ///
    /// # Errors
    /// The machine file lacks what is needed.
    pub fn new<T: Real>(machine: &Machine, case: Case) -> Result<Self> {
        let Case { plan, counts, stages, threads } = case;
        let ranks = plan.grid.ranks();
        let (nodes, ranks_per_node) = nodes(machine, ranks, threads)?;
        let rate = *machine.core.clone().rate(T::PRECISION);
        let rate = rate.ok_or_else(|| {
            lacks(machine, &format!("core.{}, which dns-solver bench measures", T::NAME))
        })?;
        let share_of_core = machine.node.bandwidth / machine.node.cores as f64;
        let stages = stages as f64;
        let seconds = |cost: Cost, cores: f64| {
            [cost.flops / (rate * cores), cost.bytes / (share_of_core * cores)].map(|s| s * stages)
        };
        // One thread works on a bundle or a plane, if it is not one that ranks share: the others wait
        // for the last one.
        let bundles = plan.bundles.len().next_multiple_of(threads);
        let planes = match plan.grid.columns {
            1 => plan.planes.len().next_multiple_of(threads),
            _ => plan.planes.len(),
        };
        let rows = plan.room.precision;
        let mine = Cost::columns::<T>(&plan.modes, counts, rows, bundles)
            + Cost::planes(&plan.modes, counts, rows, planes) * plan.share_of_planes();
        let [arithmetic, memory] = seconds(mine, threads as f64);
        let exchange = stages * exchange(machine, &case, (nodes, ranks_per_node))?;
        let sent = plan.bytes_z_to_y(counts.fields) as f64;
        let partners = (plan.grid.rows / plan.z_to_y.ranks_of_node()).saturating_sub(1).max(1);
        let alone: f64 = seconds(Cost::all::<T>(&plan.modes, counts, rows), 1.0).iter().sum();
        let cores = (ranks * threads) as f64;
        Ok(Prediction {
            nodes,
            ranks_per_node,
            arithmetic,
            memory,
            exchange,
            message: sent / (partners * plan.z_to_y.parts()) as f64,
            efficiency: alone / (cores * (arithmetic + memory + exchange)),
        })
    }

    /// Seconds per step.
    pub fn seconds(&self) -> f64 {
        self.arithmetic + self.memory + self.exchange
    }
}

/// The error that a machine file lacks `what`.
fn lacks(machine: &Machine, what: &str) -> Error {
    Error::input(format!(
        "the machine file of {} lacks {what}, which this prediction needs; see docs/clusters.md",
        machine.name
    ))
}

/// Seconds of a stage in all-to-alls: copies within a node, and messages between nodes.
fn exchange(
    machine: &Machine,
    case: &Case,
    (nodes, ranks_per_node): (usize, usize),
) -> Result<f64> {
    let Case { plan, counts, .. } = case;
    if plan.z_to_y.storage == Storage::OneArray {
        return Ok(0.0);
    }
    let columns = plan.grid.columns;
    let bytes = |fields| plan.bytes_z_to_y(fields) as f64;
    let sent = bytes(counts.fields) + bytes(counts.contracted);
    let in_column = Traffic::of(&plan.z_to_y, (ranks_per_node / columns).max(1), sent);
    let sent = plan.bytes_y_to_x(counts.fields + counts.products) as f64;
    let in_row = plan.y_to_x.as_ref().map(|y_to_x| Traffic::of(y_to_x, ranks_per_node, sent));
    let in_row = in_row.unwrap_or_default();
    let here = in_column.here + in_row.here;
    let copies = 3.0 * here * ranks_per_node as f64 / machine.node.bandwidth;
    if nodes == 1 {
        return Ok(copies);
    }
    let network = machine.network.ok_or_else(|| lacks(machine, "[network]"))?;
    let times = plan.planes.len().div_ceil(plan.planes_at_a_time()) as f64;
    let messages = plan.z_to_y.parts() as f64 * in_column.partners + times * in_row.partners;
    let injected = (in_column.leaving + in_row.leaving) * ranks_per_node as f64
        / (network.share * network.injection);
    Ok(copies + (2.0 * messages * network.latency + injected))
}

/// The messages of a rank in a transpose.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    /// Bytes that stay on its node, and bytes that leave it.
    here: f64,
    leaving: f64,
    /// Ranks of other nodes that it sends messages to.
    partners: f64,
}

impl Traffic {
    /// That of `sent` bytes to ranks with which it does not have its rows in common, where so many of
    /// the ranks of the transpose are on a node.
    fn of(transpose: &Transpose, on_node: usize, sent: f64) -> Self {
        let (ranks, node) = (transpose.to.ranks, transpose.ranks_of_node());
        match transpose.storage {
            Storage::OneArray => Traffic { here: sent, ..Traffic::default() },
            // The rows of its own node are copied.
            Storage::TwoArrays { .. } if node > 1 => {
                let others = (ranks - node) as f64;
                let partners = others / node as f64;
                Traffic { here: sent * node as f64 / others, leaving: sent, partners }
            }
            Storage::TwoArrays { .. } => {
                let partners = ranks.saturating_sub(on_node) as f64;
                let leaving = sent * partners / (ranks - 1).max(1) as f64;
                Traffic { here: sent - leaving, leaving, partners }
            }
        }
    }
}

/// The rate of a core that makes a step of `seconds` out of `cost` a stage, which `cores` cores
/// share, beside memory of the given bandwidth; `None` when memory alone would take as long. The
/// inverse of the model, for machine files.
pub fn core_rate(
    cost: Cost,
    stages: usize,
    seconds: f64,
    cores: usize,
    bandwidth: f64,
) -> Option<f64> {
    let left = seconds / stages as f64 - cost.bytes / bandwidth;
    (left > 0.0).then(|| cost.flops / (left * cores as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Core, Network, Node};
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::ProcessGrid;
    use crate::real::Precision;
    use crate::transform::plan::{Room, Sharing};

    const COUNTS: FieldCounts = FieldCounts { fields: 3, products: 5, contracted: 4 };

    fn machine() -> Machine {
        Machine {
            name: "a cluster".into(),
            node: Node { cores: 4, bandwidth: 4e10 },
            core: Core { double: Some(5e9), single: None },
            network: Some(Network { latency: 2e-6, injection: 1e10, share: 0.5 }),
        }
    }

    fn predict(points: usize, ranks: usize, machine: &Machine) -> Prediction {
        let modes = Modes::new(Grid::two_thirds([points; 3], [1.0; 3]), 8);
        predict_on(modes, ProcessGrid::slabs(ranks), machine)
    }

    fn plan(modes: Modes, grid: ProcessGrid, sharing: Sharing) -> Plan {
        let precision = Precision::Double;
        let room = Room { slots: 4, products: COUNTS.products, precision };
        Plan::new(modes, (0, grid), room, sharing).unwrap()
    }

    fn predict_on(modes: Modes, grid: ProcessGrid, machine: &Machine) -> Prediction {
        let one_node = grid.ranks() <= machine.node.cores;
        let sharing = if one_node { Sharing::all(grid) } else { Sharing::NONE };
        let plan = plan(modes, grid, sharing);
        let case = Case { plan: &plan, counts: COUNTS, stages: 4, threads: 1 };
        Prediction::new::<f64>(machine, case).unwrap()
    }

    #[test]
    fn the_rate_of_a_core_is_found_again() {
        let one = predict(64, 4, &machine());
        let modes = Modes::new(Grid::two_thirds([64; 3], [1.0; 3]), 8);
        let cost = Cost::all::<f64>(&modes, COUNTS, Precision::Double);
        // 215 bundles on 4 ranks: 54 on the first one.
        let balanced = one.seconds() * one.efficiency;
        let rate = core_rate(cost, 4, balanced, 4, 4e10).unwrap();
        assert!((rate / 5e9 - 1.0).abs() < 1e-12, "{rate}");
        assert_eq!(core_rate(cost, 4, 1e-9, 4, 4e10), None);
    }

    #[test]
    fn a_node_has_no_messages_and_full_efficiency_when_shares_are_equal() {
        let one = predict(64, 1, &machine());
        assert_eq!((one.nodes, one.exchange, one.efficiency), (1, 0.0, 1.0));
        let four = predict(64, 4, &machine());
        assert_eq!((four.nodes, four.exchange), (1, 0.0));
        assert!(four.efficiency > 0.98 && four.efficiency < 1.0, "{four:?}");
    }

    /// Twice the ranks have a quarter of the message each, and half of the bytes in all.
    #[test]
    fn messages_shrink_with_the_square_of_the_ranks() {
        let [few, many] = [16, 32].map(|ranks| predict(256, ranks, &machine()));
        assert!((few.message / many.message / 4.0 - 1.0).abs() < 0.1, "{few:?} {many:?}");
        assert!(many.efficiency < few.efficiency, "{few:?} {many:?}");
        // With a network that has only a latency: 4 stages, 2 ways, 4 parts, 28 ranks elsewhere.
        let mut slow = machine();
        slow.network = Some(Network { latency: 1.0, injection: 1e30, share: 1.0 });
        let on_node = predict(256, 32, &slow).exchange - 4.0 * 2.0 * 4.0 * 28.0;
        assert!(on_node > 0.0 && on_node < 1.0, "{on_node}");
        // With one that has only a bandwidth: four ranks of a node send 28 / 31 of what they have.
        let mut narrow = machine();
        narrow.network = Some(Network { latency: 1e-30, injection: 1.0, share: 0.5 });
        let narrow = predict(256, 32, &narrow);
        // 4 parts to 31 others; 3 fields there and 4 back.
        let sent = narrow.message * 4.0 * 31.0 * 7.0 / 3.0;
        let expected = 4.0 * 4.0 * sent * 28.0 / 31.0 / 0.5;
        assert!((narrow.exchange / expected - 1.0).abs() < 1e-6, "{narrow:?} {expected}");
    }

    /// Ranks that send for their node send as much, in fewer and longer messages.
    #[test]
    fn nodes_send_few_long_messages() {
        let modes = Modes::new(Grid::two_thirds([256; 3], [1.0; 3]), 8);
        let grid = ProcessGrid::slabs(32);
        let predict = |sharing, network| {
            let plan = plan(modes, grid, sharing);
            let case = Case { plan: &plan, counts: COUNTS, stages: 4, threads: 1 };
            let machine = Machine { network: Some(network), ..machine() };
            Prediction::new::<f64>(&machine, case).unwrap()
        };
        let slow = Network { latency: 1.0, injection: 1e30, share: 1.0 };
        // 4 stages, 2 ways, 4 parts, 7 other nodes.
        let on_node = predict(Sharing::in_nodes(grid, 4), slow).exchange - 4.0 * 2.0 * 4.0 * 7.0;
        assert!(on_node > 0.0 && on_node < 1.0, "{on_node}");
        let narrow = Network { latency: 1e-30, injection: 1.0, share: 0.5 };
        let [nodes, ranks] =
            [Sharing::in_nodes(grid, 4), Sharing::NONE].map(|s| predict(s, narrow));
        assert!((nodes.message / ranks.message - 4.0).abs() < 1e-9, "{nodes:?} {ranks:?}");
        assert!((nodes.exchange / ranks.exchange - 1.0).abs() < 1e-6, "{nodes:?} {ranks:?}");
    }

    /// Pencils go beyond the number of planes, at the price of what the ranks of a row pass on.
    #[test]
    fn pencils_halve_the_arithmetic_and_send_more() {
        let modes = Modes::new(Grid::two_thirds([96, 256, 64], [1.0; 3]), 2);
        let predict = |columns| predict_on(modes, ProcessGrid { rows: 64, columns }, &machine());
        let [slabs, pairs] = [1, 2].map(predict);
        let ratio = slabs.arithmetic / pairs.arithmetic;
        assert!((1.9..2.1).contains(&ratio), "{slabs:?} {pairs:?}");
        assert!(pairs.exchange > 0.5 * slabs.exchange, "{slabs:?} {pairs:?}");
    }

    /// Four threads are no faster than three on the three planes of a rank, but for their columns.
    #[test]
    fn threads_without_a_plane_wait() {
        let modes = Modes::new(Grid::two_thirds([64, 64, 3], [1.0; 3]), 8);
        let plan = plan(modes, ProcessGrid::slabs(1), Sharing::NONE);
        let case = |threads| Case { plan: &plan, counts: COUNTS, stages: 4, threads };
        let predict = |threads| Prediction::new::<f64>(&machine(), case(threads)).unwrap();
        let [two, three, four] = [2, 3, 4].map(|threads| predict(threads).arithmetic);
        assert!(three < 0.6 * two && four > 0.97 * three, "{two} {three} {four}");
    }

    #[test]
    fn a_machine_without_a_network_is_one_node() {
        let mut lonely = machine();
        lonely.network = None;
        assert!(predict(64, 4, &lonely).seconds() > 0.0);
        let modes = Modes::new(Grid::two_thirds([64; 3], [1.0; 3]), 8);
        let plan = plan(modes, ProcessGrid::slabs(5), Sharing::NONE);
        let case = Case { plan: &plan, counts: COUNTS, stages: 4, threads: 1 };
        let error = Prediction::new::<f64>(&lonely, case).unwrap_err();
        assert!(error.message.contains("[network]"), "{error}");
        let error = Prediction::new::<f64>(&lonely, Case { threads: 5, ..case }).unwrap_err();
        assert!(error.message.contains("has 4 cores"), "{error}");
    }
}
