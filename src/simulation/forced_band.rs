//! The bundles that a force acts on, and their detour through a stage.
//!
//! A force needs the velocity and the tendency of its whole band before any of it is updated. So
//! the few bundles with forced modes are assembled first, then forced, then updated. After the
//! last stage the new velocity of the band is corrected before it goes out.

use std::sync::{Mutex, PoisonError};

use num_complex::Complex;

use crate::fields::SpectralFields;
use crate::forcing::{Band, BandField, Force};
use crate::integrator::{Damping, Stage};
use crate::modes::{Modes, Place};
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::sweep::Sweep;

/// Makes the tendency of a bundle, `assemble(bundle, contracted, tendency)`.
pub type Assemble<'a, T> = dyn Fn(usize, &mut [T], &mut [T]) + Sync + 'a;

/// Makes of the next velocity of a bundle what goes out, `put_out(bundle, velocity)`.
pub type PutOut<'a, T> = dyn Fn(usize, &mut [T]) + Sync + 'a;

/// A force with its band and the bundles of this rank that hold modes of it.
pub struct ForcedBand<T: Real> {
    force: Box<dyn Force>,
    band: Band,
    layout: Modes,
    damping: Damping,
    bundles: Vec<usize>,
    /// All fields of each bundle: the tendency first, then the velocity that goes out.
    columns: Vec<Mutex<Vec<T>>>,
    /// Velocity of the band at the present stage.
    velocity: BandField,
}

impl<T: Real> ForcedBand<T> {
    /// A force on a band of a velocity like `state`.
    pub fn new(
        state: &SpectralFields<T>,
        damping: Damping,
        force: Box<dyn Force>,
        band: Band,
    ) -> Self {
        let mut bundles = band.bundles();
        bundles.retain(|b| state.bundles.contains(b));
        let columns =
            bundles.iter().map(|_| Mutex::new(vec![T::ZERO; state.bundle_len()])).collect();
        ForcedBand {
            force,
            band,
            layout: state.modes,
            damping,
            bundles,
            columns,
            velocity: BandField::new(),
        }
    }

    /// Bundles of this rank with forced modes.
    pub fn bundles(&self) -> &[usize] {
        &self.bundles
    }

    /// What the force remembers, see [`Force::state`].
    pub fn force_state(&self) -> Vec<f64> {
        self.force.state()
    }

    /// Goes on from what the force remembered, if anything; false when `force` is not of this force.
    pub fn restore(&mut self, force: &[f64]) -> bool {
        force.is_empty() || self.force.restore(force)
    }

    /// Reads the velocity that the run starts from. Collective.
    pub fn start(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        self.velocity = self.band.collect(comm, |place, axis| state.get(place, axis));
        self.force.start(&self.band, &self.velocity);
    }

    /// Position of a bundle among those of this rank.
    fn position(&self, bundle: usize) -> Option<usize> {
        self.bundles.binary_search(&bundle).ok()
    }

    /// The number in `columns` where a mode's component is.
    fn offset(&self, place: Place, axis: usize) -> usize {
        axis * self.layout.column_len() + self.layout.offset(place)
    }

    /// What `columns` hold of the band. Collective.
    fn collect(&self, comm: &Communicator) -> BandField {
        self.band.collect(comm, |place, axis| {
            let column = lock(&self.columns[self.position(place.bundle)?]);
            let offset = self.offset(place, axis);
            Some(Complex::new(column[offset], column[offset + self.layout.lanes]))
        })
    }

    /// Brings the band's bundles in, assembles their tendency and adds the force. Returns the energy
    /// that it puts in. Collective.
    pub fn bring_in(
        &mut self,
        comm: &Communicator,
        sweep: &mut Sweep<T>,
        contracted: usize,
        assemble: &Assemble<T>,
        stage: Stage,
    ) -> f64 {
        if stage.index == 0 {
            self.force.advance(&self.band, stage.dt);
        }
        let (bundles, columns) = (&self.bundles, &self.columns);
        sweep.columns(bundles, contracted, 0, &|bundle, incoming, _| {
            if let Ok(position) = bundles.binary_search(&bundle) {
                assemble(bundle, incoming, &mut lock(&columns[position]));
            }
        });
        let mut rest = self.collect(comm);
        for ((rest, u), k2) in rest.iter_mut().zip(&self.velocity).zip(self.band.k_squared()) {
            for (rest, u) in rest.iter_mut().zip(u) {
                *rest -= u * self.damping.rate(*k2);
            }
        }
        let force = self.force.force(&self.band, &self.velocity, &rest);
        let power = self.band.inner(&force, &self.velocity);
        for (place, force) in self.band.places().zip(&force) {
            let Some(position) = self.position(place.bundle) else { continue };
            let mut column = lock(&self.columns[position]);
            for (axis, force) in force.iter().enumerate() {
                let offset = self.offset(place, axis);
                let lanes = self.layout.lanes;
                column[offset] = column[offset] + T::from_double(force.re);
                column[offset + lanes] = column[offset + lanes] + T::from_double(force.im);
            }
        }
        stage.scheme.weight(stage.index) * stage.dt * power
    }

    /// Calls `advance(bundle, tendency)`, which leaves the next velocity in place of the tendency.
    pub fn advance(&mut self, advance: impl Fn(usize, &mut [T])) {
        for (&bundle, column) in self.bundles.iter().zip(&self.columns) {
            advance(bundle, &mut lock(column));
        }
    }

    /// Puts the next velocity of the band's bundles out; after the last stage it is corrected
    /// first, in `state` too. Returns the energy that the correction adds. Collective.
    pub fn put_out(
        &mut self,
        comm: &Communicator,
        sweep: &mut Sweep<T>,
        state: &mut SpectralFields<T>,
        stage: Stage,
        put_out: &PutOut<T>,
    ) -> f64 {
        let mut added = 0.0;
        self.velocity = self.collect(comm);
        if stage.index + 1 == stage.scheme.stages() {
            let energy = self.band.energy(&self.velocity);
            self.force.constrain(&self.band, &mut self.velocity);
            self.band.restore_symmetry(&mut self.velocity);
            added = self.band.energy(&self.velocity) - energy;
            self.write_back(state);
        }
        let (bundles, columns) = (&self.bundles, &self.columns);
        sweep.columns(bundles, 0, state.count, &|bundle, _, outgoing| {
            if let Ok(position) = bundles.binary_search(&bundle) {
                outgoing.copy_from_slice(&lock(&columns[position]));
                put_out(bundle, outgoing);
            }
        });
        added
    }

    /// Writes the band's velocity, rounded to `T`, to `columns` and `state`.
    fn write_back(&mut self, state: &mut SpectralFields<T>) {
        for (i, place) in self.band.places().enumerate() {
            for axis in 0..self.velocity[i].len() {
                let exact = self.velocity[i][axis];
                let value = Complex::new(T::from_double(exact.re), T::from_double(exact.im));
                self.velocity[i][axis] = Complex::new(value.re.double(), value.im.double());
                if let Some(position) = self.position(place.bundle) {
                    let offset = self.offset(place, axis);
                    let mut column = lock(&self.columns[position]);
                    column[offset] = value.re;
                    column[offset + self.layout.lanes] = value.im;
                    state.set(place, axis, value);
                }
            }
        }
    }
}

/// One bundle's numbers; a panic elsewhere leaves nothing in them that matters.
fn lock<T>(column: &Mutex<Vec<T>>) -> std::sync::MutexGuard<'_, Vec<T>> {
    column.lock().unwrap_or_else(PoisonError::into_inner)
}
