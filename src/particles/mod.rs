//! Particles that a flow carries: where they are, and the velocity of the flow there.
//!
//! | file | what it has |
//! |---|---|
//! | `settings` | [`ParticleSet`], what the configuration says of a set, and its checks |
//! | `interpolation` | [`Interpolation`], the values between grid points |
//! | `prefilter` | [`Prefilter`], what makes the coefficients of splines of the modes of a field |
//! | `stencils` | the stencils of all particles of a set, sorted by where they are |
//! | `sampler` | [`Sampler`], which reads the velocity off the planes as they pass |
//! | `past` | the velocity at the starts of the last steps |
//! | `tracers` | [`Tracers`], the particles of a set under way |
//! | `carried` | [`Particles`], all sets of a run, and the job on planes that they ride on |
//!
//! Every rank knows all particles. What it has of the planes gives it some rows of each stencil; these are
//! added up along y and z in one order, whoever has them, so that any ranks and threads give the same bits.

mod carried;
mod interpolation;
mod past;
mod prefilter;
mod sampler;
mod settings;
mod stencils;
mod tracers;

pub use carried::{CarriedBy, Particles, passing_fields};
pub use interpolation::Interpolation;
pub use prefilter::Prefilter;
pub use sampler::Sampler;
pub use settings::{Kind, ParticleSet, Placing};
pub use tracers::Tracers;
