//! Running programs, under MPI or not, and reading what they leave.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dns_solver::grid::Region;
use dns_solver::io::checkpoint::CheckpointReader;
use dns_solver::io::snapshot::SnapshotReader;
use dns_solver::parallel::Communicator;

/// After this many seconds a program counts as hanging and is killed.
const TIME_LIMIT: &str = "60";

/// What starts ranks, without their number. All are on this machine, where Open MPI 5 would complain of
/// other addresses that they cannot reach each other by, and share its cores with other work.
pub const MPIRUN: [&str; 11] = [
    "mpirun",
    "--allow-run-as-root",
    "--oversubscribe",
    "--bind-to",
    "none",
    "--mca",
    "btl_tcp_if_include",
    "lo",
    "--mca",
    "mpi_yield_when_idle",
    "1",
];

/// The program.
pub const SOLVER: &str = env!("CARGO_BIN_EXE_dns-solver");

/// A decaying flow with a mean, on different numbers of points and in a box of unequal sides. Many
/// tests change a few keys of it.
pub const DECAYING: &str = "
[grid]
points = [24, 18, 20]
lengths = [1.0, 2.0, 1.0]
[physics]
viscosity = 0.02
[initial]
kind = \"random\"
energy = 0.5
spectrum = { model = \"exponential\", peak = 2.0 }
mean_flow = [0.2, 0.0, 0.0]
[time]
dt = 0.02
end = 0.2
[output]
directory = \"replaced\"
snapshots = { every = 0.1, precision = \"double\" }
";

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

    /// Checks the exit code and that standard error has a text exactly once.
    pub fn assert_error(&self, code: i32, text: &str) {
        assert_eq!(self.code(), code, "{self:?}");
        assert_eq!(self.stderr.matches(text).count(), 1, "{text}: {}", self.stderr);
    }
}

/// Runs `dns-solver` with `args`: without mpirun for one rank, under it for more.
pub fn run_solver(ranks: usize, args: &[&str]) -> Output {
    run_mpi(ranks, Path::new(SOLVER), args, &[])
}

/// Runs any `program` on `ranks` ranks with extra environment `variables`. Panics when it hangs.
pub fn run_mpi(ranks: usize, program: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let count = ranks.to_string();
    let mut line: Vec<&OsStr> = ["--kill-after=5", TIME_LIMIT].map(OsStr::new).into();
    if ranks > 1 {
        line.extend(MPIRUN.map(OsStr::new));
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
    settings: Vec<String>,
}

impl Case {
    /// The configuration `text`.
    pub fn new(text: &str) -> Self {
        Case::with(text, &[])
    }

    /// The configuration `text` with some keys set otherwise in every run.
    pub fn with(text: &str, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.toml"), text).unwrap();
        let settings = settings.iter().flat_map(|setting| ["--set", setting]).map(String::from);
        Case { directory, settings: settings.collect() }
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The command line of a run into the directory `name`, without the program.
    pub fn line(&self, name: &str, arguments: &[&str]) -> Vec<String> {
        let [config, output] = ["config.toml", name].map(|n| self.path(n).display().to_string());
        let mut line = vec![config, "--output".into(), output];
        line.extend(self.settings.iter().cloned());
        line.extend(arguments.iter().map(|argument| argument.to_string()));
        line
    }

    /// Runs it on `ranks` ranks into the directory `name`, with more `arguments`.
    pub fn run(&self, ranks: usize, name: &str, arguments: &[&str]) -> Output {
        self.run_with(&[], ranks, name, arguments)
    }

    /// As [`Self::run`], with extra environment `variables`.
    pub fn run_with(
        &self,
        variables: &[(&str, &str)],
        ranks: usize,
        name: &str,
        arguments: &[&str],
    ) -> Output {
        let line = self.line(name, arguments);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        run_mpi(ranks, Path::new(SOLVER), &line, variables)
    }

    /// As [`Self::run`], for runs that must end well.
    pub fn solve(&self, ranks: usize, name: &str, arguments: &[&str]) -> Output {
        let output = self.run(ranks, name, arguments);
        assert_eq!(output.code(), 0, "{} on {ranks} ranks: {output:?}", self.path(name).display());
        output
    }

    /// Starts the run `name` without waiting for its end. Its output goes to `name.out` and
    /// `name.err`.
    pub fn start(&self, ranks: usize, name: &str, arguments: &[&str]) -> Child {
        let mut command = match ranks {
            1 => Command::new(SOLVER),
            _ => {
                let mut command = Command::new(MPIRUN[0]);
                command.args(&MPIRUN[1..]).args(["-n", &ranks.to_string(), SOLVER]);
                command
            }
        };
        let file = |ending: &str| fs::File::create(self.path(&format!("{name}.{ending}"))).unwrap();
        command.args(self.line(name, arguments));
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn().unwrap()
    }

    /// The text of a file of the run `name`.
    pub fn read(&self, name: &str, file: &str) -> String {
        fs::read_to_string(self.path(name).join(file)).unwrap()
    }

    /// A column of the history of the run `name`.
    pub fn column(&self, name: &str, column: &str) -> Vec<f64> {
        self.column_in(name, "history.csv", column)
    }

    /// A column of a table of the run `name`.
    pub fn column_in(&self, name: &str, file: &str, column: &str) -> Vec<f64> {
        let text = self.read(name, file);
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let index = lines.next().unwrap().split(',').position(|name| name == column).unwrap();
        lines.map(|line| line.split(',').nth(index).unwrap().parse().unwrap()).collect()
    }

    /// Rows of the history of the run `name` so far.
    pub fn rows(&self, name: &str) -> usize {
        let text = fs::read_to_string(self.path(name).join("history.csv")).unwrap_or_default();
        text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count()
    }

    /// Paths of the snapshots of the run `name`, in order.
    pub fn snapshots(&self, name: &str) -> Vec<PathBuf> {
        self.files(name, "snapshots")
    }

    /// Paths of the checkpoints of the run `name`, in order.
    pub fn checkpoints(&self, name: &str) -> Vec<PathBuf> {
        self.files(name, "checkpoints")
    }

    /// Paths of the spectral snapshots of the run `name`, in order.
    pub fn modes(&self, name: &str) -> Vec<PathBuf> {
        self.files(name, "modes")
    }

    /// Paths of the finished files in a directory of the run `name`; none if it is not there.
    fn files(&self, name: &str, directory: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(name).join(directory));
        let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> =
            paths.filter(|p| p.extension().is_some_and(|e| e == "h5")).collect();
        paths.sort();
        paths
    }

    /// The spectra of the run `name`: datasets by name, numbers as they are.
    pub fn spectra(&self, name: &str) -> BTreeMap<String, Vec<f64>> {
        self.records(name, "spectra.h5")
    }

    /// As [`Self::spectra`], for any file of records.
    pub fn records(&self, name: &str, file: &str) -> BTreeMap<String, Vec<f64>> {
        let file = hdf5::File::open(self.path(name).join(file)).unwrap();
        let records = file.dataset("records").unwrap().read_raw::<u64>().unwrap()[0] as usize;
        let read = |name: String| {
            let dataset = file.dataset(&name).unwrap();
            let mut numbers = dataset.read_raw::<f64>().unwrap();
            // What follows the records, where there is an entry for each, is room for more.
            if name == "step" || name == "time" || dataset.attr("DIMENSION_LIST").is_ok() {
                numbers.truncate(numbers.len() / dataset.shape()[0] * records);
            }
            (name, numbers)
        };
        let names = file.member_names().unwrap().into_iter().filter(|name| name != "records");
        names.map(read).collect()
    }

    /// The records of a slice of the run `name`, by dataset, numbers as they are.
    pub fn slice(&self, name: &str, slice: &str) -> BTreeMap<String, Vec<f64>> {
        let mut all = BTreeMap::<String, Vec<f64>>::new();
        for path in self.files(name, "slices") {
            if !path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{slice}_")) {
                continue;
            }
            let file = hdf5::File::open(path).unwrap();
            let records = file.dataset("records").unwrap().read_raw::<u64>().unwrap()[0] as usize;
            let fields = file.group("fields").unwrap().datasets().unwrap().into_iter();
            let stamps = ["step", "time"].map(|name| file.dataset(name).unwrap());
            for dataset in fields.filter(|d| d.ndim() == 4).chain(stamps) {
                let numbers = dataset.read_raw::<f64>().unwrap();
                let each = numbers.len() / dataset.shape()[0];
                let name = dataset.name().rsplit('/').next().unwrap().to_string();
                all.entry(name).or_default().extend_from_slice(&numbers[..records * each]);
            }
        }
        all
    }

    /// Checks that two runs have the same slice, bit for bit, of `records` records or more.
    pub fn assert_same_slice(&self, a: &str, b: &str, slice: &str, records: usize) {
        let (of_a, of_b) = (self.slice(a, slice), self.slice(b, slice));
        assert!(of_a["step"].len() >= records, "{:?}", of_a["step"]);
        assert_eq!(of_a["step"], of_b["step"], "{a} and {b}");
        assert!(of_a == of_b, "slice {slice} of {a} and {b} differ");
    }

    /// Checks that two runs have the same files of records, bit for bit, where the first has any.
    pub fn assert_same_records(&self, a: &str, b: &str) {
        for file in ["spectra.h5", "pdfs.h5", "invariants.h5", "structure_functions.h5"] {
            if !self.path(a).join(file).exists() {
                continue;
            }
            let bits = |name| -> BTreeMap<_, Vec<_>> {
                let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect();
                let records = self.records(name, file).into_iter();
                records.map(|(name, numbers)| (name, bits(numbers))).collect()
            };
            let (of_a, of_b) = (bits(a), bits(b));
            assert!(of_a["step"].len() > 1);
            assert_eq!(of_a["step"], of_b["step"], "{a} and {b}");
            let names = of_a.keys().filter(|name| of_a[*name] != of_b[*name]);
            let differ: Vec<_> = names.collect();
            assert!(differ.is_empty(), "{file} of {a} and {b} differs in {differ:?}");
        }
    }

    /// Checks that two runs have the same files that grow, snapshots and last checkpoint.
    pub fn assert_same(&self, a: &str, b: &str) {
        self.assert_same_records(a, b);
        if self.path(a).join("gradients.csv").exists() {
            assert_eq!(self.read(a, "gradients.csv"), self.read(b, "gradients.csv"));
        }
        assert_eq!(self.read(a, "history.csv"), self.read(b, "history.csv"), "{a} and {b}");
        if self.path(a).join("slices").exists() {
            self.assert_same_slice(a, b, "plane", 2);
        }
        let (of_a, of_b) = (self.snapshots(a), self.snapshots(b));
        assert!(!of_a.is_empty());
        let names = |paths: &[PathBuf]| -> Vec<_> {
            paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&of_a), names(&of_b));
        for (a, b) in of_a.iter().zip(&of_b) {
            let (a, b) = (read_snapshot(a), read_snapshot(b));
            assert_eq!((a.0, a.1), (b.0, b.1));
            assert!(a.2.iter().map(|x| x.to_bits()).eq(b.2.iter().map(|x| x.to_bits())));
        }
        assert_eq!(self.read(a, "snapshots.xmf"), self.read(b, "snapshots.xmf"));
        let last = |name| read_checkpoint(self.checkpoints(name).last().unwrap());
        let (a, b) = (last(a), last(b));
        assert_eq!((a.0, &a.1), (b.0, &b.1));
        assert!(a.2 == b.2, "the modes differ");
    }
}

/// Time, step and velocity `[u, v, w][z][y][x]` of a snapshot.
pub fn read_snapshot(path: &Path) -> (f64, u64, Vec<f64>) {
    let reader = SnapshotReader::open(&Communicator::serial(), path).unwrap();
    let points = reader.header().points;
    let whole = Region::of_planes(points, 0..points[2]);
    let read = |name| reader.read(name, &whole).unwrap();
    (reader.header().time, reader.header().step, ["u", "v", "w"].map(read).concat())
}

/// Step, what the run remembers, and the bits of the modes.
pub fn read_checkpoint(path: &Path) -> (u64, String, Vec<u64>) {
    let reader = CheckpointReader::open(&Communicator::serial(), path).unwrap();
    let state = reader.read::<f64>().unwrap();
    let bits = state.data.iter().map(|x| x.to_bits()).collect();
    (reader.header().step, reader.header().run_state.clone(), bits)
}

/// Sends a signal to a process.
pub fn send(process: u32, signal: libc::c_int) {
    // SAFETY: a plain system call on a child that was not waited for.
    assert_eq!(unsafe { libc::kill(process as libc::pid_t, signal) }, 0);
}

/// Makes a pipe, at which a reader waits for ever.
pub fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Processes that a process has started.
pub fn children(process: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    text.unwrap_or_default().split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// Waits until something is so; false when `child` has ended before. Panics after a minute.
pub fn wait_until(child: &mut Child, mut condition: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while !condition() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("waits in vain");
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    true
}

/// Waits for the end of a process, at most a minute.
pub fn wait(mut child: Child) -> ExitStatus {
    wait_until(&mut child, || false);
    child.wait().unwrap()
}
