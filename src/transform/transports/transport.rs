//! The steps that every way to transport the rows of a transpose has.

use super::super::row_array::RowPointer;
use crate::real::Real;

/// The rows of a [`Transpose`](super::super::transpose::Transpose) of one rank, and the way between
/// its two sides.
///
/// Rows go to and fro: lines are put out on the side `from`, go to the side `to`, something is made
/// of them there, and that goes back. Parts of the lines may be under way while others are worked on.
pub trait Transport<T: Real> {
    /// The rows on the side `from`.
    fn side_from(&mut self) -> RowPointer<'_, T>;

    /// This rank's rows on the side `to`.
    fn side_to(&mut self) -> RowPointer<'_, T>;

    /// Makes room for other rows than those that are here or on their way: waits until nobody uses
    /// them any more. Collective.
    fn clear(&mut self);

    /// Takes note that `fields` fields of so many lines of a part have been put out on the side
    /// `from`; a part that is complete may set out. Parts are put out in the same order on all ranks.
    fn put(&mut self, part: usize, lines: usize, fields: usize) {
        let _ = (part, lines, fields);
    }

    /// Brings `fields` fields to the side `to`, as far as they are not there. Collective.
    fn transpose(&mut self, fields: usize);

    /// Starts to bring `fields` fields back to the side `from`, where [`Self::arrive`] awaits each
    /// part. Collective.
    fn transpose_back(&mut self, fields: usize);

    /// Waits until a part that goes back is here.
    fn arrive(&mut self, part: usize) {
        let _ = part;
    }
}
