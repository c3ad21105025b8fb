//! Line transforms in L1 cache: nanoseconds per point, the best of many repetitions.
//!
//! `cargo bench --bench kernels [-- LENGTH...]`. The best time is what the kernel can do: other
//! work on the machine only ever adds to it.

use std::time::Instant;

use dns_solver::real::Real;
use dns_solver::simd::Cpu;
use dns_solver::transform::lines::{Direction, Lines, Source, Target};

fn best<T: Real>(lines: &Lines<T>, length: usize) -> f64 {
    let row = 2 * T::LANES;
    let offsets: Vec<usize> = (0..length).map(|j| j * row).collect();
    let (read, write) = (lines.read_table(&offsets), lines.write_table(&offsets));
    let source = dns_solver::fields::zeros::<T>(length * row);
    let mut target = dns_solver::fields::zeros::<T>(length * row);
    let mut work = dns_solver::fields::zeros::<T>(lines.work_len());
    let repeats = (20_000 / length).max(1);
    let mut best = f64::INFINITY;
    for _ in 0..400 {
        let start = Instant::now();
        for _ in 0..repeats {
            let from = Source { start: source.as_ptr(), table: &read };
            let to = Target { start: target.as_mut_ptr(), table: &write };
            // SAFETY: offsets stay within both arrays.
            unsafe { lines.transform(Direction::Forward, from, to, &mut work) };
        }
        let points = (repeats * length * T::LANES) as f64;
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / points);
    }
    best
}

fn main() {
    let mut lengths: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    if lengths.is_empty() {
        lengths = vec![32, 48, 64, 96, 128, 144, 160, 192, 240, 256, 384, 512, 768, 1024];
    }
    println!("{} instructions, ns per point", Cpu::current().name());
    println!("{:>6} {:>8} {:>8} {:>8}", "length", "double", "single", "RustFFT");
    for n in lengths {
        println!(
            "{n:>6} {:>8.3} {:>8.3} {:>8.3}",
            best(&Lines::<f64>::new(n), n),
            best(&Lines::<f32>::new(n), n),
            best(&Lines::<f64>::with_rustfft(n), n)
        );
    }
}
