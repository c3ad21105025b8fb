//! One array that all ranks of a node read and write.

use std::io;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};

use mpi::topology::SimpleCommunicator;
use mpi::traits::CommunicatorCollectives;

use super::communicator::Communicator;
use super::shared_memory::{self, SharedMemory};
use super::shared_slice::SharedSlice;
use crate::error::{Error, ErrorKind, Result};
use crate::real::Real;

/// An array made of one segment from each rank, in the order of ranks, in memory that they share.
///
/// Between two calls of [`Window::synchronize`] a number may be written by one rank, or read by
/// any: who touches what is for the owner of the window to arrange.
pub struct Window<T: Real> {
    memory: SharedMemory,
    /// Numbers in all segments.
    len: usize,
    communicator: Rc<SimpleCommunicator>,
    numbers: PhantomData<T>,
}

impl<T: Real> Window<T> {
    /// An array of zeros with a segment of `segment` numbers of this rank. The ranks must share
    /// memory ([`Communicator::shares_memory`]). Collective.
    ///
    /// # Errors
    /// The memory cannot be had.
    pub fn new(comm: &Communicator, segment: usize) -> Result<Self> {
        let Some(communicator) = comm.mpi.clone() else {
            unreachable!("a single rank has nobody to share memory with")
        };
        let segments = comm.gather_to_all([segment as i64]);
        let numbers = |ranks: &[[i64; 1]]| ranks.iter().map(|[n]| *n as usize).sum::<usize>();
        let (start, len) = (numbers(&segments[..comm.rank()]), numbers(&segments));
        let [bytes, first, last] = [len, start, start + segment].map(|n| n * size_of::<T>());
        let failed = |e: io::Error| Error {
            kind: ErrorKind::Io,
            message: format!(
                "cannot share {bytes} bytes of memory between the ranks of a node: {e}; set \
                 parallel.exchange = \"all_to_all\", which needs none"
            ),
        };
        let file = comm.agree(shared_memory::open(&communicator, bytes).map_err(failed))?;
        let memory = SharedMemory::new(&file, bytes, first..last).map_err(failed);
        let memory = comm.agree(memory)?;
        Ok(Window { memory, len, communicator, numbers: PhantomData })
    }

    /// Waits until every rank is here, and makes what each has written visible to all. Collective.
    pub fn synchronize(&self) {
        fence(Ordering::SeqCst);
        self.communicator.barrier();
        fence(Ordering::SeqCst);
    }

    /// All segments, for the threads of this rank.
    pub fn slice(&mut self) -> SharedSlice<'_, T> {
        // SAFETY: the memory has `len` numbers, begins with a page, and lives as long as `self`; any
        // bytes are numbers.
        unsafe { SharedSlice::from_raw(self.memory.start().as_ptr().cast(), self.len) }
    }
}
