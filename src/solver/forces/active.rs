//! One force under way: what it sees of the flow, and what it has put in.

use std::ops::Range;

use num_complex::Complex;

use super::amplification::Amplification;
use super::columns::Columns;
use super::pace::{Pace, Remark};
use crate::fields::SpectralFields;
use crate::forcing::{Band, BandField, Bounds, Force, ForcingTerm};
use crate::integrator::{Damping, Stage};
use crate::modes::Modes;
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::MeanSquares;

/// A force under way.
pub(super) struct ActiveForce {
    /// The name of what it acts on, and its fields in the state.
    pub name: String,
    pub fields: Range<usize>,
    pub force: Box<dyn Force>,
    pub band: Band,
    damping: Damping,
    /// Largest rate of the damping in the band.
    pub decay: f64,
    /// Mean square of the fluctuations at the start of the step, if it amplifies them.
    pub square: f64,
    /// The bounds that hold in the present step.
    pub bounds: Bounds,
    /// Its pace in the present step, and what the user should know about it.
    pub pace: Pace,
    pub remark: Remark,
    /// In the band, at the present stage: what is forced, all else that changes it, and the force.
    pub present: BandField,
    pub tendency: BandField,
    pub forcing: BandField,
    /// Half the mean square that was put in since the account began: up to now, and at the end of
    /// the last step that counts.
    pub injected: f64,
    pub accepted: f64,
}

impl ActiveForce {
    /// A force on fields of a layout that have this damping.
    pub fn new(term: ForcingTerm, layout: &Modes, damping: Damping) -> Self {
        let ForcingTerm { name, fields, force } = term;
        let band = force.band(layout, damping);
        let [present, tendency, forcing] = std::array::from_fn(|_| band.zeros());
        let decay = band.k_squared().iter().map(|k2| damping.rate(*k2)).fold(0.0, f64::max);
        ActiveForce {
            name,
            fields,
            force,
            band,
            damping,
            decay,
            square: 0.0,
            bounds: Bounds::NONE,
            pace: Pace::default(),
            remark: Remark::default(),
            present,
            tendency,
            forcing,
            injected: 0.0,
            accepted: 0.0,
        }
    }

    /// Reads the band of fields of `state`. Collective.
    pub fn look<T: Real>(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        collect(comm, &mut self.band, &self.fields, state, &mut self.present);
    }

    /// Finds the rate at which it amplifies all modes in a stage at which fluctuations have the mean
    /// square `square`, and notes what it puts in.
    pub fn amplify(&mut self, square: f64, stage: Stage) -> f64 {
        let rate = self.force.amplification(square);
        self.injected += stage.weight() * (rate * square);
        rate
    }

    /// Adds the force to the tendency in `columns`, and notes what it puts in. Collective.
    pub fn act<T: Real>(&mut self, comm: &Communicator, columns: &Columns<T>, stage: Stage) {
        let ActiveForce { force, band, fields, damping, present, tendency, forcing, .. } = self;
        if stage.index == 0 {
            force.advance(band, stage.dt);
        }
        columns.collect(comm, band, fields, tendency);
        damp(tendency, present, band, *damping);
        force.force(band, present, tendency, forcing);
        let power = band.inner(&*forcing, &*present);
        for (index, forcing) in band.indices().zip(forcing) {
            columns.change(index, fields, |component, value| {
                let f = forcing[component];
                value + Complex::new(T::from_double(f.re), T::from_double(f.im))
            });
        }
        self.injected += stage.weight() * power;
    }

    /// Adds the force on `state`, between two steps, to `target`. `tendency` is that of the state without
    /// damping and force. Collective.
    pub fn add_to<T: Real>(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        [state, tendency]: [&SpectralFields<T>; 2],
        target: &mut SpectralFields<T>,
    ) {
        self.look(comm, state);
        let ActiveForce { force, band, fields, damping, present, tendency: rest, forcing, .. } =
            self;
        collect(comm, band, fields, tendency, rest);
        damp(rest, present, band, *damping);
        force.force(band, present, rest, forcing);
        for (index, forcing) in band.indices().zip(&*forcing) {
            if !target.bundles.contains(&index.bundle) {
                continue;
            }
            for (field, f) in fields.clone().zip(forcing) {
                let sum = target.double_at(index, field) + f;
                let rounded = Complex::new(T::from_double(sum.re), T::from_double(sum.im));
                target.set(index, field, rounded);
            }
        }
        if force.amplifies() {
            let square = MeanSquares::measure(state, fields.clone(), pool, comm).fluctuations;
            let rate = force.amplification(square);
            let amplification = Amplification { fields: fields.clone(), rate };
            for bundle in target.bundles.clone() {
                let (modes, state) = (&state.modes, state.bundle(bundle));
                amplification.add(modes, bundle, state, target.bundle_mut(bundle));
            }
        }
    }

    /// Corrects the new field in `columns` and `state`. Collective.
    pub fn correct<T: Real>(
        &mut self,
        comm: &Communicator,
        columns: &Columns<T>,
        state: &mut SpectralFields<T>,
    ) {
        let ActiveForce { force, band, fields, present, .. } = self;
        columns.collect(comm, band, fields, present);
        let before = band.energy(present);
        force.constrain(band, present);
        band.restore_symmetry(present);
        self.injected += band.energy(present) - before;
        for (index, present) in band.indices().zip(present) {
            // Rounded to what is stored, on every rank.
            let values = present.map(|c| Complex::new(T::from_double(c.re), T::from_double(c.im)));
            *present = values.map(|c| Complex::new(c.re.double(), c.im.double()));
            columns.change(index, fields, |component, _| values[component]);
            if state.bundles.contains(&index.bundle) {
                fields
                    .clone()
                    .zip(values)
                    .for_each(|(field, value)| state.set(index, field, value));
            }
        }
    }
}

/// Takes the damping of the field `present` from its `tendency`.
fn damp(tendency: &mut BandField, present: &BandField, band: &Band, damping: Damping) {
    for ((tendency, u), k2) in tendency.iter_mut().zip(present).zip(band.k_squared()) {
        for (tendency, u) in tendency.iter_mut().zip(u) {
            *tendency -= u * damping.rate(*k2);
        }
    }
}

/// Makes `target` the band of some fields of a state. Collective.
pub(super) fn collect<T: Real>(
    comm: &Communicator,
    band: &mut Band,
    fields: &Range<usize>,
    state: &SpectralFields<T>,
    target: &mut BandField,
) {
    band.collect(comm, target, |index, component| state.get(index, fields.clone().nth(component)?));
}
