//! The exchange: rows on their way between columns and planes.
//!
//! Ranks of one node share a single array, which the columns of one rank write where the planes of
//! another read it: to move means to wait for each other. A single rank has one array and nobody to
//! wait for. Ranks of several nodes send blocks between two arrays of their own: every part of
//! their bundles is an all-to-all of its own that runs while other parts are worked on. Parts leave
//! in the same order on every rank.

use crate::error::Result;
use crate::fields::Aligned;
use crate::parallel::{Communicator, SharedSlice, Team, Window};
use crate::real::Real;

use super::messages::Messages;
use super::plan::Plan;

/// The exchange of one rank.
pub struct Exchange<T: Real> {
    arrays: Arrays<T>,
    /// Where this rank's planes begin in a shared array, and how many numbers they are.
    first: usize,
    len: usize,
}

enum Arrays<T: Real> {
    Local(Aligned<T>),
    Shared(Window<T>),
    Messages(Messages<T>),
}

impl<T: Real> Exchange<T> {
    /// The exchange that `plan` asks for. Collective.
    pub fn new(plan: &Plan, communicator: &Communicator, team: &Team) -> Result<Self> {
        let arrays = if plan.ranks == 1 {
            Arrays::Local(team.zeros(plan.columns_len()))
        } else if plan.shared {
            Arrays::Shared(Window::new(communicator, plan.planes_len())?)
        } else {
            Arrays::Messages(Messages::new(plan, communicator, team))
        };
        Ok(Exchange {
            arrays,
            first: if plan.shared { plan.first_plane_number() } else { 0 },
            len: plan.planes_len(),
        })
    }

    /// The rows as columns see them.
    pub fn columns(&mut self) -> SharedSlice<'_, T> {
        match &mut self.arrays {
            Arrays::Local(array) => SharedSlice::new(array),
            Arrays::Shared(window) => window.slice(),
            Arrays::Messages(messages) => SharedSlice::new(&mut messages.columns),
        }
    }

    /// The rows of this rank's planes.
    pub fn planes(&mut self) -> SharedSlice<'_, T> {
        match &mut self.arrays {
            Arrays::Local(array) => SharedSlice::new(array),
            Arrays::Shared(window) => window.slice().part(self.first..self.first + self.len),
            Arrays::Messages(messages) => SharedSlice::new(&mut messages.planes),
        }
    }

    /// Makes room for other rows than those that are here or on their way: waits until nobody uses
    /// them any more. Collective.
    pub fn clear(&mut self) {
        match &mut self.arrays {
            Arrays::Local(_) => {}
            Arrays::Shared(window) => window.synchronize(),
            Arrays::Messages(messages) => messages.clear(),
        }
    }

    /// Waits until a part that comes from planes is here.
    pub fn arrive(&mut self, part: usize) {
        if let Arrays::Messages(messages) = &mut self.arrays {
            messages.arrive(part);
        }
    }

    /// Notes that columns have put out `fields` fields of so many bundles of a part; a part that is
    /// complete starts on its way to planes.
    pub fn put(&mut self, part: usize, bundles: usize, fields: usize) {
        if let Arrays::Messages(messages) = &mut self.arrays {
            messages.put(part, bundles, fields);
        }
    }

    /// Moves `fields` fields from columns to planes, as far as [`Self::put`] has not. Collective.
    pub fn to_planes(&mut self, fields: usize) {
        match &mut self.arrays {
            Arrays::Local(_) => {}
            Arrays::Shared(window) => window.synchronize(),
            Arrays::Messages(messages) => messages.to_planes(fields),
        }
    }

    /// Starts to move `fields` fields from planes to columns, where [`Self::arrive`] awaits each
    /// part. Collective.
    pub fn to_columns(&mut self, fields: usize) {
        match &mut self.arrays {
            Arrays::Local(_) => {}
            Arrays::Shared(window) => window.synchronize(),
            Arrays::Messages(messages) => messages.to_columns(fields),
        }
    }
}
