//! SIMD vectors behind one small trait, and the choice of instruction set at run time.
//!
//! Formulas and kernels are written once, generic over [`Vector`]. A [`Kernel`] is run through
//! [`Cpu::run`], which compiles it for each instruction set and picks the one the machine has, so
//! one binary is fast everywhere. Everything a kernel calls must be `#[inline(always)]`, or it is
//! compiled without the instruction set it was picked for.
//!
//! The instruction set may change the last digits of a result (fused multiply-add or not); the
//! number of ranks and threads may not.
//!
//! | file | purpose |
//! |---|---|
//! | `cpu` | the instruction sets, and the one in use |
//! | [`doubles`] | numbers of any precision in vectors of doubles |
//! | `kernel` | work that is compiled for each |
//! | `numbers` | `f64` and `f32`, and which vectors they have |
//! | `portable`, `x86` | the vectors |

mod cpu;
pub mod doubles;
mod kernel;
mod numbers;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use cpu::{CPU_VARIABLE, Cpu, run};
pub use kernel::Kernel;
pub use portable::Array;

pub use crate::real::{MAX_WIDTH, Vector};
