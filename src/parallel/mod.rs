//! Ranks and threads: the only user of MPI.
//!
//! A [`Communicator`] of one rank needs no MPI at all; that is what unit tests and the library's
//! serial users have. Functions that communicate say so: every rank must call them, in the same
//! order.

mod cores;
mod delivery;
pub mod launcher;
mod runtime;
mod shared_memory;
mod team;
mod transfer;
mod window;

use std::rc::Rc;

use mpi::collective::SystemOperation;
use mpi::topology::{Color, SimpleCommunicator};
use mpi::traits::{Communicator as _, CommunicatorCollectives, Equivalence, Root};

use crate::error::{Error, ErrorKind, Result};
use crate::exact_sum::ExactSum;

pub use cores::Cores;
pub use runtime::Runtime;
pub use team::{SharedSlice, Team};
pub use transfer::{RowCounts, Transfer};
pub use window::Window;

/// The contiguous share of `rank` when `count` things are dealt to `size` ranks: sizes differ by
/// at most one, the larger ones come first.
pub fn share(count: usize, rank: usize, size: usize) -> std::ops::Range<usize> {
    let (each, extra) = (count / size, count % size);
    let start = |r: usize| r * each + r.min(extra);
    start(rank)..start(rank + 1)
}

/// How ranks are arranged: in rows and columns. The ranks of a row share planes. They follow each other,
/// so that they are on one node if they can be. (What a user reads calls a row a group of ranks.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessGrid {
    /// Rows: groups of ranks.
    pub rows: usize,
    /// Columns: ranks of each group.
    pub columns: usize,
}

impl ProcessGrid {
    /// Every rank a row of its own.
    pub fn slabs(ranks: usize) -> Self {
        ProcessGrid { rows: ranks, columns: 1 }
    }

    /// Number of ranks.
    pub fn ranks(&self) -> usize {
        self.rows * self.columns
    }

    /// Row and column of a rank.
    pub fn coordinates(&self, rank: usize) -> (usize, usize) {
        (rank / self.columns, rank % self.columns)
    }
}

/// A group of ranks.
#[derive(Clone)]
pub struct Communicator {
    /// `None` without MPI.
    mpi: Option<Rc<SimpleCommunicator>>,
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
        let neighbours = mpi.split_shared(mpi.rank());
        let mut together = [i64::from(mpi.size() > 1 && neighbours.size() == mpi.size())];
        let grid = ProcessGrid::slabs(mpi.size() as usize);
        let mut ranks = Communicator {
            mpi: Some(Rc::new(mpi)),
            with_same_writer: None,
            shares_memory: false,
            is_apart: false,
            messages_only,
            grid,
        };
        ranks.min(&mut together);
        if together == [1] && !messages_only {
            ranks.shares_memory = shared_memory::is_common(&ranks);
            ranks.is_apart = !ranks.shares_memory;
        }
        ranks
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

    /// Whether there are several ranks and all are on one node, so that a [`Window`] can be had.
    pub fn shares_memory(&self) -> bool {
        self.shares_memory
    }

    /// Whether there are several ranks, all on one node, that cannot share memory: each is in a container
    /// of its own.
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

    /// How the ranks are arranged.
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

    /// Whether this is rank 0, the one that talks to the user.
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
    fn peers(&self) -> Option<&SimpleCommunicator> {
        self.mpi.as_deref().filter(|c| c.size() > 1)
    }

    /// Waits for every rank. Collective.
    pub fn barrier(&self) {
        if let Some(c) = self.peers() {
            c.barrier();
        }
    }

    fn all_reduce<E: Equivalence>(&self, mine: &[E], all: &mut [E], operation: SystemOperation) {
        if let Some(c) = self.peers() {
            c.all_reduce_into(mine, all, operation);
        }
    }

    /// Element-wise largest over all ranks. Collective.
    pub fn max<E: Equivalence + Copy, const N: usize>(&self, values: &mut [E; N]) {
        self.all_reduce(&{ *values }, values, SystemOperation::max());
    }

    /// Element-wise smallest over all ranks. Collective.
    pub fn min<E: Equivalence + Copy, const N: usize>(&self, values: &mut [E; N]) {
        self.all_reduce(&{ *values }, values, SystemOperation::min());
    }

    /// Element-wise sum of integers over all ranks. Collective.
    pub fn sum_integers(&self, values: &mut [i64]) {
        let mine = values.to_vec();
        self.all_reduce(&mine, values, SystemOperation::sum());
    }

    /// Makes `all` the element-wise sum of the ranks' `mine`, doubles of which at most one rank holds
    /// a value other than zero, so that the result has no rounding: a gather to everyone.
    /// Collective.
    pub fn collect(&self, mine: &[f64], all: &mut [f64]) {
        all.copy_from_slice(mine);
        self.all_reduce(mine, all, SystemOperation::sum());
    }

    /// Every rank's `values`, the same number on each, in the order of ranks. Collective.
    pub fn gather_to_all<const N: usize>(&self, values: [i64; N]) -> Vec<[i64; N]> {
        let mut all = vec![values; self.size()];
        if let Some(c) = self.peers() {
            c.all_gather_into(&values[..], all.as_flattened_mut());
        }
        all
    }

    /// Exact sums over all ranks, rounded once: the same bits for any number of ranks. Collective.
    pub fn exact_sums(&self, sums: &mut [ExactSum]) -> Vec<f64> {
        self.add_exact_sums(sums);
        sums.iter().map(ExactSum::value).collect()
    }

    /// Makes exact sums those over all ranks, without allocating anything. Collective.
    pub fn add_exact_sums(&self, sums: &mut [ExactSum]) {
        /// Sums in one message: a few pages of the stack.
        const MESSAGE: usize = 64;
        if self.peers().is_none() {
            return;
        }
        for sums in sums.chunks_mut(MESSAGE) {
            let mut mine = [[0; ExactSum::LEN]; MESSAGE];
            for (mine, sum) in mine.iter_mut().zip(&mut *sums) {
                mine.copy_from_slice(sum.limbs_mut());
            }
            let mut all = mine;
            let sent = mine[..sums.len()].as_flattened();
            self.all_reduce(sent, all[..sums.len()].as_flattened_mut(), SystemOperation::sum());
            for (sum, all) in sums.iter_mut().zip(&all) {
                sum.limbs_mut().copy_from_slice(all);
            }
        }
    }

    /// Rank 0's bytes, on every rank. Collective.
    pub fn broadcast(&self, bytes: &mut Vec<u8>) {
        if let Some(c) = self.peers() {
            let root = c.process_at_rank(0);
            let mut length = bytes.len() as u64;
            root.broadcast_into(&mut length);
            bytes.resize(length as usize, 0);
            for chunk in bytes.chunks_mut(1 << 30) {
                root.broadcast_into(chunk);
            }
        }
    }

    /// Every rank's `values` (the same number on each), one after the other, on rank 0; empty on
    /// the others. Collective.
    pub fn gather(&self, values: &[f64]) -> Vec<f64> {
        let Some(c) = self.peers() else { return values.to_vec() };
        let root = c.process_at_rank(0);
        if !self.is_root() {
            root.gather_into(values);
            return Vec::new();
        }
        let mut all = vec![0.0; values.len() * self.size()];
        root.gather_into_root(values, &mut all[..]);
        all
    }

    /// Turns an error on any rank into the same error on every rank: that of the lowest failing
    /// rank. Collective.
    pub fn agree<A>(&self, result: Result<A>) -> Result<A> {
        let Some(c) = self.peers() else { return result };
        let mut first = [if result.is_err() { c.rank() } else { c.size() }];
        self.min(&mut first);
        let first = first[0];
        if first == c.size() {
            return result;
        }
        let mut text = match &result {
            Err(e) if c.rank() == first => {
                let mut text = vec![e.kind.exit_code()];
                text.extend_from_slice(e.message.as_bytes());
                text
            }
            _ => Vec::new(),
        };
        let root = c.process_at_rank(first);
        let mut length = text.len() as u64;
        root.broadcast_into(&mut length);
        text.resize(length as usize, 0);
        root.broadcast_into(&mut text[..]);
        let kind = ErrorKind::from_exit_code(text.first().copied().unwrap_or(1));
        Err(Error { kind, message: String::from_utf8_lossy(&text[1..]).into_owned() })
    }

    /// What rank 0's `work` returns as bytes, or its error, on every rank. Collective.
    pub fn from_root(&self, work: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        let mut bytes = self.agree(if self.is_root() { work() } else { Ok(Vec::new()) })?;
        self.broadcast(&mut bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_balanced_and_cover_everything() {
        for count in 0..40 {
            for size in 1..12 {
                let shares: Vec<_> = (0..size).map(|r| share(count, r, size)).collect();
                assert_eq!(shares[0].start, 0);
                assert_eq!(shares[size - 1].end, count);
                assert!(
                    shares.windows(2).all(|w| w[0].end == w[1].start && w[0].len() >= w[1].len())
                );
                assert!(shares[0].len() - shares[size - 1].len() <= 1);
            }
        }
    }

    #[test]
    fn one_rank_agrees_with_itself() {
        let serial = Communicator::serial();
        assert_eq!(serial.agree(Ok(3)), Ok(3));
        assert_eq!(serial.agree::<()>(Err(Error::input("no"))), Err(Error::input("no")));
        assert_eq!(serial.gather(&[1.0, 2.0]), [1.0, 2.0]);
    }
}
