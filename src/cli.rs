//! The command line.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Parser;
use toml::Value;

use crate::io;
use crate::parallel::Runtime;
use crate::simulation::Options;

/// Direct numerical simulation of incompressible turbulence in a periodic box.
///
/// Reads a TOML configuration, integrates the Navier-Stokes equations with a Fourier
/// pseudo-spectral method on any number of MPI ranks, and writes time series (CSV) and snapshots
/// (HDF5) into a new directory.
#[derive(Clone, Debug, Parser)]
#[command(name = "dns-solver", version, long_version = long_version(), after_long_help = GUIDE)]
pub struct Cli {
    /// Configuration of the run, a TOML file
    #[arg(value_name = "CONFIG.toml")]
    pub config: PathBuf,

    /// Change one key of the configuration, any number of times
    ///
    /// KEY is a dotted path such as time.end. VALUE is TOML, or else taken as a string. An empty
    /// VALUE removes the key.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Threads of each rank (the key parallel.threads)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,

    /// Check everything, print the resolved configuration and what the run needs, and stop
    #[arg(long)]
    pub dry_run: bool,

    /// Directory to write to (the key output.directory)
    #[arg(long, value_name = "DIR")]
    pub output: Option<String>,

    /// Print warnings and errors only
    #[arg(long)]
    pub quiet: bool,
}

const GUIDE: &str = "\
Examples:
  dns-solver configs/taylor_green.toml                  one rank, no mpirun needed
  mpirun -n 64 dns-solver configs/taylor_green.toml     64 ranks; srun works as well
  dns-solver configs/taylor_green.toml --dry-run        how much memory and disk will it take?
  dns-solver configs/taylor_green.toml --set grid.points=[64,64,64] --set time.end=1.0
  dns-solver configs/taylor_green.toml --set time.dt= --set time.cfl=0.5
                                                        removes time.dt, then sets time.cfl

Exit codes:
  0  the run is complete
  1  a file could not be read or written, or a library failed
  2  the command line, the configuration or an input file is wrong
  3  the solution blew up

Environment:
  DNS_SOLVER_CPU  instruction set to use: avx512, avx2 or portable; the best available if not set";

/// What `--version` prints: the program with its git commit, and its libraries.
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
    pub fn options(&self) -> Options {
        Options { dry_run: self.dry_run, quiet: self.quiet }
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
    fn options_become_overrides_after_set() {
        let arguments =
            ["dns-solver", "a.toml", "--output", "5", "--set", "time.end=2", "--threads", "3"];
        let cli = Cli::try_parse_from(arguments).unwrap();
        assert_eq!(cli.overrides(), ["time.end=2", "parallel.threads=3", "output.directory=\"5\""]);
    }
}
