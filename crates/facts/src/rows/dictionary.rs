//! Texts and their codes.

use std::hash::{BuildHasher, RandomState};

/// Bytes of a table of slots for each entry, at least.
const SLOTS_PER_ENTRY: usize = 2;
/// Slots of the first table.
const SLOTS_MIN: usize = 16;

/// Distinct texts, numbered from 1 in the order in which they came. 0 stands for nothing.
///
/// A text keeps its code for good. The hashes have a random key, so that no sender can make many
/// texts fall into one place.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u64>,
    /// Codes by hash, with open addressing; 0 for a free slot.
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Dictionary {
    /// How many texts there are: the largest code.
    pub(crate) fn len(&self) -> u32 {
        code_of(self.ends.len())
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + 8 * self.ends.capacity() + 4 * self.slots.capacity()
    }

    /// The text of a code; empty for 0 and for codes that it has not.
    pub(crate) fn bytes(&self, code: u32) -> &[u8] {
        let Some(index) = (code as usize).checked_sub(1) else { return &[] };
        let Some(&end) = self.ends.get(index) else { return &[] };
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let (start, end) = (place(start.unwrap_or_default()), place(end));
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The text of a code as characters.
    pub(crate) fn text(&self, code: u32) -> &str {
        str::from_utf8(self.bytes(code)).unwrap_or_default()
    }

    /// The code of a text; none if it has not come yet.
    pub(crate) fn find(&self, text: &[u8]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let code = self.slots[self.slot_of(text)];
        (code != 0).then_some(code)
    }

    /// The code of a text, which is added if it is new; 0 for an empty one.
    pub(crate) fn code(&mut self, text: &[u8]) -> u32 {
        self.code_near(0, text)
    }

    /// The code of a text, which may be that of `last`: many texts come several times in a row.
    pub(crate) fn code_near(&mut self, last: u32, text: &[u8]) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if self.bytes(last) == text {
            return last;
        }
        if self.slots.len() <= SLOTS_PER_ENTRY * self.ends.len() {
            self.grow();
        }
        let slot = self.slot_of(text);
        if self.slots[slot] == 0 {
            self.bytes.extend_from_slice(text);
            self.ends.push(self.bytes.len() as u64);
            self.slots[slot] = self.len();
        }
        self.slots[slot]
    }

    /// Adds texts in the form of [`Dictionary::encode`]. Returns whether they are whole.
    pub(crate) fn extend(&mut self, mut encoded: &[u8]) -> bool {
        while !encoded.is_empty() {
            let Some((head, rest)) = encoded.split_first_chunk::<4>() else { return false };
            let length = u32::from_le_bytes(*head) as usize;
            let Some((text, rest)) = rest.split_at_checked(length) else { return false };
            let before = self.len();
            if self.code(text) != before + 1 {
                return false;
            }
            encoded = rest;
        }
        true
    }

    /// The texts after the code `after`, each with its length before it.
    pub(crate) fn encode(&self, after: u32) -> Vec<u8> {
        let mut encoded = Vec::new();
        for code in after + 1..=self.len() {
            let text = self.bytes(code);
            encoded.extend_from_slice(&code_of(text.len()).to_le_bytes());
            encoded.extend_from_slice(text);
        }
        encoded
    }

    /// The slot of a text, or the free one where it belongs. There is always a free one.
    fn slot_of(&self, text: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = place(self.hasher.hash_one(text)) & mask;
        while self.slots[slot] != 0 && self.bytes(self.slots[slot]) != text {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; (4 * self.ends.len()).next_power_of_two().max(SLOTS_MIN)];
        let mask = self.slots.len() - 1;
        for code in 1..=self.len() {
            let mut slot = place(self.hasher.hash_one(self.bytes(code))) & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = code;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a tenant has fewer texts than 2^32")]
fn code_of(length: usize) -> u32 {
    length as u32
}

#[expect(clippy::cast_possible_truncation, reason = "memory is addressed by 64 bits")]
fn place(number: u64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_texts_in_the_order_in_which_they_come() {
        let mut dictionary = Dictionary::default();
        assert_eq!(dictionary.code(b""), 0);
        for round in 0..2 {
            for number in 1..=1_000_u32 {
                let text = format!("text {number}");
                assert_eq!(dictionary.code(text.as_bytes()), number, "round {round}");
                assert_eq!(dictionary.find(text.as_bytes()), Some(number));
                assert_eq!(dictionary.text(number), text);
            }
        }
        assert_eq!(dictionary.len(), 1_000);
        assert_eq!(
            (dictionary.find(b"other"), dictionary.text(0), dictionary.text(1_001)),
            (None, "", "")
        );
    }

    #[test]
    fn reads_what_it_has_encoded() {
        let mut dictionary = Dictionary::default();
        for text in ["a", "bb", "ccc"] {
            dictionary.code(text.as_bytes());
        }
        let mut again = Dictionary::default();
        assert!(again.extend(&dictionary.encode(0)));
        assert_eq!((again.len(), again.text(3)), (3, "ccc"));
        assert_eq!(dictionary.encode(2), b"\x03\0\0\0ccc");
        for damaged in [&b"\x03\0\0\0cc"[..], b"\x01\0\0\0a\x01\0\0\0a", b"\x01"] {
            assert!(!Dictionary::default().extend(damaged), "{damaged:?}");
        }
    }
}
