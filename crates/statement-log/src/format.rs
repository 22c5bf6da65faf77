//! The bytes on disk that every file shares: little-endian numbers, varints, checksums.
//!
//! Log and index read and write their numbers here, and nowhere else.
//!
//! What the files look like is drawn in `docs/format/`.

/// The version of all formats that this program writes.
pub const VERSION: u32 = 1;

/// The beginning of the file `store`.
pub const STORE_MAGIC: [u8; 8] = *b"ACTASTOR";

/// The beginning of the mark of a clean end.
pub(crate) const CLOSING_MAGIC: [u8; 8] = *b"ACTACLSD";

/// The beginning of the mark of a removal.
pub const PURGE_MAGIC: [u8; 8] = *b"ACTAPURG";

/// The beginning of a segment.
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"ACTALOG\0";

/// The beginning of a frame.
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"AFRM";

/// Bytes of a segment's header before its dictionary.
pub const SEGMENT_HEADER_BYTES: usize = 60;

/// Bytes of a frame's header before its terms.
pub const FRAME_HEADER_BYTES: usize = 28;

/// Bytes of a checksum.
pub const CHECKSUM_BYTES: usize = 4;

/// Most bytes of a varint.
pub(crate) const VARINT_BYTES_MAX: usize = 10;

/// The checksum of `parts`, one after the other, at `offset` in their file.
///
/// The offset is part of it, so that bytes which belong elsewhere do not pass.
#[inline]
pub fn checksum(offset: u32, parts: &[&[u8]]) -> u32 {
    let seed = crc32c(0, &offset.to_le_bytes());
    parts.iter().fold(seed, |sum, part| crc32c(sum, part))
}

/// The CRC-32C of `bytes` behind those that `sum` is the checksum of.
///
/// Under fuzzing it is always 0: no mutation hits a checksum, and what is looked for there is
/// behind them.
#[inline]
pub fn crc32c(sum: u32, bytes: &[u8]) -> u32 {
    if cfg!(fuzzing) { 0 } else { crc32c::crc32c_append(sum, bytes) }
}

/// Appends `number` as an unsigned LEB128.
#[inline]
pub fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// How many bytes [`push_varint`] appends.
#[inline]
pub(crate) fn varint_bytes(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Maps small numbers of either sign to small ones without.
#[inline]
pub const fn zigzag(number: i64) -> u64 {
    (number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned()
}

/// The inverse of [`zigzag`].
#[inline]
pub const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Takes numbers and byte strings off the front of a slice; none when it is too short.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next four bytes as a number.
    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes as a number.
    #[inline]
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next eight bytes as a number of either sign.
    #[inline]
    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// The number that [`push_varint`] wrote; none for bytes that it writes for no number: more
    /// than are needed, or with bits that a number has no room for.
    #[inline]
    pub fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for index in 0..VARINT_BYTES_MAX {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            // The tenth byte has room for one bit only.
            if index == VARINT_BYTES_MAX - 1 && bits > 1 {
                return None;
            }
            number |= bits << (7 * index);
            if byte < 0x80 {
                let is_shortest = byte != 0 || index == 0;
                return is_shortest.then_some(number);
            }
        }
        None
    }

    /// As [`Bytes::varint`]; none also for a number that a `u32` has no room for.
    #[inline]
    pub fn varint_u32(&mut self) -> Option<u32> {
        self.varint().and_then(|number| u32::try_from(number).ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_varint_is_read_as_it_was_written(number: u64, shift in 0_u32..64) {
            let number = number >> shift;
            let mut out = Vec::new();
            push_varint(&mut out, number);
            prop_assert_eq!(out.len(), varint_bytes(number));
            out.push(7);
            let mut bytes = Bytes(&out);
            prop_assert_eq!(bytes.varint(), Some(number));
            prop_assert_eq!(bytes.0, &[7][..]);
        }

        #[test]
        fn a_varint_that_is_read_is_written_as_it_was(
            bytes in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut rest = Bytes(&bytes);
            if let Some(number) = rest.varint() {
                let mut out = Vec::new();
                push_varint(&mut out, number);
                prop_assert_eq!(&bytes[..bytes.len() - rest.0.len()], &out[..]);
            }
        }

        #[test]
        fn a_number_of_either_sign_is_read_as_it_was_written(number: i64) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
            let small = number % 64;
            prop_assert!(zigzag(small) < 128);
        }
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<u64>) {
        assert_eq!(Bytes(bytes).varint(), expected, "input: {bytes:?}");
    }

    #[test]
    fn varint_refuses_what_does_not_end_or_fit_or_is_too_long() {
        const FULL: [u8; 9] = [0xFF; 9];
        let full = |last: &[u8]| [&FULL, last].concat();
        let table = [
            (vec![0], Some(0)),
            (vec![0x7F], Some(127)),
            (vec![0x80, 1], Some(128)),
            (full(&[1]), Some(u64::MAX)),
            // It does not end.
            (vec![], None),
            (vec![0x80], None),
            (FULL.to_vec(), None),
            // It does not fit.
            (full(&[2]), None),
            (full(&[0x7F]), None),
            (full(&[0x81]), None),
            (full(&[0x81, 0]), None),
            (full(&[0x80, 1]), None),
            // It is longer than need be.
            (vec![0x80, 0], None),
            (vec![0xFF, 0], None),
            (vec![0x81, 0x80, 0], None),
            (full(&[0]), None),
            ([0x80; 9].into_iter().chain([0]).collect(), None),
        ];
        for (bytes, expected) in table {
            check(&bytes, expected);
        }
    }

    #[test]
    fn varint_u32_refuses_a_larger_number() {
        for (number, expected) in
            [(u64::from(u32::MAX), Some(u32::MAX)), (1 << 32, None), (u64::MAX, None)]
        {
            let mut out = Vec::new();
            push_varint(&mut out, number);
            assert_eq!(Bytes(&out).varint_u32(), expected, "input: {number}");
        }
    }

    #[test]
    fn take_refuses_more_than_there_is() {
        let mut bytes = Bytes(&[1, 2, 3]);
        assert_eq!(bytes.take(4), None);
        assert_eq!(bytes.take(2), Some(&[1, 2][..]));
        assert_eq!((bytes.u32(), bytes.byte(), bytes.byte()), (None, Some(3), None));
    }

    #[test]
    fn the_same_bytes_elsewhere_have_another_checksum() {
        assert_ne!(checksum(0, &[b"abc"]), checksum(1, &[b"abc"]));
        assert_eq!(checksum(9, &[b"a", b"bc"]), checksum(9, &[b"abc"]));
    }
}
