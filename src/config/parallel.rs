//! `[parallel]`: threads, and how ranks share the work.

use serde::{Deserialize, Serialize};

use crate::parallel::Communicator;
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
}

impl Default for Parallel {
    fn default() -> Self {
        Parallel { threads: one_thread(), exchange: Exchange::default(), grid: None }
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
