//! Whole numbers of few bits, packed so that sixteen at a time can be read by the same steps.
//!
//! `docs/format/facts.md` draws it.

/// Values that stand beside one another, in words of 32 bits.
const LANES: usize = 16;
/// Bytes of a row of words.
const ROW_BYTES: usize = 4 * LANES;
/// Values that are packed together: as many in each lane as a word has bits.
const GROUP: usize = 32 * LANES;
/// Bits of a word.
const WORD_BITS: usize = 32;

/// Words that stand beside one another.
type Words = [u32; LANES];

/// Bytes of `count` values of `width` bits.
pub(crate) const fn packed_len(count: usize, width: u8) -> usize {
    count.div_ceil(GROUP) * width as usize * ROW_BYTES
}

/// Packs values, each of which has at most `width` bits.
pub(super) fn pack(values: &[u64], width: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(packed_len(values.len(), width));
    let width = usize::from(width);
    pack_words(values, width.min(WORD_BITS), 0, &mut bytes);
    pack_words(values, width.saturating_sub(WORD_BITS), WORD_BITS, &mut bytes);
    bytes
}

/// Packs `width` bits of each value, from the bit `from` on.
#[expect(clippy::cast_possible_truncation, reason = "the bits above are those of another word")]
fn pack_words(values: &[u64], width: usize, from: usize, bytes: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    for group in values.chunks(GROUP) {
        let mut rows = vec![[0_u32; LANES]; width];
        for (index, value) in group.iter().enumerate() {
            let (lane, bit) = (index % LANES, index / LANES * width);
            let wide = (value >> from & (u64::MAX >> (64 - width))) << (bit % WORD_BITS);
            let row = bit / WORD_BITS;
            rows[row][lane] |= wide as u32;
            // What does not fit goes on in the next row, which is there because it does not.
            if let Some(next) = rows.get_mut(row + 1) {
                next[lane] |= (wide >> WORD_BITS) as u32;
            }
        }
        bytes.extend(rows.iter().flatten().flat_map(|word| word.to_le_bytes()));
    }
}

/// Reads `count` values of `width` bits, each as `make` makes it of the value.
///
/// The bytes have the length of [`packed_len`]; what is missing is left out.
#[inline]
pub(super) fn unpack<T: Copy>(
    bytes: &[u8],
    (count, width): (usize, u8),
    into: &mut Vec<T>,
    make: impl Fn(u64) -> T,
) {
    into.clear();
    let width = usize::from(width);
    if width == 0 {
        into.resize(count, make(0));
        return;
    }
    into.reserve(count.next_multiple_of(GROUP));
    if width <= WORD_BITS {
        unpack_words(bytes, width, |words| into.extend(words.map(|word| make(word.into()))));
    } else {
        let (low, high) = bytes.split_at(packed_len(count, 32).min(bytes.len()));
        let mut lows = Vec::with_capacity(count.next_multiple_of(GROUP));
        unpack_words(low, WORD_BITS, |words| lows.extend(words));
        let mut lows = lows.as_chunks::<LANES>().0.iter();
        unpack_words(high, width - WORD_BITS, |words| {
            let lows = lows.next().unwrap_or(&[0; LANES]);
            let wide = |lane: usize| u64::from(words[lane]) << WORD_BITS | u64::from(lows[lane]);
            into.extend::<[T; LANES]>(std::array::from_fn(|lane| make(wide(lane))));
        });
    }
    into.truncate(count);
}

/// Reads words of `width` bits, sixteen at a time.
#[inline]
fn unpack_words(bytes: &[u8], width: usize, mut take: impl FnMut(Words)) {
    let mask = u32::MAX >> (WORD_BITS - width);
    for group in bytes.as_chunks::<ROW_BYTES>().0.chunks_exact(width) {
        for index in 0..WORD_BITS {
            let bit = index * width;
            let (row, shift) = (bit / WORD_BITS, bit % WORD_BITS);
            // Bits of the next row are masked out where the value ends before it.
            let low = words_of(&group[row]);
            let high = words_of(&group[(row + 1).min(width - 1)]);
            take(std::array::from_fn(|lane| {
                (low[lane] >> shift | (high[lane] << 1) << (WORD_BITS - 1 - shift)) & mask
            }));
        }
    }
}

#[inline]
fn words_of(row: &[u8; ROW_BYTES]) -> Words {
    let words = row.as_chunks::<4>().0;
    std::array::from_fn(|lane| u32::from_le_bytes(words[lane]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_of_every_width_are_read_as_they_were_packed(
            values in prop::collection::vec(any::<u64>(), 1..1_100),
            width in 0_u8..=64,
        ) {
            let cut = |value: u64| if width == 0 { 0 } else { value >> (64 - width) };
            let values: Vec<u64> = values.into_iter().map(cut).collect();
            let bytes = pack(&values, width);
            prop_assert_eq!(bytes.len(), packed_len(values.len(), width));
            let mut read = vec![7];
            unpack(&bytes, (values.len(), width), &mut read, |value| value);
            prop_assert_eq!(read, values);
        }
    }
}
