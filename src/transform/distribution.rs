//! The deal of things to ranks.

use std::ops::Range;

use crate::parallel::share;

/// Consecutive things that are dealt to ranks in contiguous, balanced runs: sizes differ by at most
/// one, the larger ones come first. Where they are dealt in blocks, each run is one of whole blocks,
/// but for the end of the last one.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// All that is dealt.
    pub all: Range<usize>,
    /// Number of ranks.
    pub ranks: usize,
    block: usize,
}

impl Distribution {
    /// A deal of `all` to `ranks` ranks, one by one.
    pub fn new(all: Range<usize>, ranks: usize) -> Self {
        Distribution::in_blocks(all, 1, ranks)
    }

    /// A deal of `all` to `ranks` ranks in blocks of `block`.
    pub fn in_blocks(all: Range<usize>, block: usize, ranks: usize) -> Self {
        Distribution { all, ranks, block }
    }

    fn blocks(&self) -> usize {
        self.all.len().div_ceil(self.block)
    }

    /// The run of `rank`.
    pub fn of(&self, rank: usize) -> Range<usize> {
        let blocks = share(self.blocks(), rank, self.ranks);
        let bound = |block: usize| self.all.start + (block * self.block).min(self.all.len());
        bound(blocks.start)..bound(blocks.end)
    }

    /// The most that a rank has: as much as the first one.
    pub fn most(&self) -> usize {
        self.of(0).len()
    }

    /// Number of ranks that have something: the first ones.
    pub fn owners(&self) -> usize {
        self.ranks.min(self.blocks())
    }

    /// The rank that has `index`, which is one of all.
    pub fn owner(&self, index: usize) -> usize {
        let block = (index - self.all.start) / self.block;
        let (each, extra) = (self.blocks() / self.ranks, self.blocks() % self.ranks);
        let in_larger_runs = extra * (each + 1);
        if block < in_larger_runs {
            block / (each + 1)
        } else {
            extra + (block - in_larger_runs) / each
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_one_owner() {
        for (count, ranks, block) in [(0, 3, 1), (1, 1, 1), (5, 7, 1), (33, 4, 1), (50, 3, 16)] {
            let deal = Distribution::in_blocks(10..10 + count, block, ranks);
            let mut next = deal.all.start;
            for rank in 0..ranks {
                let mut run = deal.of(rank);
                assert_eq!((run.start, run.is_empty()), (next, rank >= deal.owners()));
                assert!(run.len() <= deal.most());
                next = run.end;
                assert!(run.all(|index| deal.owner(index) == rank));
            }
            assert_eq!(next, deal.all.end);
        }
    }
}
