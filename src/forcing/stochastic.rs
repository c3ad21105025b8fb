//! Stochastic forcing: an Ornstein-Uhlenbeck process at each mode of the band (Eswaran & Pope 1988,
//! Comput. Fluids 16, 257).
//!
//! f = b - k (k.b) / k^2, where the real and imaginary part of each component of b is such a
//! process with variance sigma^2 and correlation time T. Over a step b decays by exp(-dt / T) and
//! gains noise of variance sigma^2 (1 - exp(-2 dt / T)), which is exact for any dt. Within a step
//! the force is constant. Sigma comes from their eqs. (16) and (17): with e = sigma^2 T the power is
//! about 4 N e / (1 + T e^(1/3) k_0^(2/3) N^(1/3) / 0.8) for N forced modes and the lowest
//! wavenumber k_0; half of it in a plane, where one of the two directions across k is not forced.

use num_complex::Complex;

use super::band::{Band, BandField, ModeVector};
use super::force::{Force, set};
use crate::grid::AXES;
use crate::integrator::Damping;
use crate::modes::Modes;
use crate::random::{Random, Stream};

/// A random force with a correlation time.
pub struct Stochastic {
    /// The power it puts in, about.
    pub power: f64,
    /// k_f.
    pub wavenumber: f64,
    /// T.
    pub correlation_time: f64,
    /// Seed of the random numbers.
    pub seed: u64,
    /// The axis along which nothing is forced, in a flow that has no waves along it.
    pub normal: Option<usize>,
    sigma: f64,
    /// Steps taken: no noise is used twice.
    steps: u64,
    /// The process at the end of these steps, and in the one that is being taken.
    process: BandField,
    present: BandField,
}

/// Their constant beta.
const BETA: f64 = 0.8;

impl Stochastic {
    /// A force that is built up in [`Force::start`].
    pub fn new(
        power: f64,
        wavenumber: f64,
        correlation_time: f64,
        seed: u64,
        normal: Option<usize>,
    ) -> Self {
        let (sigma, steps) = (0.0, 0);
        let (process, present) = (BandField::new(), BandField::new());
        Stochastic {
            power,
            wavenumber,
            correlation_time,
            seed,
            normal,
            sigma,
            steps,
            process,
            present,
        }
    }

    /// Sigma for a band of modes with `k_squared` that count `weights`.
    fn sigma(&self, band: &Band) -> f64 {
        let number = band.population();
        let lowest = band.k_squared().iter().copied().fold(f64::INFINITY, f64::min).sqrt();
        let slope = self.correlation_time * (lowest * lowest * number).cbrt() / BETA;
        // Of the two directions across k one is in the plane.
        let directions = if self.normal.is_some() { 1.0 } else { 2.0 };
        let power = |e: f64| directions * 2.0 * number * e / (1.0 + slope * e.cbrt());
        // The power grows with e: bracket and bisect to the last bit.
        let mut high = 1.0;
        while power(high) < self.power {
            high *= 2.0;
        }
        let mut low = 0.0;
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if power(middle) < self.power { low = middle } else { high = middle }
        }
        (high / self.correlation_time).sqrt()
    }

    /// Standard normal numbers of a step for the three complex components of each mode, in pairs
    /// that are conjugate where the band holds both k and -k.
    fn noise<'b>(&self, band: &'b Band, step: u64) -> impl Iterator<Item = ModeVector> + use<'b> {
        let (random, normal) = (Random::new(self.seed, Stream::Forcing), self.normal);
        let numbers = move |mode: [i64; AXES]| {
            let conjugate = mode < [0; AXES];
            let mode = if conjugate { mode.map(|n| -n) } else { mode };
            std::array::from_fn(|component| {
                if normal == Some(component) {
                    return Complex::default();
                }
                let [radius, angle] = random.uniform(counter(mode, component, step));
                let radius = (-2.0 * (1.0 - radius).ln()).sqrt();
                let value = Complex::from_polar(radius, std::f64::consts::TAU * angle);
                if conjugate { value.conj() } else { value }
            })
        };
        band.mode_numbers().map(numbers)
    }
}

/// The counter of a component at a mode in a step: no two share one up to 2^18 - 512 waves along each
/// axis, more than a grid may keep, and for 2^37 steps.
fn counter(mode: [i64; AXES], component: usize, step: u64) -> [u32; 3] {
    let pack = |bits: u32, number: &dyn Fn(i64) -> i64| {
        mode.iter().fold(0, |word, &n| word << bits | number(n) as u32 & ((1 << bits) - 1))
    };
    // The low ten bits of each mode number and two of the component, the low bits of the step, and the
    // nine higher bits of each mode number, which are 0 from -512 to 511, with those of the step.
    let low = (component as u32) << 30 | pack(10, &|n| n);
    let high = pack(9, &|n| (n + 512) >> 10) << 5 | (step >> 32) as u32;
    [low, step as u32, high]
}

impl Force for Stochastic {
    fn band(&self, layout: &Modes, _damping: Damping) -> Band {
        Band::new(layout, self.wavenumber)
    }

    fn acts_from_rest(&self) -> bool {
        true
    }

    fn frequency(&self, decay: f64) -> f64 {
        (2.0 * decay).max(1.0 / self.correlation_time)
    }

    fn start(&mut self, band: &Band, _velocity: &BandField) {
        self.sigma = self.sigma(band);
        self.steps = 0;
        // The process as it is long after its start.
        let scaled = |noise: ModeVector| noise.map(|component| component * self.sigma);
        self.process = self.noise(band, 0).map(scaled).collect();
        self.present = self.process.clone();
    }

    fn advance(&mut self, band: &Band, dt: f64) {
        let decay = (-dt / self.correlation_time).exp();
        let kick = self.sigma * (-(-2.0 * dt / self.correlation_time).exp_m1()).sqrt();
        let noise = self.noise(band, self.steps + 1);
        for ((present, b), noise) in self.present.iter_mut().zip(&self.process).zip(noise) {
            *present = std::array::from_fn(|axis| b[axis] * decay + noise[axis] * kick);
        }
    }

    fn accept(&mut self) {
        self.steps += 1;
        self.process.copy_from_slice(&self.present);
    }

    fn state(&self) -> Vec<f64> {
        let process = self.process.iter().flatten().flat_map(|b| [b.re, b.im]);
        std::iter::once(self.steps as f64).chain(process).collect()
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        let Some((steps, process)) = state.split_first() else { return false };
        if process.len() != 2 * AXES * self.process.len() {
            return false;
        }
        self.steps = *steps as u64;
        let numbers = process.chunks_exact(2).map(|n| Complex::new(n[0], n[1]));
        self.process.iter_mut().flatten().zip(numbers).for_each(|(b, value)| *b = value);
        true
    }

    fn force(
        &self,
        band: &Band,
        _velocity: &BandField,
        _tendency: &BandField,
        force: &mut BandField,
    ) {
        let solenoidal = |(b, k): (&ModeVector, [f64; AXES])| {
            let k_squared: f64 = k.iter().map(|k| k * k).sum();
            let along = (b[0] * k[0] + b[1] * k[1] + b[2] * k[2]) / k_squared;
            std::array::from_fn(|axis| b[axis] - along * k[axis])
        };
        set(force, self.present.iter().zip(band.wavevectors()).map(solenoidal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    fn band() -> Band {
        Band::new(&Modes::new(Grid::two_thirds([24; 3], [1.0; 3]), 8), 2.5)
    }

    #[test]
    fn the_process_has_its_variance_and_correlation() {
        let (band, dt, steps) = (band(), 0.1, 2000);
        let mut force = Stochastic::new(1.0, 2.5, 0.5, 3, None);
        force.start(&band, &BandField::new());
        let (mut variance, mut correlation, mut count) = (0.0, 0.0, 0.0);
        for _ in 0..steps {
            let before = force.process.clone();
            force.advance(&band, dt);
            force.accept();
            for (a, b) in before.iter().flatten().zip(force.process.iter().flatten()) {
                variance += a.norm_sqr();
                correlation += a.re * b.re + a.im * b.im;
                count += 2.0;
            }
        }
        assert!((variance / count / force.sigma.powi(2) - 1.0).abs() < 0.02);
        assert!((correlation / variance - (-dt / 0.5_f64).exp()).abs() < 0.005);
    }

    #[test]
    fn the_force_is_solenoidal_and_real_and_goes_on_from_its_state() {
        let band = band();
        let mut force = Stochastic::new(0.3, 2.5, 0.5, 3, None);
        force.start(&band, &BandField::new());
        force.advance(&band, 0.1);
        let mut field = band.zeros();
        force.force(&band, &BandField::new(), &BandField::new(), &mut field);
        assert_eq!(band.asymmetry(&field), 0.0);
        assert!(band.energy(&field) > 0.0);
        for (f, k) in field.iter().zip(band.wavevectors()) {
            assert!((f[0] * k[0] + f[1] * k[1] + f[2] * k[2]).norm() < 1e-14);
        }
        let mut other = Stochastic::new(0.3, 2.5, 0.5, 3, None);
        other.start(&band, &BandField::new());
        force.accept();
        assert!(other.restore(&force.state()));
        for force in [&mut force, &mut other] {
            force.advance(&band, 0.1);
            force.accept();
        }
        assert_eq!(force.state(), other.state());
        assert!(!other.restore(&[1.0, 2.0]));
    }

    /// No two modes share their noise, however many waves a long box holds; those of few waves have
    /// the counters that they always had.
    #[test]
    fn every_mode_has_noise_of_its_own() {
        let numbers = [-200_000, -1536, -1024, -513, -512, -1, 0, 1, 511, 512, 1023, 1024, 200_000];
        let mut counters = std::collections::HashSet::new();
        let mut count = 0;
        let axes = numbers.len();
        for place in 0..axes.pow(3) {
            let mode = [place / axes / axes, place / axes % axes, place % axes].map(|i| numbers[i]);
            for component in 0..AXES {
                for step in [0, 1, 1 << 32] {
                    counters.insert(counter(mode, component, step));
                    count += 1;
                }
            }
        }
        assert_eq!(counters.len(), count);
        assert_eq!(counter([1, 2, 3], 1, 7), [1 << 30 | 1 << 20 | 2 << 10 | 3, 7, 0]);
        assert_eq!(counter([1, -1, 511], 0, 1 << 32), [1 << 20 | 0x3ff << 10 | 511, 0, 1]);
    }

    /// A step that is not accepted leaves nothing behind.
    #[test]
    fn a_step_can_be_taken_again() {
        let band = band();
        let [mut once, mut twice] = [0, 1].map(|_| Stochastic::new(0.3, 2.5, 0.5, 3, None));
        for (force, steps) in [(&mut once, &[0.1][..]), (&mut twice, &[0.7, 0.1])] {
            force.start(&band, &BandField::new());
            steps.iter().for_each(|dt| force.advance(&band, *dt));
            force.accept();
        }
        assert_eq!(once.state(), twice.state());
    }
}
