//! The forces of a flow, and their detour through a stage.
//!
//! | file | what is in it |
//! |---|---|
//! | here | [`Forces`], all of a flow |
//! | `active` | one force: what it sees, and what it has put in |
//! | `columns` | the bundles with forced modes, while they are out of the sweep |
//! | [`amplification`] | forces on all modes |
//! | `pace`, `look_ahead` | how fast forces change what they act on, and what they ask of a step |
//! | `idle` | forces that could never act |
//!
//! A force needs the field that it acts on, and its tendency, in its whole band before any of it is
//! updated. So the few bundles with forced modes are assembled first, then forced, then updated.
//! After the last stage the new field in the band is corrected before it goes out. A force on all
//! modes is a rate of the stage, which follows from the mean square of the fluctuations: it is added
//! where the tendency is assembled.

mod active;
pub mod amplification;
mod columns;
mod idle;
mod look_ahead;
mod pace;

use serde::{Deserialize, Serialize};

use crate::fields::SpectralFields;
use crate::forcing::ForcingTerm;
use crate::integrator::{Damping, Stage};
use crate::parallel::{Communicator, ThreadPool};
use crate::real::Real;
use crate::sums::MeanSquares;
use crate::transform::sweep::Sweep;

use self::active::ActiveForce;
use self::amplification::Amplification;
use self::columns::Columns;

pub use idle::Idle;
pub use pace::{Pace, Remark};

/// Makes the tendency of a bundle, `assemble(bundle, contracted, tendency)`.
pub type Assemble<'a, T> = dyn Fn(usize, &mut [T], &mut [T]) + Sync + 'a;

/// Makes of the next fields of a bundle what goes out, `put_out(bundle, fields)`.
pub type PutOut<'a, T> = dyn Fn(usize, &mut [T]) + Sync + 'a;

/// The part of a force that a run keeps in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ForceState {
    /// The name of what it acts on, see [`ForcingTerm`].
    pub name: String,
    /// Its memory, see [`Force::state`](crate::forcing::Force::state).
    pub memory: Vec<f64>,
    /// Half the mean square that it has put in since the account began.
    pub injected: f64,
}

/// All forces of a flow, and the bundles of this rank that hold modes of their bands.
pub struct Forces<T: Real> {
    active: Vec<ActiveForce>,
    /// Forces that are no more, but have put something in since the accounts began.
    former: Vec<ForceState>,
    columns: Columns<T>,
}

impl<T: Real> Forces<T> {
    /// The forces on fields like those of `state`, of which `damping(field)` is the damping.
    pub fn new(
        terms: Vec<ForcingTerm>,
        state: &SpectralFields<T>,
        damping: impl Fn(usize) -> Damping,
    ) -> Self {
        let active = terms.into_iter().map(|term| {
            let damping = damping(term.fields.start);
            ActiveForce::new(term, &state.modes, damping)
        });
        let active: Vec<_> = active.collect();
        let bundles = active.iter().flat_map(|force| force.band.bundles());
        let columns = Columns::new(state, bundles);
        Forces { active, former: Vec::new(), columns }
    }

    /// Returns what acts on all modes of the fields, at no rate yet.
    pub fn amplifications(&self) -> Vec<Amplification> {
        let amplify = self.active.iter().filter(|active| active.force.amplifies());
        amplify.map(|active| Amplification { fields: active.fields.clone(), rate: 0.0 }).collect()
    }

    /// Returns whether there are any.
    pub fn are_there(&self) -> bool {
        !self.active.is_empty()
    }

    /// Bundles of this rank with forced modes.
    pub fn bundles(&self) -> &[usize] {
        &self.columns.bundles
    }

    /// Begins with the fields that the run starts from. Collective.
    pub fn start(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        self.look(comm, state);
        for ActiveForce { force, band, present, .. } in &mut self.active {
            force.start(band, present);
        }
    }

    /// Reads the bands of the fields that a step starts from. Collective.
    fn look(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        self.active.iter_mut().for_each(|active| active.look(comm, state));
    }

    /// Finds the rates of the `amplifications` in a stage, given the fields at it if it is not the
    /// first. Collective.
    pub fn amplify(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        stage_state: &SpectralFields<T>,
        stage: Stage,
        amplifications: &mut [Amplification],
    ) {
        let amplify = self.active.iter_mut().filter(|active| active.force.amplifies());
        for (active, amplification) in amplify.zip(amplifications) {
            let square = match stage.index {
                0 => active.square,
                _ => {
                    let fields = active.fields.clone();
                    MeanSquares::measure(stage_state, fields, pool, comm).fluctuations
                }
            };
            amplification.rate = active.amplify(square, stage);
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
        if self.active.is_empty() {
            return;
        }
        let columns = &self.columns;
        sweep.run_columns(&columns.bundles, incoming, 0, &|bundle, incoming, _| {
            if let Some(mut column) = columns.get(bundle) {
                assemble(bundle, incoming, &mut column);
            }
        });
        self.active.iter_mut().for_each(|active| active.act(comm, columns, stage));
    }

    /// Calls `advance(bundle, tendency)`, which leaves the next fields in place of the tendency.
    pub fn advance(&mut self, advance: impl Fn(usize, &mut [T])) {
        for &bundle in &self.columns.bundles {
            if let Some(mut column) = self.columns.get(bundle) {
                advance(bundle, &mut column);
            }
        }
    }

    /// Puts the next fields of the bundles out, among `outgoing` fields; after the last stage they are
    /// corrected first, in `state` too. Collective.
    pub fn put_out(
        &mut self,
        comm: &Communicator,
        sweep: &mut Sweep<T>,
        (state, outgoing): (&mut SpectralFields<T>, usize),
        stage: Stage,
        put_out: &PutOut<T>,
    ) {
        if self.active.is_empty() {
            return;
        }
        let Forces { active, columns, .. } = self;
        let is_last = stage.is_last();
        for active in active {
            if is_last {
                active.correct(comm, columns, state);
            } else {
                columns.collect(comm, &mut active.band, &active.fields, &mut active.present);
            }
        }
        let columns = &*columns;
        sweep.run_columns(&columns.bundles, 0, outgoing, &|bundle, _, outgoing| {
            if let Some(column) = columns.get(bundle) {
                outgoing[..column.len()].copy_from_slice(&column);
                put_out(bundle, outgoing);
            }
        });
    }

    /// Adds the forces on those of the fields of `state` that `target` has, between two steps.
    /// `tendency` is that of the state without damping and force. Collective.
    pub fn add_to(
        &mut self,
        comm: &Communicator,
        pool: &ThreadPool,
        state_and_tendency: [&SpectralFields<T>; 2],
        target: &mut SpectralFields<T>,
    ) {
        let count = target.count;
        for active in self.active.iter_mut().filter(|active| active.fields.end <= count) {
            active.add_to(comm, pool, state_and_tendency, target);
        }
    }

    /// Ends a step that counts.
    pub fn accept(&mut self) {
        for ActiveForce { force, injected, accepted, .. } in &mut self.active {
            force.accept();
            *accepted = *injected;
        }
    }

    /// Goes back to before a step that started from `state` and does not count. Collective.
    pub fn reject(&mut self, comm: &Communicator, state: &SpectralFields<T>) {
        self.look(comm, state);
        self.active.iter_mut().for_each(|active| active.injected = active.accepted);
    }

    /// Half the mean square that forces on the vector or scalar of this name have put in since the
    /// accounts began.
    pub fn injected(&self, name: &str) -> f64 {
        let present = self.active.iter().map(|active| (&active.name, active.injected));
        let former = self.former.iter().map(|state| (&state.name, state.injected));
        present.chain(former).filter(|(of, _)| *of == name).map(|(_, injected)| injected).sum()
    }

    /// The energy that forces on vectors have put in since the accounts began.
    pub fn injected_energy(&self) -> f64 {
        let vectors = self.active.iter().filter(|active| active.fields.len() > 1);
        vectors.map(|active| active.injected).sum()
    }

    /// Begins the accounts anew.
    pub fn clear_accounts(&mut self) {
        for ActiveForce { injected, accepted, .. } in &mut self.active {
            (*injected, *accepted) = (0.0, 0.0);
        }
        self.former.clear();
    }

    /// All that a checkpoint needs of the forces.
    pub fn states(&self) -> Vec<ForceState> {
        let state = |ActiveForce { name, force, injected, .. }: &ActiveForce| ForceState {
            name: name.clone(),
            memory: force.state(),
            injected: *injected,
        };
        self.active.iter().map(state).chain(self.former.iter().cloned()).collect()
    }

    /// Makes the forces go on from those of `states` that have their names; the others stay in the
    /// accounts. A force without memory begins as at a start.
    ///
    /// # Errors
    /// The state that is not of the force of its name.
    pub fn restore(&mut self, states: Vec<ForceState>) -> Result<(), ForceState> {
        for state in states {
            let of_name = self.active.iter_mut().find(|active| active.name == state.name);
            match of_name {
                None => self.former.push(state),
                Some(ActiveForce { force, injected, accepted, .. }) => {
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
