//! The rates of this machine: the roofs of the roofline.

use std::hint::black_box;
use std::time::Instant;

use serde::Serialize;

use crate::parallel::{Communicator, SharedSlice, ThreadPool};
use crate::real::Real;
use crate::simd::{self, Kernel, Vector};

/// Rates of all cores that take part, together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// Bytes per second to and from memory in a copy of large arrays. A copy of one byte moves
    /// three, for the target is read before it is written.
    pub bandwidth: f64,
    /// FLOPs per second of fused multiply-adds in registers, two each.
    pub peak: f64,
}

/// Each measurement is the best of so many: other programs only slow it down.
const REPEATS: usize = 5;
/// Numbers that a thread copies: more than any cache holds.
const COPIED: usize = 1 << 23;
/// Multiply-adds that follow on one another, and how many such chains run side by side.
const CHAIN: usize = 1 << 20;
const CHAINS: usize = 12;

impl Rates {
    /// Measures with all ranks and their threads at the same time. Collective.
    pub fn measure<T: Real>(comm: &Communicator, pool: &ThreadPool) -> Self {
        let cores = pool.threads() as f64;
        let count = pool.threads() * COPIED;
        let (from, mut to) = (pool.zeros::<f64>(count), pool.zeros::<f64>(count));
        let copied = 3.0 * (count * size_of::<f64>()) as f64;
        let bandwidth = fastest(comm, || {
            let target = SharedSlice::new(&mut to);
            // SAFETY: the runs of a pool do not overlap.
            pool.run(count, |_, run| {
                unsafe { target.slice(run.clone()) }.copy_from_slice(&from[run])
            });
            black_box(&to);
        });
        let chain = fastest(comm, || drop(pool.each(|_| simd::run::<T, _>(MultiplyAdd))));
        let flops = pool.each(|_| simd::run::<T, _>(MultiplyAdd))[0] * cores;
        let sum = |mine: f64| comm.gather(&[mine]).iter().sum();
        Rates { bandwidth: sum(copied / bandwidth), peak: sum(flops / chain) }
    }
}

/// Seconds of the fastest of some runs of `work`, which begin together on all ranks. Collective.
fn fastest(comm: &Communicator, mut work: impl FnMut()) -> f64 {
    let mut run = || {
        comm.barrier();
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    // The first one is to warm up.
    run();
    (0..REPEATS).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// Chains of multiply-adds that live in registers. Returns their FLOPs.
struct MultiplyAdd;

impl<T: Real> Kernel<T> for MultiplyAdd {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector<Scalar = T>>(self) -> f64 {
        let factor = V::splat(black_box(T::from_double(0.5)));
        let term = V::splat(black_box(T::from_double(1.0)));
        let mut values = [V::splat(black_box(T::ZERO)); CHAINS];
        for _ in 0..CHAIN {
            for value in &mut values {
                *value = value.mul_add(factor, term);
            }
        }
        let total = values.iter().fold(V::zero(), |sum, &value| sum + value);
        black_box(total.sum());
        2.0 * (CHAIN * CHAINS * V::WIDTH) as f64
    }
}
