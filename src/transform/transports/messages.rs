//! Nodes that pass messages.
//!
//! Two arrays, one for each side. The ranks of a node have the side `from` in common: what goes from the
//! node to rank i of another one lies together there, whoever has put it out, and rank i of the node
//! sends it. So one long message goes from a node to each rank of another one, and all ranks of a node
//! send equal parts of what it has to send (compare the node-aware all-to-alls of Bienz, Olson & Gropp
//! 2019, and Träff & Hunold 2019). Where each rank sends by itself, it is a node of its own.
//!
//! Each part of the ranks' lines travels in an all-to-all of its own, which does not block: on the way
//! back all parts start at once and are awaited one by one, and each sets out again as soon as its lines
//! have been worked on by all ranks of the node, which a barrier tells that does not block either. The
//! side `to` needs all parts. Every rank starts the parts in the same order, as MPI demands.

use crate::error::Result;
use crate::fields::Aligned;
use crate::parallel::{Communicator, Request, RowCounts, SharedSlice, ThreadPool, Window};
use crate::real::Real;

use super::super::row_array::RowPointer;
use super::super::transpose::Transpose;
use super::transport::Transport;

/// The rows of both sides, and what is under way between them.
pub struct Messages<S: Real> {
    /// Parts on their way.
    requests: Vec<Option<Request>>,
    /// Parts that this rank has released, while others of the node may not have.
    barriers: Vec<Option<Request>>,
    /// The ranks of the node: one for these barriers, which do not come in the same order on each, and
    /// one for those that wait.
    node: [Communicator; 2],
    across_nodes: Communicator,
    /// Numbers in a row.
    row_len: usize,
    /// The rows on the sides `from` and `to`.
    from: Side<S>,
    to: Aligned<S>,
    parts: Vec<Part>,
    /// Fields that move to the side `to`.
    fields: usize,
    /// Parts that this rank has released for the side `to`, and that have left, since the last time that
    /// all arrived there.
    ready: usize,
    left: usize,
}

/// Rows of this rank, or of all ranks of its node.
enum Side<S: Real> {
    Own(Aligned<S>),
    OfNode(Window<S>),
}

/// One part of the lines.
struct Part {
    /// Lines of this rank in it, and how many of them have been put out.
    lines: usize,
    put: usize,
    /// Rows of each side for or from each node, by the number of fields that move.
    from: Vec<RowCounts>,
    to: Vec<RowCounts>,
}

impl<S: Real> Side<S> {
    fn slice(&mut self) -> SharedSlice<'_, S> {
        match self {
            Side::Own(rows) => SharedSlice::new(rows),
            Side::OfNode(window) => window.slice(),
        }
    }
}

impl<S: Real> Messages<S> {
    /// Room for the rows of a transpose. Collective.
    ///
    /// # Errors
    /// The ranks of a node cannot share the memory.
    pub fn new(
        transpose: &Transpose,
        communicator: &Communicator,
        pool: &ThreadPool,
    ) -> Result<Self> {
        let all =
            |counts: &dyn Fn(usize) -> RowCounts| (0..=transpose.fields).map(counts).collect();
        let parts = (0..transpose.parts()).map(|part| Part {
            lines: transpose.part(part).len(),
            put: 0,
            from: all(&|fields| transpose.from_counts(part, fields)),
            to: all(&|fields| transpose.to_counts(part, fields)),
        });
        let node = communicator.node();
        let from = match node.size() {
            1 => Side::Own(pool.zeros(transpose.from_len())),
            _ => Side::OfNode(Window::new(&node, transpose.from_share())?),
        };
        let none = || (0..transpose.parts()).map(|_| None).collect();
        Ok(Messages {
            requests: none(),
            barriers: none(),
            node: [node.private_copy(), node],
            across_nodes: communicator.across_nodes().private_copy(),
            row_len: transpose.row_len,
            from,
            to: pool.zeros(transpose.to_len()),
            parts: parts.collect(),
            fields: 0,
            ready: 0,
            left: 0,
        })
    }

    /// Tells the other ranks of the node which parts this one has put out: one after the other, as long as
    /// they are complete, or `all`.
    fn release(&mut self, all: bool) {
        let parts = &self.parts[self.ready..];
        let count = if all {
            parts.len()
        } else {
            parts.iter().take_while(|part| part.put == part.lines).count()
        };
        for barrier in &mut self.barriers[self.ready..][..count] {
            *barrier = Some(self.node[0].start_barrier());
        }
        self.ready += count;
    }

    /// Sends released parts to the side `to`, in their order, as long as all ranks of the node have
    /// released them; `waits` until they have.
    fn send(&mut self, waits: bool) {
        while self.left < self.ready {
            let barrier = &mut self.barriers[self.left];
            if !waits && barrier.as_mut().is_some_and(|barrier| !barrier.is_over()) {
                break;
            }
            *barrier = None;
            let Part { from, to, .. } = &self.parts[self.left];
            let from = (self.from.slice().as_mut_ptr().cast_const(), &from[self.fields]);
            let to = (self.to.as_mut_ptr(), &to[self.fields]);
            // SAFETY: counts stay within the arrays (tested in `transpose`); nobody touches the rows
            // of this part on either side until the request is awaited, and the arrays and counts
            // live as long.
            let request = unsafe { self.across_nodes.start_all_to_all(self.row_len, from, to) };
            self.requests[self.left] = Some(request);
            self.left += 1;
        }
    }

    /// Waits for all parts that are under way to or from this rank.
    fn finish(&mut self) {
        self.send(true);
        for (request, part) in self.requests.iter_mut().zip(&mut self.parts) {
            *request = None;
            part.put = 0;
        }
        (self.ready, self.left) = (0, 0);
    }
}

impl<S: Real> Drop for Messages<S> {
    /// Waits for what is under way before the arrays go. What this rank has released but not sent yet,
    /// for it has not seen that all of its node had, other ranks may have sent: they wait for it.
    fn drop(&mut self) {
        self.finish();
    }
}

impl<T: Real, S: Real> Transport<T> for Messages<S> {
    fn side_from(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(self.from.slice())
    }

    fn side_to(&mut self) -> RowPointer<'_, T> {
        RowPointer::new(SharedSlice::new(&mut self.to))
    }

    fn clear(&mut self) {
        self.finish();
        // Others of the node may still send, or receive, rows where this one will put some.
        self.node[1].barrier();
    }

    fn put(&mut self, part: usize, lines: usize, fields: usize) {
        self.parts[part].put += lines;
        self.fields = fields;
        self.release(false);
        self.send(false);
    }

    fn transpose(&mut self, fields: usize) {
        self.fields = fields;
        self.release(true);
        self.finish();
    }

    fn transpose_back(&mut self, fields: usize) {
        for (request, Part { from, to, .. }) in self.requests.iter_mut().zip(&self.parts) {
            let rows = (self.to.as_ptr(), &to[fields]);
            let back = (self.from.slice().as_mut_ptr(), &from[fields]);
            // SAFETY: as in `send`. What arrives here has left from here, with this rank's last request.
            let started = unsafe { self.across_nodes.start_all_to_all(self.row_len, rows, back) };
            *request = Some(started);
        }
    }

    fn arrive(&mut self, part: usize) {
        // The rest of this rank's lines arrives with the other ranks of the node.
        if self.requests[part].take().is_some() {
            self.node[1].barrier();
        }
    }
}
