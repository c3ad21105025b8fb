//! How to add an equation and a force: quasi-static magnetohydrodynamics, in a file of its own.
//!
//! A liquid metal in a strong uniform magnetic field along the unit vector b feels the Lorentz force
//! of the currents that it induces, and nothing else of the field:
//!
//! dû/dt = .. - N (k.b)^2 / k^2 û,
//!
//! N = sigma B^2 / rho, one over a time (Knaepen & Moin 2004, Phys. Fluids 16, 1255, eq. 5). Waves
//! across the field go on, waves along it are damped: the flow becomes two-dimensional.
//!
//! The equation is Navier-Stokes with one term more, so its products and their contraction are those
//! of Navier-Stokes, and only the assembly of the tendency has something to add. The program gets it
//! by the same few lines in `src/equation/`, with keys in `physics.rs` and an arm in `build`.
//!
//! `cargo run --release --example quasi_static_mhd` steps a wave that a force holds against its
//! damping; `cargo test` checks that.

use dns_solver::equation::{self, Complex, FieldCounts, Formulas, NavierStokes};
use dns_solver::forcing::{Band, BandField, Force, ForcingTerm, VELOCITY};
use dns_solver::prelude::*;

/// Navier-Stokes in a strong magnetic field.
struct QuasiStatic {
    flow: NavierStokes,
    /// N, one over a time.
    interaction: f64,
    /// b, the direction of the field.
    direction: [f64; 3],
}

/// The same number in every lane.
#[inline(always)]
fn splat<V: Vector>(x: f64) -> V {
    V::splat(V::Scalar::from_double(x))
}

impl Formulas for QuasiStatic {
    fn counts(&self) -> FieldCounts {
        self.flow.counts()
    }

    fn damping(&self, field: usize) -> Damping {
        self.flow.damping(field)
    }

    // The new term is linear in the state, which must therefore be at hand.
    fn uses_state(&self) -> bool {
        true
    }

    #[inline(always)]
    fn products<V: Vector>(&self, field: impl Fn(usize) -> V, product: impl FnMut(usize, V)) {
        self.flow.products(field, product);
    }

    #[inline(always)]
    fn frequency<V: Vector>(&self, field: impl Fn(usize) -> V, inverse_spacing: [V; 3]) -> V {
        self.flow.frequency(field, inverse_spacing)
    }

    #[inline(always)]
    fn contract<V: Vector>(
        &self,
        k: [V; 2],
        product: impl Fn(usize) -> Complex<V>,
        contracted: impl FnMut(usize, Complex<V>),
    ) {
        self.flow.contract(k, product, contracted);
    }

    #[inline(always)]
    fn assemble<V: Vector>(
        &self,
        k: [V; 3],
        state: impl Fn(usize) -> Complex<V>,
        contracted: impl Fn(usize) -> Complex<V>,
        mut tendency: impl FnMut(usize, Complex<V>),
    ) {
        let [kx, ky, kz] = k;
        let [bx, by, bz] = self.direction.map(splat::<V>);
        let along = kx * bx + ky * by + kz * bz;
        // At k = 0, where `along` is zero, any divisor will do.
        let k_squared = (kx * kx + ky * ky + kz * kz).max(splat(1e-30));
        let rate = splat::<V>(self.interaction) * along * along / k_squared;
        self.flow.assemble(k, &state, contracted, |field, value| {
            let u = state(field);
            tendency(field, (rate.neg_mul_add(u.0, value.0), rate.neg_mul_add(u.1, value.1)));
        });
    }
}

/// f = A u on a band of low modes: holds a wave whose damping rate is A.
struct Hold {
    /// A, one over a time.
    rate: f64,
    /// The largest |k| of the band.
    wavenumber: f64,
}

impl Force for Hold {
    fn band(&self, layout: &Modes, _damping: Damping) -> Band {
        Band::new(layout, self.wavenumber)
    }

    fn force(&self, _: &Band, velocity: &BandField, _tendency: &BandField, force: &mut BandField) {
        for (force, u) in force.iter_mut().zip(velocity) {
            *force = u.map(|component| component * self.rate);
        }
    }
}

/// Mode numbers of the wave, perpendicular to its velocity.
const WAVE: [i64; 3] = [1, 0, 2];
const VISCOSITY: f64 = 0.02;
const INTERACTION: f64 = 3.0;

/// The rate at which viscosity and field damp the wave.
fn damping_rate() -> f64 {
    let k_squared = WAVE.iter().map(|n| (n * n) as f64).sum::<f64>();
    let along = WAVE[2] as f64;
    VISCOSITY * k_squared + INTERACTION * along * along / k_squared
}

/// Amplitude of the wave after so much time under a force of the given rate; it is 1 at the start.
fn amplitude(rate: f64, time: f64) -> Result<f64> {
    let grid = Grid::two_thirds([16, 16, 16], [1.0; 3]);
    let modes = Modes::new(grid, f64::LANES);
    let damping = Damping { diffusivity: VISCOSITY, hyper: None, drag: None };
    let direction = [0.0, 0.0, 1.0];
    let formulas =
        QuasiStatic { flow: NavierStokes { damping }, interaction: INTERACTION, direction };
    let equation = equation::run::<f64>(formulas, &modes);
    let force = Box::new(Hold { rate, wavenumber: 3.0 });
    let hold = ForcingTerm { name: VELOCITY.into(), fields: 0..3, force };
    // One rank without MPI; `Communicator::world` after `Runtime::start` is any number of ranks.
    let (ranks, pool) = (Communicator::serial(), ThreadPool::new(1)?);
    let mut solver =
        Solver::new(modes, &ranks, pool, equation, vec![hold], SolverOptions::default())?;
    let mut state = solver.state().clone();
    state.fill(|mode, velocity| {
        if mode == WAVE {
            velocity[1].re = 1.0;
        }
    });
    solver.set_state(state);
    let steps = 200;
    for _ in 0..steps {
        solver.step(time / f64::from(steps))?;
    }
    let wave = modes.index(WAVE).and_then(|index| solver.state().get(index, 1));
    Ok(wave.map_or(0.0, |component| component.re))
}

fn main() -> Result<()> {
    println!("without a force: {:.9}", amplitude(0.0, 1.0)?);
    println!("exact:           {:.9}", (-damping_rate()).exp());
    println!("held by a force: {:.9}", amplitude(damping_rate(), 1.0)?);
    Ok(())
}

#[test]
fn the_wave_decays_as_it_should_and_can_be_held() {
    let decayed = amplitude(0.0, 1.0).unwrap();
    assert!((decayed - (-damping_rate()).exp()).abs() < 1e-9, "{decayed}");
    let held = amplitude(damping_rate(), 1.0).unwrap();
    assert!((held - 1.0).abs() < 1e-9, "{held}");
}
