//! The exchange: rows on their way between columns and planes, or, within a group of ranks, between
//! lines along y and lines along x.
//!
//! Ranks of one node share a single array, which the columns of one rank write where the planes of
//! another read it: to move means to wait for each other. A single rank has one array and nobody to
//! wait for. Ranks of several nodes send blocks between two arrays of their own: every part of
//! their bundles is an all-to-all of its own that runs while other parts are worked on. Parts leave
//! in the same order on every rank.

use crate::error::Result;
use crate::fields::Aligned;
use crate::parallel::{Communicator, Counts, SharedSlice, Team, Window};
use crate::real::Real;

use super::messages::Messages;

/// What an exchange has room for, and which rows move: the side of columns (or of lines along y) and
/// the side of planes (or of lines along x), as one rank sees them.
pub trait Blocks {
    /// Number of ranks that exchange.
    fn peers(&self) -> usize;

    /// Whether they have one array for both sides.
    fn shared(&self) -> bool;

    /// Numbers in a row.
    fn row_len(&self) -> usize;

    /// Numbers on the columns' side.
    fn columns_len(&self) -> usize;

    /// Numbers on the planes' side.
    fn planes_len(&self) -> usize;

    /// In a shared array: where this rank's planes begin.
    fn first_plane_number(&self) -> usize;

    /// Most fields that move.
    fn fields(&self) -> usize;

    /// Bundles in each part that moves by itself.
    fn parts(&self) -> Vec<usize>;

    /// Rows of `fields` fields between one part of this rank's columns and every rank's planes.
    fn column_counts(&self, part: usize, fields: usize) -> Counts;

    /// Rows of `fields` fields between this rank's planes and one part of every rank's columns.
    fn plane_counts(&self, part: usize, fields: usize) -> Counts;
}

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
    /// The exchange of `blocks` among the ranks of `communicator`. Collective.
    pub fn new(blocks: &dyn Blocks, communicator: &Communicator, team: &Team) -> Result<Self> {
        let arrays = if blocks.peers() == 1 {
            Arrays::Local(team.zeros(blocks.columns_len()))
        } else if blocks.shared() {
            Arrays::Shared(Window::new(communicator, blocks.planes_len())?)
        } else {
            Arrays::Messages(Messages::new(blocks, communicator, team))
        };
        let first = if blocks.shared() { blocks.first_plane_number() } else { 0 };
        Ok(Exchange { arrays, first, len: blocks.planes_len() })
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
