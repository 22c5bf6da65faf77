//! Random numbers that are the same on every platform and in every release.
//!
//! Written here, because crates of random numbers reserve the right to give other values in
//! another release, and because the functions of the C library round differently between
//! platforms. Only integers and the four basic operations on floating point are used, which
//! IEEE 754 defines to the last bit.

/// A stream of random numbers: xoshiro256++ by Blackman and Vigna, seeded with splitmix64.
///
/// Not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Random([u64; 4]);

impl Random {
    /// Streams of one seed with different numbers are independent of each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut state = seed ^ stream.wrapping_mul(0xA076_1D64_78BD_642F);
        Self([(); 4].map(|()| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }))
    }

    /// Any number.
    pub(crate) fn any(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let number = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        number
    }

    /// A number from 0 to `count - 1`; 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        let wide = (self.any() >> 32) * u64::from(count);
        (wide >> 32) as u32
    }

    /// An index into a list of `length` elements, of which there are fewer than 2³².
    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize
    }

    /// A whole number from `low` to `high`, both included, at most 2³² apart.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let count = u32::try_from(high - low + 1).unwrap_or(u32::MAX);
        low + i64::from(self.below(count))
    }

    /// One of the elements.
    pub(crate) fn pick<T: Copy>(&mut self, elements: &[T]) -> T {
        elements[self.index(elements.len())]
    }

    /// The index of a weight, by its share of all. The last one if all are 0.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut rest = self.below(weights.clone().sum());
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            if rest < weight {
                return index;
            }
            rest -= weight;
            last = index;
        }
        last
    }

    /// A number from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from((self.any() >> 32) as u32) / 4_294_967_296.0
    }

    /// Whether something happens that has this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number of nearly the standard normal distribution: the sum of twelve uniform ones.
    pub(crate) fn normal(&mut self) -> f64 {
        const MEAN: u32 = 12 * 0xFFFF / 2;
        let mut sum = 0;
        for _ in 0..3 {
            let bits = self.any();
            sum += (0..4).map(|part| (bits >> (16 * part) & 0xFFFF) as u32).sum::<u32>();
        }
        (f64::from(sum) - f64::from(MEAN)) / 65_536.0
    }

    /// A time around `median`, with the logarithm spread by `spread`.
    pub(crate) fn around(&mut self, median: i64, spread: f64) -> i64 {
        let factor = exponential(self.normal() * spread);
        median * whole(factor * 1000.0) / 1000
    }
}

/// Rounds to thousandths.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The whole part of a number from 0 to 10⁹.
#[expect(clippy::cast_possible_truncation, reason = "it is within the range of the type")]
fn whole(value: f64) -> i64 {
    value.clamp(0.0, 1e9) as i64
}

/// eˣ for |x| up to 10 or so, to nine digits.
pub(crate) fn exponential(x: f64) -> f64 {
    const SQUARINGS: u32 = 10;
    let small = x / f64::from(1 << SQUARINGS);
    let mut power = 1.0 + small * (1.0 + small / 2.0 * (1.0 + small / 3.0 * (1.0 + small / 4.0)));
    for _ in 0..SQUARINGS {
        power *= power;
    }
    power
}

/// The probability that the two-parameter logistic model gives to a right answer.
pub(crate) fn probability_of_success(ability: f64, difficulty: f64, discrimination: f64) -> f64 {
    1.0 / (1.0 + exponential(-discrimination * (ability - difficulty)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_gives_the_published_numbers_of_splitmix64_as_its_state() {
        // The first outputs of splitmix64 for the seed 0.
        let expected = [
            0xE220_A839_7B1D_CDAF,
            0x6E78_9E6A_A1B9_65F4,
            0x06C4_5D18_8009_454F,
            0xF88B_B8A8_724C_81EC,
        ];
        assert_eq!(Random::new(0, 0).0, expected);
    }

    #[test]
    fn any_gives_the_published_numbers_of_xoshiro256_plus_plus() {
        let mut random = Random([1, 2, 3, 4]);
        let found = [(); 4].map(|()| random.any());
        assert_eq!(found, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn below_gives_every_number_about_equally_often() {
        let mut random = Random::new(1, 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn normal_has_mean_0_and_variance_1() {
        let mut random = Random::new(2, 0);
        let numbers: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 1e5;
        let variance = numbers.iter().map(|number| number * number).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn exponential_is_that_of_the_standard_library_to_nine_digits() {
        for step in -80..=80 {
            let x = f64::from(step) / 10.0;
            let ratio = exponential(x) / x.exp();
            assert!((ratio - 1.0).abs() < 1e-9, "{x}: {ratio}");
        }
    }

    #[test]
    fn weighted_never_gives_a_weight_of_0() {
        let mut random = Random::new(3, 0);
        for _ in 0..1000 {
            assert_ne!(random.weighted([3, 0, 1].into_iter()), 1);
        }
    }
}
