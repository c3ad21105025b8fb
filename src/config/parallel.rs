//! `[parallel]`: threads, and how ranks share the work.

use serde::{Deserialize, Serialize};

use crate::parallel::{Communicator, MANY_IN_NODE};
use crate::problems::Problems;

/// Most threads of a rank: more than any machine has cores.
const MOST_THREADS: usize = 1024;

/// `[parallel]`: how a rank works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// Threads of each rank, at least 1.
    #[serde(default = "one_thread")]
    pub threads: usize,
    /// The way in which ranks exchange rows between columns and planes.
    #[serde(default)]
    pub exchange: Exchange,
    /// Groups of ranks and ranks of each group; chosen by the program when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid: Option<[usize; 2]>,
    /// Whether layouts are tried at the start of a run.
    #[serde(default)]
    pub tune: Tune,
}

/// Whether a run tries what [`Parallel::exchange`] and [`Parallel::grid`] leave open, and takes the
/// fastest. The results are the same to the bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tune {
    /// When the run is so long that it takes less than a hundredth of it.
    #[default]
    Auto,
    /// However short the run is.
    Always,
    /// Not at all.
    Never,
}

fn one_thread() -> usize {
    1
}

/// The way in which ranks exchange rows. The results are the same to the bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Through shared memory when all ranks are on one node, by messages otherwise: from node to node
    /// where nodes have many ranks, from rank to rank where they have few.
    #[default]
    Auto,
    /// By messages from each node to each other one, sent by all ranks of the node in equal parts.
    /// Through shared memory when all ranks are on one node.
    ByNode,
    /// By messages from each rank to each other one.
    AllToAll,
}

impl Exchange {
    /// Returns the ranks of `comm`, such that they exchange rows like this.
    pub fn among(self, comm: &Communicator) -> Communicator {
        match self {
            Exchange::Auto => comm.clone(),
            Exchange::ByNode => comm.in_nodes_of(usize::MAX),
            Exchange::AllToAll => comm.in_nodes_of(1),
        }
    }

    /// Returns how many ranks of a node have memory in common, of `ranks` with at most `on_node` on each
    /// node, as [`Self::among`] will find them there.
    pub fn node_size(self, ranks: usize, on_node: usize) -> usize {
        let is_one_node = on_node >= ranks;
        let is_even = ranks.is_multiple_of(on_node);
        match self {
            Exchange::Auto if is_one_node || is_even && on_node >= MANY_IN_NODE => on_node,
            Exchange::ByNode if is_even => on_node,
            _ => 1,
        }
    }
}

impl Default for Parallel {
    fn default() -> Self {
        Parallel {
            threads: one_thread(),
            exchange: Exchange::default(),
            grid: None,
            tune: Tune::default(),
        }
    }
}

impl Parallel {
    /// Adds to `problems` what is wrong.
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            (1..=MOST_THREADS).contains(&self.threads),
            "parallel.threads",
            self.threads,
            &format!("1 to {MOST_THREADS}"),
        );
        for (i, count) in self.grid.into_iter().flatten().enumerate() {
            problems.require(count > 0, &format!("parallel.grid[{i}]"), count, "1 or more");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_many_ranks_send_together() {
        let sizes = |ranks, on_node| {
            [Exchange::Auto, Exchange::ByNode, Exchange::AllToAll]
                .map(|exchange| exchange.node_size(ranks, on_node))
        };
        assert_eq!(sizes(8, 8), [8, 8, 1]);
        assert_eq!(sizes(64, 16), [16, 16, 1]);
        assert_eq!(sizes(64, 8), [1, 8, 1]);
        // The last node has fewer.
        assert_eq!(sizes(60, 16), [1, 1, 1]);
    }
}
