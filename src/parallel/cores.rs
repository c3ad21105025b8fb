//! The cores that the ranks may use.

use mpi::collective::SystemOperation;
use mpi::traits::{Communicator as _, CommunicatorCollectives};

use super::communicator::Communicator;

/// Words of 64 cores of which the kernel tells at most.
const WORDS: usize = 16;

/// The cores that ranks and their threads have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Cores that are at work, of all nodes: no more than there are threads, nor than they may use.
    pub used: usize,
    /// The fewest that a rank may use.
    pub fewest: usize,
}

impl Communicator {
    /// The cores that all ranks use with so many threads each, as far as they are bound to some.
    /// Collective.
    pub fn cores(&self, threads: usize) -> Cores {
        let mine = allowed();
        let fewest = count(&mine);
        let Some(c) = self.peers() else { return Cores { used: threads.min(fewest), fewest } };
        let node = c.split_shared(c.rank());
        let mut all = [0_u64; WORDS];
        node.all_reduce_into(&mine[..], &mut all[..], SystemOperation::bitwise_or());
        let is_first = node.rank() == 0;
        let here = count(&all).min(threads * node.size() as usize);
        let mut used = [if is_first { here as i64 } else { 0 }];
        self.sum_integers(&mut used);
        let mut fewest = [fewest as i64];
        self.min(&mut fewest);
        Cores { used: used[0] as usize, fewest: fewest[0] as usize }
    }
}

fn count(cores: &[u64; WORDS]) -> usize {
    cores.iter().map(|word| word.count_ones() as usize).sum::<usize>().max(1)
}

/// A bit for each core that this process may use; all if the kernel does not tell.
fn allowed() -> [u64; WORDS] {
    let mut cores = [0_u64; WORDS];
    // SAFETY: the kernel writes no more bytes than it is told of.
    let told = unsafe {
        libc::sched_getaffinity(0, size_of_val(&cores), (&raw mut cores).cast::<libc::cpu_set_t>())
    };
    if told == 0 { cores } else { [u64::MAX; WORDS] }
}
