//! Every method on every instruction set against the definition of the transform.

use num_complex::Complex;
use proptest::prelude::*;

use super::*;
use crate::simd::Cpu;

/// A batch of lines with its rows in natural order, apart by `stride` numbers.
fn offsets(length: usize, stride: usize) -> Vec<usize> {
    (0..length).map(|j| j * stride).collect()
}

/// The kernels, or what stands in for them, and RustFFT.
fn both_methods(length: usize) -> [Lines<f64>; 2] {
    [Lines::new(length, f64::LANES), Lines::with_rustfft(length, f64::LANES)]
}

fn random_batch<T: Real>(length: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    (0..length * 2 * T::LANES)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            T::from_double((state >> 33) as f64 / (1u64 << 31) as f64 - 0.5)
        })
        .collect()
}

fn value<T: Real>(batch: &[T], row: usize, lane: usize) -> Complex<f64> {
    let at = row * 2 * T::LANES + lane;
    Complex::new(batch[at].double(), batch[at + T::LANES].double())
}

fn transform<T: Real>(
    lines: &Lines<T>,
    cpu: Cpu,
    direction: Direction,
    source: &[T],
    source_rows: &[usize],
    target_rows: &[usize],
) -> Vec<T> {
    let mut target = vec![T::ZERO; source.len()];
    transform_lanes(
        lines,
        cpu,
        direction,
        (source, source_rows),
        (&mut target, target_rows),
        T::LANES,
    );
    target
}

/// The first lanes of some rows to other rows.
fn transform_lanes<T: Real>(
    lines: &Lines<T>,
    cpu: Cpu,
    direction: Direction,
    (source, source_rows): (&[T], &[usize]),
    (target, target_rows): (&mut [T], &[usize]),
    lanes: usize,
) {
    let mut work = vec![T::ZERO; lines.work_len()];
    let (read, write) = (lines.read_table(source_rows), lines.write_table(target_rows));
    let from = Source { start: RowPointer::as_is(source.as_ptr().cast_mut()), table: &read, lanes };
    let to = Target { start: RowPointer::as_is(target.as_mut_ptr()), table: &write };
    let job = &Job { direction, source: from, target: to, work: work.as_mut_ptr() };
    // SAFETY: offsets stay within both arrays, which do not overlap.
    unsafe {
        match &lines.method {
            Method::MixedRadix(plan) => cpu.run(Batch { plan, lanes: lines.lanes, job }),
            Method::Fallback(plan) => plan.transform(lines.lanes, job),
        }
    }
}

/// Root-mean-square error against the defining sum, over the rms of the result, in units of the
/// type's epsilon.
fn error<T: Real>(lines: &Lines<T>, cpu: Cpu, direction: Direction, length: usize) -> f64 {
    let source = random_batch::<T>(length, length as u64);
    let rows = offsets(length, 2 * T::LANES);
    let result = transform(lines, cpu, direction, &source, &rows, &rows);
    let sign = if direction == Direction::Forward { -1.0 } else { 1.0 };
    let (mut error, mut norm) = (0.0, 0.0);
    for lane in [0, 3, T::LANES - 1] {
        for k in 0..length {
            let exact: Complex<f64> = (0..length)
                .map(|j| {
                    let angle = std::f64::consts::TAU * ((j * k) % length) as f64 / length as f64;
                    value(&source, j, lane) * Complex::new(angle.cos(), sign * angle.sin())
                })
                .sum();
            error += (value(&result, k, lane) - exact).norm_sqr();
            norm += exact.norm_sqr();
        }
    }
    (error / norm.max(f64::MIN_POSITIVE)).sqrt() / T::epsilon().double()
}

fn check_length<T: Real>(length: usize) {
    // Rounding errors of an FFT grow with the root of the number of passes.
    let bound = 1.0 + (length as f64).log2();
    for direction in [Direction::Forward, Direction::Inverse] {
        for (cpu, name) in Cpu::ALL.into_iter().filter(|(cpu, _)| cpu.is_available()) {
            let e = error(&Lines::<T>::new(length, T::LANES), cpu, direction, length);
            assert!(e < bound, "{name} {} n = {length}: {e} epsilon", T::NAME);
        }
        let e =
            error(&Lines::<T>::with_rustfft(length, T::LANES), Cpu::Portable, direction, length);
        assert!(e < 3.0 * bound, "RustFFT {} n = {length}: {e} epsilon", T::NAME);
    }
}

#[test]
fn every_small_length_is_right() {
    for length in 1..=64 {
        check_length::<f64>(length);
        check_length::<f32>(length);
    }
}

#[test]
fn long_lines_are_right() {
    for length in [72, 96, 105, 120, 125, 128, 144, 147, 192, 243, 256, 343, 384] {
        check_length::<f64>(length);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Rows of any width, and rows that lie in the work array, give the same bits.
    #[test]
    fn rows_of_one_vector_in_the_work_array(length in 1usize..100, keep in 1usize..100, seed: u64) {
        let source = random_batch::<f64>(length, seed);
        let wide = offsets(length, 2 * f64::LANES);
        let keep = keep.min(length);
        let padded: Vec<_> = (0..length).map(|j| if j < keep { wide[j] } else { ABSENT }).collect();
        let width = Cpu::current().vector_width::<f64>();
        let narrow = offsets(length, 2 * width);
        let cut: Vec<_> = (0..length).map(|j| if j < keep { narrow[j] } else { ABSENT }).collect();
        let plans: [fn(usize, usize) -> Lines<f64>; 2] = [Lines::new, Lines::with_rustfft];
        for (plan, direction) in plans.into_iter().flat_map(|plan| {
            [Direction::Forward, Direction::Inverse].map(|direction| (plan, direction))
        }) {
            let (bundle, vector) = (plan(length, f64::LANES), plan(length, width));
            let cpu = Cpu::current();
            let expected = transform(&bundle, cpu, direction, &source, &padded, &wide);
            let mut work = vec![f64::NAN; vector.work_len()];
            for (row, from) in source.chunks(2 * f64::LANES).enumerate().take(keep) {
                for (part, lanes) in from.chunks(f64::LANES).enumerate() {
                    work[(2 * row + part) * width..][..width].copy_from_slice(&lanes[..width]);
                }
            }
            let mut values = vec![f64::NAN; vector.rows_len()];
            let (read, write) = (vector.read_table(&cut), vector.write_table(&narrow));
            let target = Target { start: RowPointer::as_is(values.as_mut_ptr()), table: &write };
            // SAFETY: offsets stay within both arrays.
            unsafe { vector.transform_work(direction, &read, target, &mut work) };
            for row in 0..length {
                for lane in 0..width {
                    let at = row * 2 * width + lane;
                    let value = Complex::new(values[at], values[at + width]);
                    prop_assert_eq!(value, self::value(&expected, row, lane));
                }
            }
        }
    }

    /// Absent rows are zeros on the way in and left out on the way out, whatever the row order.
    #[test]
    fn padding_and_pruning_through_tables(length in 1usize..60, keep in 0usize..60, seed: u64) {
        let lines = Lines::<f64>::new(length, f64::LANES);
        let keep = keep.min(length);
        let stride = 2 * f64::LANES;
        let rows = offsets(length, stride);
        // Rows in reversed order with only the first `keep` present.
        let pruned: Vec<usize> =
            (0..length).map(|j| if j < keep { (length - 1 - j) * stride } else { ABSENT }).collect();
        let source = random_batch::<f64>(length, seed);
        let mut padded = vec![0.0; source.len()];
        for j in 0..keep {
            padded[rows[j]..][..stride].copy_from_slice(&source[pruned[j]..][..stride]);
        }
        let cpu = Cpu::best();
        let full = transform(&lines, cpu, Direction::Forward, &padded, &rows, &rows);
        let sparse = transform(&lines, cpu, Direction::Forward, &source, &pruned, &pruned);
        for j in 0..length {
            let at = (length - 1 - j) * stride;
            if j < keep {
                prop_assert_eq!(&sparse[at..at + stride], &full[rows[j]..rows[j] + stride]);
            } else {
                prop_assert!(sparse[at..at + stride].iter().all(|&x| x == 0.0));
            }
        }
    }

    /// Lanes that are not in use become zero, those in use what they always are.
    #[test]
    fn lanes_without_use_are_zero(length in 1usize..60, lanes in 1usize..8, seed: u64) {
        let source = random_batch::<f64>(length, seed);
        let (row_len, rows) = (2 * f64::LANES, offsets(length, 2 * f64::LANES));
        // The last row is left out.
        let mut kept = rows.clone();
        kept[length - 1] = ABSENT;
        for lines in both_methods(length) {
            for (cpu, name) in Cpu::ALL.into_iter().filter(|(cpu, _)| cpu.is_available()) {
                let direction = Direction::Inverse;
                let all = transform(&lines, cpu, direction, &source, &rows, &rows);
                let mut padded = source.clone();
                for part in padded.chunks_mut(f64::LANES) {
                    part[lanes..].fill(0.0);
                }
                let mut some = vec![f64::NAN; source.len()];
                let target = (&mut some[..], &kept[..]);
                transform_lanes(&lines, cpu, direction, (&padded, &rows), target, lanes);
                for (at, (x, full)) in some.iter().zip(&all).enumerate() {
                    if at / row_len == length - 1 {
                        prop_assert!(x.is_nan(), "{name}: a row that is left out");
                    } else {
                        let expected = if at % f64::LANES < lanes { *full } else { 0.0 };
                        prop_assert_eq!(*x, expected, "{} {}", name, at);
                    }
                }
            }
        }
    }

    /// A line's result depends neither on its lane nor on its neighbours.
    #[test]
    fn lanes_do_not_mix(length in 1usize..100, seed: u64) {
        let source = random_batch::<f64>(length, seed);
        let rows = offsets(length, 2 * f64::LANES);
        let mut copies = source.clone();
        for row in copies.chunks_mut(f64::LANES) {
            let first = row[0];
            row.fill(first);
        }
        for lines in both_methods(length) {
            let mixed = transform(&lines, Cpu::best(), Direction::Forward, &source, &rows, &rows);
            let same = transform(&lines, Cpu::best(), Direction::Forward, &copies, &rows, &rows);
            for k in 0..length {
                for lane in 0..f64::LANES {
                    prop_assert_eq!(value(&same, k, lane), value(&mixed, k, 0));
                }
            }
        }
    }
}
