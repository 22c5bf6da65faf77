use std::fs;
use std::path::Path;
use std::sync::Arc;

use acta_access::{Defines, TenantId};
use acta_storage::Term;
use acta_xapi::Version;
use tempfile::TempDir;

use super::*;
use crate::dictionary::Codec;
use crate::disk::SystemDisk;
use crate::entry::IndexEntry;
use crate::frame::FrameEncoder;
use crate::record::{Content, EncodedRecord, EncodedStatement};
use crate::segment::{SegmentHeader, segment_name};

const BASE_MICROS: i64 = 1_772_357_400_000_250;

fn id_of(position: u64) -> u128 {
    u128::from(position) << 64 | 0xAC
}

fn prepared(position: u64) -> EncodedRecord {
    EncodedRecord {
        entry: IndexEntry {
            position,
            tenant: TenantId::FIRST,
            sequence: position + 1,
            id: Some(id_of(position)),
            stored_micros: BASE_MICROS + i64::try_from(position).unwrap(),
            location: Location { segment: 0, offset: 0 },
            own_terms: Vec::new(),
            shared_terms: vec![Term(position), Term(1 << 40)],
            target: None,
            is_voiding: false,
        },
        content: Content::Statement(EncodedStatement {
            version: Version::V2_0_0,
            is_timestamp_stored: false,
            defines: Defines::All,
            fingerprint: [1; 16],
            salt: [2; 16],
            text: vec![3; 30].into(),
        }),
        received: None,
    }
}

/// Where a record stands, and its frame.
struct Written {
    frame: u64,
    bytes: std::ops::Range<u64>,
}

/// Writes a segment with frames of so many records. Returns where each record stands.
fn write_segment(directory: &Path, frames: &[u64]) -> Vec<Written> {
    let header = SegmentHeader {
        number: 1,
        store_id: [7; 16],
        first_position: 0,
        base_micros: BASE_MICROS,
        revision: 0,
        codec: Arc::new(Codec::new(&[])),
    };
    let segment = Segment::create(&SystemDisk, directory, header).unwrap();
    let (mut position, mut written) = (0, Vec::new());
    for count in frames {
        let mut records: Vec<EncodedRecord> = (position..position + count).map(prepared).collect();
        let (at, mut out) = (segment.len(), Vec::new());
        let offset = u32::try_from(at).unwrap();
        let start = FrameStart { segment: 1, offset, base_micros: BASE_MICROS };
        FrameEncoder::default().encode(&mut out, start, &mut records).unwrap();
        segment.file.write_at(&out, at).unwrap();
        segment.publish(at + out.len() as u64);
        let starts = records.iter().map(|record| u64::from(record.entry.location.offset));
        let mut ends: Vec<u64> = starts.clone().skip(1).collect();
        ends.push(segment.len());
        written.extend(starts.zip(ends).map(|(from, to)| Written { frame: at, bytes: from..to }));
        position += count;
    }
    written
}

#[derive(Debug, Default)]
struct Notes {
    positions: Vec<u64>,
    damages: Vec<Damage>,
}

impl Surveyor for Notes {
    fn see_record(&mut self, _: &Segment, seen: Seen<'_>) -> Result<(), StorageError> {
        let statement = seen.record.statement().unwrap();
        assert_eq!(statement.id, id_of(seen.position));
        self.positions.push(seen.position);
        Ok(())
    }

    fn see_damage(&mut self, _: &Segment, damage: Damage) -> Result<(), StorageError> {
        self.damages.push(damage);
        Ok(())
    }
}

fn survey_file(directory: &Path) -> (Notes, u64) {
    let segment = Segment::open(&SystemDisk, directory, 1, None).unwrap().unwrap();
    let mut notes = Notes::default();
    let next =
        survey(&segment, SurveyStart { offset: segment.frames_from(), position: 0 }, &mut notes)
            .unwrap();
    (notes, next)
}

#[test]
fn sees_every_record_of_a_sound_segment() {
    let directory = TempDir::new().unwrap();
    write_segment(directory.path(), &[2, 1, 3]);
    let (notes, next) = survey_file(directory.path());
    assert_eq!((notes.positions, next), ((0..6).collect(), 6));
    assert_eq!(notes.damages, []);
}

#[test]
fn any_changed_byte_is_named_and_costs_no_other_record() {
    let directory = TempDir::new().unwrap();
    let written = write_segment(directory.path(), &[2, 1, 3]);
    let file = directory.path().join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    let last_frame = written.last().unwrap().frame;
    for changed in usize::try_from(written[0].frame).unwrap()..whole.len() {
        let mut bytes = whole.clone();
        bytes[changed] ^= 1 << (changed % 8);
        fs::write(&file, bytes).unwrap();
        let (notes, _) = survey_file(directory.path());
        let changed = changed as u64;
        let hit = written.iter().position(|record| record.bytes.contains(&changed));
        let is_named = notes
            .damages
            .iter()
            .any(|damage| damage.offset <= changed && changed < damage.end.max(damage.offset + 1));
        assert!(is_named, "byte {changed}: {:?}", notes.damages);
        let hit = hit.map(|hit| hit as u64);
        let expected: Vec<u64> = (0..6).filter(|at| Some(*at) != hit).collect();
        assert_eq!(notes.positions, expected, "byte {changed}");
        let damage = notes.damages[0];
        let kind = match hit {
            Some(_) => DamageKind::Records,
            None if changed < last_frame => DamageKind::Head,
            None => DamageKind::Tail,
        };
        assert_eq!((notes.damages.len(), damage.kind), (1, kind), "byte {changed}");
        if let Some(hit) = hit {
            let found = (damage.first_position, damage.count);
            assert_eq!(found, (hit, Some(1)), "byte {changed}");
        }
    }
}

#[test]
fn a_segment_cut_at_any_byte_shows_what_is_left() {
    let directory = TempDir::new().unwrap();
    let written = write_segment(directory.path(), &[2, 1, 3]);
    let file = directory.path().join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    for len in usize::try_from(written[0].frame).unwrap() + 1..whole.len() {
        fs::write(&file, &whole[..len]).unwrap();
        let (notes, _) = survey_file(directory.path());
        let left = written.iter().filter(|record| record.bytes.end <= len as u64).count() as u64;
        assert_eq!(notes.positions, (0..left).collect::<Vec<_>>(), "cut at {len}");
        let is_between = written.iter().any(|record| record.frame == len as u64);
        assert_eq!(notes.damages.is_empty(), is_between, "cut at {len}: {:?}", notes.damages);
    }
}
