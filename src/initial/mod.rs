//! Initial velocity fields, each a function of the mode numbers alone, so that every rank count
//! and every grid gets the same numbers.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[initial]`: which field the run starts from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Initial {
    /// Taylor & Green 1937: u = A (sin x cos y cos z, -cos x sin y cos z, 0).
    TaylorGreen {
        /// A.
        #[serde(default = "one")]
        amplitude: f64,
    },
    /// Arnold-Beltrami-Childress flow.
    Abc {
        /// A, B, C.
        #[serde(default = "ones")]
        coefficients: [f64; 3],
        /// Wavenumber.
        #[serde(default = "one")]
        wavenumber: f64,
    },
    /// Random solenoidal field with a prescribed spectrum.
    Random {
        /// Seed of the random numbers.
        #[serde(default)]
        seed: u64,
        /// Shape of E(k).
        spectrum: Spectrum,
        /// Kinetic energy <u^2>/2 that the spectrum is scaled to.
        energy: Option<f64>,
        /// Or: the velocity u' = sqrt(2 E / 3) that it is scaled to.
        velocity: Option<f64>,
    },
    /// Fourier modes by hand.
    Modes {
        /// The modes; conjugates are added.
        modes: Vec<Mode>,
    },
    /// The velocity in a snapshot or checkpoint.
    File {
        /// Its path, relative to the configuration file.
        path: PathBuf,
    },
}

/// One Fourier mode given by hand: u(x) = 2 Re(velocity exp(i k.x)), or Re for k = 0.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Mode numbers nx, ny, nz.
    pub mode: [i64; 3],
    /// Real part of û.
    #[serde(default)]
    pub re: [f64; 3],
    /// Imaginary part of û.
    #[serde(default)]
    pub im: [f64; 3],
}

/// Shape of an energy spectrum E(k).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Spectrum {
    /// E ~ k^4 exp(-2 (k / peak)^2).
    Exponential {
        /// Wavenumber of the maximum.
        peak: f64,
    },
}

fn one() -> f64 {
    1.0
}

fn ones() -> [f64; 3] {
    [1.0; 3]
}
