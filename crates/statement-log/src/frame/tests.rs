use acta_access::{Defines, TenantId};
use acta_xapi::Version;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::record::{Content, EncodedStatement};

const BASE_MICROS: i64 = 1_772_357_400_000_250;

fn entry() -> impl Strategy<Value = IndexEntry> {
    let entry = (
        1..u32::MAX,
        1..=u64::MAX,
        any::<u128>(),
        0..=1_i64 << 50,
        vec((0_u64..30).prop_map(Term), 0..3),
        vec((0_u64..30).prop_map(Term), 0..20),
        any::<Option<u128>>(),
        any::<bool>(),
    );
    entry.prop_map(|(tenant, sequence, id, stored, own, shared, target, voiding)| IndexEntry {
        position: 0,
        tenant: TenantId::new(tenant).unwrap(),
        sequence,
        id: Some(id),
        stored_micros: BASE_MICROS + stored,
        location: Location { segment: 0, offset: 0 },
        own_terms: own,
        shared_terms: shared,
        target,
        is_voiding: voiding && target.is_some(),
    })
}

fn defines() -> impl Strategy<Value = Defines> {
    prop_oneof![Just(Defines::All), Just(Defines::Object), Just(Defines::Nothing)]
}

fn statement() -> impl Strategy<Value = EncodedRecord> {
    let rest = (any::<bool>(), any::<bool>(), any::<[u8; 16]>(), any::<[u8; 16]>(), defines());
    (entry(), rest, vec(any::<u8>(), 0..400)).prop_map(|(entry, rest, text)| {
        let content = Content::Statement(EncodedStatement {
            version: if rest.0 { Version::V2_0_0 } else { Version::V1_0_3 },
            is_timestamp_stored: rest.1,
            defines: rest.4,
            fingerprint: rest.2,
            salt: rest.3,
            text: text.into(),
        });
        EncodedRecord { entry, content, received: None }
    })
}

/// What is left of the statement that an entry stood for.
fn erased(mut entry: IndexEntry, commitment: [u8; 32]) -> EncodedRecord {
    entry.id = None;
    entry.own_terms.clear();
    entry.shared_terms.clear();
    EncodedRecord { entry, content: Content::Erased(commitment), received: None }
}

/// A statement, or what is left of one.
fn prepared() -> impl Strategy<Value = EncodedRecord> {
    prop_oneof![
        4 => statement(),
        1 => (entry(), any::<[u8; 32]>()).prop_map(|(entry, sum)| erased(entry, sum)),
        1 => (0..=1_i64 << 50).prop_map(|stored| EncodedRecord::removed(0, BASE_MICROS + stored)),
    ]
}

fn numbered(mut records: Vec<EncodedRecord>, first: u64) -> Vec<EncodedRecord> {
    for (position, record) in (first..).zip(&mut records) {
        record.entry.position = position;
    }
    records
}

fn encode(records: &mut [EncodedRecord], start: FrameStart) -> Vec<u8> {
    let mut out = Vec::new();
    FrameEncoder::default().encode(&mut out, start, records).unwrap();
    out
}

fn at(offset: u32) -> FrameStart {
    FrameStart { segment: 3, offset, base_micros: BASE_MICROS }
}

/// What was read, as it is written.
fn owned(content: Content<StatementRecord<'_>>) -> Content<EncodedStatement> {
    match content {
        Content::Statement(read) => Content::Statement(EncodedStatement {
            version: read.version,
            is_timestamp_stored: read.is_timestamp_stored,
            defines: read.defines,
            fingerprint: read.fingerprint,
            salt: read.salt,
            text: read.text.to_vec().into(),
        }),
        Content::Erased(commitment) => Content::Erased(commitment),
        Content::Removed => Content::Removed,
    }
}

fn check_round_trip(records: Vec<EncodedRecord>, first: u64, offset: u32) {
    let mut records = numbered(records, first);
    let bytes = encode(&mut records, at(offset));
    let most: usize = records.iter().map(EncodedRecord::bytes_max).sum();
    assert!(bytes.len() <= most, "{} bytes, expected at most {most}", bytes.len());
    let frame = Frame::decode(&bytes, at(offset)).unwrap();
    assert_eq!(frame.head.first_position, first);
    assert_eq!(frame.records().count(), records.len());
    for (found, expected) in frame.records().zip(&records) {
        let (location, record) = found.unwrap();
        let at = RecordAt { location, base_micros: BASE_MICROS };
        let entry = frame.head.entry(&record, at).unwrap();
        assert_eq!(format!("{entry:?}"), format!("{:?}", expected.entry));
        assert_eq!(owned(record.content), expected.content);
        // A record can be read without its frame.
        let from = (location.offset - offset) as usize;
        let len = usize::try_from(record_len(&bytes[from..]).unwrap()).unwrap();
        let alone = Record::decode(&bytes[from..from + len], location.offset).unwrap();
        assert_eq!(alone.statement().map(|alone| alone.id), expected.entry.id);
        assert_eq!(owned(alone.content), expected.content);
        assert_eq!(alone.frame_distance, location.offset - offset);
    }
}

proptest! {
    #[test]
    fn a_frame_is_read_as_it_was_written(
        records in vec(prepared(), 1..12),
        first in 0_u64..1 << 60,
        offset in 60_u32..1 << 30,
    ) {
        check_round_trip(records, first, offset);
    }

    #[test]
    fn anything_but_a_frame_is_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Frame::decode(&bytes, at(60)).is_err());
    }

    #[test]
    fn every_changed_byte_is_noticed(
        records in vec(prepared(), 1..4),
        bits in 1_u8..=255,
    ) {
        let mut records = numbered(records, 7);
        let bytes = encode(&mut records, at(90));
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= bits;
            prop_assert!(Frame::decode(&changed, at(90)).is_err(), "byte {}", index);
        }
        for len in 0..bytes.len() {
            prop_assert!(Frame::decode(&bytes[..len], at(90)).is_err(), "cut at {}", len);
        }
        prop_assert!(Frame::decode(&bytes, at(91)).is_err(), "in another place");
    }
}

fn plain(id: u128, shared_terms: Vec<Term>) -> EncodedRecord {
    EncodedRecord {
        entry: IndexEntry {
            position: 0,
            tenant: TenantId::FIRST,
            sequence: 1,
            id: Some(id),
            stored_micros: BASE_MICROS,
            location: Location { segment: 0, offset: 0 },
            own_terms: Vec::new(),
            shared_terms,
            target: None,
            is_voiding: false,
        },
        content: Content::Statement(EncodedStatement {
            version: Version::V2_0_0,
            is_timestamp_stored: false,
            defines: Defines::All,
            fingerprint: [0; 16],
            salt: [0; 16],
            text: vec![0; 100].into(),
        }),
        received: None,
    }
}

#[test]
fn a_term_that_many_records_share_is_written_once() {
    let shared: Vec<Term> = (0..9).map(|number| Term(u64::MAX - number)).collect();
    let len = |count: u128| {
        let records = (0..count).map(|id| plain(id, shared.clone()));
        encode(&mut numbered(records.collect(), 0), at(60)).len()
    };
    // 48 bytes of ids and hashes, 100 of text, 9 term numbers, and a few short numbers.
    let each = len(101) - len(100);
    assert!(each < 48 + 100 + 9 + 17, "{each} bytes a record");
}

#[test]
fn refuses_a_frame_that_no_segment_could_hold() {
    let encode = |offset: u32| {
        FrameEncoder::default().encode(&mut Vec::new(), at(offset), &mut [plain(1, vec![])])
    };
    assert_eq!(encode(u32::MAX - 20), Err(FrameTooLong));
    assert_eq!(encode(u32::MAX - 120), Err(FrameTooLong));
    assert_eq!(encode(u32::MAX - 400), Ok(()));
}

/// Puts the checksum right of a frame's head that was changed.
fn seal_head(frame: &mut [u8], offset: u32) {
    let head_len = usize::try_from(head_len(frame.first_chunk().unwrap()).unwrap()).unwrap();
    let sum = checksum(offset, &[&frame[..24], &frame[FRAME_HEADER_BYTES..head_len]]);
    frame[24..28].copy_from_slice(&sum.to_le_bytes());
}

fn two_records() -> Vec<EncodedRecord> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut record = || statement().new_tree(&mut runner).unwrap().current();
    vec![record(), record()]
}

#[test]
fn has_no_entry_for_a_position_that_no_number_has() {
    let mut records = numbered(two_records(), 7);
    let mut bytes = encode(&mut records, at(40));
    bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    seal_head(&mut bytes, 40);
    let frame = Frame::decode(&bytes, at(40)).unwrap();
    let positions: Vec<_> = frame
        .records()
        .map(|found| {
            let (location, record) = found.unwrap();
            let at = RecordAt { location, base_micros: BASE_MICROS };
            frame.head.entry(&record, at).map(|entry| entry.position)
        })
        .collect();
    assert_eq!(positions, [Some(u64::MAX), None]);
}

#[test]
fn refuses_a_frame_that_reaches_beyond_the_longest_segment() {
    let mut bytes = encode(&mut numbered(two_records(), 7), at(40));
    let offset = u32::MAX - u32::try_from(bytes.len()).unwrap() + 1;
    seal_head(&mut bytes, offset);
    assert_eq!(Frame::decode(&bytes, at(offset)).unwrap_err(), offset);
}

/// The record that stands alone in a frame, as bytes, and where it stands.
fn record_alone(record: EncodedRecord) -> (Vec<u8>, u32) {
    let bytes = encode(&mut numbered(vec![record], 3), at(60));
    let head_len = usize::try_from(head_len(bytes.first_chunk().unwrap()).unwrap()).unwrap();
    (bytes[head_len..].to_vec(), 60 + u32::try_from(head_len).unwrap())
}

fn erased_one(target: Option<u128>, is_voiding: bool) -> EncodedRecord {
    let entry = IndexEntry { target, is_voiding, sequence: 9, ..plain(1, Vec::new()).entry };
    erased(entry, [0xEE; 32])
}

#[test]
fn an_erased_record_keeps_a_commitment_and_what_it_voided() {
    // Distance, ordinal, tenant, sequence, `stored`.
    const NUMBERS: [u8; 5] = [28, 0, 1, 9, 0];
    let target = u128::from_be_bytes([0xAB; 16]);
    for (record, flags, target_bytes) in [
        (erased_one(None, false), 16, 0),
        (erased_one(Some(target), false), 16 | 8, 16),
        (erased_one(Some(target), true), 16 | 8 | 2, 16),
    ] {
        let (bytes, offset) = record_alone(record);
        let body = [&[flags][..], &NUMBERS, &[0xAB; 16][..target_bytes], &[0xEE; 32]].concat();
        let len = u8::try_from(body.len()).unwrap();
        let expected = [&[len][..], &body].concat();
        let sum = checksum(offset, &[&expected]).to_le_bytes();
        assert_eq!(bytes, [&expected[..], &sum].concat(), "flags {flags}");
        assert!(Record::decode(&bytes, offset).is_some_and(|read| read.statement().is_none()));
    }
}

#[test]
fn an_erased_record_has_no_other_flags_and_nothing_else() {
    let (whole, offset) = record_alone(erased_one(Some(7), true));
    let body = &whole[..whole.len() - 4];
    // Whether it is a record with a statement, or one without; none if it is no record.
    let decode = |body: &[u8]| {
        let sum = checksum(offset, &[body]).to_le_bytes();
        let whole = [body, &sum].concat();
        Record::decode(&whole, offset).map(|read| read.statement().is_some())
    };
    assert_eq!(decode(body), Some(false));
    for flags in 0..=u8::MAX {
        let mut changed = body.to_vec();
        changed[1] = flags;
        // Without the flag, the bytes may pass for a statement.
        let is_erased = decode(&changed) == Some(false);
        let expected = flags == 16 | 8 | 2 || flags == 16 | 8;
        assert_eq!(is_erased, expected, "flags {flags}");
    }
    for body in [[body, &[0]].concat(), body[..body.len() - 1].to_vec()] {
        let mut body = body;
        body[0] = u8::try_from(body.len() - 1).unwrap();
        assert_eq!(decode(&body), None);
    }
    let (without, _) = record_alone(erased_one(None, false));
    let mut voiding = without[..without.len() - 4].to_vec();
    voiding[1] = 16 | 2;
    assert_eq!(decode(&voiding), None, "what it voided is unknown");
}

#[test]
fn a_number_that_is_written_longer_than_need_be_is_no_record() {
    let (whole, offset) = record_alone(erased_one(None, false));
    // The sequence in two bytes.
    let mut longer = whole[..whole.len() - 4].to_vec();
    longer[0] += 1;
    longer.splice(5..6, [9 | 0x80, 0]);
    let sum = checksum(offset, &[&longer]).to_le_bytes();
    assert!(Record::decode(&[&longer[..], &sum].concat(), offset).is_none());
}
