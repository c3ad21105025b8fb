//! A group of ranks: who they are, how they are arranged, and what they share.
//!
//! What they say to each other has files of its own.

use std::ops::RangeInclusive;
use std::rc::Rc;

use mpi::collective::SystemOperation;
use mpi::topology::{Color, SimpleCommunicator};
use mpi::traits::{Communicator as _, CommunicatorCollectives as _};

use super::process_grid::ProcessGrid;
use super::share::share;
use super::shared_memory;

/// Ranks of several nodes send by nodes, unless told otherwise, where a node has so many: with few, messages
/// are long anyway, and ranks that wait for each other hide less of them (docs/performance.md).
pub const MANY_IN_NODE: usize = 16;

/// Some ranks, and how they are arranged. One rank alone needs no MPI.
#[derive(Clone)]
pub struct Communicator {
    /// `None` without MPI.
    pub(super) mpi: Option<Rc<SimpleCommunicator>>,
    /// `None` where each rank writes and reads files for itself.
    writers: Option<Rc<Writers>>,
    /// Ranks of a node, see [`Self::node_size`].
    node_size: usize,
    /// Whether they are on one node, but cannot share memory.
    is_apart: bool,
    /// The most ranks that a node may have, where ranks of several nodes send by nodes.
    most_in_node: Option<usize>,
    grid: ProcessGrid,
}

/// The ranks that write and read files for the others.
struct Writers {
    /// All of them, in order.
    ranks: Vec<usize>,
    /// The ranks that have the same one as this rank. It is the first of them.
    with_same: Rc<SimpleCommunicator>,
}

impl Communicator {
    /// One rank, without MPI.
    pub fn serial() -> Self {
        let grid = ProcessGrid::slabs(1);
        Communicator {
            mpi: None,
            writers: None,
            node_size: 1,
            is_apart: false,
            most_in_node: None,
            grid,
        }
    }

    /// A private copy of MPI_COMM_WORLD, with one writer of files on each node. MPI must be initialised.
    /// Collective.
    pub fn world() -> Self {
        let world = SimpleCommunicator::world().duplicate();
        Communicator::of(world, None).with_writers(1)
    }

    /// The ranks of `mpi`, each a row of its own. Collective.
    fn of(mpi: SimpleCommunicator, most_in_node: Option<usize>) -> Self {
        let ranks = mpi.size() as usize;
        let node = mpi.split_shared(mpi.rank());
        let is_one_node = ranks > 1 && node.size() == mpi.size();
        let node_size = match most_in_node {
            Some(most) => node_size(&mpi, &node, 2..=most),
            None if is_one_node && shared_memory::is_common(&mpi) => ranks,
            None => node_size(&mpi, &node, MANY_IN_NODE..=usize::MAX),
        };
        Communicator {
            writers: None,
            node_size,
            is_apart: is_one_node && node_size < ranks.min(most_in_node.unwrap_or(ranks)),
            most_in_node,
            grid: ProcessGrid::slabs(ranks),
            mpi: Some(Rc::new(mpi)),
        }
    }

    /// The same ranks, arranged in `grid`, which has as many.
    pub fn arranged(&self, grid: ProcessGrid) -> Self {
        assert_eq!(grid.ranks(), self.size(), "a grid has all ranks");
        Communicator { grid, ..self.clone() }
    }

    /// The ranks of this rank's row of the process grid, in the order of columns. Collective.
    pub fn process_row(&self) -> Self {
        self.split(self.grid.coordinates(self.rank()).0, self.grid.columns)
    }

    /// The ranks of this rank's column of the process grid, in the order of rows. Collective.
    pub fn process_column(&self) -> Self {
        self.split(self.grid.coordinates(self.rank()).1, self.grid.rows)
    }

    /// Those of the ranks that name the same `color`, which are `size`. Collective.
    fn split(&self, color: usize, size: usize) -> Self {
        let Some(mpi) = self.mpi.as_ref().filter(|_| size > 1) else {
            return Communicator::serial();
        };
        if size == self.size() {
            return Communicator { grid: ProcessGrid::slabs(size), ..self.clone() };
        }
        let color = Color::with_value(color as i32);
        match mpi.split_by_color_with_key(color, mpi.rank()) {
            Some(part) => Communicator::of(part, self.most_in_node),
            None => unreachable!("every rank has a color"),
        }
    }

    /// Returns whether there are several ranks and all are on one node, so that a
    /// [`Window`](super::Window) can be had.
    pub fn shares_memory(&self) -> bool {
        self.size() > 1 && self.node_size == self.size()
    }

    /// Ranks of a node, which share memory: the first so many are those of the first node, the next
    /// those of the second, and so on. It is 1 where nodes have unequal numbers of ranks, where ranks of
    /// a node do not follow each other, where they cannot share memory, and for few ranks of several
    /// nodes but in [`Self::in_nodes_of`].
    pub fn node_size(&self) -> usize {
        self.node_size
    }

    /// The ranks of this rank's node. Collective.
    pub fn node(&self) -> Self {
        self.split(self.rank() / self.node_size, self.node_size)
    }

    /// The ranks that have this one's number in their nodes, in the order of nodes. Collective.
    pub fn across_nodes(&self) -> Self {
        self.split(self.rank() % self.node_size, self.size() / self.node_size)
    }

    /// Returns whether there are several ranks, all on one node, that cannot share memory: each is in a
    /// container of its own.
    pub fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// The same ranks, of which at most so many share memory and send together: 1 for messages from each
    /// to each other one. Collective.
    pub fn in_nodes_of(&self, most: usize) -> Self {
        let node_size =
            self.peers().map_or(1, |mpi| node_size(mpi, &mpi.split_shared(mpi.rank()), 2..=most));
        Communicator { node_size, most_in_node: Some(most), ..self.clone() }
    }

    /// The same ranks, whose messages never meet those of this one. Collective.
    pub fn private_copy(&self) -> Self {
        let mpi = self.mpi.as_ref().map(|c| Rc::new(c.duplicate()));
        Communicator { mpi, ..self.clone() }
    }

    /// Arrangement of the ranks.
    pub fn grid(&self) -> ProcessGrid {
        self.grid
    }

    /// This rank's number, from 0.
    pub fn rank(&self) -> usize {
        self.mpi.as_ref().map_or(0, |c| c.rank() as usize)
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.mpi.as_ref().map_or(1, |c| c.size() as usize)
    }

    /// Returns whether this is rank 0, the one that talks to the user.
    pub fn is_root(&self) -> bool {
        self.rank() == 0
    }

    /// The number of nodes that the ranks are on. Collective.
    pub fn nodes(&self) -> usize {
        let Some(c) = self.peers() else { return 1 };
        let mut nodes = [i64::from(c.split_shared(c.rank()).rank() == 0)];
        self.sum_integers(&mut nodes);
        nodes[0] as usize
    }

    /// The same ranks, which write and read files through so many of each node (at least 1). Collective.
    pub fn with_writers(&self, each_node: usize) -> Self {
        let writers = self.peers().map(|c| {
            let node = c.split_shared(c.rank());
            let [rank, ranks] = [node.rank(), node.size()].map(|n| n as usize);
            let writers = each_node.clamp(1, ranks);
            let is_with = |writer: &usize| share(ranks, *writer, writers).contains(&rank);
            let writer = (0..writers).find(is_with).unwrap_or(0);
            let color = Color::with_value(writer as i32);
            let with_same = Rc::new(node.split_by_color(color).unwrap_or(node));
            let is_writer = self.gather_to_all([i64::from(with_same.rank() == 0)]);
            let ranks = (0..).zip(is_writer).filter(|(_, is_writer)| *is_writer == [1]);
            Rc::new(Writers { ranks: ranks.map(|(rank, _)| rank).collect(), with_same })
        });
        Communicator { writers, ..self.clone() }
    }

    /// The ranks that write and read files for the others, in order; rank 0 is one of them.
    pub fn writers(&self) -> Vec<usize> {
        match &self.writers {
            Some(writers) => writers.ranks.clone(),
            None => (0..self.size()).collect(),
        }
    }

    /// Whether this rank writes and reads files for others.
    pub fn is_writer(&self) -> bool {
        self.with_same_writer().is_root()
    }

    /// The ranks that have the same writer of files, which is their rank 0.
    pub fn with_same_writer(&self) -> Self {
        let Some(writers) = &self.writers else { return Communicator::serial() };
        let mpi = writers.with_same.clone();
        let grid = ProcessGrid::slabs(mpi.size() as usize);
        Communicator { mpi: Some(mpi), grid, ..Communicator::serial() }
    }

    /// The MPI communicator when there is somebody to talk to.
    pub(super) fn peers(&self) -> Option<&SimpleCommunicator> {
        self.mpi.as_deref().filter(|c| c.size() > 1)
    }
}

/// Ranks of a node, see [`Communicator::node_size`], if there are as many as `range` begins with, and at most
/// as it ends with; `node` has those of `mpi` that are on this rank's. Collective.
fn node_size(
    mpi: &SimpleCommunicator,
    node: &SimpleCommunicator,
    range: RangeInclusive<usize>,
) -> usize {
    let [rank, ranks] = [mpi.rank(), mpi.size()].map(|n| n as usize);
    let size = (node.size() as usize).min(*range.end());
    // As many as all nodes have, if all have as many.
    let (mut fewest, mut largest) = (0, 0);
    mpi.all_reduce_into(&size, &mut fewest, SystemOperation::min());
    mpi.all_reduce_into(&size, &mut largest, SystemOperation::max());
    if fewest != largest || fewest < *range.start() || !ranks.is_multiple_of(fewest) {
        return 1;
    }
    // Ranks of a node that follow each other have the same node in mind, and no other ranks do.
    let color = Color::with_value((rank / fewest) as i32);
    let Some(run) = node.split_by_color_with_key(color, mpi.rank()) else { return 1 };
    let is_one = run.size() as usize == fewest && shared_memory::is_common(&run);
    let mut all = 0;
    mpi.all_reduce_into(&i32::from(is_one), &mut all, SystemOperation::min());
    if all == 1 { fewest } else { 1 }
}
