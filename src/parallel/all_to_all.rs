//! All-to-all of rows of numbers, blocking or not.

use mpi::datatype::UserDatatype;
use mpi::ffi;
use mpi::traits::{AsRaw, Equivalence};

use super::communicator::Communicator;
use crate::real::Real;

/// Rows for or from each rank, and where they lie, in rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowCounts {
    /// Rows for or from each rank.
    pub counts: Vec<i32>,
    /// Position of each rank's first row.
    pub offsets: Vec<i32>,
}

impl RowCounts {
    /// So many rows for or from each rank, without gaps.
    pub fn side_by_side(counts: Vec<i32>) -> Self {
        let offsets = counts.iter().scan(0, |sum, n| Some(std::mem::replace(sum, *sum + n)));
        RowCounts { offsets: offsets.collect(), counts }
    }
}

/// Rows under way between all ranks, or a barrier. Dropping it waits until it is over.
#[must_use = "dropping a request waits for it"]
pub struct Request {
    /// `None` when there was nobody to send to.
    request: Option<ffi::MPI_Request>,
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(request) = &mut self.request {
            // SAFETY: a request that was started and not yet awaited.
            unsafe { ffi::MPI_Wait(request, ffi::RSMPI_STATUS_IGNORE) };
        }
    }
}

impl Request {
    /// Whether it is over; if not, MPI has had a chance to go on with it.
    pub fn is_over(&mut self) -> bool {
        let Some(request) = &mut self.request else { return true };
        let mut over = 0;
        // SAFETY: a request that was started and not yet awaited; when it is over, it is none any more.
        unsafe { ffi::MPI_Test(request, &raw mut over, ffi::RSMPI_STATUS_IGNORE) };
        over != 0
    }
}

impl Communicator {
    /// Starts to wait until every rank has started to. Collective.
    pub fn start_barrier(&self) -> Request {
        let request = self.peers().map(|c| {
            // SAFETY: MPI writes the request.
            unsafe {
                let mut request = std::mem::zeroed();
                ffi::MPI_Ibarrier(c.as_raw(), &raw mut request);
                request
            }
        });
        Request { request }
    }

    /// Moves rows of `row_len` numbers between all ranks. Collective.
    ///
    /// It waits within one call of MPI: `MPI_Ialltoallv` of Open MPI 4.1 does not come back where ranks
    /// have nothing to move in one call and something in the next (tests/mpi, `regrid`).
    ///
    /// # Panics
    /// If counts reach beyond the arrays.
    pub fn all_to_all<T: Real>(
        &self,
        row_len: usize,
        send: (&[T], &RowCounts),
        receive: (&mut [T], &RowCounts),
    ) {
        let fits = |rows: &RowCounts, len: usize| {
            let mut blocks = rows.counts.iter().zip(&rows.offsets);
            blocks.all(|(&count, &offset)| (count + offset) as usize * row_len <= len)
        };
        assert!(fits(send.1, send.0.len()) && fits(receive.1, receive.0.len()));
        let Some(c) = self.peers() else {
            let rows = |rows: &RowCounts| {
                let start = rows.offsets[0] as usize * row_len;
                start..start + rows.counts[0] as usize * row_len
            };
            receive.0[rows(receive.1)].copy_from_slice(&send.0[rows(send.1)]);
            return;
        };
        let row = row_type::<T>(row_len);
        // SAFETY: the counts stay within the arrays; any Real is plain bytes.
        unsafe {
            ffi::MPI_Alltoallv(
                send.0.as_ptr().cast(),
                send.1.counts.as_ptr(),
                send.1.offsets.as_ptr(),
                row.as_raw(),
                receive.0.as_mut_ptr().cast(),
                receive.1.counts.as_ptr(),
                receive.1.offsets.as_ptr(),
                row.as_raw(),
                c.as_raw(),
            );
        }
    }

    /// Starts to move rows of `row_len` numbers between all ranks. Counting in rows keeps messages
    /// of up to 2^31 rows within MPI's 32-bit counts. Collective.
    ///
    /// # Safety
    /// Until the request is dropped, both arrays must be valid as far as the counts reach, nobody
    /// may write the rows that are sent or use those that are received, and the counts must stay
    /// where they are.
    pub unsafe fn start_all_to_all<T: Real>(
        &self,
        row_len: usize,
        send: (*const T, &RowCounts),
        receive: (*mut T, &RowCounts),
    ) -> Request {
        let Some(c) = self.peers() else {
            let at = |counts: &RowCounts| counts.offsets[0] as usize * row_len;
            let len = receive.1.counts[0] as usize * row_len;
            // SAFETY: the caller's promise.
            unsafe { receive.0.add(at(receive.1)).copy_from(send.0.add(at(send.1)), len) };
            return Request { request: None };
        };
        let row = row_type::<T>(row_len);
        // SAFETY: the caller's promise; any Real is plain bytes; MPI keeps the type as long as it
        // needs it.
        unsafe {
            let mut request = std::mem::zeroed();
            ffi::MPI_Ialltoallv(
                send.0.cast(),
                send.1.counts.as_ptr(),
                send.1.offsets.as_ptr(),
                row.as_raw(),
                receive.0.cast(),
                receive.1.counts.as_ptr(),
                receive.1.offsets.as_ptr(),
                row.as_raw(),
                c.as_raw(),
                &raw mut request,
            );
            Request { request: Some(request) }
        }
    }
}

/// A row of numbers as one unit, so that messages of up to 2^31 rows keep within MPI's 32-bit counts.
fn row_type<T: Real>(row_len: usize) -> UserDatatype {
    UserDatatype::contiguous((row_len * size_of::<T>()) as i32, &u8::equivalent_datatype())
}
