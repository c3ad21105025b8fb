//! The command line.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand, ValueEnum};
use toml::Value;

use crate::estimate::bench::{self, Subject};
use crate::io;
use crate::parallel::Runtime;
use crate::simulation::{DryRun, Options, RestartOptions};

/// Direct numerical simulation of incompressible turbulence in a periodic box.
///
/// Reads a TOML configuration, integrates the Navier-Stokes equations with a Fourier
/// pseudo-spectral method on any number of MPI ranks, and writes time series (CSV) and snapshots
/// (HDF5) into a directory of its own. In a directory that holds a run, continues that run.
#[derive(Clone, Debug, Parser)]
#[command(name = "dns-solver", version, long_version = long_version(), after_long_help = GUIDE)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Cli {
    /// Another task than a run.
    #[command(subcommand)]
    pub task: Option<Task>,

    /// Configuration of the run, a TOML file
    #[arg(value_name = "CONFIG.toml", required = true)]
    pub config: Option<PathBuf>,

    /// Change one key of the configuration, any number of times
    ///
    /// KEY is a dotted path such as time.end. VALUE is TOML, or else taken as a string. An empty
    /// VALUE removes the key.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Threads of each rank (the key parallel.threads)
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,

    /// Check everything, print the resolved configuration and what the run needs, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// With --dry-run: for a run on so many ranks, instead of those that are here
    #[arg(long, value_name = "N", requires = "dry_run", value_parser = positive)]
    pub ranks: Option<usize>,

    /// With --dry-run: predict the time of a step on the machine that this file describes
    ///
    /// `dns-solver bench --write-machine` writes such a file; docs/clusters.md tells the model.
    #[arg(long, value_name = "MACHINE.toml", requires = "dry_run")]
    pub machine: Option<PathBuf>,

    /// Directory to write to (the key output.directory)
    #[arg(long, value_name = "DIR")]
    pub output: Option<String>,

    /// Print warnings and errors only
    #[arg(long)]
    pub quiet: bool,

    /// Start over: a run that is in the directory is renamed to DIR.old-1, not continued
    #[arg(long, conflicts_with = "restart")]
    pub fresh: bool,

    /// Continue from this checkpoint instead of the newest one of the directory
    #[arg(long, value_name = "CHECKPOINT.h5")]
    pub restart: Option<PathBuf>,

    /// Continue although these keys of the configuration have changed
    ///
    /// KEY is a dotted path such as grid.points, or a section such as forcing; several are separated
    /// by commas. Without this option a change of the run's physics or numerics is refused.
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub allow_change: Vec<String>,

    /// Stop before so much wall-clock time has passed, with a checkpoint
    #[arg(long, value_name = "HH:MM:SS", value_parser = walltime)]
    pub walltime: Option<Duration>,

    /// Exit code of a run that stopped before its end and can be continued; 0 if not given
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub stopped_code: u8,
}

/// Tasks beside running a simulation.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Make a checkpoint of a snapshot, or a snapshot of a checkpoint
    ///
    /// What FROM is decides. A snapshot gets the precision of the checkpoint. A checkpoint made of a
    /// snapshot can be continued with --restart; it lacks what a force remembers and the account of
    /// its energy, which begin anew.
    Convert {
        /// The file to read
        from: PathBuf,
        /// The file to write; must not exist
        to: PathBuf,
    },

    /// Measure a transform, a right-hand side, a step, a snapshot, and what the machine can do
    ///
    /// Without a configuration: the Taylor-Green vortex on 128^3 points. Start it as a run, such as
    /// `mpirun -n 4 dns-solver bench --set grid.points=[256,256,256]`.
    Bench(Bench),
}

/// Options of `bench`.
#[derive(Clone, Debug, Args)]
pub struct Bench {
    /// Configuration of the run to measure
    #[arg(value_name = "CONFIG.toml")]
    pub config: Option<PathBuf>,

    /// Change one key of the configuration, any number of times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Threads of each rank (the key parallel.threads)
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,

    /// Measure these only, separated by commas
    #[arg(long, value_name = "SUBJECT", value_delimiter = ',')]
    pub only: Option<Vec<Subject>>,

    /// Samples of each, after one to warm up
    #[arg(long, value_name = "N", default_value = "5", value_parser = positive)]
    pub samples: usize,

    /// Repetitions in each sample; as many as take 20 ms if not given
    #[arg(long, value_name = "N", value_parser = positive)]
    pub repeats: Option<usize>,

    /// Directory for the snapshot, which is removed again
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,

    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,

    /// Write the measured rates into a machine file for --machine
    ///
    /// Start it on one node, with as many ranks and threads as the node has cores. What else is in
    /// the file stays.
    #[arg(long, value_name = "MACHINE.toml")]
    pub write_machine: Option<PathBuf>,
}

impl Bench {
    /// All changes to the configuration, as `key=value`.
    pub fn overrides(&self) -> Vec<String> {
        let threads = self.threads.map(|n| format!("parallel.threads={n}"));
        self.set.iter().cloned().chain(threads).collect()
    }

    /// Returns how to measure.
    pub fn options(&self) -> bench::Options {
        bench::Options {
            subjects: self.only.clone().unwrap_or_else(|| Subject::value_variants().to_vec()),
            samples: self.samples,
            repeats: self.repeats,
            directory: self.output.clone(),
            json: self.json,
            machine: self.write_machine.clone(),
        }
    }
}

/// Reads a whole number above 0.
fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number: &usize| number > 0);
    number.ok_or_else(|| "must be a whole number, 1 or more".into())
}

/// Reads hours, minutes and seconds.
fn walltime(text: &str) -> Result<Duration, String> {
    let parts: Vec<u64> = text.split(':').map_while(|part| part.parse().ok()).collect();
    match parts[..] {
        [h, m @ 0..60, s @ 0..60] if text.split(':').count() == 3 => {
            Ok(Duration::from_secs(h.saturating_mul(3600).saturating_add(60 * m + s)))
        }
        _ => Err("must be hours, minutes and seconds such as 23:30:00".into()),
    }
}

const GUIDE: &str = "\
Examples:
  dns-solver configs/taylor_green.toml                  one rank, no mpirun needed
  mpirun -n 64 dns-solver configs/taylor_green.toml     64 ranks; srun works as well
  dns-solver configs/taylor_green.toml --dry-run        how much memory and disk will it take?
  dns-solver configs/taylor_green.toml --set grid.points=[64,64,64] --set time.end=1.0
  dns-solver configs/taylor_green.toml --set time.dt= --set time.cfl=0.5
                                                        removes time.dt, then sets time.cfl

  dns-solver configs/taylor_green.toml                  once more: continues where it stopped
  dns-solver convert snapshot.h5 checkpoint.h5          or the other way round
  dns-solver bench --threads 2                          how fast is this machine?
  dns-solver configs/taylor_green.toml --dry-run --ranks 64 --machine my_cluster.toml
                                                        how long would a step take there?

Stopping:
  SIGTERM, SIGINT, SIGUSR1, a file `stop` in the run directory, --walltime, or the coming end of the
  Slurm job: the step is finished, a checkpoint written, and the same command continues.
  A second SIGINT ends at once.

Exit codes:
  0    the run is complete, or was asked to stop and can be continued
  1    a file could not be read or written, or a library failed
  2    the command line, the configuration or an input file is wrong
  3    the solution blew up
  101  an internal error: please report it

Environment:
  DNS_SOLVER_CPU  instruction set to use: avx512, avx2 or portable; the best available if not set";

/// Returns what `--version` prints: the program with its git commit, and its libraries.
fn long_version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        format!(
            "{}\nMPI      {}\nHDF5     {}\nRustFFT  {}",
            crate::VERSION,
            Runtime::library_version(),
            io::library_version(),
            env!("DNS_SOLVER_RUSTFFT"),
        )
    })
}

impl Cli {
    /// All changes to the configuration, as `key=value`: those of `--set`, then the other options.
    pub fn overrides(&self) -> Vec<String> {
        let mut overrides = self.set.clone();
        overrides.extend(self.threads.map(|n| format!("parallel.threads={n}")));
        let directory = self.output.clone().map(Value::String);
        overrides.extend(directory.map(|directory| format!("output.directory={directory}")));
        overrides
    }

    /// The options that are not part of the configuration.
    /// `started` is when the program was started.
    pub fn options(&self, started: Instant) -> Options {
        Options {
            dry_run: self
                .dry_run
                .then(|| DryRun { ranks: self.ranks, machine: self.machine.clone() }),
            quiet: self.quiet,
            restart: RestartOptions {
                fresh: self.fresh,
                from: self.restart.clone(),
                allowed_changes: self.allow_change.clone(),
            },
            deadline: self.walltime.and_then(|walltime| started.checked_add(walltime)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn walltimes_are_read() {
        assert_eq!(walltime("23:30:05"), Ok(Duration::from_secs(84605)));
        assert_eq!(walltime("100:00:00"), Ok(Duration::from_secs(360_000)));
        for wrong in ["", "30", "1:30", "1:60:00", "1:00:60", "-1:00:00", "1:00:00:00", "a:b:c"] {
            assert!(walltime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_become_overrides_after_set() {
        let arguments =
            ["dns-solver", "a.toml", "--output", "5", "--set", "time.end=2", "--threads", "3"];
        let cli = Cli::try_parse_from(arguments).unwrap();
        assert_eq!(cli.overrides(), ["time.end=2", "parallel.threads=3", "output.directory=\"5\""]);
    }
}
