//! Checkpoints: everything a run needs to go on as if it had never stopped, one HDF5 file each.
//!
//! Dataset `/fields/<name>` has shape `[columns][nz]`: the kept modes of a field in the precision
//! of the run, a column being one (ny, nx) with all its nz, the columns in the order of ny, nx
//! inside, and ny and nz counting 0, 1, .. K, -K, .. -1. Neither ranks nor SIMD lanes show; a few
//! ranks write one contiguous share each. Root attributes are the fields of [`Header`]; they
//! and every dataset have a checksum.

mod checksum;
mod columns;
mod header;
mod reader;
mod writer;

pub use columns::buffer_bytes;
pub use header::{Accumulated, FORMAT, Header, Parts};
pub use reader::{CheckpointReader, is_checkpoint};
pub use writer::write;

#[cfg(test)]
mod tests;
