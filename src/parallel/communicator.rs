//! A group of ranks: who they are, how they are arranged, and what they share.
//!
//! What they say to each other has files of its own.

use std::rc::Rc;

use mpi::topology::{Color, SimpleCommunicator};
use mpi::traits::Communicator as _;

use super::process_grid::ProcessGrid;
use super::share::share;
use super::shared_memory;

/// Some ranks, and how they are arranged. One rank alone needs no MPI.
#[derive(Clone)]
pub struct Communicator {
    /// `None` without MPI.
    pub(super) mpi: Option<Rc<SimpleCommunicator>>,
    /// The ranks that have the same writer of files, which is the first of them; `None` where each
    /// rank writes for itself.
    with_same_writer: Option<Rc<SimpleCommunicator>>,
    shares_memory: bool,
    /// Whether they are on one node, but cannot share memory.
    is_apart: bool,
    /// Whether messages are passed even where memory could be shared.
    messages_only: bool,
    grid: ProcessGrid,
}

impl Communicator {
    /// One rank, without MPI.
    pub fn serial() -> Self {
        let grid = ProcessGrid::slabs(1);
        Communicator {
            mpi: None,
            with_same_writer: None,
            shares_memory: false,
            is_apart: false,
            messages_only: false,
            grid,
        }
    }

    /// A private copy of MPI_COMM_WORLD. MPI must be initialised. Collective.
    pub fn world() -> Self {
        Communicator::of(SimpleCommunicator::world().duplicate(), false)
    }

    /// The ranks of `mpi`, each a row of its own. Collective.
    fn of(mpi: SimpleCommunicator, messages_only: bool) -> Self {
        let node = mpi.split_shared(mpi.rank());
        let may_share = !messages_only && mpi.size() > 1 && node.size() == mpi.size();
        let shares_memory = may_share && shared_memory::is_common(&mpi);
        Communicator {
            with_same_writer: None,
            shares_memory,
            is_apart: may_share && !shares_memory,
            messages_only,
            grid: ProcessGrid::slabs(mpi.size() as usize),
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
            Some(part) => Communicator::of(part, self.messages_only),
            None => unreachable!("every rank has a color"),
        }
    }

    /// Returns whether there are several ranks and all are on one node, so that a
    /// [`Window`](super::Window) can be had.
    pub fn shares_memory(&self) -> bool {
        self.shares_memory
    }

    /// Returns whether there are several ranks, all on one node, that cannot share memory: each is in a
    /// container of its own.
    pub fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// The same ranks, which pass messages even if they could share memory.
    pub fn without_shared_memory(&self) -> Self {
        Communicator { shares_memory: false, messages_only: true, ..self.clone() }
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

    /// The same ranks, which write files through so many of each node (at least 1). Collective.
    pub fn with_writers(&self, each_node: usize) -> Self {
        let with_same_writer = self.peers().map(|c| {
            let node = c.split_shared(c.rank());
            let [rank, ranks] = [node.rank(), node.size()].map(|n| n as usize);
            let writers = each_node.clamp(1, ranks);
            let is_with = |writer: &usize| share(ranks, *writer, writers).contains(&rank);
            let writer = (0..writers).find(is_with).unwrap_or(0);
            let color = Color::with_value(writer as i32);
            Rc::new(node.split_by_color(color).unwrap_or(node))
        });
        Communicator { with_same_writer, ..self.clone() }
    }

    /// The ranks that have the same writer of files, which is their rank 0.
    pub fn with_same_writer(&self) -> Self {
        let Some(mpi) = self.with_same_writer.clone() else { return Communicator::serial() };
        let grid = ProcessGrid::slabs(mpi.size() as usize);
        Communicator { mpi: Some(mpi), grid, ..Communicator::serial() }
    }

    /// The MPI communicator when there is somebody to talk to.
    pub(super) fn peers(&self) -> Option<&SimpleCommunicator> {
        self.mpi.as_deref().filter(|c| c.size() > 1)
    }
}
