//! The exchange: rows on their way between columns and planes.
//!
//! Ranks of one node share a single array, which the columns of one rank write where the planes of
//! another read it: to move means to wait for each other. Ranks of several nodes send blocks by an
//! all-to-all between two arrays of their own. A single rank has one array and nobody to wait for.

use crate::error::Result;
use crate::fields::{Aligned, zeros};
use crate::parallel::{Communicator, Counts, SharedSlice, Window};
use crate::real::Real;

use super::plan::Plan;

/// The exchange of one rank.
pub struct Exchange<T: Real> {
    communicator: Communicator,
    arrays: Arrays<T>,
    /// Numbers in a row.
    row_len: usize,
    /// Where this rank's planes begin in a shared array, and how many numbers they are.
    first: usize,
    len: usize,
}

enum Arrays<T: Real> {
    Local(Aligned<T>),
    Shared(Window<T>),
    Messages { columns: Side<T>, planes: Side<T> },
}

/// One end of the all-to-all.
struct Side<T: Real> {
    array: Aligned<T>,
    /// Rows to and from each rank, by the number of fields that move.
    counts: Vec<Counts>,
}

impl<T: Real> Exchange<T> {
    /// The exchange that `plan` asks for. Collective.
    pub fn new(plan: &Plan, communicator: &Communicator) -> Result<Self> {
        let arrays = if plan.ranks == 1 {
            Arrays::Local(zeros(plan.columns_len()))
        } else if plan.shared {
            Arrays::Shared(Window::new(communicator, plan.planes_len())?)
        } else {
            let all = |counts: &dyn Fn(usize) -> Counts| (0..=plan.slots).map(counts).collect();
            Arrays::Messages {
                columns: Side {
                    array: zeros(plan.columns_len()),
                    counts: all(&|fields| plan.column_counts(fields)),
                },
                planes: Side {
                    array: zeros(plan.planes_len()),
                    counts: all(&|fields| plan.plane_counts(fields)),
                },
            }
        };
        Ok(Exchange {
            communicator: communicator.clone(),
            arrays,
            row_len: plan.modes.row_len(),
            first: if plan.shared { plan.first_plane_number() } else { 0 },
            len: plan.planes_len(),
        })
    }

    /// The rows as columns see them.
    pub fn columns(&mut self) -> SharedSlice<'_, T> {
        match &mut self.arrays {
            Arrays::Local(array) => SharedSlice::new(array),
            Arrays::Shared(window) => window.slice(),
            Arrays::Messages { columns, .. } => SharedSlice::new(&mut columns.array),
        }
    }

    /// The rows of this rank's planes.
    pub fn planes(&mut self) -> SharedSlice<'_, T> {
        match &mut self.arrays {
            Arrays::Local(array) => SharedSlice::new(array),
            Arrays::Shared(window) => window.slice().part(self.first..self.first + self.len),
            Arrays::Messages { planes, .. } => SharedSlice::new(&mut planes.array),
        }
    }

    /// Moves `fields` fields from columns to planes. Collective.
    pub fn to_planes(&mut self, fields: usize) {
        match &mut self.arrays {
            Arrays::Local(_) => {}
            Arrays::Shared(window) => window.synchronize(),
            Arrays::Messages { columns, planes } => {
                send(&self.communicator, self.row_len, fields, columns, planes);
            }
        }
    }

    /// Moves `fields` fields from planes to columns. Collective.
    pub fn to_columns(&mut self, fields: usize) {
        match &mut self.arrays {
            Arrays::Local(_) => {}
            Arrays::Shared(window) => window.synchronize(),
            Arrays::Messages { columns, planes } => {
                send(&self.communicator, self.row_len, fields, planes, columns);
            }
        }
    }
}

fn send<T: Real>(
    communicator: &Communicator,
    row_len: usize,
    fields: usize,
    from: &Side<T>,
    to: &mut Side<T>,
) {
    let source = (&from.array[..], &from.counts[fields]);
    communicator.all_to_all_rows(row_len, source, (&mut to.array, &to.counts[fields]));
}
