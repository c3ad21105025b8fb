//! The names that a program of one's own begins with: `use dns_solver::prelude::*`.

pub use crate::config::Config;
pub use crate::error::{Error, Result};
pub use crate::fields::SpectralFields;
pub use crate::grid::{AXES, Dealias, Grid};
pub use crate::integrator::{Damping, Scheme};
pub use crate::modes::Modes;
pub use crate::parallel::{Communicator, Runtime, ThreadPool};
pub use crate::physics::Physics;
pub use crate::real::{Real, Vector};
pub use crate::simulation::{self, Options, Outcome};
pub use crate::solver::{Attempt, Solver, SolverOptions, StepEstimate, Tolerance};
