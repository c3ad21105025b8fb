//! Bytes on their way to one rank, piece by piece.

use mpi::traits::{Communicator as _, Destination, Source};

use super::communicator::Communicator;

/// The most bytes in a message of MPI.
const MESSAGE: usize = 1 << 30;

/// The length that says that there are no more pieces.
const END: u64 = u64::MAX;

impl Communicator {
    /// Hands pieces of bytes to rank 0: its own first, then those of the other ranks in their order.
    ///
    /// `next(bytes)` puts the next piece of this rank in the place of `bytes` and returns a number
    /// that goes with it; none after the last. On rank 0 `take(number, bytes)` gets every piece. So
    /// a rank holds one piece at a time. Collective.
    pub fn deliver(
        &self,
        mut next: impl FnMut(&mut Vec<u8>) -> Option<u64>,
        mut take: impl FnMut(u64, &[u8]),
    ) {
        let mut piece = Vec::new();
        if !self.is_root() {
            let Some(root) = self.peers().map(|c| c.process_at_rank(0)) else { return };
            while let Some(number) = next(&mut piece) {
                // Synchronous, so that small pieces do not pile up on their way.
                root.synchronous_send(&[number, piece.len() as u64]);
                piece.chunks(MESSAGE).for_each(|part| root.send(part));
            }
            return root.send(&[0, END]);
        }
        while let Some(number) = next(&mut piece) {
            take(number, &piece);
        }
        let Some(c) = self.peers() else { return };
        for rank in 1..c.size() {
            let source = c.process_at_rank(rank);
            loop {
                let mut head = [0; 2];
                source.receive_into(&mut head);
                let [number, length] = head;
                if length == END {
                    break;
                }
                piece.resize(length as usize, 0);
                for part in piece.chunks_mut(MESSAGE) {
                    source.receive_into(part);
                }
                take(number, &piece);
            }
        }
    }
}
