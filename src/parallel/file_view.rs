//! What MPI shows of a file that HDF5 has opened.

use std::ffi::c_void;

use mpi::ffi;
use mpi::traits::{AsRaw, Equivalence};

/// Makes MPI show a file as bytes from its start on, as HDF5 leaves it after every transfer.
/// Collective: every rank that has the file open must call this.
///
/// # Safety
/// `file` must point to the `MPI_File` of an open file.
pub unsafe fn show_bytes(file: *const c_void) {
    let byte = u8::equivalent_datatype().as_raw();
    // SAFETY: the caller's promise; all else are constants. Failing is no harm: nobody uses the file
    // any more but to close it.
    unsafe {
        let file = *file.cast::<ffi::MPI_File>();
        ffi::MPI_File_set_view(file, 0, byte, byte, c"native".as_ptr(), ffi::RSMPI_INFO_NULL);
    }
}
