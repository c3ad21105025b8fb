//! MPI's start and end, and what happens to the other ranks when one panics.

use mpi::Threading;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::Communicator as _;

use super::communicator::Communicator;
use crate::console::complain;
use crate::error::{Error, ErrorKind, Result};

/// Exit code of a job that a panic ended: Rust's own.
const PANIC_EXIT_CODE: i32 = 101;

/// MPI, running from [`Runtime::start`] until this is dropped. Drop every [`Communicator`] and close
/// every file first.
pub struct Runtime(#[expect(dead_code, reason = "its drop ends MPI")] Universe);

impl Runtime {
    /// Starts MPI for threads of which only this one communicates. From now on a panic on any
    /// rank prints its message and ends the whole job: the other ranks would wait for ever.
    ///
    /// # Errors
    /// MPI runs already, or does not support threads.
    pub fn start() -> Result<Self> {
        let fail = |message: &str| Error { kind: ErrorKind::Io, message: message.into() };
        let (universe, threading) = mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| fail("MPI was started twice"))?;
        if threading < Threading::Funneled {
            return Err(fail(
                "this MPI library is built without threads (MPI_THREAD_FUNNELED); use another one",
            ));
        }
        abort_on_panic();
        Ok(Runtime(universe))
    }

    /// Ends the program but not MPI, after a file could not be written: HDF5 1.10 tidies up when MPI
    /// ends, and crashes on files that it could not close. Collective.
    pub fn leave(&self, communicator: &Communicator, code: u8) -> ! {
        // Launchers end the job as soon as one rank is gone: by now rank 0 has printed.
        communicator.barrier();
        std::process::exit(code.into())
    }

    /// Name and version of the MPI library. MPI need not be started.
    pub fn library_version() -> String {
        let text = mpi::environment::library_version().unwrap_or_default();
        let name = text.split([',', '\n', '\0']).next().unwrap_or_default();
        name.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn abort_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let world = SimpleCommunicator::world();
        complain(format!("internal error on rank {}, please report it: {panic}", world.rank()));
        world.abort(PANIC_EXIT_CODE)
    }));
}
