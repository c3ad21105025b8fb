//! The choice of the instruction set.

use std::sync::OnceLock;

use super::kernel::Kernel;
#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::error::{Error, Result};
use crate::real::{Real, Vector};

/// The instruction sets that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cpu {
    /// x86-64 with AVX-512 F, DQ and VL: 512-bit vectors.
    Avx512,
    /// x86-64 with AVX2 and FMA: 256-bit vectors.
    Avx2,
    /// Whatever the compiler makes of 128-bit arrays.
    Portable,
}

/// Environment variable that forces an instruction set.
pub const CPU_VARIABLE: &str = "DNS_SOLVER_CPU";

impl Cpu {
    /// Every instruction set with its name, best first.
    pub const ALL: [(Cpu, &'static str); 3] =
        [(Cpu::Avx512, "avx512"), (Cpu::Avx2, "avx2"), (Cpu::Portable, "portable")];

    /// Returns whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Cpu::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && Cpu::Avx2.is_available()
            }
            #[cfg(target_arch = "x86_64")]
            Cpu::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Cpu::Avx512 | Cpu::Avx2 => false,
            Cpu::Portable => true,
        }
    }

    /// Its name as in `DNS_SOLVER_CPU`.
    pub fn name(self) -> &'static str {
        Cpu::ALL.iter().find(|(cpu, _)| *cpu == self).map_or("portable", |(_, name)| name)
    }

    /// Vector registers that a kernel has to live in.
    pub fn vector_registers(self) -> usize {
        if self == Cpu::Avx512 { 32 } else { 16 }
    }

    /// Numbers in one vector.
    pub fn vector_width<T: Real>(self) -> usize {
        struct Width;
        impl<T: Real> Kernel<T> for Width {
            type Output = usize;
            #[inline(always)]
            fn run<V: Vector<Scalar = T>>(self) -> usize {
                V::WIDTH
            }
        }
        self.run::<T, _>(Width)
    }

    /// The instruction set in use: the best available one, or the one that the environment
    /// variable `DNS_SOLVER_CPU` names. An unusable name falls back to the best one; see
    /// [`Cpu::check_environment`].
    pub fn current() -> Cpu {
        static CURRENT: OnceLock<Cpu> = OnceLock::new();
        *CURRENT.get_or_init(|| Cpu::from_environment().unwrap_or_else(|_| Cpu::best()))
    }

    /// The best instruction set of this machine.
    pub fn best() -> Cpu {
        Cpu::ALL.iter().map(|(cpu, _)| *cpu).find(|cpu| cpu.is_available()).unwrap_or(Cpu::Portable)
    }

    /// An error when `DNS_SOLVER_CPU` names no instruction set of this machine.
    pub fn check_environment() -> Result<()> {
        Cpu::from_environment().map(|_| ())
    }

    fn from_environment() -> Result<Cpu> {
        let Ok(wanted) = std::env::var(CPU_VARIABLE) else { return Ok(Cpu::best()) };
        Cpu::ALL
            .iter()
            .find(|(cpu, name)| *name == wanted && cpu.is_available())
            .map(|(cpu, _)| *cpu)
            .ok_or_else(|| {
                let usable: Vec<_> =
                    Cpu::ALL.iter().filter(|(cpu, _)| cpu.is_available()).map(|c| c.1).collect();
                Error::input(format!(
                    "environment variable {CPU_VARIABLE} = \"{wanted}\": this machine can use {}; \
                     unset the variable to take the best",
                    usable.join(", ")
                ))
            })
    }

    /// Runs a kernel with this instruction set, which must be available.
    #[inline]
    pub fn run<T: Real, K: Kernel<T>>(self, kernel: K) -> K::Output {
        match self {
            // SAFETY: the caller picked an available instruction set.
            #[cfg(target_arch = "x86_64")]
            Cpu::Avx512 => unsafe { x86::run_avx512(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Cpu::Avx2 => unsafe { x86::run_avx2(kernel) },
            #[cfg(not(target_arch = "x86_64"))]
            Cpu::Avx512 | Cpu::Avx2 => kernel.run::<T::Portable>(),
            Cpu::Portable => kernel.run::<T::Portable>(),
        }
    }
}

/// Runs a kernel with the instruction set in use.
#[inline]
pub fn run<T: Real, K: Kernel<T>>(kernel: K) -> K::Output {
    Cpu::current().run(kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation of a vector against plain arithmetic.
    struct Check;

    impl<T: Real> Kernel<T> for Check {
        type Output = ();
        fn run<V: Vector<Scalar = T>>(self) {
            let n = V::WIDTH;
            assert_eq!(T::LANES % n, 0);
            let number = |i: usize| T::from_double(i as f64 * 0.75 - 3.0);
            let a: Vec<T> = (0..n).map(number).collect();
            let b: Vec<T> = (0..n).map(|i| number(2 * i + 1)).collect();
            // SAFETY: both hold WIDTH numbers.
            let (x, y) = unsafe { (V::load(a.as_ptr()), V::load(b.as_ptr())) };
            let check = |v: V, expected: &dyn Fn(T, T) -> T| {
                let mut out = vec![T::ZERO; n];
                // SAFETY: `out` holds WIDTH numbers.
                unsafe { v.store(out.as_mut_ptr()) };
                for i in 0..n {
                    assert_eq!(out[i], expected(a[i], b[i]), "lane {i}");
                }
            };
            check(x + y, &|a, b| a + b);
            check(x - y, &|a, b| a - b);
            check(x * y, &|a, b| a * b);
            check(x / y, &|a, b| a / b);
            check(-x, &|a, _| -a);
            check(x.mul_add(y, x), &|a, b| a * b + a);
            check(x.neg_mul_add(y, x), &|a, b| a - a * b);
            check(x.max(y), &|a, b| if a > b { a } else { b });
            check(x.abs(), &|a, _| a.abs());
            check(x.floor(), &|a, _| T::from_double(a.double().floor()));
            // Rounded to single precision and back.
            let mut singles = vec![0.0_f32; n];
            // SAFETY: `singles` holds WIDTH numbers.
            let third = unsafe {
                (x / V::splat(T::from_double(3.0))).store_single(singles.as_mut_ptr());
                V::load_single(singles.as_ptr())
            };
            let single = |a: T| (a / T::from_double(3.0)).double() as f32;
            check(third, &|a, _| T::from_double(f64::from(single(a))));
            assert_eq!(x.sum(), a.iter().fold(T::ZERO, |s, &v| s + v));
            assert_eq!(x.largest(), a[n - 1]);

            let matrix: Vec<T> = (0..n * n).map(number).collect();
            // SAFETY: row i holds WIDTH numbers.
            let mut tile: Vec<V> =
                (0..n).map(|i| unsafe { V::load(matrix[i * n..].as_ptr()) }).collect();
            V::transpose(&mut tile);
            for (i, row) in tile.iter().enumerate() {
                let mut out = vec![T::ZERO; n];
                // SAFETY: `out` holds WIDTH numbers.
                unsafe { row.store(out.as_mut_ptr()) };
                for j in 0..n {
                    assert_eq!(out[j], matrix[j * n + i], "transposed element {i}, {j}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_computes_what_scalars_do() {
        for (cpu, _) in Cpu::ALL.into_iter().filter(|(cpu, _)| cpu.is_available()) {
            cpu.run::<f64, _>(Check);
            cpu.run::<f32, _>(Check);
        }
    }
}
