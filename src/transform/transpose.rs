//! A transpose of rows between ranks: pure arithmetic, no data.
//!
//! *Lines* of *rows* are dealt to the ranks twice: on the side `from` a rank has some lines, with all
//! their rows; on the side `to` it has some rows of every line. Both transposes of a sweep are such:
//!
//! | transpose | lines | rows of a line |
//! |---|---|---|
//! | z to y | bundles of columns of modes | one in every z-plane |
//! | y to x | bundles along x | one at every y of a plane |
//!
//! Several *fields* travel together: `fields` at most, which the arrays have room for. The ranks have
//! one array for both sides, or two arrays of their own and send each other blocks (see [`Storage`]).
//! In either, a line of a field has room for as many rows as a rank has at most, whatever it has, so
//! that the place of a row is that of its line plus a shift.

use std::ops::Range;

use crate::parallel::{RowCounts, share};

use super::distribution::Distribution;

/// A transpose as one rank sees it. All ranks together have the same but for their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Transpose {
    /// The lines that the ranks have before.
    pub from: Distribution,
    /// The rows of every line that the ranks have afterwards.
    pub to: Distribution,
    /// This rank.
    pub rank: usize,
    /// Fields that there is room for.
    pub fields: usize,
    /// Numbers in a row.
    pub row_len: usize,
    /// Rows from one line to the next: at least as many as a rank has of a line on the side `to`.
    pub stride: usize,
    /// Arrays of both sides.
    pub storage: Storage,
}

/// The arrays of a transpose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Storage {
    /// One array, in which `from` finds all rows where `to` has them. It has a segment
    /// `[field][line][row]` for the rows of each rank.
    OneArray,
    /// Two arrays of blocks that MPI can send as they are. The lines of a rank form a few *parts*,
    /// which are sent one by one while others are worked on.
    ///
    /// The ranks of a node have the array of the side `from` in common, so that messages are few and
    /// long: what goes from a node to a rank lies together, whoever of the node has put it out. On the
    /// side `from` a block holds what goes from the node to one rank, on the side `to` what came
    /// from one node: `[part][field][line of the part, of all ranks of the node][row]`. Rank i of a
    /// node passes on what goes to rank i of each node, see [`messages`](super::transports).
    TwoArrays {
        /// Parts of the lines of each rank.
        parts: usize,
        /// Ranks of a node, which divides the number of ranks: the first so many are those of the
        /// first node, and so on. With 1 each rank sends its own rows.
        node: usize,
    },
}

/// Lines that lie together, field by field.
struct Run {
    /// Number of lines that come before them in all.
    before: usize,
    /// Number of lines.
    len: usize,
}

impl Transpose {
    /// Number of parts that travel one by one.
    pub fn parts(&self) -> usize {
        match self.storage {
            Storage::OneArray => 1,
            Storage::TwoArrays { parts, .. } => parts,
        }
    }

    /// One part of this rank's lines.
    pub fn part(&self, part: usize) -> Range<usize> {
        self.part_of(self.rank, part)
    }

    /// One part of the lines that some rank has.
    fn part_of(&self, rank: usize, part: usize) -> Range<usize> {
        self.parts_of(rank).of(part)
    }

    fn parts_of(&self, rank: usize) -> Distribution {
        Distribution::new(self.from.of(rank), self.parts())
    }

    /// Ranks that have the array of the side `from` in common.
    pub fn ranks_of_node(&self) -> usize {
        match self.storage {
            Storage::OneArray => self.from.ranks,
            Storage::TwoArrays { node, .. } => node,
        }
    }

    /// The ranks of the node of a rank.
    fn node_of(&self, rank: usize) -> Range<usize> {
        let node = self.ranks_of_node();
        let first = rank / node * node;
        first..first + node
    }

    /// The lines of the node of a rank.
    fn lines_of_node(&self, rank: usize) -> Range<usize> {
        let ranks = self.node_of(rank);
        self.from.of(ranks.start).start..self.from.of(ranks.end - 1).end
    }

    /// One part of the lines of the node of a rank.
    fn run_of_node(&self, rank: usize, part: usize) -> Run {
        let lines = |part| self.node_of(rank).map(move |rank| self.part_of(rank, part).len());
        let start = self.lines_of_node(rank).start - self.from.all.start;
        let before = start + (0..part).flat_map(lines).sum::<usize>();
        Run { before, len: lines(part).sum() }
    }

    /// The lines that lie together, `line` among them, and its number among these.
    fn run(&self, line: usize) -> (Run, usize) {
        match self.storage {
            Storage::OneArray => {
                let Range { start, .. } = self.from.all;
                (Run { before: 0, len: self.from.all.len() }, line - start)
            }
            Storage::TwoArrays { .. } => {
                let owner = self.from.owner(line);
                let part = self.parts_of(owner).owner(line);
                let former = self.node_of(owner).start..owner;
                let former = former.map(|rank| self.part_of(rank, part).len()).sum::<usize>();
                let number = former + line - self.part_of(owner, part).start;
                (self.run_of_node(owner, part), number)
            }
        }
    }

    /// Numbers from one line to the next.
    pub fn line_len(&self) -> usize {
        self.stride * self.row_len
    }

    /// Numbers in all fields of so many lines.
    fn block_len(&self, lines: usize) -> usize {
        self.fields * lines * self.line_len()
    }

    /// Numbers on the side `from`, of all ranks that have it in common.
    pub fn from_len(&self) -> usize {
        self.to.owners() * self.block_len(self.lines_of_node(self.rank).len())
    }

    /// Numbers of the side `from` that this rank makes room for.
    pub fn from_share(&self) -> usize {
        let node = self.node_of(self.rank);
        share(self.from_len(), self.rank - node.start, node.len()).len()
    }

    /// Numbers on the side `to`: in one array, those of this rank's segment.
    pub fn to_len(&self) -> usize {
        if self.to.of(self.rank).is_empty() { 0 } else { self.block_len(self.from.all.len()) }
    }

    /// Numbers in the arrays of this rank.
    pub fn numbers(&self) -> usize {
        match self.storage {
            Storage::OneArray => self.to_len(),
            Storage::TwoArrays { .. } => self.from_share() + self.to_len(),
        }
    }

    /// Offset of this rank's segment in one array.
    pub fn segment_start(&self) -> usize {
        self.rank.min(self.to.owners()) * self.block_len(self.from.all.len())
    }

    /// Numbers from one field of a line to the next, on both sides.
    pub fn field_len(&self, line: usize) -> usize {
        self.run(line).0.len * self.line_len()
    }

    /// Side `to`: offset of this rank's first row of a line; the others follow.
    pub fn to_offset(&self, field: usize, line: usize) -> usize {
        let (Run { before, len }, number) = self.run(line);
        self.block_len(before) + (field * len + number) * self.line_len()
    }

    /// Side `from`: offset of every row of a line, without that of the line and field
    /// ([`Self::from_offset`]).
    pub fn from_rows(&self) -> Vec<usize> {
        let block = self.block_len(self.lines_of_node(self.rank).len());
        let rows =
            |rank| (0..self.to.of(rank).len()).map(move |row| rank * block + row * self.row_len);
        (0..self.to.owners()).flat_map(rows).collect()
    }

    /// Side `from`: what a line of this rank and field add to [`Self::from_rows`].
    pub fn from_offset(&self, field: usize, line: usize) -> usize {
        let before = self.lines_of_node(self.rank).start - self.from.all.start;
        self.to_offset(field, line) - self.block_len(before)
    }

    /// Rows of `fields` fields between one part of the lines of this rank's node and the rows of every
    /// rank that has this one's number in its node, on the side `from`.
    pub fn from_counts(&self, part: usize, fields: usize) -> RowCounts {
        let lines = self.lines_of_node(self.rank);
        let run = self.run_of_node(self.rank, part);
        let before = run.before - (lines.start - self.from.all.start);
        let counts = self.partners().map(|rank| {
            let block = self.fields * (rank * lines.len() + before);
            (rank < self.to.owners()).then_some([fields * run.len, block])
        });
        self.counts(counts)
    }

    /// Rows of `fields` fields between this rank's rows and one part of every node's lines, on the
    /// side `to`.
    pub fn to_counts(&self, part: usize, fields: usize) -> RowCounts {
        let has_rows = self.rank < self.to.owners();
        let counts = self.partners().map(|rank| {
            let run = self.run_of_node(rank, part);
            has_rows.then_some([fields * run.len, self.fields * run.before])
        });
        self.counts(counts)
    }

    /// The ranks that have this one's number in their nodes, itself among them.
    fn partners(&self) -> impl Iterator<Item = usize> + use<> {
        let node = self.ranks_of_node();
        (self.rank % node..self.from.ranks).step_by(node)
    }

    /// Rows for each rank, of how many lines they are, and after how many.
    fn counts(&self, lines: impl Iterator<Item = Option<[usize; 2]>>) -> RowCounts {
        let rows = |lines: Option<[usize; 2]>| {
            let [count, offset] = lines.unwrap_or_default();
            [count, offset].map(|lines| (lines * self.stride) as i32).into()
        };
        let (counts, offsets) = lines.map(rows).unzip();
        RowCounts { counts, offsets }
    }

    /// Bytes that this rank sends to ranks that do not have the side `from` in common with it when
    /// `fields` fields of `number_size`-byte numbers go from `from` to `to`.
    pub fn bytes_sent(&self, fields: usize, number_size: usize) -> usize {
        let owners = self.to.owners();
        let others = match self.storage {
            Storage::OneArray => owners - usize::from(self.rank < owners),
            Storage::TwoArrays { .. } => {
                let Range { start, end } = self.node_of(self.rank);
                owners - (end.min(owners) - start.min(owners))
            }
        };
        others * fields * self.from.of(self.rank).len() * self.line_len() * number_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row: its field, line, and number in the line.
    type Row = (usize, usize, usize);

    const FIELDS: usize = 3;

    /// For many numbers of ranks, lines and rows, dealt one by one or in blocks: what each rank sees.
    fn transposes(storage: Storage) -> impl Iterator<Item = Vec<Transpose>> {
        let cases = [(1, 7, 9, 1), (2, 30, 33, 1), (3, 5, 50, 16), (5, 7, 4, 1), (4, 3, 20, 8)];
        let in_nodes = [(6, 40, 33, 1), (6, 4, 5, 1), (12, 50, 9, 1), (6, 50, 40, 8)];
        let node = match storage {
            Storage::TwoArrays { node, .. } => node,
            Storage::OneArray => 1,
        };
        let fits = move |&(ranks, ..): &(usize, usize, usize, usize)| ranks.is_multiple_of(node);
        cases.into_iter().chain(in_nodes).filter(fits).map(move |(ranks, lines, rows, block)| {
            let from = Distribution::new(4..4 + lines, ranks);
            let to = Distribution::in_blocks(0..rows, block, ranks);
            let stride = to.most() + 1;
            let of = |rank| {
                let (from, to) = (from.clone(), to.clone());
                Transpose { from, to, rank, fields: FIELDS, row_len: 8, stride, storage }
            };
            (0..ranks).map(of).collect()
        })
    }

    /// Puts out the rows of a rank's lines, each with its own number.
    fn put(transpose: &Transpose, fields: usize, array: &mut [Option<Row>]) {
        for field in 0..fields {
            for line in transpose.from.of(transpose.rank) {
                let offset = transpose.from_offset(field, line);
                assert_eq!(
                    offset - transpose.from_offset(0, line),
                    field * transpose.field_len(line)
                );
                for (number, row) in transpose.from_rows().iter().enumerate() {
                    let at = (row + offset) / transpose.row_len;
                    assert_eq!(array[at].replace((field, line, number)), None, "two in one place");
                }
            }
        }
    }

    /// Finds this rank's rows of all lines.
    fn look(transpose: &Transpose, fields: usize, array: &[Option<Row>]) {
        for field in 0..fields {
            for line in transpose.from.all.clone() {
                let first = transpose.to_offset(field, line) / transpose.row_len;
                for (row, number) in transpose.to.of(transpose.rank).enumerate() {
                    assert_eq!(array[first + row], Some((field, line, number)));
                }
            }
        }
    }

    /// Every row that a node sends lands where the receiver looks for it.
    #[test]
    fn rows_arrive_where_they_are_looked_for() {
        for (parts, node, fields) in
            [(1, 1, 1), (4, 1, 2), (1, 1, 3), (3, 1, 3), (1, 2, 3), (3, 2, 2), (4, 3, 3), (2, 6, 1)]
        {
            for transposes in transposes(Storage::TwoArrays { parts, node }) {
                let rows = |len| vec![None; len / transposes[0].row_len];
                let mut received: Vec<_> = transposes.iter().map(|t| rows(t.to_len())).collect();
                for sources in transposes.chunks(node) {
                    let mut sent = rows(sources[0].from_len());
                    assert_eq!(
                        sources.iter().map(Transpose::from_share).sum::<usize>(),
                        sources[0].from_len()
                    );
                    sources.iter().for_each(|transpose| put(transpose, fields, &mut sent));
                    for (part, source) in
                        (0..parts).flat_map(|p| sources.iter().map(move |s| (p, s)))
                    {
                        let from = source.from_counts(part, fields);
                        let targets = (source.rank % node..transposes.len()).step_by(node);
                        for (index, target) in targets.enumerate() {
                            let to = transposes[target].to_counts(part, fields);
                            let back = source.rank / node;
                            assert_eq!(from.counts[index], to.counts[back]);
                            let count = from.counts[index] as usize;
                            let (a, b) = (from.offsets[index] as usize, to.offsets[back] as usize);
                            received[target][b..b + count].copy_from_slice(&sent[a..a + count]);
                        }
                    }
                }
                transposes.iter().zip(&received).for_each(|(t, rows)| look(t, fields, rows));
            }
        }
    }

    /// In one array every row is where it is looked for from the start.
    #[test]
    fn rows_of_one_array_are_where_they_are_looked_for() {
        for transposes in transposes(Storage::OneArray) {
            let len: usize = transposes.iter().map(Transpose::numbers).sum();
            assert_eq!(len, transposes[0].from_len());
            let mut array = vec![None; len / transposes[0].row_len];
            transposes.iter().for_each(|t| put(t, FIELDS, &mut array));
            for transpose in &transposes {
                look(transpose, FIELDS, &array[transpose.segment_start() / transpose.row_len..]);
            }
        }
    }
}
