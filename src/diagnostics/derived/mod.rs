//! Fields at the grid points that follow from the state: what snapshots and slices can show.
//!
//! With A_ij = du_i/dx_j, s_ij = (A_ij + A_ji) / 2 and omega = curl u
//!
//! dissipation = 2 nu s_ij s_ij,  Q = -A_ij A_ji / 2 = |omega|^2 / 4 - s_ij s_ij / 2
//!
//! (Hunt, Wray & Moin 1988, Center for Turbulence Research CTR-S88, p. 193). Derivatives are exact;
//! what is not linear is formed at the points. It is a sum of squares of *triples*, three linear
//! fields that are transformed together: no more than three fields, and the sums, are held at a time.
//!
//! | file | what it has |
//! |---|---|
//! | here | [`OutputFields`], and how they are made of a [`Flow`] |
//! | `groups` | the fields that there are with each physics |
//! | `squares` | those that are sums of squares |

mod groups;
mod squares;

use std::borrow::Cow;
use std::ops::Range;

use super::momentum::{MOMENTUM_TRANSFORMS, Momentum, MomentumPart};
use super::triple::Triple;
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Region};
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::physics::Physics;
use crate::real::Real;
use crate::transform::regrid::regrid;
use crate::transform::sweep::Sweep;
use crate::variable::Variable;
use groups::{Group, Source, known, of_state};
use squares::SumsOfSquares;

/// Fields to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputFields {
    groups: Vec<Group>,
}

impl OutputFields {
    /// The fields with these names, of which each may stand for the components of a vector; those of
    /// the state when there are no names.
    ///
    /// # Errors
    /// The number of a name that there is not with this physics.
    pub fn new(names: &[String], physics: &Physics) -> std::result::Result<Self, usize> {
        if names.is_empty() {
            return Ok(OutputFields { groups: of_state(physics) });
        }
        let known = known(physics);
        let find = |name: &String| known.iter().find(|group| group.name == *name).cloned();
        let groups = names.iter().enumerate().map(|(index, name)| find(name).ok_or(index));
        Ok(OutputFields { groups: groups.collect::<std::result::Result<_, _>>()? })
    }

    /// All names that a group or a field has, each once.
    pub fn all_names(physics: &Physics) -> Vec<String> {
        let names = |group: Group| {
            // Components of the state are groups of their own, too.
            let is_derived = !matches!(group.source, Source::State(_)) && group.fields.len() > 1;
            let fields = group.fields.into_iter().filter(move |_| is_derived);
            std::iter::once(group.name).chain(fields.map(|field| field.name))
        };
        known(physics).into_iter().flat_map(names).collect()
    }

    /// Names of the groups that there are.
    pub fn names(physics: &Physics) -> Vec<String> {
        known(physics).into_iter().map(|group| group.name).collect()
    }

    /// The single fields, in the order in which they are made.
    pub fn fields(&self) -> impl Iterator<Item = &Variable> {
        self.groups.iter().flat_map(|group| &group.fields)
    }

    /// Returns what [`Self::visit`] must know of the momentum.
    pub fn momentum(&self) -> Option<MomentumPart> {
        self.groups.iter().filter_map(|group| group.source.momentum()).max()
    }

    /// Returns how many transforms of a field take about as long as making them.
    pub fn transforms(&self) -> f64 {
        let of_groups: usize = self.sources().map(Source::transforms).sum();
        let of_sums = AXES * squares::count(self.sources()).1;
        (of_groups + of_sums) as f64 + self.momentum().map_or(0.0, |_| MOMENTUM_TRANSFORMS)
    }

    /// Returns how many fields of all points of this rank are held at a time.
    pub fn held_fields(&self) -> usize {
        squares::count(self.sources()).0
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.groups.iter().map(|group| &group.source)
    }

    /// Makes the fields of `flow` at the points of `region`, one after the other, and hands them over
    /// in batches of planes: `visit(number of the field, first plane of the region, values)` with
    /// values `[z][y][x]`. Every rank makes the same number of calls, also with no planes.
    /// Collective.
    pub fn visit<T: Real>(
        &self,
        flow: &Flow<T>,
        sweep: &mut Sweep<T>,
        region: &Region,
        mut visit: impl FnMut(usize, &Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let sums = SumsOfSquares::new(self.sources(), &flow.state, sweep, region);
        let (mut first, mut next_sum) = (0, 0);
        for Group { fields, source, .. } in &self.groups {
            match source {
                Source::State(range) => {
                    let each = components(range.len(), first, &mut visit);
                    copy(&flow.state, range, sweep, region, each)
                }
                Source::Pressure => flow.modes(MomentumPart::Pressure).try_for_each(|pressure| {
                    copy(pressure, &(0..1), sweep, region, components(1, first, &mut visit))
                }),
                Source::PressureGradient => {
                    flow.modes(MomentumPart::Pressure).try_for_each(|pressure| {
                        let each = components(AXES, first, &mut visit);
                        Triple::Gradient(0).to_points(pressure, sweep, region, each)
                    })
                }
                Source::Acceleration => {
                    flow.modes(MomentumPart::Acceleration).try_for_each(|acceleration| {
                        let each = components(AXES, first, &mut visit);
                        copy(acceleration, &(0..AXES), sweep, region, each)
                    })
                }
                Source::Triples(triples) => {
                    (first..).step_by(AXES).zip(triples).try_for_each(|(first, triple)| {
                        let each = components(AXES, first, &mut visit);
                        triple.to_points(&flow.state, sweep, region, each)
                    })
                }
                Source::Squares(_) | Source::Magnitude(_) => {
                    let index = next_sum;
                    next_sum += 1;
                    let each = components(1, first, &mut visit);
                    sums.visit(index, sweep.batches(region), each)
                }
            }?;
            first += fields.len();
        }
        Ok(())
    }
}

/// Hands the `count` components in values `[component][z][y][x]` over as fields from `first` on.
fn components<T>(
    count: usize,
    first: usize,
    visit: &mut impl FnMut(usize, &Region, &[T]) -> Result<()>,
) -> impl FnMut(&Region, &[T]) -> Result<()> {
    move |region, values| {
        let len = values.len() / count;
        (0..count).try_for_each(|c| visit(first + c, region, &values[c * len..(c + 1) * len]))
    }
}

/// Takes neighbouring fields to the points of a region. Collective.
fn copy<T: Real>(
    from: &SpectralFields<T>,
    fields: &Range<usize>,
    sweep: &mut Sweep<T>,
    region: &Region,
    visit: impl FnMut(&Region, &[T]) -> Result<()>,
) -> Result<()> {
    let len = from.modes.column_len();
    sweep.to_region(
        fields.len(),
        &|bundle, _, outgoing| {
            outgoing.copy_from_slice(&from.bundle(bundle)[fields.start * len..fields.end * len]);
        },
        region,
        visit,
    )
}

/// A flow that fields are made of: its state, and its pressure and acceleration where a field needs them.
pub struct Flow<'a, T: Real> {
    state: Cow<'a, SpectralFields<T>>,
    momentum: Option<Cow<'a, Momentum<T>>>,
}

impl<'a, T: Real> Flow<'a, T> {
    /// A state with what [`OutputFields::momentum`] says that fields need.
    pub fn new(state: &'a SpectralFields<T>, momentum: Option<&'a Momentum<T>>) -> Self {
        Flow { state: Cow::Borrowed(state), momentum: momentum.map(Cow::Borrowed) }
    }

    /// The modes of a part of the momentum, if it is known.
    fn modes(&self, part: MomentumPart) -> impl Iterator<Item = &SpectralFields<T>> {
        self.momentum.iter().filter_map(move |momentum| momentum.modes(part))
    }

    /// The same on another layout: modes that it does not have are cut off. Collective.
    pub fn regrid(&self, modes: Modes, comm: &Communicator) -> Flow<'static, T> {
        let regrid = |fields: &SpectralFields<T>| regrid(fields, modes, comm);
        let momentum = self.momentum.as_ref().map(|momentum| {
            let acceleration = momentum.acceleration.as_ref().map(regrid);
            Cow::Owned(Momentum { pressure: regrid(&momentum.pressure), acceleration })
        });
        Flow { state: Cow::Owned(regrid(&self.state)), momentum }
    }
}

#[cfg(test)]
mod tests;
