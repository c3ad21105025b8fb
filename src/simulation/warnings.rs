//! What the user should know about the physics of a run, each once, with a remedy.

use crate::config::Config;
use crate::initial::Initial;
use crate::io::log::Log;
use crate::modes::Modes;
use crate::shells::Shells;

use super::blow_up::Limit;
use super::history::Row;

/// Below this k_max eta the smallest scales are cut off.
const COARSE: f64 = 1.0;
/// What k_max eta should be (Yeung & Pope 1989, J. Fluid Mech. 207, 531).
const RESOLVED: f64 = 1.5;
/// Integral lengths beyond this part of the shortest side feel the box. With all energy in the largest
/// waves of a cube it is 3/8.
const LARGE: f64 = 0.3;
/// A spectrum that rises by this factor towards its end is piled up there.
const PILE_UP: f64 = 3.0;
/// Energy below this part of the largest shell is rounding.
const ROUNDING: f64 = 1e-10;

/// The warnings of a run.
pub struct Warnings {
    /// What was said already.
    given: Vec<&'static str>,
    limit: Limit,
    /// Whether the flow is viscous, and the viscosity is what ends its spectrum.
    viscous: bool,
    /// The shortest side of the box, if the flow is one of random eddies.
    side: Option<f64>,
    modes: Modes,
}

impl Warnings {
    /// Nothing was said yet.
    pub fn new(config: &Config, modes: Modes) -> Self {
        let [x, y, z] = modes.grid.lengths.map(|length| length * std::f64::consts::TAU);
        let random = matches!(config.initial, Initial::Random(_));
        Warnings {
            given: Vec::new(),
            limit: Limit::new(config),
            viscous: config.physics.viscosity > 0.0 && config.physics.hyper.is_none(),
            side: random.then_some(x.min(y).min(z)),
            modes,
        }
    }

    /// Warns of what a row of the history shows.
    pub fn row(&mut self, row: &Row, log: &mut Log) {
        let (time, scales) = (row.time, row.scales);
        if self.viscous && scales.resolution < COARSE {
            let (found, factor) = (scales.resolution, RESOLVED / scales.resolution);
            self.once("resolution", log, || {
                format!(
                    "k_max*eta is {found:.2} at t = {time}, below {COARSE}: the smallest eddies are cut \
                     off; take {factor:.1} times as many grid.points along each axis, or {:.1} times \
                     the physics.viscosity",
                    factor.powf(4.0 / 3.0)
                )
            });
        }
        if let Some(side) = self.side.filter(|side| scales.integral_length > LARGE * side) {
            let part = scales.integral_length / side;
            self.once("box", log, || {
                format!(
                    "the integral length is {part:.2} of the shortest side of the box at t = {time}, \
                     above {LARGE}: the largest eddies feel the box; take larger grid.lengths, or begin \
                     and force at larger wavenumbers"
                )
            });
        }
        let Limit { scheme, courant, .. } = self.limit;
        if row.cfl > courant && self.limit.applies() {
            let cfl = row.cfl;
            self.once("cfl", log, || {
                format!(
                    "the Courant number is {cfl:.2} at t = {time}, and {scheme} is stable up to about \
                     {courant}; take a smaller time.dt or time.cfl"
                )
            });
        }
    }

    /// Warns when the energy spectrum, `energy` in each shell, rises towards its end.
    pub fn spectrum(&mut self, time: f64, energy: &[f64], log: &mut Log) {
        let shells = Shells::new(self.modes.grid);
        let last = (self.modes.grid.k_max() / shells.width) as usize;
        let Some(upper) = energy.get(last / 2..=last) else { return };
        let least = upper.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = energy.iter().copied().fold(0.0, f64::max);
        if upper[upper.len() - 1] > (PILE_UP * least).max(ROUNDING * largest) {
            self.once("pile-up", log, || {
                format!(
                    "the energy spectrum rises towards its end at t = {time}: energy piles up at the \
                     smallest scales; take more grid.points or a larger physics.viscosity"
                )
            });
        }
    }

    fn once(&mut self, what: &'static str, log: &mut Log, text: impl FnOnce() -> String) {
        if !self.given.contains(&what) {
            self.given.push(what);
            log.warn(&text());
        }
    }
}
