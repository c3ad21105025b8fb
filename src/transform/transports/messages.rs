//! Ranks that pass messages.
//!
//! Two arrays, one for each side. Each part of the ranks' lines travels in an all-to-all of its own,
//! which does not block: on the way back all parts start at once and are awaited one by one, and each
//! sets out again as soon as its lines have been worked on. The side `to` needs all parts. Every rank
//! starts the parts in the same order, as MPI demands.

use crate::fields::Aligned;
use crate::parallel::{Communicator, Request, RowCounts, SharedSlice, ThreadPool};
use crate::real::Real;

use super::super::row_array::RowPointer;
use super::super::transpose::Transpose;
use super::transport::Transport;

/// The rows of both sides, and what is under way between them.
pub struct Messages<S: Real> {
    /// Parts on their way; dropped, and so awaited, before anything that they use.
    requests: Vec<Option<Request>>,
    communicator: Communicator,
    /// Numbers in a row.
    row_len: usize,
    /// The rows on the sides `from` and `to`.
    from: Aligned<S>,
    to: Aligned<S>,
    parts: Vec<Part>,
    /// Parts that have left for the side `to` since the last time that all arrived there.
    left: usize,
}

/// One part of the lines.
struct Part {
    /// Lines of this rank in it, and how many of them have been put out.
    lines: usize,
    put: usize,
    /// Rows of each side for or from each rank, by the number of fields that move.
    from: Vec<RowCounts>,
    to: Vec<RowCounts>,
}

impl<S: Real> Messages<S> {
    /// Room for the rows of a transpose. Collective.
    pub fn new(transpose: &Transpose, communicator: &Communicator, pool: &ThreadPool) -> Self {
        let all =
            |counts: &dyn Fn(usize) -> RowCounts| (0..=transpose.fields).map(counts).collect();
        let parts = (0..transpose.parts()).map(|part| Part {
            lines: transpose.part(part).len(),
            put: 0,
            from: all(&|fields| transpose.from_counts(part, fields)),
            to: all(&|fields| transpose.to_counts(part, fields)),
        });
        Messages {
            requests: (0..transpose.parts()).map(|_| None).collect(),
            communicator: communicator.private_copy(),
            row_len: transpose.row_len,
            from: pool.zeros(transpose.from_len()),
            to: pool.zeros(transpose.to_len()),
            parts: parts.collect(),
            left: 0,
        }
    }

    /// Sends parts to the side `to`, in their order, as long as they are ready.
    fn send(&mut self, fields: usize, is_ready: impl Fn(&Part) -> bool) {
        while self.left < self.parts.len() && is_ready(&self.parts[self.left]) {
            // Its last journey ends before the next one begins.
            self.requests[self.left] = None;
            let Part { from, to, .. } = &self.parts[self.left];
            let from = (self.from.as_ptr(), &from[fields]);
            let to = (self.to.as_mut_ptr(), &to[fields]);
            // SAFETY: counts stay within the arrays (tested in `transpose`); nobody touches the rows
            // of this part on either side until the request is awaited, and the arrays and counts
            // live as long.
            let request = unsafe { self.communicator.start_all_to_all(self.row_len, from, to) };
            self.requests[self.left] = Some(request);
            self.left += 1;
        }
    }
}

impl<T: Real, S: Real> Transport<T> for Messages<S> {
    fn side_from(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(SharedSlice::new(&mut self.from))
    }

    fn side_to(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(SharedSlice::new(&mut self.to))
    }

    fn clear(&mut self) {
        for (request, part) in self.requests.iter_mut().zip(&mut self.parts) {
            *request = None;
            part.put = 0;
        }
        self.left = 0;
    }

    fn put(&mut self, part: usize, lines: usize, fields: usize) {
        self.parts[part].put += lines;
        self.send(fields, |part| part.put == part.lines);
    }

    fn transpose(&mut self, fields: usize) {
        self.send(fields, |_| true);
        Transport::<T>::clear(self);
    }

    fn transpose_back(&mut self, fields: usize) {
        for (request, Part { from, to, .. }) in self.requests.iter_mut().zip(&self.parts) {
            let rows = (self.to.as_ptr(), &to[fields]);
            let back = (self.from.as_mut_ptr(), &from[fields]);
            // SAFETY: as in `send`.
            let started = unsafe { self.communicator.start_all_to_all(self.row_len, rows, back) };
            *request = Some(started);
        }
    }

    fn arrive(&mut self, part: usize) {
        self.requests[part] = None;
    }
}
