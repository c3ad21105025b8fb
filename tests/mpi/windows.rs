//! The array that the ranks of a node share.

use dns_solver::fields::ALIGNMENT;
use dns_solver::parallel::{Communicator, Window};

use super::harness::Test;

pub const TESTS: [Test; 1] = [("a_window_is_one_aligned_array_of_all_ranks", windows)];

fn windows(comm: &Communicator) {
    if !comm.shares_memory() {
        assert_eq!(comm.size(), 1, "the ranks of this test are on one node");
        return;
    }
    // Odd segments, some of them empty.
    let segment = |rank: usize| if rank % 3 == 2 { 0 } else { 5 + 8 * rank };
    let start_of = |rank| (0..rank).map(segment).sum::<usize>();
    let mut window = Window::<f64>::new(comm, segment(comm.rank())).unwrap();
    let array = window.slice();
    assert_eq!(array.as_mut_ptr().addr() % ALIGNMENT, 0);
    // SAFETY: nobody writes before the next synchronisation.
    let zeros = unsafe { array.slice(0..start_of(comm.size())) };
    assert!(zeros.iter().all(|x| x.to_bits() == 0));
    window.synchronize();
    let (start, array) = (start_of(comm.rank()), window.slice());
    // SAFETY: a segment is written by its rank.
    unsafe { array.slice(start..start + segment(comm.rank())) }.fill(comm.rank() as f64);
    window.synchronize();
    let array = window.slice();
    for rank in 0..comm.size() {
        let segment = start_of(rank)..start_of(rank) + segment(rank);
        // SAFETY: nobody writes any more.
        let values = unsafe { array.slice(segment) };
        assert!(values.iter().all(|x| *x == rank as f64), "segment of rank {rank}: {values:?}");
    }
    window.synchronize();
}
