//! Ranks and threads: the only user of MPI.
//!
//! | file | purpose |
//! |---|---|
//! | `communicator` | [`Communicator`]: some ranks, who they are and what they share |
//! | `process_grid` | [`ProcessGrid`]: how ranks are arranged |
//! | `collectives` | reductions, gathers, broadcasts; an error of one is one of all |
//! | `all_to_all` | [`Request`]: an all-to-all of rows, blocking or not |
//! | `delivery` | pieces of bytes, one by one, to rank 0 |
//! | `messages` | numbers from one rank to another |
//! | `window`, `shared_memory` | [`Window`]: an array that the ranks of a node share |
//! | `cores`, `memory` | [`Cores`] that ranks may use, and the memory that is left to them |
//! | `runtime`, [`launcher`] | start and end of MPI, and what started the processes |
//! | `thread_pool`, `shared_slice` | [`ThreadPool`]: the threads of a rank, and [`SharedSlice`]: what they write together |
//! | `share` | [`share()`]: what each rank or thread has of many things |
//!
//! A [`Communicator`] of one rank needs no MPI at all; that is what unit tests and the library's
//! serial users have. Functions that communicate say so: every rank must call them, in the same
//! order.

mod all_to_all;
mod collectives;
mod communicator;
mod cores;
mod delivery;
pub mod launcher;
mod memory;
mod messages;
mod process_grid;
mod runtime;
mod share;
mod shared_memory;
mod shared_slice;
mod thread_pool;
mod window;

pub use all_to_all::{Request, RowCounts};
pub use communicator::{Communicator, MANY_IN_NODE};
pub use cores::Cores;
pub use process_grid::ProcessGrid;
pub use runtime::Runtime;
pub use share::share;
pub use shared_slice::SharedSlice;
pub use thread_pool::ThreadPool;
pub use window::Window;
