//! The bundles that forces act on, and their detour through a stage.
//!
//! A force needs the field that it acts on, and its tendency, in its whole band before any of it is
//! updated. So the few bundles with forced modes are assembled first, then forced, then updated.
//! After the last stage the new field in the band is corrected before it goes out.

mod pace;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::fields::SpectralFields;
use crate::forcing::{Band, BandField, Bounds, Force};
use crate::integrator::{Damping, Stage};
use crate::modes::{ModeIndex, Modes};
use crate::parallel::Communicator;
use crate::real::Real;
use crate::transform::sweep::Sweep;

pub use pace::{Idle, Pace, Remark, absent};

/// Makes the tendency of a bundle, `assemble(bundle, contracted, tendency)`.
pub type Assemble<'a, T> = dyn Fn(usize, &mut [T], &mut [T]) + Sync + 'a;

/// Makes of the next fields of a bundle what goes out, `put_out(bundle, fields)`.
pub type PutOut<'a, T> = dyn Fn(usize, &mut [T]) + Sync + 'a;

/// What a run keeps of a force in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ForceState {
    /// The name of what it acts on, see [`Drive`](crate::forcing::Drive).
    pub name: String,
    /// What it remembers, see [`Force::state`].
    pub memory: Vec<f64>,
    /// Half the mean square that it has put in since the account began.
    pub injected: f64,
}

/// A force on the band of a vector or a scalar.
pub struct Forced {
    name: String,
    force: Box<dyn Force>,
    band: Band,
    /// The fields of the state that are forced.
    fields: Range<usize>,
    damping: Damping,
    /// Largest rate of the damping in the band.
    decay: f64,
    /// What holds in the present step.
    bounds: Bounds,
    /// Its pace in the present step, and what the user should know about it.
    pace: Pace,
    remark: Remark,
    /// In the band, at the present stage: what is forced, all else that changes it, and the force.
    present: BandField,
    rest: BandField,
    push: BandField,
    /// Half the mean square that was put in since the account began: up to now, and at the end of
    /// the last step that counts.
    injected: f64,
    accepted: f64,
}

/// All forces of a flow, and the bundles of this rank that hold modes of their bands.
pub struct ForcedBands<T: Real> {
    forces: Vec<Forced>,
    /// Forces that are no more, but have put something in since the accounts began.
    former: Vec<ForceState>,
    columns: Columns<T>,
}

/// All fields of each bundle: the tendency first, then what goes out.
struct Columns<T: Real> {
    layout: Modes,
    bundles: Vec<usize>,
    numbers: Vec<Mutex<Vec<T>>>,
}

impl Forced {
    /// A force in a band of modes of the `fields` of this name and damping.
    pub fn new(
        (name, fields): (String, Range<usize>),
        damping: Damping,
        force: Box<dyn Force>,
        band: Band,
    ) -> Self {
        let [present, rest, push] = std::array::from_fn(|_| band.zeros());
        let decay = band.k_squared().iter().map(|k2| damping.rate(*k2)).fold(0.0, f64::max);
        Forced {
            name,
            force,
            band,
            fields,
            damping,
            decay,
            bounds: Bounds::NONE,
            pace: Pace::default(),
            remark: Remark::default(),
            present,
            rest,
            push,
            injected: 0.0,
            accepted: 0.0,
        }
    }

    /// Adds the force to the tendency in `columns`, and notes what it puts in. Collective.
    fn act<T: Real>(&mut self, comm: &Communicator, columns: &Columns<T>, stage: Stage) {
        let Forced { force, band, fields, damping, present, rest, push, .. } = self;
        if stage.index == 0 {
            force.advance(band, stage.dt);
        }
        columns.collect(comm, band, fields, rest);
        for ((rest, u), k2) in rest.iter_mut().zip(&*present).zip(band.k_squared()) {
            for (rest, u) in rest.iter_mut().zip(u) {
                *rest -= u * damping.rate(*k2);
            }
        }
        force.force(band, present, rest, push);
        let power = band.inner(&*push, &*present);
        for (place, push) in band.places().zip(push) {
            columns.change(place, fields, |component, value| {
                let push = push[component];
                value + Complex::new(T::from_double(push.re), T::from_double(push.im))
            });
        }
        self.injected += stage.weight() * power;
    }

    /// Corrects the new field in `columns` and `state`. Collective.
    fn correct<T: Real>(
        &mut self,
        comm: &Communicator,
        columns: &Columns<T>,
        state: &mut SpectralFields<T>,
    ) {
        let Forced { force, band, fields, present, .. } = self;
        columns.collect(comm, band, fields, present);
        let before = band.energy(present);
        force.constrain(band, present);
        band.restore_symmetry(present);
        self.injected += band.energy(present) - before;
        for (place, present) in band.places().zip(present) {
            // Rounded to what is stored, on every rank.
            let values = present.map(|c| Complex::new(T::from_double(c.re), T::from_double(c.im)));
            *present = values.map(|c| Complex::new(c.re.double(), c.im.double()));
            columns.change(place, fields, |component, _| values[component]);
            if state.bundles.contains(&place.bundle) {
                fields
                    .clone()
                    .zip(values)
                    .for_each(|(field, value)| state.set(place, field, value));
            }
        }
    }
}

impl<T: Real> Columns<T> {
    /// The fields of a bundle; `None` if it is not one of these.
    fn get(&self, bundle: usize) -> Option<std::sync::MutexGuard<'_, Vec<T>>> {
        let position = self.bundles.binary_search(&bundle).ok()?;
        // A panic elsewhere leaves nothing in it that matters.
        Some(self.numbers[position].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number in a bundle where a mode of a field is.
    fn offset(&self, place: ModeIndex, field: usize) -> usize {
        field * self.layout.column_len() + self.layout.offset(place)
    }

    /// Makes `target` the band of the `fields`. Collective.
    fn collect(
        &self,
        comm: &Communicator,
        band: &mut Band,
        fields: &Range<usize>,
        target: &mut BandField,
    ) {
        band.collect(comm, target, |place, component| {
            let offset = self.offset(place, fields.clone().nth(component)?);
            let column = self.get(place.bundle)?;
            Some(Complex::new(column[offset], column[offset + self.layout.lanes]))
        });
    }

    /// Makes each component of a vector or scalar at a place `change(component, value)`, if the place
    /// is on this rank.
    fn change(
        &self,
        place: ModeIndex,
        fields: &Range<usize>,
        change: impl Fn(usize, Complex<T>) -> Complex<T>,
    ) {
        let Some(mut column) = self.get(place.bundle) else { return };
        for (component, field) in fields.clone().enumerate() {
            let re = self.offset(place, field);
            let im = re + self.layout.lanes;
            let value = change(component, Complex::new(column[re], column[im]));
            (column[re], column[im]) = (value.re, value.im);
        }
    }
}

impl<T: Real> ForcedBands<T> {
    /// Forces on fields like those of `state`.
    pub fn new(state: &SpectralFields<T>, forces: Vec<Forced>) -> Self {
        let mut bundles: Vec<_> = forces.iter().flat_map(|forced| forced.band.bundles()).collect();
        bundles.retain(|b| state.bundles.contains(b));
        bundles.sort_unstable();
        bundles.dedup();
        let numbers =
            bundles.iter().map(|_| Mutex::new(vec![T::ZERO; state.bundle_len()])).collect();
        let columns = Columns { layout: state.modes, bundles, numbers };
        ForcedBands { forces, former: Vec::new(), columns }
    }

    /// Bundles of this rank with forced modes.
    pub fn bundles(&self) -> &[usize] {
        &self.columns.bundles
    }

    /// Begins with the fields that the run starts from. Collective.
    pub fn start(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        self.look(comm, state);
        for Forced { force, band, present, .. } in &mut self.forces {
            force.start(band, present);
        }
    }

    /// Reads the bands of the fields that a step starts from. Collective.
    fn look(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        for Forced { band, fields, present, .. } in &mut self.forces {
            band.collect(comm, present, |place, component| {
                state.get(place, fields.clone().nth(component)?)
            });
        }
    }

    /// Brings the bundles in, assembles their tendency from `incoming` fields each and adds the
    /// forces. Collective.
    pub fn bring_in(
        &mut self,
        comm: &Communicator,
        sweep: &mut Sweep<T>,
        incoming: usize,
        assemble: &Assemble<T>,
        stage: Stage,
    ) {
        if self.forces.is_empty() {
            return;
        }
        let columns = &self.columns;
        sweep.run_columns(&columns.bundles, incoming, 0, &|bundle, incoming, _| {
            if let Some(mut column) = columns.get(bundle) {
                assemble(bundle, incoming, &mut column);
            }
        });
        self.forces.iter_mut().for_each(|forced| forced.act(comm, columns, stage));
    }

    /// Calls `advance(bundle, tendency)`, which leaves the next fields in place of the tendency.
    pub fn advance(&mut self, advance: impl Fn(usize, &mut [T])) {
        for &bundle in &self.columns.bundles {
            if let Some(mut column) = self.columns.get(bundle) {
                advance(bundle, &mut column);
            }
        }
    }

    /// Puts the next fields of the bundles out; after the last stage they are corrected first, in
    /// `state` too. Collective.
    pub fn put_out(
        &mut self,
        comm: &Communicator,
        sweep: &mut Sweep<T>,
        state: &mut SpectralFields<T>,
        stage: Stage,
        put_out: &PutOut<T>,
    ) {
        if self.forces.is_empty() {
            return;
        }
        let ForcedBands { forces, columns, .. } = self;
        let is_last = stage.is_last();
        for forced in forces {
            if is_last {
                forced.correct(comm, columns, state);
            } else {
                columns.collect(comm, &mut forced.band, &forced.fields, &mut forced.present);
            }
        }
        let columns = &*columns;
        sweep.run_columns(&columns.bundles, 0, state.count, &|bundle, _, outgoing| {
            if let Some(column) = columns.get(bundle) {
                outgoing.copy_from_slice(&column);
                put_out(bundle, outgoing);
            }
        });
    }

    /// Ends a step that counts.
    pub fn accept(&mut self) {
        for Forced { force, injected, accepted, .. } in &mut self.forces {
            force.accept();
            *accepted = *injected;
        }
    }

    /// Goes back to before a step that started from `state` and does not count. Collective.
    pub fn reject(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        self.look(comm, state);
        self.forces.iter_mut().for_each(|forced| forced.injected = forced.accepted);
    }

    /// Notes that the first force has put in `energy` by other ways than its band.
    pub fn note_injection(&mut self, energy: f64) {
        self.forces[0].injected += energy;
    }

    /// Half the mean square that forces on the vector or scalar of this name have put in since the
    /// accounts began.
    pub fn injected(&self, name: &str) -> f64 {
        let present = self.forces.iter().map(|forced| (&forced.name, forced.injected));
        let former = self.former.iter().map(|state| (&state.name, state.injected));
        present.chain(former).filter(|(of, _)| *of == name).map(|(_, injected)| injected).sum()
    }

    /// The energy that forces on vectors have put in since the accounts began.
    pub fn injected_energy(&self) -> f64 {
        let vectors = self.forces.iter().filter(|forced| forced.fields.len() > 1);
        vectors.map(|forced| forced.injected).sum()
    }

    /// Begins the accounts anew.
    pub fn clear_accounts(&mut self) {
        for Forced { injected, accepted, .. } in &mut self.forces {
            (*injected, *accepted) = (0.0, 0.0);
        }
        self.former.clear();
    }

    /// All that a checkpoint needs of the forces.
    pub fn states(&self) -> Vec<ForceState> {
        let state = |Forced { name, force, injected, .. }: &Forced| ForceState {
            name: name.clone(),
            memory: force.state(),
            injected: *injected,
        };
        self.forces.iter().map(state).chain(self.former.iter().cloned()).collect()
    }

    /// Makes the forces go on from those of `states` that have their names; the others stay in the
    /// accounts. A force without memory begins as at a start.
    ///
    /// # Errors
    /// The state that is not of the force of its name.
    pub fn restore(&mut self, states: Vec<ForceState>) -> Result<(), ForceState> {
        for state in states {
            let of_name = self.forces.iter_mut().find(|forced| forced.name == state.name);
            match of_name {
                None => self.former.push(state),
                Some(Forced { force, injected, accepted, .. }) => {
                    (*injected, *accepted) = (state.injected, state.injected);
                    if !state.memory.is_empty() && !force.restore(&state.memory) {
                        return Err(state);
                    }
                }
            }
        }
        Ok(())
    }
}
