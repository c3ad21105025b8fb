//! Direct numerical simulation of incompressible turbulence in a periodic box.
#![deny(missing_docs)]

pub mod cli;
pub mod config;
pub mod diagnostics;
pub mod equation;
pub mod error;
pub mod exact_sum;
pub mod fields;
pub mod forcing;
pub mod grid;
pub mod initial;
pub mod integrator;
pub mod io;
pub mod modes;
pub mod parallel;
pub mod problems;
pub mod random;
pub mod real;
pub mod shells;
pub mod simd;
pub mod simulation;
pub mod transform;

/// Version of this program with the git commit it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (git ", env!("DNS_SOLVER_GIT"), ")");
