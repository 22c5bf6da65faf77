//! A column of one block on disk: whole numbers in as few bits as their range needs.
//!
//! `docs/format/facts.md` draws it.

pub(crate) use super::packing::packed_len;
use super::packing::{pack, unpack};

/// Bits of decimals that are looked up in a table instead of being divided one by one.
const TABLE_WIDTH_MAX: u8 = 10;
/// Most digits behind the point of numbers that are stored as whole numbers.
pub(crate) const DIGITS_MAX: u8 = 6;
/// Largest whole number that a double holds exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// How the values of a chunk are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The difference to the smallest value.
    Whole,
    /// Numbers times a power of ten, less the smallest, plus one; 0 for nothing.
    Decimal {
        /// The power.
        digits: u8,
    },
    /// The bits of a double.
    Double,
}

impl Encoding {
    /// Its number on disk.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Double => 1,
            Self::Decimal { digits } => 16 + digits,
        }
    }

    /// The encoding with this number.
    pub(crate) const fn of_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Whole),
            1 => Some(Self::Double),
            16..=22 => Some(Self::Decimal { digits: number - 16 }),
            _ => None,
        }
    }
}

/// Values as they are stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) encoding: Encoding,
    /// Bits of each value.
    pub(crate) width: u8,
    /// The smallest value: of decimals the smallest whole number, of doubles its bits.
    pub(crate) min: i64,
    /// The largest value, likewise.
    pub(crate) max: i64,
    pub(crate) bytes: Vec<u8>,
}

impl Chunk {
    /// Of whole numbers.
    pub(crate) fn of_ints(values: &[i64]) -> Self {
        let min = values.iter().copied().min().unwrap_or_default();
        let max = values.iter().copied().max().unwrap_or_default();
        let width = width_of(max.wrapping_sub(min));
        let offsets: Vec<_> = values.iter().map(|it| unsigned(it.wrapping_sub(min))).collect();
        Self { encoding: Encoding::Whole, width, min, max, bytes: pack(&offsets, width) }
    }

    /// Of codes; none if all are 0.
    pub(crate) fn of_codes(codes: &[u32]) -> Option<Self> {
        let min = codes.iter().copied().min().unwrap_or_default();
        let max = codes.iter().copied().max().filter(|max| *max != 0)?;
        let width = width_of(i64::from(max - min));
        let offsets: Vec<_> = codes.iter().map(|code| u64::from(code - min)).collect();
        let bytes = pack(&offsets, width);
        Some(Self { encoding: Encoding::Whole, width, min: min.into(), max: max.into(), bytes })
    }

    /// Of numbers, not a number standing for nothing; none if all do.
    pub(crate) fn of_numbers(numbers: &[f64]) -> Option<Self> {
        let known = || numbers.iter().copied().filter(|number| !number.is_nan());
        known().next()?;
        let digits = (0..=DIGITS_MAX).find(|digits| known().all(|it| whole(it, *digits).is_some()));
        if let Some(digits) = digits {
            let scaled = |number: f64| whole(number, digits);
            let min = known().filter_map(scaled).min().unwrap_or_default();
            let max = known().filter_map(scaled).max().unwrap_or_default();
            let width = width_of(max - min + 1);
            let offset = |number: &f64| scaled(*number).map_or(0, |it| unsigned(it - min + 1));
            let bytes = pack(&numbers.iter().map(offset).collect::<Vec<_>>(), width);
            return Some(Self { encoding: Encoding::Decimal { digits }, width, min, max, bytes });
        }
        let min = known().fold(f64::INFINITY, f64::min);
        let max = known().fold(f64::NEG_INFINITY, f64::max);
        let bits: Vec<_> = numbers.iter().map(|number| number.to_bits()).collect();
        let bytes = pack(&bits, 64);
        let (min, max) = (min.to_bits().cast_signed(), max.to_bits().cast_signed());
        Some(Self { encoding: Encoding::Double, width: 64, min, max, bytes })
    }
}

/// The number times a power of ten, if nothing is lost by that.
fn whole(number: f64, digits: u8) -> Option<i64> {
    let power = power(digits);
    let scaled = (number * power).round();
    // A negative zero is no whole number.
    let is_zero_of_two = scaled == 0.0 && number.is_sign_negative();
    let is_exact = scaled.abs() < EXACT_MAX && (scaled / power).to_bits() == number.to_bits();
    (is_exact && !is_zero_of_two).then(|| truncated(scaled))
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole and less than 2^53")]
fn truncated(number: f64) -> i64 {
    number as i64
}

fn power(digits: u8) -> f64 {
    10_f64.powi(digits.into())
}

const fn unsigned(value: i64) -> u64 {
    value.cast_unsigned()
}

/// Bits that a range needs.
#[expect(clippy::cast_possible_truncation, reason = "there are at most 64 bits")]
const fn width_of(range: i64) -> u8 {
    (64 - unsigned(range).leading_zeros()) as u8
}

/// The most bits of decimals that are read as they are stored.
pub(crate) const DECIMAL_WIDTH_MAX: u8 = 31;

/// What the stored values of decimals stand for: 0 for nothing, the others for numbers that rise
/// with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DecimalScale {
    /// The smallest whole number, which 1 stands for.
    pub(crate) min: i64,
    /// Digits behind the point of the whole numbers.
    pub(crate) digits: u8,
    /// Bits of each stored value.
    pub(crate) width: u8,
}

impl DecimalScale {
    /// The number that a stored value stands for; not a number for nothing.
    #[expect(clippy::cast_precision_loss, reason = "whole numbers of decimals are less than 2^53")]
    pub(crate) fn number(self, stored: u32) -> f64 {
        let whole = self.min.wrapping_add(stored.into()).wrapping_sub(1);
        if stored == 0 { f64::NAN } else { whole as f64 / power(self.digits) }
    }

    /// The first stored value whose number passes a test, which all larger ones pass too.
    pub(crate) fn first(self, is_reached: impl Fn(f64) -> bool) -> u32 {
        let (mut low, mut high) = (1, 1_u32 << self.width);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_reached(self.number(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

/// Codes for the decimals of all chunks of a column: 0 for nothing, the others for numbers that
/// rise with them by the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnScale {
    /// The smallest whole number, which 1 stands for.
    pub(crate) min: i64,
    /// Digits behind the point of the whole numbers.
    pub(crate) digits: u8,
    /// How many codes there are beside 0.
    pub(crate) count: u32,
}

impl ColumnScale {
    /// Of chunks with these encodings and ranges; none if not all are decimals, or if they are too
    /// far apart.
    pub(crate) fn of(chunks: impl Iterator<Item = (Encoding, i64, i64)> + Clone) -> Option<Self> {
        let decimals = |encoding: Encoding| match encoding {
            Encoding::Decimal { digits } => Some(digits),
            Encoding::Whole | Encoding::Double => None,
        };
        let every = chunks.clone().map(|(encoding, ..)| decimals(encoding));
        let digits = every.collect::<Option<Vec<u8>>>()?.into_iter().max()?;
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for (encoding, min, max) in chunks {
            let factor = factor(digits - decimals(encoding)?);
            least = least.min(min.checked_mul(factor)?);
            most = most.max(max.checked_mul(factor)?);
        }
        let count = u32::try_from(most.checked_sub(least)?.checked_add(1)?).ok()?;
        (count < u32::MAX).then_some(Self { min: least, digits, count })
    }

    /// The number that a code other than 0 stands for.
    pub(crate) fn number(self, code: u32) -> f64 {
        DecimalScale { min: self.min, digits: self.digits, width: 0 }.number(code)
    }

    /// By what the stored values of a chunk are multiplied, and what is added to that, modulo 2^32,
    /// to make codes of them; none if the chunk has other decimals.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "codes are computed modulo 2^32, and are less than that"
    )]
    pub(crate) fn part(self, scale: DecimalScale) -> Option<(u32, u32)> {
        if scale.width == 0 {
            return Some((0, 0));
        }
        let factor = factor(self.digits.checked_sub(scale.digits)?);
        let first = (scale.min - 1).checked_mul(factor)?.checked_sub(self.min)?.checked_add(1)?;
        Some((factor as u32, first as u32))
    }
}

fn factor(digits: u8) -> i64 {
    10_i64.pow(digits.into())
}

/// Reads whole numbers.
pub(crate) fn read_ints(bytes: &[u8], count: usize, width: u8, min: i64, into: &mut Vec<i64>) {
    unpack(bytes, (count, width), into, |offset| min.wrapping_add(offset.cast_signed()));
}

/// Reads codes.
#[expect(clippy::cast_possible_truncation, reason = "codes have 32 bits")]
pub(crate) fn read_codes(bytes: &[u8], count: usize, width: u8, min: i64, into: &mut Vec<u32>) {
    let min = unsigned(min) as u32;
    unpack(bytes, (count, width), into, |offset| min.wrapping_add(offset as u32));
}

/// Reads numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "whole numbers of decimals are less than 2^53, and places of a table few"
)]
pub(crate) fn read_numbers(
    bytes: &[u8],
    count: usize,
    head: (Encoding, u8, i64),
    into: &mut Vec<f64>,
) {
    let (encoding, width, min) = head;
    let packed = (count, width);
    match encoding {
        Encoding::Double => unpack(bytes, packed, into, f64::from_bits),
        Encoding::Whole => {
            unpack(bytes, packed, into, |offset| min.wrapping_add(offset.cast_signed()) as f64);
        }
        Encoding::Decimal { digits } => {
            let power = power(digits);
            let number = |offset: u64| {
                let number = min.wrapping_add(offset.cast_signed()).wrapping_sub(1) as f64 / power;
                if offset == 0 { f64::NAN } else { number }
            };
            if width <= TABLE_WIDTH_MAX {
                let table: Vec<f64> = (0..1 << width).map(number).collect();
                unpack(bytes, packed, into, |offset| table[offset as usize]);
            } else {
                unpack(bytes, packed, into, number);
            }
        }
    }
}

/// The range of the numbers of a chunk.
#[expect(clippy::cast_precision_loss, reason = "whole numbers of decimals are less than 2^53")]
pub(crate) fn number_range(encoding: Encoding, min: i64, max: i64) -> (f64, f64) {
    match encoding {
        Encoding::Whole => (min as f64, max as f64),
        Encoding::Decimal { digits } => (min as f64 / power(digits), max as f64 / power(digits)),
        Encoding::Double => (f64::from_bits(unsigned(min)), f64::from_bits(unsigned(max))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_of_a_column_stand_for_the_decimals_of_its_chunks() {
        let chunks = [vec![0.25, 1.0, f64::NAN], vec![-2.0, 3.0], vec![0.5, 0.7]];
        let chunks = chunks.map(|numbers| (Chunk::of_numbers(&numbers).unwrap(), numbers));
        let heads = chunks.iter().map(|(chunk, _)| (chunk.encoding, chunk.min, chunk.max));
        let column = ColumnScale::of(heads).unwrap();
        assert_eq!(column, ColumnScale { min: -200, digits: 2, count: 501 });
        for (chunk, numbers) in &chunks {
            let Encoding::Decimal { digits } = chunk.encoding else { panic!("{chunk:?}") };
            let scale = DecimalScale { min: chunk.min, digits, width: chunk.width };
            let (factor, first) = column.part(scale).unwrap();
            let mut stored = Vec::new();
            read_codes(&chunk.bytes, numbers.len(), chunk.width, 0, &mut stored);
            for (stored, number) in stored.into_iter().zip(numbers) {
                assert_eq!(scale.number(stored).to_bits(), number.to_bits());
                let code = stored.wrapping_mul(factor).wrapping_add(first);
                let found = (stored != 0).then(|| column.number(code).to_bits());
                assert_eq!(found, (stored != 0).then(|| number.to_bits()), "{code}");
            }
        }
        let doubles = [(Encoding::Double, 0, 0), (Encoding::Decimal { digits: 1 }, 0, 9)];
        assert_eq!(ColumnScale::of(doubles.into_iter()), None);
        let far = [(Encoding::Decimal { digits: 0 }, 0, i64::from(u32::MAX))];
        assert_eq!(ColumnScale::of(far.into_iter()), None);
    }

    #[test]
    fn finds_the_first_stored_value_that_is_reached() {
        let scale = DecimalScale { min: -5, digits: 1, width: 5 };
        assert_eq!(scale.first(|number| -0.3 <= number), 3);
        assert_eq!((scale.first(|_| true), scale.first(|_| false)), (1, 32));
    }

    fn again(numbers: &[f64]) -> (Encoding, Vec<f64>) {
        let chunk = Chunk::of_numbers(numbers).unwrap();
        let mut read = Vec::new();
        let head = (chunk.encoding, chunk.width, chunk.min);
        read_numbers(&chunk.bytes, numbers.len(), head, &mut read);
        (chunk.encoding, read)
    }

    #[test]
    fn stores_decimals_as_whole_numbers() {
        let table: [(&[f64], Encoding, usize); 4] = [
            (&[0.5, 1.0, f64::NAN], Encoding::Decimal { digits: 1 }, 3),
            (&[-3.0, 7.0], Encoding::Decimal { digits: 0 }, 4),
            (&[1.0 / 3.0, f64::NAN], Encoding::Double, 64),
            (&[-0.0], Encoding::Double, 64),
        ];
        for (numbers, encoding, width) in table {
            let chunk = Chunk::of_numbers(numbers).unwrap();
            assert_eq!(
                (chunk.encoding, usize::from(chunk.width)),
                (encoding, width),
                "{numbers:?}"
            );
        }
        assert_eq!(Chunk::of_numbers(&[f64::NAN]), None);
        assert_eq!(Chunk::of_codes(&[0, 0]), None);
    }

    fn any_number() -> impl Strategy<Value = f64> {
        let cents = (-999..999_i32).prop_map(|cents| f64::from(cents) / 100.0);
        prop_oneof![any::<f64>(), cents, Just(f64::NAN), Just(0.1)]
    }

    proptest! {
        #[test]
        fn reads_the_whole_numbers_that_it_stored(
            values in prop::collection::vec(any::<i64>(), 1..50),
            shift in 0..64,
        ) {
            let values: Vec<i64> = values.into_iter().map(|value| value >> shift).collect();
            let chunk = Chunk::of_ints(&values);
            let mut read = Vec::new();
            read_ints(&chunk.bytes, values.len(), chunk.width, chunk.min, &mut read);
            prop_assert_eq!(chunk.bytes.len(), packed_len(values.len(), chunk.width));
            prop_assert_eq!(read, values);
        }

        #[test]
        fn reads_the_codes_that_it_stored(
            codes in prop::collection::vec(any::<u32>(), 1..50),
            shift in 0..32,
        ) {
            let codes: Vec<u32> = codes.into_iter().map(|code| code >> shift).collect();
            if let Some(chunk) = Chunk::of_codes(&codes) {
                let mut read = Vec::new();
                read_codes(&chunk.bytes, codes.len(), chunk.width, chunk.min, &mut read);
                prop_assert_eq!(read, codes);
            }
        }

        #[test]
        fn reads_the_numbers_that_it_stored(
            numbers in prop::collection::vec(any_number(), 1..50),
        ) {
            if Chunk::of_numbers(&numbers).is_some() {
                let (_, read) = again(&numbers);
                let bits = |number: &f64| if number.is_nan() { 0 } else { number.to_bits() };
                let bits = |numbers: &[f64]| numbers.iter().map(bits).collect::<Vec<_>>();
                prop_assert_eq!(bits(&read), bits(&numbers));
            }
        }
    }
}
