//! The turn of planes from lines along y to lines along x: pure arithmetic, no data.
//!
//! Lines along y are of a section of the bundles along x, lines along x of some *blocks*, runs of 2 W
//! rows (W = `T::LANES`). What lies between them are *sheets*, each one field in one plane. A rank
//! that has planes of its own keeps the sheets of one plane at a time, `[row][bundle along x]`, and
//! turns them by looking at them the other way.
//!
//! The members of a group that shares planes turn some planes at a time in an exchange of their own.
//! Towards each member a block `[sheet][bundle of the section][row]` goes, with room for the rows of
//! the member that has most. The first members have most, the last ones perhaps nothing.

use std::ops::Range;

use crate::error::Result;
use crate::parallel::{Counts, share};

use super::exchange::Blocks;
use super::owners::rows_of;
use super::plan::{Plan, check_rows};

/// Numbers of a rank that are turned at a time: they fit into a cache, and make long messages.
const NUMBERS_AT_A_TIME: usize = 1 << 16;

/// The turn as one rank sees it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Members of the group, and this one's number.
    members: usize,
    member: usize,
    /// Numbers in a row, which are also the rows of a block.
    row_len: usize,
    /// Bundles along x, rows, and planes of the group with most planes.
    along_x: usize,
    ny: usize,
    shared: bool,
    /// Rows of the planes that this rank has lines along x of.
    pub rows: Range<usize>,
    /// Planes that are turned at a time.
    pub planes: usize,
    /// Sheets that there is room for.
    pub sheets: usize,
}

/// Where lines along y find their rows: row y of a bundle of the section in a sheet lies at
/// `rows[y] + bundle * from_bundle + sheet * from_sheet`.
pub struct AlongY {
    /// Of every row of the grid.
    pub rows: Vec<usize>,
    /// From one bundle of the section to the next.
    pub from_bundle: usize,
    /// From one sheet to the next.
    pub from_sheet: usize,
}

/// Where lines along x find their rows: row y (counted from this rank's first) of a bundle along x
/// in a sheet lies at `y * from_row + bundles[bundle] + sheet * from_sheet[bundle]`.
pub struct AlongX {
    /// From one row to the next.
    pub from_row: usize,
    /// Of every bundle along x.
    pub bundles: Vec<usize>,
    /// From one sheet to the next, for every bundle along x.
    pub from_sheet: Vec<usize>,
}

impl Turn {
    /// The turn of `fields` fields; `shared` says whether the members share memory. Refused when it
    /// has more rows than MPI can count.
    pub fn new(plan: &Plan, fields: usize, shared: bool) -> Result<Self> {
        let (modes, grid) = (&plan.modes, plan.grid);
        let mut turn = Turn {
            members: grid.members,
            member: plan.place.1,
            row_len: modes.row_len(),
            along_x: modes.bundles_along_x(),
            ny: modes.grid.points[1],
            shared,
            rows: 0..0,
            planes: 1,
            sheets: fields,
        };
        turn.rows = turn.rows_of(turn.member);
        if turn.members > 1 {
            let tallest = share(modes.grid.points[2], 0, grid.groups).len();
            turn.planes = (NUMBERS_AT_A_TIME / turn.rows_room().max(1)).clamp(1, tallest);
            turn.sheets = fields * turn.planes;
            // The first member has the widest section.
            let lines = turn.members * turn.block_rows(turn.section(0).len(), turn.sheets);
            let rows = turn.block_rows(turn.along_x, turn.sheets);
            if !shared {
                check_rows(modes, grid, lines.max(rows) * turn.row_len)?;
            }
        }
        Ok(turn)
    }

    /// Bundles along x of a member.
    fn section(&self, member: usize) -> Range<usize> {
        share(self.along_x, member, self.members)
    }

    /// Rows of the planes that a member has lines along x of.
    fn rows_of(&self, member: usize) -> Range<usize> {
        rows_of(self.ny, self.row_len, member, self.members)
    }

    /// Rows that a block has room for: whole blocks of the first member.
    fn height(&self) -> usize {
        self.rows_of(0).len().next_multiple_of(self.row_len)
    }

    /// Members that have lines along x.
    fn members_with_rows(&self) -> usize {
        self.members.min(self.ny.div_ceil(self.row_len))
    }

    /// Rows in sheets of some bundles along x, as far as one member has lines along x of them.
    fn block_rows(&self, bundles: usize, sheets: usize) -> usize {
        bundles * sheets * self.height()
    }

    /// Numbers of this rank's lines along x, with all sheets, for the member that has most.
    fn rows_room(&self) -> usize {
        self.block_rows(self.along_x, self.sheets) * self.row_len
    }

    /// From one row to the next in a plane that is turned by looking at it the other way: an odd
    /// number of bundles apart, so that the rows of a line along y do not share cache sets.
    fn plain_stride(&self) -> usize {
        (self.along_x | 1) * self.row_len
    }

    /// Numbers in a sheet of such a plane. Blocks reach past the last row; the rows there stay zero.
    fn plain_sheet(&self) -> usize {
        self.ny.next_multiple_of(self.row_len) * self.plain_stride()
    }

    /// Numbers in the sheets of such a plane; none in a group of several, whose exchange has them.
    pub fn plane_len(&self) -> usize {
        if self.members == 1 { self.sheets * self.plain_sheet() } else { 0 }
    }

    /// The rows as lines along y see them.
    pub fn along_y(&self) -> AlongY {
        if self.members == 1 {
            let rows = (0..self.ny).map(|y| y * self.plain_stride()).collect();
            let from_sheet = self.plain_sheet();
            return AlongY { rows, from_bundle: self.row_len, from_sheet };
        }
        let section = self.section(self.member);
        let mut rows = Vec::with_capacity(self.ny);
        for member in 0..self.members_with_rows() {
            let start = if self.shared {
                member * self.rows_room() / self.row_len
                    + self.block_rows(section.start, self.sheets)
            } else {
                member * self.block_rows(section.len(), self.sheets)
            };
            rows.extend((0..self.rows_of(member).len()).map(|y| (start + y) * self.row_len));
        }
        let from_bundle = self.height() * self.row_len;
        AlongY { rows, from_bundle, from_sheet: section.len() * from_bundle }
    }

    /// The rows as lines along x see them.
    pub fn along_x(&self) -> AlongX {
        if self.members == 1 {
            return AlongX {
                from_row: self.plain_stride(),
                bundles: (0..self.along_x).map(|bundle| bundle * self.row_len).collect(),
                from_sheet: vec![self.plain_sheet(); self.along_x],
            };
        }
        let (mut bundles, mut from_sheet) = (Vec::new(), Vec::new());
        for source in 0..self.members {
            let section = self.section(source);
            let start = self.block_rows(section.start, self.sheets) * self.row_len;
            let each = self.height() * self.row_len;
            bundles.extend((0..section.len()).map(|bundle| start + bundle * each));
            from_sheet.extend(section.clone().map(|_| section.len() * each));
        }
        AlongX { from_row: self.row_len, bundles, from_sheet }
    }

    /// Bytes that this rank sends to other members when `fields` fields of `number_size`-byte numbers
    /// in `planes` planes are turned.
    pub fn bytes_sent(&self, planes: usize, fields: usize, number_size: usize) -> usize {
        let others = self.members_with_rows() - usize::from(!self.rows.is_empty());
        let rows = others * self.block_rows(self.section(self.member).len(), planes * fields);
        rows * self.row_len * number_size
    }
}

/// The side of columns is that of lines along y, a field is a sheet, and there is one part.
impl Blocks for Turn {
    fn peers(&self) -> usize {
        self.members
    }

    fn shared(&self) -> bool {
        self.shared
    }

    fn row_len(&self) -> usize {
        self.row_len
    }

    fn columns_len(&self) -> usize {
        let block = self.block_rows(self.section(self.member).len(), self.sheets);
        self.members_with_rows() * block * self.row_len
    }

    fn planes_len(&self) -> usize {
        if self.rows.is_empty() { 0 } else { self.rows_room() }
    }

    fn first_plane_number(&self) -> usize {
        self.member.min(self.members_with_rows()) * self.rows_room()
    }

    fn fields(&self) -> usize {
        self.sheets
    }

    fn parts(&self) -> Vec<usize> {
        vec![self.section(self.member).len()]
    }

    fn column_counts(&self, _part: usize, sheets: usize) -> Counts {
        let bundles = self.section(self.member).len();
        let block = |member, sheets| {
            let has_rows = member < self.members_with_rows();
            if has_rows { self.block_rows(bundles, sheets) } else { 0 }
        };
        let all = || 0..self.members;
        Counts {
            counts: all().map(|member| block(member, sheets) as i32).collect(),
            offsets: all().map(|member| (member * block(member, self.sheets)) as i32).collect(),
        }
    }

    fn plane_counts(&self, _part: usize, sheets: usize) -> Counts {
        let mut counts = Counts::default();
        for section in (0..self.members).map(|source| self.section(source)) {
            let rows = |bundles, sheets| {
                if self.rows.is_empty() { 0 } else { self.block_rows(bundles, sheets) as i32 }
            };
            counts.counts.push(rows(section.len(), sheets));
            counts.offsets.push(rows(section.start, self.sheets));
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::modes::Modes;
    use crate::parallel::RankGrid;

    const FIELDS: usize = 2;

    /// The turns of the members of one group: some share evenly, some not, some have nothing to do.
    fn groups(shared: bool) -> Vec<Vec<Turn>> {
        let cases = [([30, 24, 6], 1), ([30, 24, 6], 2), ([60, 50, 3], 3), ([12, 20, 9], 5)];
        let group = |&(points, members): &([usize; 3], usize)| {
            let modes = Modes::new(Grid::two_thirds(points, [1.0; 3]), 4);
            let grid = RankGrid { groups: 2, members };
            let turn = |rank| Turn::new(&Plan::new(modes, (rank, grid), 2, true)?, FIELDS, shared);
            (0..members).map(|rank| turn(rank).unwrap()).collect()
        };
        cases.iter().map(group).collect()
    }

    /// Every place of one rank's lines along y: of row y, bundle and sheet.
    fn places_along_y(turn: &Turn, sheets: usize) -> Vec<(usize, [usize; 3])> {
        let (y_lines, section) = (turn.along_y(), turn.section(turn.member));
        let mut places = Vec::new();
        for sheet in 0..sheets {
            for (index, bundle) in section.clone().enumerate() {
                for (y, row) in y_lines.rows.iter().enumerate() {
                    let at = row + index * y_lines.from_bundle + sheet * y_lines.from_sheet;
                    places.push((at, [y, bundle, sheet]));
                }
            }
        }
        places
    }

    /// Lines along x find all rows, at places that differ.
    fn check_along_x(turn: &Turn, sheets: usize, array: &[Option<[usize; 3]>]) {
        let x_lines = turn.along_x();
        for sheet in 0..sheets {
            for (bundle, start) in x_lines.bundles.iter().enumerate() {
                for (row, y) in turn.rows.clone().enumerate() {
                    let at = row * x_lines.from_row + start + sheet * x_lines.from_sheet[bundle];
                    assert_eq!(array[at / turn.row_len], Some([y, bundle, sheet]));
                }
            }
        }
    }

    #[test]
    fn rows_arrive_where_they_are_looked_for() {
        for group in groups(false) {
            let row_len = group[0].row_len;
            let mut received: Vec<_> =
                group.iter().map(|turn| vec![None; turn.planes_len() / row_len]).collect();
            let all = group[0].sheets;
            for sheets in [all, 1] {
                for (source, turn) in group.iter().enumerate().filter(|_| group.len() > 1) {
                    let mut send = vec![None; turn.columns_len() / row_len];
                    for (at, value) in places_along_y(turn, sheets) {
                        assert_eq!(send[at / row_len].replace(value), None);
                    }
                    let from = turn.column_counts(0, sheets);
                    for (target, receiver) in group.iter().enumerate() {
                        let to = receiver.plane_counts(0, sheets);
                        assert_eq!(from.counts[target], to.counts[source]);
                        let count = from.counts[target] as usize;
                        let (a, b) = (from.offsets[target] as usize, to.offsets[source] as usize);
                        received[target][b..b + count].copy_from_slice(&send[a..a + count]);
                    }
                }
                for (turn, array) in group.iter().zip(&received).filter(|_| group.len() > 1) {
                    check_along_x(turn, sheets, array);
                }
            }
        }
    }

    #[test]
    fn shared_rows_are_where_they_are_looked_for() {
        for group in groups(true) {
            let row_len = group[0].row_len;
            let len: usize = group.iter().map(Turn::planes_len).sum();
            let mut array = vec![None; len.max(group[0].plane_len()) / row_len];
            let sheets = group[0].sheets;
            for turn in &group {
                for (at, value) in places_along_y(turn, sheets) {
                    assert_eq!(array[at / row_len].replace(value), None);
                }
            }
            for turn in &group {
                let first = if group.len() > 1 { turn.first_plane_number() / row_len } else { 0 };
                check_along_x(turn, sheets, &array[first..]);
            }
        }
    }

    #[test]
    fn every_row_belongs_to_one_member() {
        for group in groups(false) {
            let rows: Vec<_> = group.iter().flat_map(|turn| turn.rows.clone()).collect();
            assert!(rows.iter().copied().eq(0..group[0].ny));
        }
    }
}
