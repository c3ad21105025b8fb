//! Exit codes and messages of the command line, and that nothing is printed twice or hangs.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::restart::FORCED;
use super::running::{Case, SOLVER, run_mpi, run_solver};
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

/// The help asks for nothing, not even for what MPI needs.
#[test]
fn help_needs_no_environment() {
    for (arguments, code) in [(&["--help"][..], 0), (&["--version"], 0), (&["--no-such"], 2)] {
        let output = Command::new(SOLVER).args(arguments).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(!output.stdout.is_empty() || code != 0);
    }
}

/// A terminal that is full or gone is no reason to end in another way.
#[test]
fn nothing_depends_on_the_terminal() {
    let case = Case::new(FORCED);
    // The grid is coarse enough to be warned of.
    let warned = case.solve(1, "warned", &["--set", "physics.viscosity=1e-4"]);
    assert!(warned.stderr.contains("dns-solver: warning: "), "{warned:?}");
    for (redirection, ranks) in [
        (">/dev/full 2>/dev/full", 1),
        (">&- 2>&-", 1),
        ("2>&1 | head -c 1 >/dev/null", 1),
        ("2>/dev/full", 3),
    ] {
        let shell = |name: &str, arguments: &[&str]| {
            let line = case.line(name, arguments).join("\" \"");
            let script = format!("set -o pipefail; \"{SOLVER}\" \"{line}\" {redirection}");
            run_mpi(ranks, Path::new("/bin/bash"), &["-c", &script], &[])
        };
        let _ = fs::remove_dir_all(case.path("run"));
        let output = shell("run", &["--set", "physics.viscosity=1e-4"]);
        assert_eq!(output.code(), 0, "{redirection}: {output:?}");
        assert_eq!(case.read("run", "history.csv"), case.read("warned", "history.csv"));
        assert_eq!(shell("run", &["--no-such"]).code(), 2, "{redirection}");
        assert_eq!(shell("run", &["--set", "time.end=0"]).code(), 2, "{redirection}");
        let mut unstable = vec!["--fresh"];
        for setting in [
            "time.cfl=",
            "time.dt=1",
            "time.end=50",
            "output.history.every=1",
            "physics.viscosity=0",
            "initial.energy=1e6",
            "forcing={ kind='none' }",
        ] {
            unstable.extend(["--set", setting]);
        }
        assert_eq!(shell("run", &unstable).code(), 3, "{redirection}");
    }
}

/// What was asked for, and cannot be printed, is an error; a reader that has seen enough is none.
#[test]
fn a_report_that_cannot_be_printed_is_an_error() {
    let case = Case::new(FORCED);
    let config = case.path("config.toml").display().to_string();
    let bench = format!("bench {config} --only transform --samples 1 --repeats 1");
    for arguments in [format!("--dry-run {config}"), bench, "--help".into(), "--version".into()] {
        let printed_to = |output: &str, ranks| {
            let script = format!("set -o pipefail; {SOLVER} {arguments} {output}");
            run_mpi(ranks, Path::new("/bin/bash"), &["-c", &script], &[])
        };
        printed_to(">/dev/full", 1)
            .assert_error(1, "cannot write to standard output: No space left on device");
        assert_eq!(printed_to(">/dev/full", 2).code(), 1, "{arguments}");
        assert_eq!(printed_to("| true", 1).code(), 0, "{arguments}");
    }
}

/// Numbers that were not meant are not written out to hundreds of digits.
#[test]
fn messages_are_short_whatever_the_number() {
    let case = Case::new(FORCED);
    for setting in [
        "time.end=1e300",
        "time.dt=1e300",
        "time.cfl=-1e-300",
        "time.tolerance=1e300",
        "time.dt_max=1e-300",
        "physics.viscosity=-1e300",
        "grid.lengths=[1e300, 1.0, 1.0]",
        "grid.lengths=[1e-300, 1.0, 1.0]",
        "forcing.wavenumber=1e300",
        "initial.spectrum.peak=1e300",
        "initial.energy=-1e-300",
        "output.history.every=1e-300",
        "output.pdfs.span=-1e300",
        "output.pdfs.ranges={ u = [1e300, -1e300] }",
        "output.structure_functions.separations=[-1e-300]",
        "output.slices=[{ name = 'a', every = 0.1, x = 1e300, fields = ['u'] }]",
        "output.slices=[{ name = 'a', every = 0.1, x = [1e300, -1e-300], fields = ['u'] }]",
        "initial={ kind = 'beltrami', energy = 1.0, wavenumber = 1e300 }",
        "initial={ kind = 'kolmogorov', amplitude = 1.0, wavenumber = 1e300 }",
        "physics.scalars=[{ name = 'a', schmidt = -1e-300 }]",
        "physics.hyper={ order = 2, coefficient = -1e-300 }",
        "physics.rotation=[1e400, 0.0, 0.0]",
        "particles=[{ name = 'a', count = 8, every = -1e-300 }]",
    ] {
        let output = case.run(1, "run", &["--set", setting]);
        assert_eq!(output.code(), 2, "{setting}: {output:?}");
        // One that was typed in full is repeated as it was.
        let digits = output.stderr.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        assert!(digits < Some(25), "{setting}: {}", output.stderr);
    }
}

/// A name that would be there twice is refused before anything is written, also by a dry run.
#[test]
fn a_scalar_with_the_name_of_a_column_is_refused() {
    let scalars = ["--set", "physics.scalars=[{ name = 'hyper', schmidt = 1.0 }]"];
    let case = Case::new(FORCED);
    for more in [&["--dry-run"][..], &[]] {
        let hyper = ["--set", "physics.hyper={ coefficient = 1e-3, order = 2 }"];
        let output = case.run(1, "run", &[&scalars[..], &hyper, more].concat());
        output.assert_error(2, "physics.scalars[0].name: is \"hyper\", ");
        assert!(!case.path("run").exists());
    }
}

/// Three processes that are each rank 0 of 1 would write to one directory.
#[test]
fn a_launcher_of_another_mpi_is_noticed() {
    let case = Case::new(FORCED);
    for variable in ["PMI_SIZE", "SLURM_STEP_NUM_TASKS", "MV2_COMM_WORLD_SIZE"] {
        let output = case.run_with(&[(variable, "3")], 1, "run", &[]);
        output.assert_error(2, &format!("3 processes were started ({variable} = 3)"));
        assert!(!case.path("run").exists());
    }
    // In a batch script of three tasks, and for mpirun within a step of Slurm.
    let batch = [("SLURM_NTASKS", "3"), ("SLURM_PROCID", "0")];
    assert_eq!(case.run_with(&batch, 1, "batch", &["--dry-run"]).code(), 0);
    let nested = [("SLURM_STEP_NUM_TASKS", "2")];
    assert_eq!(case.run_with(&nested, 3, "nested", &["--dry-run"]).code(), 0);
}

/// A limit on the size of files is an error that names the file, not a signal.
#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let case = Case::new(FORCED);
    let line = case.line("run", &["--quiet", "--set", "grid.points=[96,96,96]"]).join("\" \"");
    // In kB. MPI's own files need some.
    let script = format!("ulimit -f 20000; exec \"{SOLVER}\" \"{line}\"");
    let output = run_mpi(1, Path::new("/bin/bash"), &["-c", &script], &[]);
    output.assert_error(1, "snapshot_00000000.h5: File too large");
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
