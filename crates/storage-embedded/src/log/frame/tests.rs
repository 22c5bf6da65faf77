use acta_access::TenantId;
use acta_xapi::Version;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;

const BASE_MICROS: i64 = 1_772_357_400_000_250;

fn prepared() -> impl Strategy<Value = Prepared> {
    let entry = (
        1..=u32::MAX,
        1..=u64::MAX,
        any::<u128>(),
        0..=1_i64 << 50,
        vec((0_u64..30).prop_map(Term), 0..3),
        vec((0_u64..30).prop_map(Term), 0..20),
        any::<Option<u128>>(),
        any::<bool>(),
    );
    let entry =
        entry.prop_map(|(tenant, sequence, id, stored, own, shared, target, voiding)| Entry {
            position: 0,
            tenant: TenantId::new(tenant).unwrap(),
            sequence,
            id,
            stored_micros: BASE_MICROS + stored,
            location: Location { segment: 0, offset: 0 },
            own_terms: own,
            shared_terms: shared,
            target,
            is_voiding: voiding,
        });
    let rest = (any::<bool>(), any::<bool>(), any::<[u8; 16]>(), any::<[u8; 16]>());
    (entry, rest, vec(any::<u8>(), 0..400)).prop_map(|(entry, rest, text)| Prepared {
        entry,
        version: if rest.0 { Version::V2_0_0 } else { Version::V1_0_3 },
        is_timestamp_stored: rest.1,
        fingerprint: rest.2,
        salt: rest.3,
        text: text.into(),
        received: None,
    })
}

fn numbered(mut records: Vec<Prepared>, first: u64) -> Vec<Prepared> {
    for (position, record) in (first..).zip(&mut records) {
        record.entry.position = position;
    }
    records
}

fn encode(records: &mut [Prepared], start: FrameStart) -> Vec<u8> {
    let mut out = Vec::new();
    FrameEncoder::default().encode(&mut out, start, records).unwrap();
    out
}

fn at(offset: u32) -> FrameStart {
    FrameStart { segment: 3, offset, base_micros: BASE_MICROS }
}

fn check_round_trip(records: Vec<Prepared>, first: u64, offset: u32) {
    let mut records = numbered(records, first);
    let bytes = encode(&mut records, at(offset));
    let most: usize = records.iter().map(Prepared::bytes_max).sum();
    assert!(bytes.len() <= most, "{} bytes, expected at most {most}", bytes.len());
    let frame = Frame::decode(&bytes, at(offset)).unwrap();
    assert_eq!(frame.head.first_position, first);
    assert_eq!(frame.records().count(), records.len());
    for (found, expected) in frame.records().zip(&records) {
        let (location, record) = found.unwrap();
        let at = RecordAt { location, base_micros: BASE_MICROS };
        let entry = frame.head.entry(&record, at).unwrap();
        assert_eq!(format!("{entry:?}"), format!("{:?}", expected.entry));
        assert_eq!(record.version(), expected.version);
        assert_eq!(record.is_timestamp_stored(), expected.is_timestamp_stored);
        assert_eq!(record.fingerprint, expected.fingerprint);
        assert_eq!(record.text, expected.text);
        // A record can be read without its frame.
        let from = (location.offset - offset) as usize;
        let len = usize::try_from(record_len(&bytes[from..]).unwrap()).unwrap();
        let alone = Record::decode(&bytes[from..from + len], location.offset).unwrap();
        assert_eq!(alone.id, expected.entry.id);
        assert_eq!(alone.frame_distance, location.offset - offset);
    }
}

proptest! {
    #[test]
    fn a_frame_is_read_as_it_was_written(
        records in vec(prepared(), 1..12),
        first in 0_u64..1 << 60,
        offset in 56_u32..1 << 30,
    ) {
        check_round_trip(records, first, offset);
    }

    #[test]
    fn anything_but_a_frame_is_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Frame::decode(&bytes, at(56)).is_err());
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

fn plain(id: u128, shared_terms: Vec<Term>) -> Prepared {
    Prepared {
        entry: Entry {
            position: 0,
            tenant: TenantId::FIRST,
            sequence: 1,
            id,
            stored_micros: BASE_MICROS,
            location: Location { segment: 0, offset: 0 },
            own_terms: Vec::new(),
            shared_terms,
            target: None,
            is_voiding: false,
        },
        version: Version::V2_0_0,
        is_timestamp_stored: false,
        fingerprint: [0; 16],
        salt: [0; 16],
        text: vec![0; 100].into(),
        received: None,
    }
}

#[test]
fn a_term_that_many_records_share_is_written_once() {
    let shared: Vec<Term> = (0..9).map(|number| Term(u64::MAX - number)).collect();
    let len = |count: u128| {
        let records = (0..count).map(|id| plain(id, shared.clone()));
        encode(&mut numbered(records.collect(), 0), at(56)).len()
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

fn two_records() -> Vec<Prepared> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut record = || prepared().new_tree(&mut runner).unwrap().current();
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
