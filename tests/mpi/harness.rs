//! Runs test functions on several ranks, for test targets with `harness = false`.
//!
//! The program starts itself again under `mpirun`, once for each number of ranks. There every rank
//! calls every test; a panic on any rank ends them all. `cargo test NAME` selects as usual.

use std::env;
use std::process::{Command, ExitCode};

use dns_solver::parallel::{Communicator, Runtime};

/// A name and a collective function that panics when it fails.
pub type Test = (&'static str, fn(&Communicator));

/// First argument of the ranks started here.
const RANK: &str = "--as-rank";
/// Seconds that one number of ranks may take.
const TIMEOUT: &str = "60";

/// Names other numbers of ranks, as in "1 2 3": where ranks share cores, other MPIs may be slow.
const SIZES: &str = "MPI_TEST_RANKS";

/// Runs `tests` on each number of ranks in `sizes`.
pub fn main(tests: &[Test], sizes: &[usize]) -> ExitCode {
    let mut arguments = env::args().skip(1).peekable();
    let is_rank = arguments.next_if(|a| a == RANK).is_some();
    let filter = arguments.find(|a| !a.starts_with('-')).unwrap_or_default();
    let selected: Vec<_> = tests.iter().filter(|(name, _)| name.contains(&filter)).collect();
    if is_rank {
        run_as_rank(&selected);
        return ExitCode::SUCCESS;
    }
    let wanted = env::var(SIZES).ok();
    let wanted = wanted.map(|text| text.split(' ').map(|size| size.parse().unwrap()).collect());
    let (mut passed, mut failed) = (0, 0);
    for size in wanted.unwrap_or(sizes.to_vec()) {
        if selected.is_empty() || start_ranks(size, &filter) {
            passed += selected.len();
        } else {
            println!("tests on {size} ranks ... FAILED");
            failed += selected.len();
        }
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {result}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether this program, started on `size` ranks, ends well and in time.
fn start_ranks(size: usize, filter: &str) -> bool {
    let program = env::current_exe().expect("this program has a path");
    Command::new("timeout")
        .args([TIMEOUT, "mpirun", "-n", &size.to_string()])
        .arg(program)
        .args([RANK, filter])
        // What Open MPI (4, then 5) needs to run more ranks than cores, and as root in a
        // container; as variables, because other MPIs do not know the options.
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .env("OMPI_MCA_btl_tcp_if_include", "lo")
        .env("OMPI_MCA_hwloc_base_binding_policy", "none")
        .env("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")
        .status()
        .is_ok_and(|status| status.success())
}

fn run_as_rank(tests: &[&Test]) {
    let runtime = Runtime::start().expect("MPI starts");
    let comm = Communicator::world();
    for (name, test) in tests {
        test(&comm);
        comm.barrier();
        if comm.is_root() {
            println!("test {name} on {} ranks ... ok", comm.size());
        }
    }
    drop(comm);
    drop(runtime);
}
