//! The arrangement of ranks.

/// An arrangement of ranks in rows and columns. The ranks of a row share planes. They follow each other,
/// so that they are on one node if they can be. (What a user reads calls a row a group of ranks.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessGrid {
    /// Rows: groups of ranks.
    pub rows: usize,
    /// Columns: ranks of each group.
    pub columns: usize,
}

impl ProcessGrid {
    /// Every rank a row of its own.
    pub fn slabs(ranks: usize) -> Self {
        ProcessGrid { rows: ranks, columns: 1 }
    }

    /// Number of ranks.
    pub fn ranks(&self) -> usize {
        self.rows * self.columns
    }

    /// Row and column of a rank.
    pub fn coordinates(&self, rank: usize) -> (usize, usize) {
        (rank / self.columns, rank % self.columns)
    }
}
