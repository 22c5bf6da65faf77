//! The statement log: the file `store`, segments with their frames and records, packed texts.

use std::path::Path;

use acta_statement_log::fuzzing::{OpenSegment, unpack};
use acta_storage::StorageError;
use acta_storage_embedded::OpenError;
use acta_storage_embedded::fuzzing::read_identity;

use crate::input::{split_choice, split_parts};
use crate::memory::bounded;
use crate::store::MemoryDisk;

/// How much more than others these inputs justify: a few bytes can be a long text.
const TIMES_PACKED: usize = 128;

/// A segment, the file `store`, or a dictionary and a text that is packed with it.
pub fn log(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    bounded(TIMES_PACKED * rest.len(), || match choice % 4 {
        0 => check_identity(rest),
        1 => check_text(split_parts(rest)),
        _ => check_segment(rest),
    });
}

fn check_identity(bytes: &[u8]) {
    match read_identity(&MemoryDisk::with("store", bytes), Path::new("")) {
        Ok(identity) => assert!(identity.is_some_and(|again| bytes.starts_with(&again))),
        Err(OpenError::Newer { found, known, .. }) => assert!(known < found),
        Err(OpenError::Storage(StorageError::Corrupt { .. })) => {}
        Err(error) => panic!("{error}"),
    }
}

/// A short text does not unpack to more than zstd can pack into it.
fn check_text([dictionary, packed]: [&[u8]; 2]) {
    let whole = unpack(dictionary, packed, 1 << 30);
    if let Ok(text) = whole {
        assert!(unpack(dictionary, packed, text.len()).is_ok_and(|again| again == text));
        let shorter = text.len().checked_sub(1);
        assert!(shorter.is_none_or(|len| unpack(dictionary, packed, len).is_err()));
    }
}

fn check_segment(bytes: &[u8]) {
    let Some(segment) = open(bytes) else { return };
    let frames = segment.frames().expect("memory can be read");
    for (frame, records) in &frames {
        assert!(!records.is_empty(), "a frame has records");
        for offset in records {
            match segment.read(*offset) {
                Ok((found, entry, text)) => {
                    assert_eq!(found, *frame);
                    assert!(entry.contains(&format!("offset: {offset}")));
                    assert!(text.is_none_or(|text| text.contains("\"stored\":")));
                }
                // The terms are looked at when they are wanted.
                Err(StorageError::Corrupt { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    check_writing(&segment);
}

fn open(bytes: &[u8]) -> Option<OpenSegment> {
    let disk = MemoryDisk::with("00000001.log", bytes);
    OpenSegment::open(&disk, Path::new("")).expect("memory can be read")
}

/// What was read is written so that the same is read.
fn check_writing(segment: &OpenSegment) {
    let written = segment.encode().expect("memory can be read");
    let again = open(&written).expect("the header is the same");
    assert_eq!(again.encode().expect("memory can be read"), written);
}
