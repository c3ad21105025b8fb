//! Warnings about the physics of a run, each once, with a remedy.

use crate::config::{Config, Step};
use crate::initial::Initial;
use crate::io::log::Log;
use crate::modes::Modes;
use crate::shells::Shells;

use super::output::history::Row;
use super::time_step::StabilityLimit;
use crate::solver::forces::Remark;

/// Below this k_max eta the smallest scales are cut off.
const COARSE: f64 = 1.0;
/// The least that k_max eta should be (Yeung & Pope 1989, J. Fluid Mech. 207, 531).
const RESOLVED: f64 = 1.5;
/// Integral lengths beyond this part of the shortest side feel the box. With all energy in the largest
/// waves of a cube it is 3/8.
const LARGE: f64 = 0.3;
/// A spectrum that rises by this factor towards its end is piled up there.
const PILE_UP: f64 = 3.0;
/// Energy below this part of the largest shell is rounding.
const ROUNDING: f64 = 1e-10;

/// Waves that make up more than this part of the largest frequency limit the step.
const MOSTLY: f64 = 0.5;
/// A step below this part of what the Courant number allows is limited by something else.
const SHORT: f64 = 0.4;

/// The warnings of a run.
pub struct Warnings {
    /// The warnings that were given already.
    given: Vec<String>,
    limit: StabilityLimit,
    /// Whether the flow is viscous, and the viscosity is what ends its spectrum.
    viscous: bool,
    /// The shortest side of the box, if the flow is one of random eddies.
    side: Option<f64>,
    modes: Modes,
    rule: Step,
    /// Waves that limit the step beside the flow: what they are, and their frequency.
    waves: [(&'static str, f64); 2],
    /// The largest frequency of a force.
    force: f64,
}

impl Warnings {
    /// Nothing was said yet.
    pub fn new(config: &Config, modes: Modes) -> Self {
        let [x, y, z] = modes.grid.lengths.map(|length| length * std::f64::consts::TAU);
        let random = matches!(config.initial, Initial::Random(_));
        let spacing = modes.grid.spacing();
        let mean_field = config.mean_magnetic_field.iter().zip(spacing).map(|(b, dx)| b.abs() / dx);
        let waves = [
            ("waves of rotation and stratification", config.physics.wave_frequency()),
            ("Alfven waves on the mean magnetic field", mean_field.sum()),
        ];
        Warnings {
            given: Vec::new(),
            limit: StabilityLimit::new(config),
            viscous: config.physics.viscosity > 0.0 && config.physics.hyper.is_none(),
            side: random.then_some(x.min(y).min(z)),
            modes,
            rule: config.time.step,
            waves,
            force: 0.0,
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
        self.step(row, log);
        let StabilityLimit { scheme, courant, .. } = self.limit;
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

    /// Warns when the length of steps follows from something else than the flow.
    fn step(&mut self, row: &Row, log: &mut Log) {
        let Row { time, dt, cfl: found, .. } = *row;
        let Step::Cfl { cfl, dt_max } = self.rule else { return };
        if dt == 0.0 || found == 0.0 {
            return;
        }
        let courant = self.limit.courant;
        for (what, frequency) in self.waves {
            let part = frequency * dt / found;
            if part > MOSTLY {
                self.once(what, log, || {
                    format!(
                        "{what} make up {:.0} % of the Courant number at t = {time}, not the flow: \
                         steps are as short as they need; take a larger time.cfl, up to about {courant}, or \
                         weaker waves",
                        100.0 * part
                    )
                });
            }
        }
        let part = found / cfl;
        if part > SHORT {
            return;
        }
        let (cause, remedy) = match dt_max.filter(|longest| dt > 0.5 * longest) {
            Some(longest) => (format!("time.dt_max = {longest}"), "take a larger time.dt_max"),
            None if self.force * dt > MOSTLY * cfl.min(1.0) => {
                let cause = "the force, which changes faster than the flow".into();
                (cause, "begin with more energy where it acts, or take a weaker one")
            }
            None => ("the next output".into(), "take a larger `every` in [output]"),
        };
        self.once("short", log, || {
            format!(
                "the step at t = {time} was {:.0} % of what time.cfl = {cfl} allows, because of {cause}; \
                 {remedy}, if it is not meant",
                100.0 * part
            )
        });
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

    /// Warns of forces, each by the name of what it acts on, that put in less or more than they
    /// should.
    pub fn forces<'a>(
        &mut self,
        time: f64,
        remarks: impl Iterator<Item = (&'a str, Remark)>,
        log: &mut Log,
    ) {
        self.force = 0.0;
        for (name, Remark { absent, too_fast, frequency }) in remarks {
            self.force = self.force.max(frequency);
            if let Some(part) = absent {
                let modes =
                    if part.is_empty() { "waves".into() } else { format!("waves of {part}") };
                self.once(&format!("absent {name}"), log, || {
                    format!(
                        "the force on the {name} has no {modes} to act on at t = {time}: it multiplies \
                         what is there, and puts no power into what is not"
                    )
                });
            }
            if too_fast > 0.0 {
                self.once(&format!("too fast {name}"), log, || {
                    format!(
                        "steps were too long for the force on the {name}: until t = {time} it changed \
                         what it acts on at a rate of up to {too_fast:.3e}, or had to balance damping \
                         as fast, and put in another power than it should; take time.dt below {:.1e}, \
                         or time.cfl, which limits the step by itself",
                        1.0 / too_fast
                    )
                });
            }
        }
    }

    fn once(&mut self, what: &str, log: &mut Log, text: impl FnOnce() -> String) {
        if !self.given.iter().any(|given| given == what) {
            self.given.push(what.into());
            log.warn(&text());
        }
    }
}
