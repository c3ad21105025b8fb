//! Beginnings: the initial field of a new run, and the checkpoint that one goes on from.
//!
//! | file | what is in it |
//! |---|---|
//! | [`origin`] | a new run or a checkpoint, and what becomes of the run directory |
//! | [`initial`] | the solver and the fields of a new run |
//! | [`file_fields`] | fields from a snapshot or checkpoint, on any grid |
//! | [`resume`] | the newest good checkpoint, or a given one |
//! | [`changes`] | what may differ from the configuration of the run before |
//! | [`state`] | what a run remembers beside its fields, and checkpoints of it |

pub mod changes;
pub mod file_fields;
pub mod initial;
pub mod origin;
pub mod resume;
pub mod state;

pub use origin::{Entry, Origin, RestartOptions};
