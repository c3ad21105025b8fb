//! One array that all ranks of a node read and write.

use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};

use mpi::ffi;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{AsRaw, CommunicatorCollectives};

use super::{Communicator, SharedSlice};
use crate::error::{Error, ErrorKind, Result};
use crate::fields::ALIGNMENT;
use crate::real::Real;

/// An array made of one segment from each rank, in the order of ranks, in memory that they share.
///
/// Between two calls of [`Window::synchronize`] a number may be written by one rank, or read by
/// any: who touches what is for the owner of the window to arrange.
///
/// The array is aligned as every other one, which MPI does not promise: Open MPI 4 begins 8 bytes after
/// a cache line, so that each full vector would straddle two, at twice the cost.
pub struct Window<T: Real> {
    handle: ffi::MPI_Win,
    /// Start of the array, at or a little after that of the first rank's memory.
    start: *mut T,
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
        let mut total = [segment as i64];
        comm.sum_integers(&mut total);
        let spare = if comm.rank() == 0 { ALIGNMENT / size_of::<T>() } else { 0 };
        let allocation = segment + spare;
        let (mut first, mut mine) = (std::ptr::null_mut::<T>(), std::ptr::null_mut::<T>());
        let (mut size, mut unit) = (0, 0);
        // SAFETY: plain MPI calls with valid handles; the window lives until `drop`. Failing to
        // allocate must return here, so that the user is told what to do.
        let (handle, codes) = unsafe {
            let raw = communicator.as_raw();
            let mut handle = std::mem::zeroed();
            ffi::MPI_Comm_set_errhandler(raw, ffi::RSMPI_ERRORS_RETURN);
            let allocated = ffi::MPI_Win_allocate_shared(
                (allocation * size_of::<T>()) as ffi::MPI_Aint,
                size_of::<T>() as i32,
                ffi::RSMPI_INFO_NULL,
                raw,
                (&raw mut mine).cast(),
                &raw mut handle,
            );
            ffi::MPI_Comm_set_errhandler(raw, ffi::RSMPI_ERRORS_ARE_FATAL);
            let queried = if allocated == 0 {
                let first = (&raw mut first).cast();
                ffi::MPI_Win_shared_query(handle, 0, &raw mut size, &raw mut unit, first)
            } else {
                0
            };
            (handle, [allocated, queried])
        };
        comm.agree(if codes == [0, 0] {
            Ok(())
        } else {
            Err(Error {
                kind: ErrorKind::Io,
                message: format!(
                    "cannot allocate {} bytes of shared memory (is /dev/shm large enough?); set \
                     parallel.exchange = \"all_to_all\"",
                    segment * size_of::<T>()
                ),
            })
        })?;
        // Ranks map the same pages, so all leave out as many numbers.
        let start = first.wrapping_add(first.align_offset(ALIGNMENT));
        let window =
            Window { handle, start, len: total[0] as usize, communicator, numbers: PhantomData };
        // SAFETY: one epoch for the window's whole life; what this rank has allocated is its own until
        // the first synchronisation. MPICH gives no address where it has no numbers.
        unsafe {
            ffi::MPI_Win_lock_all(0, window.handle);
            if allocation > 0 {
                std::slice::from_raw_parts_mut(mine, allocation).fill(T::ZERO);
            }
        }
        window.synchronize();
        Ok(window)
    }

    /// Waits until every rank is here, and makes what each has written visible to all. Collective.
    pub fn synchronize(&self) {
        fence(Ordering::SeqCst);
        // SAFETY: the window is open and inside its epoch.
        unsafe { ffi::MPI_Win_sync(self.handle) };
        self.communicator.barrier();
        // SAFETY: as above.
        unsafe { ffi::MPI_Win_sync(self.handle) };
        fence(Ordering::SeqCst);
    }

    /// All segments, for the threads of this rank.
    pub fn slice(&mut self) -> SharedSlice<'_, T> {
        // SAFETY: the segments lie one after the other from `start` and live as long as `self`.
        unsafe { SharedSlice::from_raw(self.start, self.len) }
    }
}

impl<T: Real> Drop for Window<T> {
    fn drop(&mut self) {
        // SAFETY: the window was made by `new` and is used no more. Collective: ranks drop their
        // windows in the same order, and a panic ends the whole job before.
        unsafe {
            ffi::MPI_Win_unlock_all(self.handle);
            ffi::MPI_Win_free(&raw mut self.handle);
        }
    }
}
