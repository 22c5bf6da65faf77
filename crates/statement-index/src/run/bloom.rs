//! Filters that show quickly and without a read that a key is not in a run.

use super::bytes::usize_of;

/// Bytes of a line: what the processor fetches at once.
const LINE_BYTES: usize = 64;

/// Bits set for a key, all in one line.
const PROBES: u32 = 7;

/// A blocked Bloom filter. Says "perhaps" for every key that was added.
#[derive(Clone, Debug)]
pub(crate) struct Bloom {
    bytes: Vec<u8>,
}

impl Bloom {
    /// An empty filter for `key_count` keys.
    pub(crate) fn new(key_count: usize, bits_a_key: usize) -> Self {
        let lines = (key_count * bits_a_key).div_ceil(LINE_BYTES * 8);
        Self { bytes: vec![0; lines * LINE_BYTES] }
    }

    /// A filter as it was written; none if its length cannot be right.
    pub(crate) fn decode(bytes: Vec<u8>) -> Option<Self> {
        bytes.len().is_multiple_of(LINE_BYTES).then_some(Self { bytes })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn line(&self, hash: u64) -> usize {
        let line_count = (self.bytes.len() / LINE_BYTES) as u64;
        let line = ((hash >> 32) * line_count) >> 32;
        usize_of(line) * LINE_BYTES
    }

    pub(crate) fn add(&mut self, hash: u64) {
        let line = self.line(hash);
        for (byte, bit) in probes(hash) {
            self.bytes[line + byte] |= bit;
        }
    }

    /// Whether the key may have been added; never wrong when it says no.
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let line = self.line(hash);
        probes(hash).all(|(byte, bit)| self.bytes[line + byte] & bit != 0)
    }
}

/// The places in a line that stand for a key: byte and bit.
fn probes(hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) ^ hash;
    (0..PROBES).map(move |probe| {
        let place = (mixed >> (9 * probe)) & 0x1ff;
        (usize_of(place >> 3), 1 << (place & 7))
    })
}

#[cfg(test)]
mod tests {
    use super::Bloom;

    fn hash(key: u64) -> u64 {
        let mixed = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    #[test]
    fn finds_every_key_and_few_others() {
        let mut bloom = Bloom::new(10_000, 10);
        (0..10_000).for_each(|key| bloom.add(hash(key)));
        assert!((0..10_000).all(|key| bloom.may_contain(hash(key))));
        let false_count = (10_000..110_000).filter(|key| bloom.may_contain(hash(*key))).count();
        assert!(false_count < 2_500, "{false_count} of 100,000 other keys passed");
    }

    #[test]
    fn an_empty_filter_contains_nothing() {
        assert!(!Bloom::new(0, 10).may_contain(7));
    }
}
