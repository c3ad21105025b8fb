//! The physics: exact solutions, invariants, balances and orders of convergence.

mod acceleration;
mod damping;
mod dealiasing;
mod error_control;
mod forcing;
mod mhd;
mod navier_stokes;
mod pace;
mod particles;
mod rotation;
mod scalars;
mod setup;
mod steps;
