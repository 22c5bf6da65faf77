//! Records: what stands at each position of the log, as bytes in a frame.

use acta_access::{Defines, TenantId};
use acta_storage::EntityFacts;
use acta_xapi::Version;
use bytes::Bytes as SharedBytes;

use crate::entry::{IndexEntry, TOMBSTONE};
use crate::format::{Bytes, CHECKSUM_BYTES, VARINT_BYTES_MAX, checksum, push_varint, varint_bytes};

const FLAG_VERSION_2: u8 = 1;
const FLAG_VOIDING: u8 = 2;
const FLAG_TIMESTAMP_STORED: u8 = 4;
const FLAG_TARGET: u8 = 8;
const FLAG_ERASED: u8 = 16;
const FLAG_REMOVED: u8 = 32;
const FLAG_DEFINES_OBJECT: u8 = 64;
const FLAG_DEFINES_NOTHING: u8 = 128;

/// Whether a record may have these flags.
const fn are_flags_valid(flags: u8) -> bool {
    if flags & FLAG_REMOVED != 0 {
        flags == FLAG_REMOVED
    } else if flags & FLAG_ERASED != 0 {
        flags & !FLAGS_ERASED == 0
    } else {
        defines_of(flags).is_some()
    }
}

/// Flags that an erased record may have beside its own.
const FLAGS_ERASED: u8 = FLAG_ERASED | FLAG_TARGET | FLAG_VOIDING;

/// Bytes of id, fingerprint and salt.
const STATEMENT_BYTES: usize = 48;

/// Bytes of the id of the statement that the object refers to.
const TARGET_BYTES: usize = 16;

/// Most bytes of a record without its terms and text, and of a frame's header.
const RECORD_BYTES_MAX: usize = 1 + 64 + 10 * VARINT_BYTES_MAX + CHECKSUM_BYTES;

/// Most bytes of a term in the list of its frame and in the record.
const TERM_BYTES_MAX: usize = 8 + 5;

/// What stands at a position of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<S> {
    /// A statement.
    Statement(S),
    /// The commitment to a statement that was erased.
    Erased([u8; 32]),
    /// Nothing: the statement was removed together with the tenant that owned it.
    Removed,
}

impl<S> Content<S> {
    /// The statement; none where it was erased or removed.
    pub const fn statement(&self) -> Option<&S> {
        match self {
            Self::Statement(statement) => Some(statement),
            Self::Erased(_) | Self::Removed => None,
        }
    }
}

/// What is known of a statement that was received just now, and not written.
#[derive(Debug)]
pub struct Received {
    /// Bytes of the text, as kept.
    pub len_bytes: usize,
    /// What it says about activities and persons.
    pub entity_facts: EntityFacts,
}

/// A record ready to be written, but for its place in the log.
#[derive(Debug)]
pub struct EncodedRecord {
    /// What the index needs. Position, sequence, `stored` and location come at writing.
    pub entry: IndexEntry,
    /// What stands there.
    pub content: Content<EncodedStatement>,
    /// What was received, for followers; none if it was read from the log.
    pub received: Option<Received>,
}

/// A statement ready to be written. Its id and its terms are in the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedStatement {
    /// The version of the request that brought it.
    pub version: Version,
    /// Whether its timestamp equals `stored`.
    pub is_timestamp_stored: bool,
    /// What becomes known by it of activities and persons.
    pub defines: Defines,
    /// What it is compared by.
    pub fingerprint: [u8; 16],
    /// Random bytes for commitments.
    pub salt: [u8; 16],
    /// The packed text.
    pub text: SharedBytes,
}

/// Where a record stands in its frame, and its frame in the segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordPosition {
    /// Offset of the record in the segment.
    pub offset: u32,
    /// Offset of its frame in the segment.
    pub frame_offset: u32,
    /// Its number in the frame, from 0.
    pub ordinal: u32,
    /// Base time of the segment.
    pub base_micros: i64,
}

impl EncodedRecord {
    /// What stands in the place of a statement that was removed with its tenant.
    pub fn removed(position: u64, stored_micros: i64) -> Self {
        let entry = IndexEntry::removed(position, stored_micros);
        Self { entry, content: Content::Removed, received: None }
    }

    /// What the statement is compared by; none where there is none.
    #[inline]
    pub fn fingerprint(&self) -> Option<[u8; 16]> {
        self.content.statement().map(|statement| statement.fingerprint)
    }

    /// Bytes of the packed text.
    #[inline]
    pub fn text_bytes(&self) -> usize {
        self.content.statement().map_or(0, |statement| statement.text.len())
    }

    /// At least as many bytes as the record and its terms take in a frame.
    #[inline]
    pub fn bytes_max(&self) -> usize {
        let terms = self.entry.own_terms.len() + self.entry.shared_terms.len();
        RECORD_BYTES_MAX + terms * TERM_BYTES_MAX + self.text_bytes()
    }

    /// Appends the record to `out`; `numbers` are the places of its terms in the frame's
    /// list, own ones first.
    pub(crate) fn encode(&self, out: &mut Vec<u8>, place: RecordPosition, numbers: &[u32]) {
        let entry = &self.entry;
        assert!(place.base_micros <= entry.stored_micros, "times ascend through the log");
        let is_statement = self.content.statement().is_some();
        assert!(entry.id.is_some() == is_statement, "a statement has an id, and nothing else has");
        let stored_delta = entry.stored_micros.abs_diff(place.base_micros);
        let encoder = RecordEncoder { out, place, entry, stored_delta };
        match &self.content {
            Content::Statement(statement) => encoder.push_statement(statement, numbers),
            Content::Erased(commitment) => encoder.push_erased(commitment),
            Content::Removed => encoder.push_removed(),
        }
    }
}

/// Appends one record.
struct RecordEncoder<'a> {
    out: &'a mut Vec<u8>,
    place: RecordPosition,
    entry: &'a IndexEntry,
    stored_delta: u64,
}

impl RecordEncoder<'_> {
    /// The numbers behind the flags of a record that a tenant owns.
    fn head(&self) -> [u64; 5] {
        let [distance, ordinal] = self.place.numbers();
        let tenant = u64::from(self.entry.tenant.number());
        [distance, ordinal, tenant, self.entry.sequence, self.stored_delta]
    }

    fn target_bytes(&self) -> usize {
        if self.entry.target.is_some() { TARGET_BYTES } else { 0 }
    }

    fn push_target(&mut self) {
        if let Some(target) = self.entry.target {
            self.out.extend_from_slice(&target.to_be_bytes());
        }
    }

    /// Appends length, flags and numbers of a record that has `rest_bytes` more; returns where
    /// it begins.
    fn begin(&mut self, flags: u8, numbers: &[u64], rest_bytes: usize) -> usize {
        let start = self.out.len();
        let number_bytes: usize = numbers.iter().copied().map(varint_bytes).sum();
        push_varint(self.out, (1 + number_bytes + rest_bytes) as u64);
        self.out.push(flags);
        for number in numbers {
            push_varint(self.out, *number);
        }
        start
    }

    fn finish(self, start: usize) {
        let sum = checksum(self.place.offset, &[&self.out[start..]]);
        self.out.extend_from_slice(&sum.to_le_bytes());
    }

    fn push_statement(mut self, statement: &EncodedStatement, numbers: &[u32]) {
        let entry = self.entry;
        let counts = [entry.own_terms.len() as u64, entry.shared_terms.len() as u64];
        let terms = counts.into_iter().chain(numbers.iter().map(|number| u64::from(*number)));
        let term_bytes: usize = terms.clone().map(varint_bytes).sum();
        let rest_bytes = STATEMENT_BYTES + self.target_bytes() + term_bytes + statement.text.len();
        let flags = flag(statement.version == Version::V2_0_0, FLAG_VERSION_2)
            | flag(statement.is_timestamp_stored, FLAG_TIMESTAMP_STORED)
            | flag(statement.defines == Defines::Object, FLAG_DEFINES_OBJECT)
            | flag(statement.defines == Defines::Nothing, FLAG_DEFINES_NOTHING)
            | reference_flags(entry);
        let start = self.begin(flags, &self.head(), rest_bytes);
        self.out.extend_from_slice(&entry.id.unwrap_or_default().to_be_bytes());
        self.out.extend_from_slice(&statement.fingerprint);
        self.out.extend_from_slice(&statement.salt);
        self.push_target();
        terms.for_each(|number| push_varint(self.out, number));
        self.out.extend_from_slice(&statement.text);
        self.finish(start);
    }

    fn push_erased(mut self, commitment: &[u8; 32]) {
        let rest_bytes = self.target_bytes() + commitment.len();
        let flags = FLAG_ERASED | reference_flags(self.entry);
        let start = self.begin(flags, &self.head(), rest_bytes);
        self.push_target();
        self.out.extend_from_slice(commitment);
        self.finish(start);
    }

    fn push_removed(mut self) {
        let [distance, ordinal] = self.place.numbers();
        let start = self.begin(FLAG_REMOVED, &[distance, ordinal, self.stored_delta], 0);
        self.finish(start);
    }
}

impl RecordPosition {
    /// Distance from the beginning of the frame, and number in it.
    fn numbers(self) -> [u64; 2] {
        [u64::from(self.offset - self.frame_offset), u64::from(self.ordinal)]
    }
}

const fn flag(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

/// What an entry's flags say of the statement that it refers to.
const fn reference_flags(entry: &IndexEntry) -> u8 {
    flag(entry.is_voiding, FLAG_VOIDING) | flag(entry.target.is_some(), FLAG_TARGET)
}

/// A record as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Bytes from the beginning of its frame.
    pub frame_distance: u32,
    /// Its number in the frame, from 0.
    pub ordinal: u32,
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Its place among the tenant's statements.
    pub sequence: u64,
    /// When it was stored, in microseconds since the segment's base time.
    pub stored_delta: u64,
    /// The statement that it refers to.
    pub target: Option<u128>,
    /// Whether it voids the statement that it refers to.
    pub is_voiding: bool,
    /// What stands there.
    pub content: Content<StatementRecord<'a>>,
}

/// The statement in a record as it was read.
#[derive(Clone, Copy, Debug)]
pub struct StatementRecord<'a> {
    /// The version of the request that brought it.
    pub version: Version,
    /// Whether its timestamp equals `stored`.
    pub is_timestamp_stored: bool,
    /// What becomes known by it of activities and persons.
    pub defines: Defines,
    /// Its id.
    pub id: u128,
    /// What it is compared by.
    pub fingerprint: [u8; 16],
    /// Random bytes for commitments.
    pub salt: [u8; 16],
    own_count: usize,
    numbers: &'a [u8],
    /// The packed text.
    pub text: &'a [u8],
}

/// How long the record is that begins with `bytes`, checksum included; none when too few
/// bytes are given to know.
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
        && rest.byte().is_some_and(are_flags_valid)
        && rest.varint_u32() == Some(frame_distance)
}

impl<'a> Record<'a> {
    /// Reads the record that `bytes` hold, all of it and nothing more; none if it does not
    /// check.
    pub fn decode(bytes: &'a [u8], offset: u32) -> Option<Self> {
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
        if !are_flags_valid(flags) {
            return None;
        }
        let frame_distance = rest.varint_u32()?;
        let ordinal = rest.varint_u32()?;
        if flags & FLAG_REMOVED != 0 {
            let stored_delta = rest.varint()?;
            return rest.0.is_empty().then_some(Self::removed(
                frame_distance,
                ordinal,
                stored_delta,
            ));
        }
        let tenant = TenantId::new(rest.varint_u32()?).filter(|tenant| *tenant != TOMBSTONE)?;
        let (sequence, stored_delta) = (rest.varint()?, rest.varint()?);
        let is_voiding = flags & FLAG_VOIDING != 0;
        let (target, content) = if flags & FLAG_ERASED == 0 {
            StatementRecord::decode(rest, flags)?
        } else {
            decode_erased(rest, flags)?
        };
        Some(Self {
            frame_distance,
            ordinal,
            tenant,
            sequence,
            stored_delta,
            target,
            is_voiding,
            content,
        })
    }

    const fn removed(frame_distance: u32, ordinal: u32, stored_delta: u64) -> Self {
        Self {
            frame_distance,
            ordinal,
            tenant: TOMBSTONE,
            sequence: 0,
            stored_delta,
            target: None,
            is_voiding: false,
            content: Content::Removed,
        }
    }

    /// The statement; none where it was erased or removed.
    #[inline]
    pub const fn statement(&self) -> Option<&StatementRecord<'a>> {
        self.content.statement()
    }

    /// Whether the statement was removed together with the tenant that owned it. Nothing else
    /// is known of it then.
    #[inline]
    pub const fn is_removed(&self) -> bool {
        matches!(self.content, Content::Removed)
    }
}

/// The statement that a record refers to, and what stands in it.
type Decoded<'a> = (Option<u128>, Content<StatementRecord<'a>>);

/// What stands behind the numbers of an erased record. Only one that voided another says of
/// which.
fn decode_erased(mut rest: Bytes<'_>, flags: u8) -> Option<Decoded<'_>> {
    let has_target = flags & FLAG_TARGET != 0;
    let target = if has_target { Some(u128::from_be_bytes(rest.array()?)) } else { None };
    let commitment = rest.array()?;
    let is_sound = has_target || flags & FLAG_VOIDING == 0;
    (is_sound && rest.0.is_empty()).then_some((target, Content::Erased(commitment)))
}

/// What the flags say of what a statement defines; none if they contradict each other.
const fn defines_of(flags: u8) -> Option<Defines> {
    match (flags & FLAG_DEFINES_OBJECT != 0, flags & FLAG_DEFINES_NOTHING != 0) {
        (false, false) => Some(Defines::All),
        (true, false) => Some(Defines::Object),
        (false, true) => Some(Defines::Nothing),
        (true, true) => None,
    }
}

impl<'a> StatementRecord<'a> {
    /// Reads what stands behind the numbers of a record.
    fn decode(mut rest: Bytes<'a>, flags: u8) -> Option<Decoded<'a>> {
        let id = u128::from_be_bytes(rest.array()?);
        let fingerprint = rest.array()?;
        let salt = rest.array()?;
        let has_target = flags & FLAG_TARGET != 0;
        let target = if has_target { Some(u128::from_be_bytes(rest.array()?)) } else { None };
        let own_count = usize::try_from(rest.varint()?).ok()?;
        let shared_count = rest.varint()?;
        let from = rest.0;
        for _ in 0..shared_count.checked_add(own_count as u64)? {
            rest.varint()?;
        }
        let numbers = from.get(..from.len() - rest.0.len())?;
        let is_version_2 = flags & FLAG_VERSION_2 != 0;
        let statement = Self {
            version: if is_version_2 { Version::V2_0_0 } else { Version::V1_0_3 },
            is_timestamp_stored: flags & FLAG_TIMESTAMP_STORED != 0,
            defines: defines_of(flags)?,
            id,
            fingerprint,
            salt,
            own_count,
            numbers,
            text: rest.0,
        };
        Some((target, Content::Statement(statement)))
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
