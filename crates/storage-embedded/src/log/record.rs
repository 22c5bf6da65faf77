//! Records: one statement each, as bytes in a frame.

use acta_access::TenantId;
use acta_xapi::{Kept, Statement, Version};
use bytes::Bytes as SharedBytes;

use crate::format::{Bytes, CHECKSUM_BYTES, VARINT_BYTES_MAX, checksum, push_varint, varint_bytes};
use crate::index::{Entry, NOBODY};

const FLAG_VERSION_2: u8 = 1;
const FLAG_VOIDING: u8 = 2;
const FLAG_TIMESTAMP_STORED: u8 = 4;
const FLAG_TARGET: u8 = 8;
const FLAG_ERASED: u8 = 16;
const FLAG_REMOVED: u8 = 32;
const FLAGS_KNOWN: u8 = FLAG_VERSION_2
    | FLAG_VOIDING
    | FLAG_TIMESTAMP_STORED
    | FLAG_TARGET
    | FLAG_ERASED
    | FLAG_REMOVED;

/// Most bytes of a record without its terms and text, and of a frame's header.
const RECORD_BYTES_MAX: usize = 1 + 64 + 10 * VARINT_BYTES_MAX + CHECKSUM_BYTES;

/// Most bytes of a term in the list of its frame and in the record.
const TERM_BYTES_MAX: usize = 8 + 5;

/// A statement as it was received.
#[derive(Debug)]
pub(crate) struct Received {
    /// The text to keep.
    pub(crate) kept: Kept,
    /// What it says; none if it does not pass today's rules.
    pub(crate) statement: Option<Statement>,
}

/// A statement ready to be written, but for its place in the log.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What the index needs. Position, sequence, `stored` and location come at writing.
    pub(crate) entry: Entry,
    /// The version of the request that brought it.
    pub(crate) version: Version,
    /// Whether its timestamp equals `stored`.
    pub(crate) is_timestamp_stored: bool,
    /// What it is compared by.
    pub(crate) fingerprint: [u8; 16],
    /// Random bytes for commitments.
    pub(crate) salt: [u8; 16],
    /// The packed text.
    pub(crate) text: SharedBytes,
    /// What was received, for followers; none if it was read from the log.
    pub(crate) received: Option<Box<Received>>,
}

/// Where a record stands in its frame, and its frame in the segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Offset of the record in the segment.
    pub(crate) offset: u32,
    /// Offset of its frame in the segment.
    pub(crate) frame_offset: u32,
    /// Its number in the frame, from 0.
    pub(crate) ordinal: u32,
    /// Base time of the segment.
    pub(crate) base_micros: i64,
}

impl Prepared {
    /// What stands in the place of a statement that was removed with its tenant.
    pub(crate) fn removed(position: u64, stored_micros: i64) -> Self {
        Self {
            entry: Entry::removed(position, stored_micros),
            version: Version::V1_0_3,
            is_timestamp_stored: false,
            fingerprint: [0; 16],
            salt: [0; 16],
            text: SharedBytes::new(),
            received: None,
        }
    }

    fn flags(&self) -> u8 {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        flag(self.version == Version::V2_0_0, FLAG_VERSION_2)
            | flag(self.entry.is_voiding, FLAG_VOIDING)
            | flag(self.is_timestamp_stored, FLAG_TIMESTAMP_STORED)
            | flag(self.entry.target.is_some(), FLAG_TARGET)
    }

    /// At least as many bytes as the record and its terms take in a frame.
    pub(crate) fn bytes_max(&self) -> usize {
        let terms = self.entry.own_terms.len() + self.entry.shared_terms.len();
        RECORD_BYTES_MAX + terms * TERM_BYTES_MAX + self.text.len()
    }

    /// Appends the record to `out`; `numbers` are the places of its terms in the frame's
    /// list, own ones first.
    pub(crate) fn encode(&self, out: &mut Vec<u8>, place: Place, numbers: &[u32]) {
        let entry = &self.entry;
        assert!(place.base_micros <= entry.stored_micros, "times ascend through the log");
        let stored_delta = entry.stored_micros.abs_diff(place.base_micros);
        if entry.is_removed() {
            return push_removed(out, place, stored_delta);
        }
        let head = [
            u64::from(place.offset - place.frame_offset),
            u64::from(place.ordinal),
            u64::from(entry.tenant.number()),
            entry.sequence,
            stored_delta,
        ];
        let counts = [entry.own_terms.len() as u64, entry.shared_terms.len() as u64];
        let varints = head.iter().chain(&counts).copied();
        let varints = varints.chain(numbers.iter().map(|number| u64::from(*number)));
        let target_bytes = if entry.target.is_some() { 16 } else { 0 };
        let len =
            1 + 48 + target_bytes + varints.map(varint_bytes).sum::<usize>() + self.text.len();

        let start = out.len();
        push_varint(out, len as u64);
        out.push(self.flags());
        for number in head {
            push_varint(out, number);
        }
        out.extend_from_slice(&entry.id.to_be_bytes());
        out.extend_from_slice(&self.fingerprint);
        out.extend_from_slice(&self.salt);
        if let Some(target) = entry.target {
            out.extend_from_slice(&target.to_be_bytes());
        }
        for number in counts.into_iter().chain(numbers.iter().map(|number| u64::from(*number))) {
            push_varint(out, number);
        }
        out.extend_from_slice(&self.text);
        let sum = checksum(place.offset, &[&out[start..]]);
        out.extend_from_slice(&sum.to_le_bytes());
    }
}

/// Appends what stands in the place of a statement that was removed.
fn push_removed(out: &mut Vec<u8>, place: Place, stored_delta: u64) {
    let distance = u64::from(place.offset - place.frame_offset);
    let numbers = [distance, u64::from(place.ordinal), stored_delta];
    let len = 1 + numbers.into_iter().map(varint_bytes).sum::<usize>();
    let start = out.len();
    push_varint(out, len as u64);
    out.push(FLAG_REMOVED);
    for number in numbers {
        push_varint(out, number);
    }
    let sum = checksum(place.offset, &[&out[start..]]);
    out.extend_from_slice(&sum.to_le_bytes());
}

/// A record as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    flags: u8,
    /// Bytes from the beginning of its frame.
    pub(crate) frame_distance: u32,
    /// Its number in the frame, from 0.
    pub(crate) ordinal: u32,
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// Its place among the tenant's statements.
    pub(crate) sequence: u64,
    /// When it was stored, in microseconds since the segment's base time.
    pub(crate) stored_delta: u64,
    /// The statement's id.
    pub(crate) id: u128,
    /// What it is compared by.
    pub(crate) fingerprint: [u8; 16],
    /// Random bytes for commitments.
    pub(crate) salt: [u8; 16],
    /// The statement that it refers to.
    pub(crate) target: Option<u128>,
    own_count: usize,
    numbers: &'a [u8],
    /// The packed text.
    pub(crate) text: &'a [u8],
}

/// How long the record is that begins with `bytes`, checksum included; none when too few
/// bytes are given to tell.
pub(crate) fn record_len(bytes: &[u8]) -> Option<u64> {
    let mut rest = Bytes(bytes);
    let len = rest.varint()?;
    let prefix = bytes.len() - rest.0.len();
    len.checked_add((prefix + CHECKSUM_BYTES) as u64)
}

/// Whether a record that stands at this distance from the beginning of its frame may begin
/// with `bytes`. Told before the checksum, so that a search need not compute many.
pub(crate) fn begins_record(bytes: &[u8], frame_distance: u32) -> bool {
    let mut rest = Bytes(bytes);
    rest.varint().is_some_and(|len| len <= rest.0.len() as u64)
        && rest.byte().is_some_and(|flags| flags & !FLAGS_KNOWN == 0)
        && rest.varint_u32() == Some(frame_distance)
}

impl<'a> Record<'a> {
    /// Reads the record that `bytes` hold, all of it and nothing more; none if it does not
    /// check.
    pub(crate) fn decode(bytes: &'a [u8], offset: u32) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if checksum(offset, &[body]) != u32::from_le_bytes(*sum) {
            return None;
        }
        let mut rest = Bytes(body);
        let len = rest.varint()?;
        if len != rest.0.len() as u64 {
            return None;
        }
        let flags = rest.byte()?;
        if flags & !FLAGS_KNOWN != 0 {
            return None;
        }
        let frame_distance = rest.varint_u32()?;
        let ordinal = rest.varint_u32()?;
        if flags & FLAG_REMOVED != 0 {
            let stored_delta = rest.varint()?;
            let is_sound = flags == FLAG_REMOVED && rest.0.is_empty();
            return is_sound.then_some(Self::removed(frame_distance, ordinal, stored_delta));
        }
        let tenant = TenantId::new(rest.varint_u32()?).filter(|tenant| *tenant != NOBODY)?;
        let sequence = rest.varint()?;
        let stored_delta = rest.varint()?;
        let id = u128::from_be_bytes(rest.array()?);
        let fingerprint = rest.array()?;
        let salt = rest.array()?;
        let target = if flags & FLAG_TARGET == 0 { None } else { Some(rest.array()?) };
        let target = target.map(u128::from_be_bytes);
        let own_count = usize::try_from(rest.varint()?).ok()?;
        let shared_count = rest.varint()?;
        let from = rest.0;
        for _ in 0..shared_count.checked_add(own_count as u64)? {
            rest.varint()?;
        }
        let numbers = from.get(..from.len() - rest.0.len())?;
        Some(Self {
            flags,
            frame_distance,
            ordinal,
            tenant,
            sequence,
            stored_delta,
            id,
            fingerprint,
            salt,
            target,
            own_count,
            numbers,
            text: rest.0,
        })
    }

    const fn removed(frame_distance: u32, ordinal: u32, stored_delta: u64) -> Self {
        Self {
            flags: FLAG_REMOVED,
            frame_distance,
            ordinal,
            tenant: NOBODY,
            sequence: 0,
            stored_delta,
            id: 0,
            fingerprint: [0; 16],
            salt: [0; 16],
            target: None,
            own_count: 0,
            numbers: &[],
            text: &[],
        }
    }

    /// Whether the statement was removed together with the tenant that owned it. Nothing else
    /// is known of it then.
    pub(crate) const fn is_removed(&self) -> bool {
        self.flags & FLAG_REMOVED != 0
    }

    /// The version of the request that brought it.
    pub(crate) const fn version(&self) -> Version {
        if self.flags & FLAG_VERSION_2 == 0 { Version::V1_0_3 } else { Version::V2_0_0 }
    }

    /// Whether it voids the statement that it refers to.
    pub(crate) const fn is_voiding(&self) -> bool {
        self.flags & FLAG_VOIDING != 0
    }

    /// Whether its timestamp equals `stored`.
    pub(crate) const fn is_timestamp_stored(&self) -> bool {
        self.flags & FLAG_TIMESTAMP_STORED != 0
    }

    /// The places of its terms in the frame's list, own ones first, and how many are own.
    pub(crate) fn term_numbers(&self) -> (impl Iterator<Item = u32> + use<'a>, usize) {
        let mut rest = Bytes(self.numbers);
        // Whatever does not fit is no place in any list, so it is found out there.
        let numbers =
            std::iter::from_fn(move || rest.varint().map(|n| u32::try_from(n).unwrap_or(u32::MAX)));
        (numbers, self.own_count)
    }
}
