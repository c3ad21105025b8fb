//! The run loop: the only place that knows every part.

mod forced_band;
pub mod solver;
