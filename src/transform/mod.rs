//! Spectral to physical space and back: the [`Sweep`](sweep::Sweep), and what it is made of.
//!
//! | file | purpose |
//! |---|---|
//! | [`sweep`] | the trip from columns of modes to planes and back; lines along z |
//! | `run_planes`, `stages`, `rows` | lines along y and x: all planes, one plane, one block of rows |
//! | [`plane_job`] | what a user of the sweep makes of the values at the points of a plane |
//! | `plane_tables`, `plane_buffers` | where lines along y and x find their rows |
//! | [`physical`], [`regrid`] | whole fields: at grid points, on another grid |
//! | [`decomposition`], [`distribution`] | who owns what: bundles and points of every rank |
//! | [`plan`] | what one rank has of it, and its transposes |
//! | [`transpose`] | which rows go from whom to whom, and where they lie |
//! | [`transports`] | how they travel, a file for each way |
//! | [`lines`] | transforms of single lines |
//! | [`row_array`] | rows between transforms, in a precision of their own |
//! | [`timings`] | where the time goes |
//!
//! Below the sweep nothing knows of data but `transports`, and nothing of MPI.

pub mod decomposition;
pub mod distribution;
pub mod lines;
pub mod physical;
pub mod plan;
mod plane_buffers;
pub mod plane_job;
mod plane_tables;
pub mod regrid;
pub mod row_array;
mod rows;
mod run_planes;
mod stages;
pub mod sweep;
pub mod timings;
pub mod transports;
pub mod transpose;
