//! Running programs under MPI from the end-to-end tests.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus};

/// After this many seconds a program counts as hanging and is killed.
const TIME_LIMIT: &str = "60";

/// How a program ended and what it printed.
#[derive(Debug)]
pub struct Output {
    /// Exit status; that of mpirun for more than one rank.
    pub status: ExitStatus,
    /// Standard output of all ranks.
    pub stdout: String,
    /// Standard error of all ranks, and mpirun's own.
    pub stderr: String,
}

impl Output {
    /// The exit code; panics when a signal ended the program.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("no exit code: {self:?}"))
    }
}

/// Runs `dns-solver` with `args`: without mpirun for one rank, under it for more.
pub fn run_solver(ranks: usize, args: &[&str]) -> Output {
    run_mpi(ranks, Path::new(env!("CARGO_BIN_EXE_dns-solver")), args, &[])
}

/// Runs any `program` on `ranks` ranks with extra environment `variables`. Panics when it hangs.
pub fn run_mpi(ranks: usize, program: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let count = ranks.to_string();
    let mut line: Vec<&OsStr> = ["--kill-after=5", TIME_LIMIT].map(OsStr::new).into();
    if ranks > 1 {
        let mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"];
        line.extend(mpirun.map(OsStr::new));
        line.extend(["-n", &count].map(OsStr::new));
    }
    line.push(program.as_os_str());
    line.extend(args.iter().map(OsStr::new));
    let output = Command::new("timeout")
        .args(line)
        .envs(variables.iter().copied())
        .output()
        .expect("timeout is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_ne!(output.status.code(), Some(124), "hangs with {args:?}:\n{stdout}\n{stderr}");
    Output { status: output.status, stdout, stderr }
}
