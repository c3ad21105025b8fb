//! Shares of things that are dealt out to ranks or threads.

use std::ops::Range;

/// The contiguous share of `rank` when `count` things are dealt to `size` ranks: sizes differ by
/// at most one, the larger ones come first.
pub fn share(count: usize, rank: usize, size: usize) -> Range<usize> {
    let (each, extra) = (count / size, count % size);
    let start = |r: usize| r * each + r.min(extra);
    start(rank)..start(rank + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_balanced_and_cover_everything() {
        for count in 0..40 {
            for size in 1..12 {
                let shares: Vec<_> = (0..size).map(|r| share(count, r, size)).collect();
                assert_eq!(shares[0].start, 0);
                assert_eq!(shares[size - 1].end, count);
                assert!(
                    shares.windows(2).all(|w| w[0].end == w[1].start && w[0].len() >= w[1].len())
                );
                assert!(shares[0].len() - shares[size - 1].len() <= 1);
            }
        }
    }
}
