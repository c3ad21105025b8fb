//! Direct numerical simulation of incompressible turbulence in a periodic box.
//!
//! This is the library of the program `dns-solver`. Its shape, with a picture of the way of the data,
//! is in `docs/architecture.md`; `docs/extending.md` and the program
//! `examples/quasi_static_mhd.rs` show how to add physics.
//!
//! A run, as the program does it, from a configuration (`docs/configuration.md`):
//!
//! ```
//! use dns_solver::prelude::*;
//!
//! # fn main() -> Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! # let set = [format!("output.directory={:?}", directory.path().join("run"))];
//! let text = r#"
//!     grid.points = [16, 16, 16]
//!     physics.viscosity = 0.01
//!     initial.kind = "taylor_green"
//!     time = { cfl = 0.5, end = 0.2 }
//!     output.directory = "run"
//! "#;
//! let config = Config::parse(text, "this text", "".as_ref(), &[])?;
//! # let config = Config::parse(text, "this text", "".as_ref(), &set)?;
//! // One rank without MPI; `Communicator::world` after `Runtime::start` is any number of ranks.
//! let outcome = simulation::run(&Communicator::serial(), &config, &Options::default())?;
//! assert_eq!(outcome, Outcome::Complete);
//! # Ok(())
//! # }
//! ```
//!
//! A solver, step by step: the flow u = cos(z) e_x decays as exp(-nu t).
//!
//! ```
//! use dns_solver::prelude::*;
//!
//! # fn main() -> Result<()> {
//! let modes = Modes::new(Grid::two_thirds([16; 3], [1.0; 3]), f64::LANES);
//! let equation = Physics::navier_stokes(0.1).build_equation(&modes);
//! let (ranks, threads) = (Communicator::serial(), ThreadPool::new(1)?);
//! let options = SolverOptions::default();
//! let mut solver = Solver::<f64>::new(modes, &ranks, threads, equation, vec![], options)?;
//! let mut flow = solver.state().clone();
//! flow.fill(|mode, u| u[0].re = if matches!(mode, [0, 0, 1 | -1]) { 0.5 } else { 0.0 });
//! solver.set_state(flow);
//! for _ in 0..10 {
//!     solver.step(0.1)?;
//! }
//! let wave = modes.index([0, 0, 1]).and_then(|index| solver.state().get(index, 0));
//! assert!((wave.unwrap().re - 0.5 * (-0.1_f64).exp()).abs() < 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! A spectral field ([`fields::SpectralFields`]) stores the kept modes ([`modes::Modes`]) and nothing
//! else. Whatever needs values in physical space is one [`transform::sweep::Sweep`]: modes to rows of
//! grid points, a function of these rows, and back. An equation ([`equation::Formulas`]) names the
//! products that it needs at a point, and how they make a tendency. [`solver::Solver`]
//! takes steps with these, [`simulation::run`] does all that a configuration asks for.
//!
//! Each layer imports only from those below:
//!
//! | modules | what they know |
//! |---|---|
//! | [`cli`], [`prelude`] | the command line; the names that other programs begin with |
//! | [`simulation`] | the run loop, what steers it, and all others |
//! | [`estimate`] | memory, time and steps of a run that is not there yet; `bench` |
//! | [`simulation::output`] | what a run writes, each kind in a file |
//! | [`simulation::restart`] | where a run begins or goes on |
//! | [`config`], [`io`] | the TOML file and its checks; all files (the only user of HDF5) |
//! | [`solver`] | the state of a flow, and how it takes a step |
//! | [`diagnostics`] | averages, spectra and other statistics |
//! | [`sums`] | exact sums over modes: mean squares, averages of a velocity |
//! | [`physics`] | the terms of the equations, their coefficients and fields |
//! | [`initial`], [`forcing`], [`equation`] | initial fields, forces, formulas |
//! | [`particles`] | particles that a flow carries, and the velocity at them |
//! | [`integrator`] | a tendency and a decay rate, no physics |
//! | [`transform`] | the sweep: lines, transposes, transports |
//! | [`parallel`] | ranks (the only user of MPI) and threads |
//! | [`grid`], [`modes`], [`multiples`], [`shells`], [`fields`], [`real`], [`simd`], [`random`], [`variable`], [`exact_sum`], [`error`], [`problems`], [`console`], [`format`](mod@format) | neither files nor MPI |
#![deny(missing_docs)]
#![deny(clippy::print_stdout, clippy::print_stderr)] // See `console`.

pub mod cli;
pub mod config;
pub mod console;
pub mod diagnostics;
pub mod equation;
pub mod error;
pub mod estimate;
pub mod exact_sum;
pub mod fields;
pub mod forcing;
pub mod format;
pub mod grid;
pub mod initial;
pub mod integrator;
pub mod io;
pub mod modes;
pub mod multiples;
pub mod parallel;
pub mod particles;
pub mod physics;
pub mod prelude;
pub mod problems;
pub mod random;
pub mod real;
pub mod shells;
pub mod simd;
pub mod simulation;
pub mod solver;
pub mod sums;
pub mod transform;
pub mod variable;

/// Version of this program with the git commit it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (git ", env!("DNS_SOLVER_GIT"), ")");
