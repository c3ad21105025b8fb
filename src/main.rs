//! `dns-solver`: reads the command line, starts MPI, runs, and says how it ended.

#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use dns_solver::cli::{Cli, Task};
use dns_solver::config::Config;
use dns_solver::console::complain;
use dns_solver::error::{ErrorKind, Result};
use dns_solver::estimate::bench;
use dns_solver::io;
use dns_solver::parallel::{Communicator, Runtime, launcher};
use dns_solver::simd::Cpu;
use dns_solver::simulation::{self, Outcome};

fn main() -> ExitCode {
    let started = Instant::now();
    io::report_size_limits();
    // Every rank sees the same command line: a task, the help, the version, or what is wrong.
    let arguments = Cli::try_parse();
    match &arguments {
        // Of several ranks one prints this, and which one that is, MPI knows.
        Err(message) if !launcher::is_launched() => return print(message),
        _ => {}
    }
    let runtime = match Runtime::start() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(format!("error: {error}"));
            return ExitCode::from(error.kind.exit_code());
        }
    };
    let communicator = Communicator::world();
    let code = match arguments {
        Ok(cli) => match run(&communicator, &cli, started) {
            Ok(Outcome::Complete) => ExitCode::SUCCESS,
            Ok(Outcome::Stopped) => ExitCode::from(cli.stopped_code),
            Err(error) => {
                if communicator.is_root() {
                    complain(format!("error: {error}"));
                }
                if error.kind == ErrorKind::Io {
                    runtime.leave(&communicator, error.kind.exit_code());
                }
                ExitCode::from(error.kind.exit_code())
            }
        },
        Err(message) if communicator.is_root() => print(&message),
        Err(message) => ExitCode::from(message.exit_code() as u8),
    };
    drop(communicator);
    // Rank 0 has printed by now: launchers end the job as soon as one rank exits with an error.
    drop(runtime);
    code
}

/// Prints the help, the version, or what is wrong with the command line.
fn print(message: &clap::Error) -> ExitCode {
    let code = message.exit_code() as u8;
    match message.print() {
        // Help and version are what was asked for; a reader that has seen enough is no error.
        Err(e) if code == 0 && e.kind() != std::io::ErrorKind::BrokenPipe => {
            complain(format!("error: cannot write to standard output: {e}"));
            ExitCode::from(ErrorKind::Io.exit_code())
        }
        _ => ExitCode::from(code),
    }
}

/// Runs what the command line asks for. Collective.
fn run(communicator: &Communicator, cli: &Cli, started: Instant) -> Result<Outcome> {
    launcher::check(communicator)?;
    communicator.agree(Cpu::check_environment())?;
    match &cli.task {
        Some(Task::Convert { from, to }) => {
            return simulation::convert(communicator, from, to).map(|()| Outcome::Complete);
        }
        Some(Task::Bench(task)) => {
            let config = match &task.config {
                Some(path) => Config::load(communicator, path, &task.overrides())?,
                None => {
                    Config::parse(bench::CONFIGURATION, "bench", Path::new(""), &task.overrides())?
                }
            };
            return bench::bench(communicator, &config, &task.options())
                .map(|()| Outcome::Complete);
        }
        None => {}
    }
    // The command line has a path whenever there is no other task.
    let path = cli.config.as_deref().unwrap_or(Path::new("CONFIG.toml"));
    let config = Config::load(communicator, path, &cli.overrides())?;
    simulation::run(communicator, &config, &cli.options(started))
}
