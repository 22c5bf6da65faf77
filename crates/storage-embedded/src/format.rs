//! The bytes on disk that every file shares: little-endian numbers, varints, checksums.
//!
//! What the files look like is drawn in `docs/format/`.

/// The version of all formats that this program writes.
pub(crate) const VERSION: u32 = 1;

/// The beginning of the file `store`.
pub(crate) const STORE_MAGIC: [u8; 8] = *b"ACTASTOR";

/// The beginning of the mark of a clean end.
pub(crate) const CLOSING_MAGIC: [u8; 8] = *b"ACTACLSD";

/// The beginning of the mark of a removal.
pub(crate) const PURGE_MAGIC: [u8; 8] = *b"ACTAPURG";

/// The beginning of a segment.
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"ACTALOG\0";

/// The beginning of a frame.
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"AFRM";

/// Bytes of a segment's header before its dictionary.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 56;

/// The newest version of segments that this program reads. Only those that were written anew
/// have it; others have [`VERSION`].
pub(crate) const SEGMENT_VERSION: u32 = 2;

/// Bytes of the revision, which stands behind the header of a segment of version 2.
pub(crate) const REVISION_BYTES: usize = 4;

/// Bytes of a frame's header before its terms.
pub(crate) const FRAME_HEADER_BYTES: usize = 28;

/// Bytes of a checksum.
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// Most bytes of a varint.
pub(crate) const VARINT_BYTES_MAX: usize = 10;

/// The checksum of `parts`, one after the other, at `offset` in their file.
///
/// The offset is part of it, so that bytes which belong elsewhere do not pass.
pub(crate) fn checksum(offset: u32, parts: &[&[u8]]) -> u32 {
    let seed = crc32c(0, &offset.to_le_bytes());
    parts.iter().fold(seed, |sum, part| crc32c(sum, part))
}

/// The CRC-32C of `bytes` behind those that `sum` is the checksum of.
///
/// Under fuzzing it is always 0: no mutation hits a checksum, and what is looked for there is
/// behind them.
pub(crate) fn crc32c(sum: u32, bytes: &[u8]) -> u32 {
    if cfg!(fuzzing) { 0 } else { crc32c::crc32c_append(sum, bytes) }
}

/// Appends `number` as an unsigned LEB128.
pub(crate) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// How many bytes [`push_varint`] appends.
pub(crate) fn varint_bytes(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Takes numbers and byte strings off the front of a slice; none when it is too short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Bytes<'_> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
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
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn varint_u32(&mut self) -> Option<u32> {
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
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<u64>) {
        assert_eq!(Bytes(bytes).varint(), expected, "input: {bytes:?}");
    }

    #[test]
    fn refuses_varints_that_do_not_end_or_do_not_fit() {
        let table: [(&[u8], Option<u64>); 6] = [
            (&[0], Some(0)),
            (&[0x80, 1], Some(128)),
            (&[0x80], None),
            (&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], Some(u64::MAX)),
            (&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2], None),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], None),
        ];
        for (bytes, expected) in table {
            check(bytes, expected);
        }
    }

    #[test]
    fn the_same_bytes_elsewhere_have_another_checksum() {
        assert_ne!(checksum(0, &[b"abc"]), checksum(1, &[b"abc"]));
        assert_eq!(checksum(9, &[b"a", b"bc"]), checksum(9, &[b"abc"]));
    }
}
