//! The butterflies that a length is made of.

/// Radices whose product is `length`, smallest first; `None` for a prime factor above 7.
///
/// Large radices touch memory less often, but must stay in registers: with the 32 of AVX-512 8 is
/// the largest that does, and a factor 3 is best taken with a 2 as 6 where that does not leave a
/// lone 2; with 16 registers it is 4 (a third faster on AVX2 than 8).
pub fn radices(length: usize, registers: usize) -> Option<Vec<usize>> {
    let mut rest = length;
    let mut exponent = |p: usize| {
        let mut e = 0;
        while rest.is_multiple_of(p) {
            rest /= p;
            e += 1;
        }
        e
    };
    let (mut twos, mut threes, fives, sevens) =
        (exponent(2), exponent(3), exponent(5), exponent(7));
    if rest != 1 {
        return None;
    }
    let mut radices = [vec![5; fives], vec![7; sevens]].concat();
    if registers < 32 {
        radices.extend(vec![2; twos % 2]);
        radices.extend(vec![4; twos / 2]);
    } else {
        while threes > 0 && twos > 0 && twos != 2 {
            radices.push(6);
            twos -= 1;
            threes -= 1;
        }
        // The power of two that 8 does not divide: 2, 4, or 4 * 4.
        let (others, eights) = match (twos % 3, twos) {
            (1, 1) => (vec![2], 0),
            (1, _) => (vec![4, 4], (twos - 4) / 3),
            (2, _) => (vec![4], twos / 3),
            _ => (vec![], twos / 3),
        };
        radices.extend(others);
        radices.extend(vec![8; eights]);
    }
    radices.extend(vec![3; threes]);
    radices.sort_unstable();
    // A first and a last pass always exist, so that no pass has to be both.
    while radices.len() < 2 {
        radices.push(1);
    }
    Some(radices)
}

#[cfg(test)]
mod tests {
    use super::radices;

    #[test]
    fn radices_multiply_to_the_length() {
        for n in 1..2000 {
            let smooth = [2, 3, 5, 7].iter().fold(n, |mut rest, p| {
                while rest % p == 0 {
                    rest /= p;
                }
                rest
            }) == 1;
            for registers in [16, 32] {
                let product = radices(n, registers).map(|r| r.iter().product::<usize>());
                assert_eq!(product, smooth.then_some(n));
            }
        }
        assert_eq!(radices(128, 32), Some(vec![4, 4, 8]));
        assert_eq!(radices(192, 32), Some(vec![4, 6, 8]));
        assert_eq!(radices(12, 32), Some(vec![3, 4]));
        assert_eq!(radices(192, 16), Some(vec![3, 4, 4, 4]));
    }
}
