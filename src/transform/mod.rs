//! Spectral to physical space and back: the [`Sweep`](sweep::Sweep), its plan, and the line
//! transforms below it.

pub mod exchange;
pub mod lines;
pub mod messages;
pub mod physical;
pub mod plan;
pub mod planes;
pub mod regrid;
mod rows;
pub mod sweep;
pub mod timings;
pub mod turn;
