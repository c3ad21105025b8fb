//! The ways in which rows travel between ranks, a file for each.
//!
//! | file | ranks | what it does |
//! |---|---|---|
//! | `local` | one | nothing: both sides are one array |
//! | `shared` | of one node | one array in shared memory: ranks wait for each other |
//! | `messages` | of several nodes | an all-to-all between nodes, part by part, that overlaps with work |

mod local;
mod messages;
mod shared;
mod transport;

use crate::error::Result;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::{Precision, Real, for_precision};

use super::transpose::{Storage, Transpose};

pub use transport::Transport;

/// The transport of a transpose among the ranks of `communicator`, with rows stored in `precision`: that
/// of `T`, or single. Collective.
///
/// # Errors
/// Memory cannot be shared.
pub fn new<T: Real>(
    transpose: &Transpose,
    precision: Precision,
    communicator: &Communicator,
    pool: &ThreadPool,
) -> Result<Box<dyn Transport<T>>> {
    for_precision!(precision, S => stored::<T, S>(transpose, communicator, pool))
}

/// [`new`] with rows of numbers `S`.
fn stored<T: Real, S: Real>(
    transpose: &Transpose,
    communicator: &Communicator,
    pool: &ThreadPool,
) -> Result<Box<dyn Transport<T>>> {
    Ok(match transpose.storage {
        Storage::OneArray if communicator.size() == 1 => {
            Box::new(local::Local::<S>::new(transpose, pool))
        }
        Storage::OneArray => Box::new(shared::Shared::<S>::new(transpose, communicator)?),
        Storage::TwoArrays { .. } => {
            Box::new(messages::Messages::<S>::new(transpose, communicator, pool)?)
        }
    })
}
