//! Exit codes and messages of the command line, and that nothing is printed twice or hangs.

use super::running::{Case, run_mpi, run_solver};
use dns_solver::parallel::{Communicator, Runtime};

const RANKS: [usize; 2] = [1, 3];

#[test]
fn an_unknown_key_is_one_message_and_exit_code_2() {
    let case = Case::new("[physics]\nviscocity = 1e-3\n");
    for ranks in RANKS {
        let output = case.run(ranks, "run", &[]);
        assert_eq!(output.code(), 2, "{output:?}");
        assert_eq!(output.stderr.matches("dns-solver: error:").count(), 1, "{}", output.stderr);
        assert_eq!(output.stderr.matches("did you mean `viscosity`?").count(), 1, "{output:?}");
        assert!(output.stderr.contains("grid.points: is missing"), "{}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn a_missing_file_is_named() {
    for ranks in RANKS {
        let output = run_solver(ranks, &["no/such/file.toml"]);
        assert_eq!(output.code(), 2, "{output:?}");
        let message = "dns-solver: error: cannot read the configuration no/such/file.toml";
        assert_eq!(output.stderr.matches(message).count(), 1, "{}", output.stderr);
    }
}

#[test]
fn an_unknown_option_is_one_message_and_exit_code_2() {
    for ranks in RANKS {
        let output = run_solver(ranks, &["a.toml", "--trheads", "2"]);
        assert_eq!(output.code(), 2, "{output:?}");
        assert_eq!(output.stderr.matches("'--threads'").count(), 1, "{}", output.stderr);
    }
}

#[test]
fn help_and_version_are_printed_once() {
    for ranks in RANKS {
        let help = run_solver(ranks, &["--help"]);
        assert_eq!(help.code(), 0, "{help:?}");
        for text in ["Usage:", "mpirun -n", "Exit codes:", "DNS_SOLVER_CPU"] {
            assert_eq!(help.stdout.matches(text).count(), 1, "{text} in {}", help.stdout);
        }
        let version = run_solver(ranks, &["--version"]);
        assert_eq!(version.code(), 0, "{version:?}");
        let name = format!("dns-solver {} (git ", env!("CARGO_PKG_VERSION"));
        assert_eq!(version.stdout.matches(&name).count(), 1, "{}", version.stdout);
        for library in ["\nMPI ", "\nHDF5 ", "\nRustFFT "] {
            let found = version.stdout.split(library).nth(1).unwrap_or_default();
            assert!(found.trim_start().starts_with(|c: char| c.is_alphanumeric()), "{version:?}");
        }
    }
}

/// Set for the ranks that [`a_panic_on_one_rank_ends_the_job`] starts.
const PANIC_VARIABLE: &str = "DNS_SOLVER_TEST_PANIC";

/// Without the hook of [`Runtime`], rank 0 would wait in the barrier for ever.
#[test]
fn a_panic_on_one_rank_ends_the_job() {
    if std::env::var_os(PANIC_VARIABLE).is_some() {
        let _runtime = Runtime::start().unwrap();
        let communicator = Communicator::world();
        assert!(communicator.rank() != 1, "the test's own panic");
        communicator.barrier();
        return;
    }
    let this_test = ["--exact", "command_line::a_panic_on_one_rank_ends_the_job", "--nocapture"];
    let program = std::env::current_exe().unwrap();
    let output = run_mpi(2, &program, &this_test, &[(PANIC_VARIABLE, "1")]);
    assert_eq!(output.code(), 101, "{output:?}");
    assert!(output.stderr.contains("internal error on rank 1"), "{}", output.stderr);
    assert!(output.stderr.contains("the test's own panic"), "{}", output.stderr);
}
