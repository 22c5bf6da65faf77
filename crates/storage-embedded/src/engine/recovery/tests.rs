use std::fs;
use std::sync::Mutex;

use acta_access::Defines;
use acta_statement_index::IndexOptions;
use acta_statement_log::disk::SystemDisk;
use acta_statement_log::entry::Location;
use acta_statement_log::format::SEGMENT_HEADER_BYTES;
use acta_statement_log::frame::FrameEncoder;
use acta_statement_log::record::{Content, EncodedRecord, EncodedStatement};
use acta_statement_log::segment::segment_name;
use acta_storage::Term;
use acta_xapi::Version;
use tempfile::TempDir;

use super::*;

const STORE_ID: [u8; 16] = [7; 16];
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
            text: vec![3; 20].into(),
        }),
        received: None,
    }
}

/// A log with one segment for each list, and in it a frame of as many records as each
/// number says. Returns where the frames begin, and where the last one ends.
fn write_log(directory: &Path, segments: &[&[u64]]) -> Vec<u64> {
    let mut position = 0;
    let mut offsets = Vec::new();
    for (number, frames) in (1..).zip(segments) {
        let header = SegmentHeader {
            number,
            store_id: STORE_ID,
            first_position: position,
            base_micros: BASE_MICROS,
            revision: 0,
            codec: Arc::new(Codec::new(&[])),
        };
        let segment = Segment::create(&SystemDisk, directory, header).unwrap();
        for count in *frames {
            let mut records: Vec<EncodedRecord> =
                (position..position + count).map(prepared).collect();
            let (at, mut out) = (segment.len(), Vec::new());
            let offset = u32::try_from(at).unwrap();
            let start = FrameStart { segment: number, offset, base_micros: BASE_MICROS };
            FrameEncoder::default().encode(&mut out, start, &mut records).unwrap();
            segment.file.write_at(&out, at).unwrap();
            segment.publish(at + out.len() as u64);
            offsets.push(at);
            position += count;
        }
        offsets.push(segment.len());
    }
    offsets
}

/// Recovers a log with the index in `index_directory`. Returns the next position.
fn recover(log: &Path, index_directory: &Path) -> Result<u64, OpenError> {
    let closing = closing(&SystemDisk, log, STORE_ID)?;
    let segments = open_segments(&SystemDisk, log, STORE_ID, BASE_MICROS)?;
    let reader = LogReader::new(log.to_path_buf(), segments);
    let index = Index::open(Arc::new(SystemDisk), index_directory, IndexOptions::new(1))?;
    let replay = Replay { disk: &SystemDisk, reader: &reader, index: &index, closing };
    let replayed = replay.run(None)?;
    assert_eq!(index.next_position(), replayed.next_position, "the index knows the whole log");
    for position in 0..replayed.next_position {
        let found = index.find(TenantId::FIRST, id_of(position))?;
        assert_eq!(found.map(|found| found.position), Some(position));
    }
    index.flush()?;
    Ok(replayed.next_position)
}

fn directories() -> (TempDir, PathBuf, PathBuf) {
    let directory = TempDir::new().unwrap();
    let (log, index) = (directory.path().join("log"), directory.path().join("index"));
    fs::create_dir(&log).unwrap();
    (directory, log, index)
}

/// The place that a corruption names.
#[track_caller]
fn place(result: Result<u64, OpenError>) -> String {
    match result {
        Err(OpenError::Storage(StorageError::Corrupt { place })) => place,
        other => panic!("expected damage, found {other:?}"),
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 1, 3]]);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    let last = usize::try_from(offsets[2]).unwrap();
    for len in last..whole.len() {
        fs::write(&file, &whole[..len]).unwrap();
        let _ = fs::remove_dir_all(&index);
        assert_eq!(recover(&log, &index).unwrap(), 3, "cut at {len}");
        assert_eq!(fs::metadata(&file).unwrap().len(), offsets[2], "cut at {len}");
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 6);
}

#[test]
fn a_tail_with_any_changed_byte_is_cut_if_it_was_never_indexed() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 1, 2]]);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    for changed in usize::try_from(offsets[2]).unwrap()..whole.len() {
        let mut bytes = whole.clone();
        bytes[changed] ^= 0x40;
        fs::write(&file, bytes).unwrap();
        let _ = fs::remove_dir_all(&index);
        assert_eq!(recover(&log, &index).unwrap(), 3, "byte {changed}");
    }
}

#[test]
fn a_tail_of_zeros_is_cut() {
    let (_directory, log, index) = directories();
    write_log(&log, &[&[2, 1]]);
    let file = log.join(segment_name(1));
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend([0; 5000]);
    fs::write(&file, bytes).unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 3);
}

#[test]
fn any_changed_byte_before_the_last_frame_is_damage() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 2, 1]]);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    for changed in 0..usize::try_from(offsets[2]).unwrap() {
        let mut bytes = whole.clone();
        bytes[changed] ^= 0x01;
        fs::write(&file, &bytes).unwrap();
        let _ = fs::remove_dir_all(&index);
        match recover(&log, &index) {
            // A changed version is a newer one.
            Err(OpenError::Newer { .. }) => assert!((8..12).contains(&changed)),
            result => assert!(place(result).contains("00000001.log at byte "), "byte {changed}"),
        }
        assert_eq!(fs::read(&file).unwrap(), bytes, "damage is not touched");
    }
}

#[test]
fn a_segment_of_a_version_that_never_was_is_damage() {
    let (_directory, log, index) = directories();
    write_log(&log, &[&[2]]);
    let file = log.join(segment_name(1));
    let mut bytes = fs::read(&file).unwrap();
    bytes[8..12].copy_from_slice(&0_u32.to_le_bytes());
    seal_header(&mut bytes);
    fs::write(&file, bytes).unwrap();
    assert!(place(recover(&log, &index)).contains("00000001.log at byte 0"));
}

/// Puts the checksum right of a header without a dictionary.
fn seal_header(segment: &mut [u8]) {
    let sum = acta_statement_log::format::checksum(
        0,
        &[&segment[..52], &segment[56..SEGMENT_HEADER_BYTES]],
    );
    segment[52..56].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn a_segment_of_a_newer_version_is_refused_and_not_touched() {
    let (_directory, log, index) = directories();
    write_log(&log, &[&[2]]);
    let file = log.join(segment_name(1));
    let mut bytes = fs::read(&file).unwrap();
    assert_eq!(bytes[8..12], VERSION.to_le_bytes());
    bytes[8..12].copy_from_slice(&(VERSION + 1).to_le_bytes());
    seal_header(&mut bytes);
    fs::write(&file, &bytes).unwrap();
    let found = recover(&log, &index);
    let Err(OpenError::Newer { path, found, known }) = found else { panic!("{found:?}") };
    assert_eq!((path, found, known), (file.clone(), VERSION + 1, VERSION));
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn a_segment_that_ends_in_its_header_is_damage() {
    let (_directory, log, index) = directories();
    write_log(&log, &[&[2]]);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    for len in 0..SEGMENT_HEADER_BYTES {
        fs::write(&file, &whole[..len]).unwrap();
        assert!(place(recover(&log, &index)).contains("00000001.log at byte 0"), "cut at {len}");
    }
}

#[test]
fn damage_at_the_end_of_a_closed_segment_is_not_cut() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 1], &[1]]);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let expected = format!("00000001.log at byte {}", offsets[1]);
    assert!(place(recover(&log, &index)).ends_with(&expected));
}

#[test]
fn a_lost_or_changed_end_that_the_index_knows_is_damage() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 1]]);
    assert_eq!(recover(&log, &index).unwrap(), 3);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    let last = usize::try_from(offsets[1]).unwrap();
    for len in [last, last + 10, whole.len() - 1] {
        fs::write(&file, &whole[..len]).unwrap();
        assert!(place(recover(&log, &index)).contains("00000001.log at byte "), "cut at {len}");
        assert_eq!(fs::metadata(&file).unwrap().len(), len as u64, "damage is not touched");
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 3);
}

/// Marks the log as closed where it ends now.
fn close(log: &Path, segment: u32, next_position: u64) {
    let end = fs::metadata(log.join(segment_name(segment))).unwrap().len();
    let closing = Closing { store_id: STORE_ID, segment, end, next_position };
    closing.write(&SystemDisk, log).unwrap();
}

#[test]
fn any_changed_byte_of_a_closed_log_is_damage() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 1, 2]]);
    close(&log, 1, 5);
    assert_eq!(recover(&log, &index).unwrap(), 5);
    let file = log.join(segment_name(1));
    let whole = fs::read(&file).unwrap();
    for changed in usize::try_from(offsets[2]).unwrap()..whole.len() {
        let mut bytes = whole.clone();
        bytes[changed] ^= 0x40;
        fs::write(&file, &bytes).unwrap();
        let _ = fs::remove_dir_all(&index);
        assert!(place(recover(&log, &index)).contains("00000001.log at byte "), "byte {changed}");
        assert_eq!(fs::read(&file).unwrap(), bytes, "damage is not touched");
    }
}

#[test]
fn a_closed_log_that_lost_its_end_is_damage() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2], &[1, 2]]);
    close(&log, 2, 5);
    let file = log.join(segment_name(2));
    let whole = fs::read(&file).unwrap();
    for len in [whole.len() - 1, usize::try_from(offsets[3]).unwrap(), 60] {
        fs::write(&file, &whole[..len]).unwrap();
        let _ = fs::remove_dir_all(&index);
        assert!(place(recover(&log, &index)).contains("00000002.log at byte "), "cut at {len}");
    }
    fs::remove_file(&file).unwrap();
    let _ = fs::remove_dir_all(&index);
    assert!(place(recover(&log, &index)).contains("00000001.log at byte "));
}

#[test]
fn a_mark_that_is_damaged_or_of_an_earlier_end_stops_no_start() {
    let (_directory, log, index) = directories();
    write_log(&log, &[&[2, 1]]);
    close(&log, 1, 3);
    let file = log.join(segment_name(1));
    // An older release does not know the mark and has appended.
    let mut longer = fs::read(&file).unwrap();
    longer.extend([0; 9]);
    fs::write(&file, longer).unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 3);
    fs::write(log.join(CLOSING_NAME), b"no mark").unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 3);
}

#[test]
fn only_what_the_index_does_not_know_is_read_again() {
    let (_directory, log, index) = directories();
    let offsets = write_log(&log, &[&[2, 1], &[4, 2, 1]]);
    assert_eq!(recover(&log, &index).unwrap(), 10);
    // Damage in what is neither new nor last is not met at the start.
    let file = log.join(segment_name(1));
    let mut bytes = fs::read(&file).unwrap();
    bytes[usize::try_from(offsets[0]).unwrap() + 40] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 10);
    fs::remove_dir_all(&index).unwrap();
    assert!(place(recover(&log, &index)).contains("00000001.log"));
}

#[test]
fn drafts_are_removed_and_a_new_log_begins_with_a_segment() {
    let (_directory, log, index) = directories();
    fs::write(log.join("00000001.log.tmp"), b"half a header").unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 0);
    let names = SystemDisk.list(&log).unwrap();
    assert_eq!(names, [segment_name(1)]);
}

#[test]
fn refuses_segments_that_are_missing_or_of_another_store() {
    let (_directory, log, index) = directories();
    write_log(&log, &[&[1], &[1], &[1]]);
    let second = log.join(segment_name(2));
    let whole = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    assert!(place(recover(&log, &index)).ends_with("no segment 2"));
    // Another store's segment of the same number.
    let (_other_directory, other, _) = directories();
    let header = SegmentHeader {
        number: 2,
        store_id: [8; 16],
        first_position: 1,
        base_micros: BASE_MICROS,
        revision: 0,
        codec: Arc::new(Codec::new(&[])),
    };
    Segment::create(&SystemDisk, &other, header).unwrap();
    fs::copy(other.join(segment_name(2)), &second).unwrap();
    assert!(place(recover(&log, &index)).ends_with("00000002.log at byte 0"));
    fs::write(&second, whole).unwrap();
    assert_eq!(recover(&log, &index).unwrap(), 3);
}

#[test]
fn a_start_reports_its_progress() {
    let (_directory, log, index_directory) = directories();
    let many: Vec<u64> = vec![500; 40];
    write_log(&log, &[&many, &many]);
    let segments = open_segments(&SystemDisk, &log, STORE_ID, BASE_MICROS).unwrap();
    let total = segments.iter().map(|segment| segment.len()).sum::<u64>();
    let reader = LogReader::new(log, segments);
    let index = Index::open(Arc::new(SystemDisk), &index_directory, IndexOptions::new(1)).unwrap();
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let reported = Arc::clone(&seen);
    let on_progress: OnProgress = Arc::new(move |progress| reported.lock().unwrap().push(progress));
    let replay = Replay { disk: &SystemDisk, reader: &reader, index: &index, closing: None };
    assert_eq!(replay.run(Some(&on_progress)).unwrap().next_position, 40_000);
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 2);
    assert!(seen.is_sorted_by_key(|progress| progress.done_bytes));
    assert!(seen.iter().all(|p| p.total_bytes == total && p.done_bytes <= total));
}
