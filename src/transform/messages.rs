//! The exchange between ranks that pass messages.
//!
//! Two arrays, one for columns and one for planes. Each part of the ranks' bundles travels in an
//! all-to-all of its own, which does not block: on the way back all parts start at once and are
//! awaited one by one, and each sets out again as soon as its bundles have been worked on. Planes
//! need all parts. Every rank starts the parts in the same order, as MPI demands.

use crate::fields::Aligned;
use crate::parallel::{Communicator, Counts, Team, Transfer};
use crate::real::Real;

use super::exchange::Blocks;

/// Both ends of the exchange of one rank.
pub struct Messages<T: Real> {
    /// Parts on their way; dropped, and so awaited, before anything that they use.
    transfers: Vec<Option<Transfer>>,
    communicator: Communicator,
    /// Numbers in a row.
    row_len: usize,
    /// Rows of this rank's columns.
    pub columns: Aligned<T>,
    /// Rows of this rank's planes.
    pub planes: Aligned<T>,
    parts: Vec<Part>,
    /// Parts that have left for planes since the last time that all arrived there.
    left: usize,
}

/// One part of the bundles.
struct Part {
    /// Bundles of this rank in it, and how many of them have been put out.
    bundles: usize,
    put: usize,
    /// Rows to and from each rank, by the number of fields that move.
    columns: Vec<Counts>,
    planes: Vec<Counts>,
}

impl<T: Real> Messages<T> {
    /// Room for `blocks`. Collective.
    pub fn new(blocks: &dyn Blocks, communicator: &Communicator, team: &Team) -> Self {
        let all = |counts: &dyn Fn(usize) -> Counts| (0..=blocks.fields()).map(counts).collect();
        let parts = blocks.parts().into_iter().enumerate().map(|(part, bundles)| Part {
            bundles,
            put: 0,
            columns: all(&|fields| blocks.column_counts(part, fields)),
            planes: all(&|fields| blocks.plane_counts(part, fields)),
        });
        Messages {
            transfers: blocks.parts().iter().map(|_| None).collect(),
            communicator: communicator.private_copy(),
            row_len: blocks.row_len(),
            columns: team.zeros(blocks.columns_len()),
            planes: team.zeros(blocks.planes_len()),
            parts: parts.collect(),
            left: 0,
        }
    }

    /// Waits for a part on its way to columns.
    pub fn arrive(&mut self, part: usize) {
        self.transfers[part] = None;
    }

    /// Notes that `fields` fields of so many bundles of a part have been put out.
    pub fn put(&mut self, part: usize, bundles: usize, fields: usize) {
        self.parts[part].put += bundles;
        self.leave(fields, |part| part.put == part.bundles);
    }

    /// Brings `fields` fields of all parts to planes. Collective.
    pub fn to_planes(&mut self, fields: usize) {
        self.leave(fields, |_| true);
        self.clear();
    }

    /// Waits for all parts; none counts as put out any more. Collective.
    pub fn clear(&mut self) {
        for (transfer, part) in self.transfers.iter_mut().zip(&mut self.parts) {
            *transfer = None;
            part.put = 0;
        }
        self.left = 0;
    }

    /// Sends parts to planes, in their order, as long as they are ready.
    fn leave(&mut self, fields: usize, ready: impl Fn(&Part) -> bool) {
        while self.left < self.parts.len() && ready(&self.parts[self.left]) {
            self.arrive(self.left);
            let Part { columns, planes, .. } = &self.parts[self.left];
            let from = (self.columns.as_ptr(), &columns[fields]);
            let to = (self.planes.as_mut_ptr(), &planes[fields]);
            // SAFETY: counts stay within the arrays (tested in `plan`); nobody touches the rows of
            // this part on either side until the transfer is awaited, and the arrays and counts
            // live as long.
            let transfer = unsafe { self.communicator.start_all_to_all(self.row_len, from, to) };
            self.transfers[self.left] = Some(transfer);
            self.left += 1;
        }
    }

    /// Starts to bring `fields` fields of all parts back to columns. Collective.
    pub fn to_columns(&mut self, fields: usize) {
        for (transfer, Part { columns, planes, .. }) in self.transfers.iter_mut().zip(&self.parts) {
            let from = (self.planes.as_ptr(), &planes[fields]);
            let to = (self.columns.as_mut_ptr(), &columns[fields]);
            // SAFETY: as in `leave`.
            let started = unsafe { self.communicator.start_all_to_all(self.row_len, from, to) };
            *transfer = Some(started);
        }
    }
}
