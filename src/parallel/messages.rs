//! Numbers from one rank to another.
//!
//! A message sets out when the rank that receives it is ready for it: no rank gets ahead of those that it
//! sends to, and MPI keeps nothing on the way.

use mpi::request::multiple_scope;
use mpi::traits::{Communicator as _, Destination, Equivalence, Source};

use super::communicator::Communicator;

/// The most numbers in a message, so that their bytes keep within MPI's 32-bit counts.
const MESSAGE: usize = 1 << 26;

impl Communicator {
    /// Sends numbers to another rank, which must call [`Self::receive`]. Waits for it.
    pub fn send<E: Equivalence>(&self, rank: usize, numbers: &[E]) {
        let Some(c) = self.peers() else { return };
        let to = c.process_at_rank(rank as i32);
        numbers.chunks(MESSAGE).for_each(|part| to.synchronous_send(part));
    }

    /// Receives all `numbers` from another rank, however many [`Self::send`] has in a call.
    pub fn receive<E: Equivalence>(&self, rank: usize, numbers: &mut [E]) {
        let Some(c) = self.peers() else { return };
        let from = c.process_at_rank(rank as i32);
        let mut rest = numbers;
        while !rest.is_empty() {
            let most = rest.len().min(MESSAGE);
            let received = from.receive_into(&mut rest[..most]).count(E::equivalent_datatype());
            rest = &mut rest[received as usize..];
        }
    }

    /// Sends other ranks a block of numbers each, as [`Self::send`] does, at once.
    pub fn send_all<E: Equivalence>(&self, blocks: &[(usize, &[E])]) {
        let Some(c) = self.peers() else { return };
        multiple_scope(blocks.len(), |scope, requests| {
            for &(rank, block) in blocks {
                let to = c.process_at_rank(rank as i32);
                requests.add(to.immediate_synchronous_send(scope, block));
            }
            requests.wait_all(&mut Vec::with_capacity(blocks.len()));
        });
    }

    /// Receives a block of numbers from each of other ranks, at once.
    pub fn receive_all<E: Equivalence>(&self, blocks: Vec<(usize, &mut [E])>) {
        let Some(c) = self.peers() else { return };
        let count = blocks.len();
        multiple_scope(count, |scope, requests| {
            for (rank, block) in blocks {
                let from = c.process_at_rank(rank as i32);
                requests.add(from.immediate_receive_into(scope, block));
            }
            requests.wait_all(&mut Vec::with_capacity(count));
        });
    }
}
