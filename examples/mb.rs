use dns_solver::transform::lines::*;
use std::time::Instant;
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let k = n.div_ceil(3) - 1;
    let ax = (k + 1).div_ceil(8);
    let row = 16usize;
    let ny = 2 * k + 1;
    let zs = if n % 16 == 0 { n + 1 } else { n };
    let lines = Lines::<f64>::new(n);
    let mut work = dns_solver::fields::zeros::<f64>(lines.work_len());
    let nb = ny * ax;
    let mut exch = dns_solver::fields::zeros::<f64>(4 * nb * zs * row);
    for x in exch.iter_mut() {
        *x = 0.3;
    }
    let rs = (ax | 1) * row;
    let mut plane = dns_solver::fields::zeros::<f64>(5 * n * rs);
    let order: Vec<Option<usize>> = dns_solver::transform::plan::transform_order(n, k).collect();
    let tabs: Vec<Vec<usize>> = (0..3 * ax)
        .map(|fb| {
            let (f, b) = (fb / ax, fb % ax);
            order.iter().map(|o| o.map_or(ABSENT, |i| (f * nb + i * ax + b) * zs * row)).collect()
        })
        .collect();
    let dense: Vec<usize> = order.iter().map(|o| o.map_or(ABSENT, |i| i * row)).collect();
    let yv: Vec<usize> = (0..n).map(|j| j * rs).collect();
    let dv: Vec<usize> = (0..n).map(|j| j * row).collect();
    let mut dense_out = dns_solver::fields::zeros::<f64>(n * row);
    for mode in [1, 4, 5, 6, 7, 8] {
        let mut best = f64::MAX;
        for _ in 0..8 {
            let t = Instant::now();
            for z in 0..n {
                for fb in 0..3 * ax {
                    let (f, b) = (fb / ax, fb % ax);
                    let src = if mode & 1 == 1 || mode >= 5 {
                        Rows { start: unsafe { exch.as_ptr().add(z * row) }, offsets: &tabs[fb] }
                    } else {
                        Rows { start: exch.as_ptr(), offsets: &dense }
                    };
                    let dst = if mode == 3 || mode >= 5 {
                        Rows {
                            start: unsafe { plane.as_mut_ptr().add(f * n * rs + b * row) },
                            offsets: &yv,
                        }
                    } else {
                        Rows { start: dense_out.as_mut_ptr(), offsets: &dv }
                    };
                    if mode >= 5 {
                        use std::arch::x86_64::*;
                        let d = if mode == 8 { 2 } else { 1 };
                        let nx = fb + d;
                        let (t2, zz) =
                            if nx < 3 * ax { (&tabs[nx], z) } else { (&tabs[nx - 3 * ax], z + 1) };
                        for &o in t2.iter() {
                            if o != ABSENT && (mode != 7 || true) {
                                unsafe {
                                    let p = exch.as_ptr().wrapping_add(zz * row + o) as *const i8;
                                    if mode == 5 || mode == 8 {
                                        _mm_prefetch::<_MM_HINT_T0>(p);
                                        _mm_prefetch::<_MM_HINT_T0>(p.wrapping_add(64));
                                    } else if mode == 6 {
                                        _mm_prefetch::<_MM_HINT_T1>(p);
                                        _mm_prefetch::<_MM_HINT_T1>(p.wrapping_add(64));
                                    } else {
                                        _mm_prefetch::<_MM_HINT_T1>(p);
                                        _mm_prefetch::<_MM_HINT_T1>(p.wrapping_add(64));
                                        _mm_prefetch::<_MM_HINT_T1>(p.wrapping_add(128));
                                        _mm_prefetch::<_MM_HINT_T1>(p.wrapping_add(192));
                                    }
                                }
                            }
                        }
                    }
                    if mode == 4 {
                        // copy only strided
                        for (i, &o) in tabs[fb].iter().enumerate() {
                            if o != ABSENT {
                                unsafe {
                                    std::ptr::copy_nonoverlapping(
                                        exch.as_ptr().add(z * row + o),
                                        dense_out.as_mut_ptr().add(i * row),
                                        row,
                                    );
                                }
                            }
                        }
                    } else {
                        unsafe {
                            lines.transform(Direction::Inverse, src, dst, &mut work);
                        }
                    }
                }
            }
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("n {n} mode {mode}: {:.3} ns/pt", best * 1e9 / ((n * 3 * ax * n * 8) as f64));
    }
}
