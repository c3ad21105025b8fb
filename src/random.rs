//! Random numbers as a pure function of (seed, stream, counter), so that they never depend on
//! which rank asks, in which order, or how often.
//!
//! Philox4x32-10: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
//! Proc. SC11, doi:10.1145/2063384.2063405. The seed is the key; three counter words (mode numbers,
//! say, or a time step) and the stream are the block that it encrypts in ten rounds.

/// The use of random numbers. No two uses share a stream, so they are independent at equal counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// The two phases of a mode of a random initial field.
    InitialPhases = 0,
    /// The shares of the two directions in the energy of a mode of a random initial field.
    InitialDirection = 1,
    /// The phase of a mode of a random initial scalar.
    InitialScalar = 2,
    /// The noise of a mode of a stochastic force.
    Forcing = 3,
    /// The places of particles at first.
    Particles = 4,
}

/// The random numbers of one seed and stream.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    seed: u64,
    stream: Stream,
}

impl Random {
    /// The numbers of `stream` for `seed`.
    pub fn new(seed: u64, stream: Stream) -> Self {
        Random { seed, stream }
    }

    /// Two independent numbers, uniform in [0, 1) with 53 bits, that belong to `counter`.
    pub fn uniform(&self, counter: [u32; 3]) -> [f64; 2] {
        let [a, b, c] = counter;
        let words =
            philox([a, b, c, self.stream as u32], [self.seed as u32, (self.seed >> 32) as u32]);
        [unit_interval(words[0], words[1]), unit_interval(words[2], words[3])]
    }

    /// As [`Self::uniform`], for a Fourier mode.
    pub fn uniform_of_mode(&self, mode: [i64; 3]) -> [f64; 2] {
        self.uniform(mode.map(|n| n as u32))
    }
}

/// The highest 53 of 64 random bits as a number in [0, 1).
fn unit_interval(low: u32, high: u32) -> f64 {
    let bits = u64::from(high) << 32 | u64::from(low);
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Philox4x32-10 with the constants of Salmon et al. 2011, section 3.3.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const ROUNDS: usize = 10;
    const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..ROUNDS {
        let even = MULTIPLIERS[0] * u64::from(counter[0]);
        let odd = MULTIPLIERS[1] * u64::from(counter[2]);
        let (high, low) = (|x: u64| (x >> 32) as u32, |x: u64| x as u32);
        counter = [
            high(odd) ^ counter[1] ^ key[0],
            low(odd),
            high(even) ^ counter[3] ^ key[1],
            low(even),
        ];
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the file `kat_vectors` of the authors' Random123 library; the third input is pi.
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]
        );
        assert_eq!(
            philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
        );
    }

    #[test]
    fn doubles_fill_the_unit_interval() {
        assert_eq!(unit_interval(0, 0), 0.0);
        assert_eq!(unit_interval(u32::MAX, u32::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(unit_interval(0, 1 << 31), 0.5);
        let random = Random::new(7, Stream::InitialPhases);
        let draws: Vec<f64> = (0..20_000).flat_map(|i| random.uniform([i, 0, 0])).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let second = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        // Standard errors 0.0014 and 0.0015.
        assert!((mean - 0.5).abs() < 0.006 && (second - 1.0 / 3.0).abs() < 0.006);
    }

    #[test]
    fn seed_stream_and_every_counter_word_matter() {
        let draw = |seed, stream, counter| Random::new(seed, stream).uniform(counter);
        let reference = draw(1, Stream::InitialPhases, [3, 4, 5]);
        assert_eq!(reference, draw(1, Stream::InitialPhases, [3, 4, 5]));
        for other in [
            draw(2, Stream::InitialPhases, [3, 4, 5]),
            draw(1 + (1 << 32), Stream::InitialPhases, [3, 4, 5]),
            draw(1, Stream::InitialDirection, [3, 4, 5]),
            draw(1, Stream::InitialPhases, [2, 4, 5]),
            draw(1, Stream::InitialPhases, [3, 0, 5]),
            draw(1, Stream::InitialPhases, [3, 4, 6]),
        ] {
            assert!(other[0] != reference[0] && other[1] != reference[1]);
        }
        let random = Random::new(1, Stream::InitialPhases);
        assert_ne!(random.uniform_of_mode([1, -1, 0]), random.uniform_of_mode([1, 1, 0]));
    }
}
