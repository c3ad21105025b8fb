//! Running programs, under MPI or not, and reading what they leave.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use dns_solver::io::snapshot::SnapshotReader;
use dns_solver::parallel::Communicator;

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

/// A configuration in a directory of its own, where its runs go too.
pub struct Case {
    directory: tempfile::TempDir,
}

impl Case {
    /// The configuration `text`.
    pub fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.toml"), text).unwrap();
        Case { directory }
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs it on `ranks` ranks into the directory `name`, with more `arguments`.
    pub fn run(&self, ranks: usize, name: &str, arguments: &[&str]) -> Output {
        let (config, output) = (self.path("config.toml"), self.path(name));
        let mut all = vec![config.to_str().unwrap(), "--output", output.to_str().unwrap()];
        all.extend(arguments);
        run_solver(ranks, &all)
    }

    /// As [`Self::run`], for runs that must end well.
    pub fn solve(&self, ranks: usize, name: &str, arguments: &[&str]) -> Output {
        let output = self.run(ranks, name, arguments);
        assert_eq!(output.code(), 0, "{} on {ranks} ranks: {output:?}", self.path(name).display());
        output
    }

    /// The text of a file of the run `name`.
    pub fn read(&self, name: &str, file: &str) -> String {
        fs::read_to_string(self.path(name).join(file)).unwrap()
    }

    /// A column of the history of the run `name`.
    pub fn column(&self, name: &str, column: &str) -> Vec<f64> {
        let text = self.read(name, "history.csv");
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let index = lines.next().unwrap().split(',').position(|name| name == column).unwrap();
        lines.map(|line| line.split(',').nth(index).unwrap().parse().unwrap()).collect()
    }

    /// Paths of the snapshots of the run `name`, in order.
    pub fn snapshots(&self, name: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(name).join("snapshots")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}

/// Time, step and velocity `[u, v, w][z][y][x]` of a snapshot.
pub fn read_snapshot(path: &Path) -> (f64, u64, Vec<f64>) {
    let reader = SnapshotReader::open(&Communicator::serial(), path).unwrap();
    let planes = 0..reader.header().points[2];
    let read = |name| reader.read_planes(name, planes.clone()).unwrap();
    (reader.header().time, reader.header().step, ["u", "v", "w"].map(read).concat())
}
