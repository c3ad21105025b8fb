//! Forces that keep turbulence going. One file a kind; all but [`Linear`] act on a [`Band`] of low
//! modes, of the velocity, the magnetic field or a scalar. They see the band as a vector field,
//! whose energy is half its mean square, and know nothing of where it comes from.

mod band;
mod bounds;
mod constant_energy;
mod constant_power;
mod linear;
mod steady;
mod stochastic;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::equation::Physics;
use crate::grid::{AXES, Grid};
use crate::initial::{Abc, Initial, Kolmogorov, TaylorGreen};
use crate::problems::Problems;

pub use band::{Band, BandField, Vector};
pub use bounds::Bounds;
pub use linear::Linear;

/// A part of the band that a force multiplies: it can put nothing into what is not there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// What is special about its modes, such as their helicity; empty when it is the whole band.
    pub name: &'static str,
    /// The power that is to go into it.
    pub power: f64,
    /// Its mean square, twice its energy.
    pub square: f64,
}

impl Part {
    /// Rate P / E at which the energy E of the part is to grow.
    pub fn rate(&self) -> f64 {
        if self.power == 0.0 { 0.0 } else { 2.0 * self.power / self.square }
    }
}

/// A force on the modes of a band.
pub trait Force {
    /// Whether it is a force of its own, that no field changes, and acts on a fluid at rest.
    fn acts_from_rest(&self) -> bool {
        false
    }

    /// The parts of the band that it multiplies, if `field` is in the band; none for a force that
    /// acts from rest.
    fn parts(&self, band: &Band, field: &BandField) -> [Option<Part>; 2] {
        let _ = (band, field);
        [None; 2]
    }

    /// Rate at which the force, or its balance with damping, changes in a band whose modes decay at
    /// up to `decay`: their energy does so at twice that rate.
    fn frequency(&self, decay: f64) -> f64 {
        2.0 * decay
    }

    /// Called once with the velocity that the run starts from.
    fn start(&mut self, band: &Band, velocity: &BandField) {
        let _ = (band, velocity);
    }

    /// What the force remembers beside its parameters, such as what [`Self::start`] took from the
    /// velocity: numbers for a checkpoint, from which [`Self::restore`] goes on to the same bits.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Takes up what [`Self::state`] gave, if that is not empty, of a force of the same kind and
    /// band; called after [`Self::start`]. False when it is not that.
    fn restore(&mut self, state: &[f64]) -> bool {
        let _ = state;
        false
    }

    /// Sets what bounds the force in the next stages, if it multiplies what is there.
    fn bound(&mut self, bounds: Bounds) {
        let _ = bounds;
    }

    /// Called at the start of each step, of length `dt`. A step that is too long is begun again with
    /// a shorter one, as if it had not been begun before.
    fn advance(&mut self, band: &Band, dt: f64) {
        let _ = (band, dt);
    }

    /// Called at the end of a step that counts.
    fn accept(&mut self) {}

    /// Makes `force` the force on each mode, given its velocity and everything else that changes it
    /// (nonlinear terms, pressure and viscosity), `rest`.
    fn force(&self, band: &Band, velocity: &BandField, rest: &BandField, force: &mut BandField);

    /// Called after each step with the new velocity, which it may correct by what the time step's
    /// error made of it.
    fn constrain(&self, band: &Band, velocity: &mut BandField) {
        let _ = (band, velocity);
    }
}

/// Makes `field` of these vectors.
fn set(field: &mut BandField, vectors: impl Iterator<Item = Vector>) {
    field.iter_mut().zip(vectors).for_each(|(to, from)| *to = from);
}

/// The name of the [`Drive`] of the velocity.
pub const VELOCITY: &str = "velocity";
/// The name of that of the magnetic field.
pub const MAGNETIC: &str = "magnetic";

/// A force, ready to run.
pub struct Drive {
    /// The name of what it acts on: [`VELOCITY`], [`MAGNETIC`] or that of a scalar.
    pub name: String,
    /// Its fields in the state: three of a vector, one of a scalar.
    pub fields: Range<usize>,
    /// How it acts.
    pub action: Action,
}

/// How a force acts.
pub enum Action {
    /// On the modes up to a wavenumber.
    Band(Box<dyn Force>, f64),
    /// On all modes of the velocity.
    Linear(Linear),
}

/// `forcing` of a scalar: variance is put in at a constant rate, in proportion to the modes
/// 0 < k <= k_f that are there, as `constant_power` does for the velocity.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScalarForcing {
    /// The rate at which <c^2> is put in, one over a time.
    pub injection: f64,
    /// k_f, in units of the wavenumber.
    pub wavenumber: f64,
}

impl ScalarForcing {
    /// Adds to `problems` what is wrong with the parameters in the table at `path`, or does not fit
    /// the grid.
    pub fn check(&self, path: &str, grid: Option<&Grid>, problems: &mut Problems) {
        problems.require_positive(&format!("{path}.injection"), self.injection);
        check_wavenumber(self.wavenumber, path, grid, problems);
    }
}

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
            Forcing::Stochastic { power, correlation_time, .. } => {
                problems.require_positive(&at("power"), *power);
                problems.require_positive(&at("correlation_time"), *correlation_time);
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
            _ => None,
        }
    }

    /// The flow that a steady force has the shape of.
    fn shape(&self) -> Option<Initial> {
        match self {
            Forcing::TaylorGreen(flow) => Some(Initial::TaylorGreen(flow.clone())),
            Forcing::Kolmogorov(flow) => Some(Initial::Kolmogorov(flow.clone())),
            Forcing::Abc(flow) => Some(Initial::Abc(flow.clone())),
            _ => None,
        }
    }

    /// The force on a vector in a box; `None` without forcing.
    fn build(&self, grid: &Grid) -> Option<Action> {
        let (force, wavenumber): (Box<dyn Force>, f64) = match *self {
            Forcing::None => return None,
            Forcing::Linear { rate, energy } => {
                return Some(Action::Linear(Linear { rate, energy }));
            }
            Forcing::ConstantPower { power, wavenumber, helicity } => {
                (Box::new(constant_power::ConstantPower::new(power, helicity)), wavenumber)
            }
            Forcing::ConstantEnergy { energy, wavenumber } => {
                (Box::new(constant_energy::ConstantEnergy::new(energy)), wavenumber)
            }
            Forcing::Stochastic { power, wavenumber, correlation_time, seed } => {
                let force = stochastic::Stochastic::new(power, correlation_time, seed);
                (Box::new(force), wavenumber)
            }
            Forcing::TaylorGreen(_) | Forcing::Kolmogorov(_) | Forcing::Abc(_) => {
                let modes = self.shape()?.few_modes(grid)?;
                let square = |m: &crate::initial::Mode| -> f64 {
                    grid.wavevector(m.mode).iter().map(|k| k * k).sum()
                };
                let reach = modes.iter().map(square).fold(0.0, f64::max).sqrt();
                (Box::new(steady::Steady::new(modes)), reach)
            }
        };
        Some(Action::Band(force, wavenumber))
    }
}

/// All forces of a run, that of the velocity first: `velocity` and `magnetic` act on these fields,
/// and each scalar of `physics` may have its own.
pub fn build(velocity: &Forcing, magnetic: &Forcing, physics: &Physics, grid: &Grid) -> Vec<Drive> {
    let drive = |name: &str, fields, action| Drive { name: name.into(), fields, action };
    let mut drives = Vec::new();
    drives.extend(velocity.build(grid).map(|action| drive(VELOCITY, 0..AXES, action)));
    if let Some(fields) = physics.magnetic_fields() {
        drives.extend(magnetic.build(grid).map(|action| drive(MAGNETIC, fields, action)));
    }
    for (field, scalar) in (physics.first_scalar()..).zip(&physics.scalars) {
        drives.extend(scalar.forcing.map(|ScalarForcing { injection, wavenumber }| {
            // d<c^2>/dt is twice the power <f c>.
            let force = constant_power::ConstantPower::new(0.5 * injection, None);
            let action = Action::Band(Box::new(force), wavenumber);
            drive(&scalar.name, field..field + 1, action)
        }));
    }
    drives
}

/// Notes in the table at `path` a forced band without modes, or one that reaches to the cutoff.
fn check_wavenumber(wavenumber: f64, path: &str, grid: Option<&Grid>, problems: &mut Problems) {
    let path = format!("{path}.wavenumber");
    let known = problems.list.len();
    problems.require_positive(&path, wavenumber);
    let Some(grid) = grid.filter(|_| problems.list.len() == known) else { return };
    let lowest = (0..AXES)
        .filter(|&axis| grid.cutoff[axis] > 0)
        .map(|axis| grid.wavenumber(axis, 1))
        .fold(f64::INFINITY, f64::min);
    let k_max = grid.k_max();
    let allowed =
        format!("at least {lowest}, the box's lowest, and below {k_max}, the largest one kept");
    let fits = (lowest..k_max).contains(&wavenumber);
    problems.require(fits, &path, wavenumber, &allowed);
}
