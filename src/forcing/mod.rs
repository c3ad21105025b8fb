//! Forces that keep turbulence going. They act on a [`Band`] of low modes of the velocity, the
//! magnetic field or a scalar, or amplify all modes. They see the band as a vector field, whose energy
//! is half its mean square, and know nothing of where it comes from.
//!
//! | file | what it has |
//! |---|---|
//! | here | [`Forcing`], the kinds that a configuration may ask for |
//! | `force` | [`Force`], what a force must say |
//! | `constant_power`, `constant_energy`, `linear`, `steady`, `stochastic` | the forces |
//! | `scalar` | the force on a scalar |
//! | `band`, `bounds`, `wavenumber` | the modes that forces act on, and how strongly |
//! | `term` | [`ForcingTerm`], a force and what it acts on |

mod band;
mod bounds;
mod constant_energy;
mod constant_power;
mod force;
mod linear;
mod scalar;
mod steady;
mod stochastic;
mod term;
mod wavenumber;

use serde::{Deserialize, Serialize};

use crate::grid::Grid;
use crate::initial::{Abc, Initial, Kolmogorov, TaylorGreen};
use crate::problems::Problems;
use constant_energy::ConstantEnergy;
use constant_power::ConstantPower;
use linear::Linear;
use steady::Steady;
use stochastic::Stochastic;
use wavenumber::check_wavenumber;

pub use band::{Band, BandField, ModeVector};
pub use bounds::Bounds;
pub use force::{Force, Part};
pub use scalar::ScalarForcing;
pub use term::{ForcingTerm, MAGNETIC, VELOCITY};

/// `[forcing]` and `[forcing.magnetic]`: what drives the flow and the magnetic field.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Forcing {
    /// Nothing: the flow decays.
    #[default]
    None,
    /// f = P û / (2 E_f) on the modes 0 < k <= k_f, whose energy is E_f: power P at all times.
    ConstantPower {
        /// P, energy per mass and time.
        power: f64,
        /// k_f, in units of the wavenumber.
        wavenumber: f64,
        /// h, from -1 to 1: power (1 + h) P / 2 goes into modes of positive helicity, the rest
        /// into those of negative; when left out it is shared as the modes have it.
        #[serde(skip_serializing_if = "Option::is_none")]
        helicity: Option<f64>,
    },
    /// The energy of the modes 0 < k <= k_f is held, as in JHTDB's isotropic1024.
    ConstantEnergy {
        /// The energy to hold; that of the initial field when left out.
        energy: Option<f64>,
        /// k_f, in units of the wavenumber.
        wavenumber: f64,
    },
    /// f = A u on all modes.
    Linear {
        /// A, one over a time.
        rate: f64,
        /// The energy to settle at: f = A (energy / K) u.
        #[serde(skip_serializing_if = "Option::is_none")]
        energy: Option<f64>,
    },
    /// An Ornstein-Uhlenbeck process on each mode 0 < k <= k_f.
    Stochastic {
        /// The power it puts in, about.
        power: f64,
        /// k_f, in units of the wavenumber.
        wavenumber: f64,
        /// Time over which the force changes.
        correlation_time: f64,
        /// Seed of the random numbers.
        #[serde(default)]
        seed: u64,
        /// Whether nothing is forced along the axis of the grid that has no waves.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        plane: bool,
    },
    /// f = A (sin x cos y cos z, -cos x sin y cos z, 0).
    TaylorGreen(TaylorGreen),
    /// f = A sin ky along x.
    Kolmogorov(Kolmogorov),
    /// f in the shape of the ABC flow.
    Abc(Abc),
}

impl Forcing {
    /// Whether nothing is forced.
    pub fn is_none(&self) -> bool {
        *self == Forcing::None
    }

    /// Adds to `problems` what is wrong with the parameters in the table at `path`, or does not fit
    /// the grid.
    pub fn check(&self, path: &str, grid: Option<&Grid>, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.{key}");
        match self {
            Forcing::None | Forcing::TaylorGreen(_) | Forcing::Kolmogorov(_) | Forcing::Abc(_) => {}
            Forcing::ConstantPower { power, helicity, .. } => {
                problems.require_not_negative(&at("power"), *power);
                if let Some(helicity) = helicity {
                    let allowed = "from -1 to 1";
                    problems.require(helicity.abs() <= 1.0, &at("helicity"), helicity, allowed);
                }
            }
            Forcing::ConstantEnergy { energy, .. } => {
                if let Some(energy) = energy {
                    problems.require_positive(&at("energy"), *energy);
                }
            }
            Forcing::Linear { rate, energy } => {
                problems.require_not_negative(&at("rate"), *rate);
                if let Some(energy) = energy {
                    problems.require_positive(&at("energy"), *energy);
                }
            }
            Forcing::Stochastic { power, correlation_time, plane, .. } => {
                problems.require_positive(&at("power"), *power);
                problems.require_positive(&at("correlation_time"), *correlation_time);
                if let Some(grid) = grid {
                    problems.require_flat(&at("plane"), *plane, grid);
                }
            }
        }
        if let Some(wavenumber) = self.wavenumber() {
            check_wavenumber(wavenumber, path, grid, problems);
        }
        if let (Some(flow), Some(grid)) = (self.shape(), grid) {
            flow.check_at(path, grid, problems);
        }
    }

    /// As [`Self::check`], for the force on the magnetic field in `[forcing.magnetic]`.
    pub fn check_magnetic(&self, grid: Option<&Grid>, problems: &mut Problems) {
        const PATH: &str = "forcing.magnetic";
        if let Forcing::Linear { .. } = self {
            let message = "is \"linear\", which acts on the velocity alone; take for example \
                           `constant_power`";
            problems.add(format!("{PATH}.kind"), message);
        }
        self.check(PATH, grid, problems);
    }

    /// Returns whether it acts at random in all directions.
    pub fn leaves_the_plane(&self) -> bool {
        matches!(self, Forcing::Stochastic { plane: false, .. })
    }

    /// The name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Forcing::None => "none",
            Forcing::ConstantPower { .. } => "constant_power",
            Forcing::ConstantEnergy { .. } => "constant_energy",
            Forcing::Linear { .. } => "linear",
            Forcing::Stochastic { .. } => "stochastic",
            Forcing::TaylorGreen(_) => "taylor_green",
            Forcing::Kolmogorov(_) => "kolmogorov",
            Forcing::Abc(_) => "abc",
        }
    }

    /// k_f, if the kind has one.
    fn wavenumber(&self) -> Option<f64> {
        match *self {
            Forcing::ConstantPower { wavenumber, .. }
            | Forcing::ConstantEnergy { wavenumber, .. }
            | Forcing::Stochastic { wavenumber, .. } => Some(wavenumber),
            Forcing::None
            | Forcing::Linear { .. }
            | Forcing::TaylorGreen(_)
            | Forcing::Kolmogorov(_)
            | Forcing::Abc(_) => None,
        }
    }

    /// The flow that a steady force has the shape of.
    fn shape(&self) -> Option<Initial> {
        match self {
            Forcing::TaylorGreen(flow) => Some(Initial::TaylorGreen(flow.clone())),
            Forcing::Kolmogorov(flow) => Some(Initial::Kolmogorov(flow.clone())),
            Forcing::Abc(flow) => Some(Initial::Abc(flow.clone())),
            Forcing::None
            | Forcing::ConstantPower { .. }
            | Forcing::ConstantEnergy { .. }
            | Forcing::Linear { .. }
            | Forcing::Stochastic { .. } => None,
        }
    }

    /// The force on a vector in a box; `None` without forcing.
    pub fn build(&self, grid: &Grid) -> Option<Box<dyn Force>> {
        Some(match *self {
            Forcing::None => return None,
            Forcing::Linear { rate, energy } => Box::new(Linear::new(rate, energy)),
            Forcing::ConstantPower { power, wavenumber, helicity } => {
                Box::new(ConstantPower::new(power, helicity, wavenumber))
            }
            Forcing::ConstantEnergy { energy, wavenumber } => {
                Box::new(ConstantEnergy::new(energy, wavenumber))
            }
            Forcing::Stochastic { power, wavenumber, correlation_time, seed, plane } => {
                let normal = grid.flat_axis().filter(|_| plane);
                Box::new(Stochastic::new(power, wavenumber, correlation_time, seed, normal))
            }
            Forcing::TaylorGreen(_) | Forcing::Kolmogorov(_) | Forcing::Abc(_) => {
                Box::new(Steady::new(self.shape()?.few_modes(grid)?, grid))
            }
        })
    }
}
