//! Spectral to physical space and back.

pub mod lines;
