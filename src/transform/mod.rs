//! Spectral to physical space and back: the [`Sweep`](sweep::Sweep), its plan, and the line
//! transforms below it.

pub mod exchange;
pub mod lines;
pub mod messages;
pub mod owners;
pub mod physical;
pub mod plan;
mod plane_tables;
pub mod planes;
pub mod regrid;
mod rows;
mod stages;
pub mod sweep;
pub mod timings;
pub mod turn;
