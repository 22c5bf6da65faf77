//! Dictionaries: from a term to its posting list.

use std::ops::Range;

use acta_statement_log::format::{Bytes, push_varint};
use acta_storage::StorageError;

use super::bytes::{RunFile, SEAL_BYTES, Sink, Window, len32, unseal};
use super::postings::{BLOCK_POSTINGS, List, ListWalk, ListWriter};

/// A dictionary block is closed when it holds this many bytes.
const BLOCK_BYTES: usize = 2048;

/// A block: where it is and how long, checksum included.
#[derive(Clone, Copy, Debug)]
struct Fence {
    offset: u64,
    bytes: u32,
}

/// A dictionary of a run: the first term of each block in memory, the rest on disk.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    first_terms: Vec<u64>,
    fences: Vec<Fence>,
}

impl Dictionary {
    /// Reads the fences; none if they cannot be that.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Bytes(bytes);
        // How many terms and postings there are, which only people look at.
        let (_, _) = (reader.u64()?, reader.u64()?);
        let fence_count = reader.0.len() / 20;
        let mut first_terms = Vec::with_capacity(fence_count);
        let mut fences = Vec::with_capacity(fence_count);
        while !reader.0.is_empty() {
            first_terms.push(reader.u64()?);
            fences.push(Fence { offset: reader.u64()?, bytes: reader.u32()? });
        }
        Some(Self { first_terms, fences })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fences.is_empty()
    }

    /// Bytes it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.fences.len() * (8 + size_of::<Fence>())
    }

    /// The list of a term.
    pub(crate) fn find(&self, file: &RunFile, term: u64) -> Result<Option<List>, StorageError> {
        let after = self.first_terms.partition_point(|first| *first <= term);
        let Some(fence) = after.checked_sub(1).and_then(|index| self.fences.get(index)) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.read(fence.offset, fence.bytes as usize, &mut bytes)?;
        let found = unseal(&bytes).ok_or(Unreadable).and_then(|body| find_in_block(body, term));
        found.map_err(|Unreadable| file.corrupt(fence.offset))
    }
}

/// A block is not what it should be.
struct Unreadable;

/// The list of a term in a block.
fn find_in_block(body: &[u8], term: u64) -> Result<Option<List>, Unreadable> {
    let mut reader = Bytes(body);
    let count = reader.varint().ok_or(Unreadable)?;
    let mut at = 0_u64;
    for _ in 0..count {
        let difference = reader.varint().ok_or(Unreadable)?;
        at = at.checked_add(difference).ok_or(Unreadable)?;
        if at == term {
            return List::decode(&mut reader).map(Some).ok_or(Unreadable);
        }
        if term < at {
            break;
        }
        List::skip(&mut reader).ok_or(Unreadable)?;
    }
    Ok(None)
}

/// Writes a dictionary and its lists, terms in ascending order.
#[derive(Debug, Default)]
pub(crate) struct DictionaryWriter {
    lists: ListWriter,
    block: Vec<u8>,
    block_terms: u64,
    first_term: u64,
    last_term: u64,
    fences: Vec<u8>,
    term_count: u64,
    posting_count: u64,
    scratch: Vec<u8>,
}

impl DictionaryWriter {
    /// Adds a position to the list of the term that comes next.
    pub(crate) fn push(&mut self, sink: &mut Sink, position: u32) -> Result<(), StorageError> {
        self.lists.push(sink, position)
    }

    /// Ends the list and gives it its term; an empty one is left out.
    pub(crate) fn finish_term(&mut self, sink: &mut Sink, term: u64) -> Result<(), StorageError> {
        let list = self.lists.finish(sink)?;
        if list.count() == 0 {
            return Ok(());
        }
        if self.block_terms == 0 {
            (self.first_term, self.last_term) = (term, 0);
        }
        push_varint(&mut self.block, term - self.last_term);
        list.encode(&mut self.block);
        self.last_term = term;
        self.block_terms += 1;
        self.term_count += 1;
        self.posting_count += u64::from(list.count());
        if BLOCK_BYTES <= self.block.len() { self.write_block(sink) } else { Ok(()) }
    }

    fn write_block(&mut self, sink: &mut Sink) -> Result<(), StorageError> {
        if self.block_terms == 0 {
            return Ok(());
        }
        self.scratch.clear();
        push_varint(&mut self.scratch, self.block_terms);
        self.scratch.append(&mut self.block);
        let bytes = len32(self.scratch.len() + SEAL_BYTES);
        self.fences.extend_from_slice(&self.first_term.to_le_bytes());
        self.fences.extend_from_slice(&sink.offset().to_le_bytes());
        self.fences.extend_from_slice(&bytes.to_le_bytes());
        self.block_terms = 0;
        sink.put_sealed(&self.scratch)
    }

    /// Ends the last block and returns the fences.
    pub(crate) fn finish(mut self, sink: &mut Sink) -> Result<Vec<u8>, StorageError> {
        self.write_block(sink)?;
        let mut fences = Vec::with_capacity(16 + self.fences.len());
        fences.extend_from_slice(&self.term_count.to_le_bytes());
        fences.extend_from_slice(&self.posting_count.to_le_bytes());
        fences.append(&mut self.fences);
        Ok(fences)
    }
}

/// Gives the union of two ascending sequences to the dictionary.
pub(crate) fn push_union(
    dictionary: &mut DictionaryWriter,
    sink: &mut Sink,
    own: &[u32],
    late: impl Iterator<Item = u32>,
) -> Result<(), StorageError> {
    let mut own = own.iter().copied().peekable();
    let mut late = late.peekable();
    loop {
        let next = match (own.peek(), late.peek()) {
            (None, None) => return Ok(()),
            (Some(position), None) | (None, Some(position)) => *position,
            (Some(a), Some(b)) => *a.min(b),
        };
        own.next_if_eq(&next);
        late.next_if_eq(&next);
        dictionary.push(sink, next)?;
    }
}

/// Bytes read at once when a whole dictionary is walked through.
const WALK_BYTES: usize = 128 * 1024;

/// Walks through all terms of a dictionary in ascending order, and their lists.
#[derive(Debug)]
pub(crate) struct DictionaryWalk<'a> {
    dictionary: &'a Dictionary,
    file: &'a RunFile,
    /// Where all postings lie.
    positions: Range<u32>,
    block: usize,
    terms: std::vec::IntoIter<(u64, List)>,
    last_term: Option<u64>,
    head: Option<(u64, List)>,
    window: Window,
}

impl<'a> DictionaryWalk<'a> {
    /// Begins at the first term. A posting outside of `positions` is damage.
    pub(crate) fn new(
        dictionary: &'a Dictionary,
        file: &'a RunFile,
        positions: Range<u32>,
    ) -> Result<Self, StorageError> {
        let mut walk = Self {
            dictionary,
            file,
            positions,
            block: 0,
            terms: Vec::new().into_iter(),
            last_term: None,
            head: None,
            window: Window::new(WALK_BYTES),
        };
        walk.advance()?;
        Ok(walk)
    }

    /// The term it stands at; none at the end.
    pub(crate) fn term(&self) -> Option<u64> {
        self.head.as_ref().map(|(term, _)| *term)
    }

    /// Goes to the next term.
    pub(crate) fn advance(&mut self) -> Result<(), StorageError> {
        self.head = self.terms.next();
        if self.head.is_none() && self.block < self.dictionary.fences.len() {
            self.load_block()?;
            self.head = self.terms.next();
        }
        Ok(())
    }

    fn load_block(&mut self) -> Result<(), StorageError> {
        let fence = self.dictionary.fences[self.block];
        let mut bytes = Vec::new();
        self.file.read(fence.offset, fence.bytes as usize, &mut bytes)?;
        let terms = unseal(&bytes).and_then(|body| decode_block(body, self.last_term));
        let terms = terms.ok_or_else(|| self.file.corrupt(fence.offset))?;
        self.last_term = terms.last().map(|(term, _)| *term).or(self.last_term);
        self.terms = terms.into_iter();
        self.block += 1;
        Ok(())
    }

    /// Gives the positions of the term it stands at to `take`, some at a time, in order.
    pub(crate) fn read(
        &mut self,
        take: impl FnMut(&[u32]) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        match &self.head {
            None => Ok(()),
            Some((_, list)) => {
                let source = ListSource { file: self.file, range: self.positions.clone() };
                read_list(source, list, &mut self.window, take)
            }
        }
    }
}

/// The terms of a block, which ascend from `before` on; none if they do not.
fn decode_block(body: &[u8], mut before: Option<u64>) -> Option<Vec<(u64, List)>> {
    let mut reader = Bytes(body);
    let count = reader.varint()?;
    let mut terms = Vec::new();
    let mut at = 0_u64;
    for _ in 0..count {
        at = at.checked_add(reader.varint()?)?;
        if before.replace(at).is_some_and(|before| at <= before) {
            return None;
        }
        terms.push((at, List::decode(&mut reader)?));
    }
    Some(terms)
}

/// The file that a list is in, and where its positions must lie.
#[derive(Clone, Debug)]
pub(crate) struct ListSource<'a> {
    pub(crate) file: &'a RunFile,
    pub(crate) range: Range<u32>,
}

/// Gives all positions of a list to `take`, some at a time, in order.
///
/// What does not ascend within the range is damage of the file.
pub(crate) fn read_list(
    source: ListSource<'_>,
    list: &List,
    window: &mut Window,
    mut take: impl FnMut(&[u32]) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let ListSource { file, mut range } = source;
    let mut take_checked = |positions: &[u32], offset| {
        let (Some(lowest), Some(highest)) = (positions.first(), positions.last()) else {
            return Ok(());
        };
        // Within a block they ascend.
        if !range.contains(lowest) || !range.contains(highest) {
            return Err(file.corrupt(offset));
        }
        range.start = highest + 1;
        take(positions)
    };
    match list {
        List::Inline(positions) => take_checked(positions, 0),
        List::Stored(place) => {
            let mut positions = Vec::with_capacity(BLOCK_POSTINGS);
            let mut walk = ListWalk::new(*place);
            while walk.next_block(file, window, &mut positions)? {
                take_checked(&positions, place.offset)?;
            }
            Ok(())
        }
    }
}

/// A window for [`read_list`].
pub(crate) const fn list_window() -> Window {
    Window::new(WALK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::{decode_block, find_in_block};

    #[track_caller]
    fn check(before: Option<u64>, block: &[u8], expected: Option<&[u64]>) {
        let terms = decode_block(block, before);
        let terms = terms.map(|terms| terms.into_iter().map(|(term, _)| term).collect::<Vec<_>>());
        assert_eq!(terms.as_deref(), expected, "block: {block:?} behind {before:?}");
    }

    #[test]
    fn terms_ascend_within_a_block_and_from_one_to_the_next() {
        const LAST: [u8; 10] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1];
        let last_and_more = [&[2][..], &LAST, &[1, 7, 1, 1, 8]].concat();
        check(None, &[2, 0, 1, 7, 5, 1, 8], Some(&[0, 5]));
        check(Some(2), &[2, 3, 1, 7, 5, 1, 8], Some(&[3, 8]));
        check(Some(3), &[1, 3, 1, 7], None);
        check(None, &[2, 3, 1, 7, 0, 1, 8], None);
        check(None, &last_and_more, None);
        assert!(find_in_block(&last_and_more, 0).is_ok(), "it is not read so far");
        assert!(find_in_block(&[&[3, 1, 1, 7], &last_and_more[1..]].concat(), u64::MAX).is_err());
    }
}
