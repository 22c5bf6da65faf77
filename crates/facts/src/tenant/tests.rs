//! Facts of a tenant that are closed, cut off and damaged.

use std::fs;

use acta_access::Defines;
use acta_ambient::Timestamp;
use acta_storage::TransferredStatement;
use acta_xapi::{ParseLimits, StatementId, StatementText, Uuid, Version, parse_statement};

use super::*;

fn statement(sequence: u64) -> TransferredStatement {
    let text = format!(
        r#"{{"actor":{{"mbox":"mailto:p{}@x.org"}},"verb":{{"id":"http://v.org/{}"}},
            "object":{{"id":"http://a.org/{sequence}"}}}}"#,
        sequence % 7,
        sequence % 3,
    );
    let parsed =
        parse_statement(text.as_bytes(), Version::V1_0_3, &ParseLimits::default()).unwrap();
    TransferredStatement {
        sequence,
        id: StatementId(Uuid::from_u128(sequence.into())),
        stored: Timestamp::from_unix_micros(sequence.cast_signed()),
        version: Version::V1_0_3,
        fingerprint: parsed.fingerprint,
        salt: [0; 16],
        text: StatementText { text, is_timestamp_stored: false },
        target: None,
        is_voiding: false,
        defines: Defines::All,
    }
}

#[test]
fn rows_with_many_extensions_are_written_before_they_take_much_memory() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    let results = [0, 1].map(|half| {
        let each = (0..99).map(|at| format!(r#","http://e.org/{half}/{at}":{at}"#));
        let each: String = each.collect();
        format!(r#","result":{{"extensions":{{"http://e.org/x":"y"{each}}}}}}}"#)
    });
    let mut largest = 0;
    for round in 0..80 {
        let mut addition = Addition::default();
        for sequence in 1 + round * 1_000..=(round + 1) * 1_000 {
            let mut statement = statement(sequence);
            if let Some(result) = results.get(usize::try_from(sequence % 1_000).unwrap()) {
                statement.text.text.truncate(statement.text.text.rfind('}').unwrap());
                statement.text.text.push_str(result);
            }
            addition.batch.push(&(&statement).into());
        }
        facts.add(&addition).unwrap();
        largest = largest.max(facts.memory_bytes().1);
    }
    assert!(largest < TAIL_BYTES_MAX, "{largest} bytes");
    assert!(!facts.view().segments.is_empty());
    assert_eq!(facts.view().len(), 80_000);
}

fn add(facts: &TenantFacts, sequences: std::ops::RangeInclusive<u64>) {
    let mut addition = Addition::default();
    sequences.for_each(|sequence| addition.batch.push(&(&statement(sequence)).into()));
    facts.add(&addition).unwrap();
}

/// The sequences of all rows, in order.
fn sequences(facts: &TenantFacts) -> Vec<i64> {
    use crate::rows::fields::IntColumn;
    let view = facts.view();
    let mut all: Vec<i64> = Vec::new();
    for segment in &view.segments {
        all.extend(segment.load().unwrap().ints(IntColumn::Sequence));
    }
    for block in &view.tail {
        all.extend(block.ints(IntColumn::Sequence));
    }
    all.sort_unstable();
    all
}

#[test]
fn what_is_on_disk_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 1..=10);
    facts.flush().unwrap();
    add(&facts, 11..=15);
    facts.flush().unwrap();
    add(&facts, 16..=20);
    assert_eq!(sequences(&facts), (1..=20).collect::<Vec<_>>());
    assert_eq!(facts.view().segments.len(), 1, "a short segment grows");
    drop(facts);
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    assert_eq!(sequences(&facts), (1..=15).collect::<Vec<_>>());
    assert_eq!(facts.saved(), LastRecord { sequence: 15, id: 15, stored: 15 });
    add(&facts, 16..=20);
    assert_eq!(sequences(&facts), (1..=20).collect::<Vec<_>>());
    let texts = facts.texts();
    let verbs = texts.of(crate::rows::fields::Domain::Verbs);
    assert_eq!((verbs.len(), verbs.text(1)), (3, "http://v.org/1"));
}

#[test]
fn a_write_that_did_not_end_leaves_what_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 1..=10);
    facts.flush().unwrap();
    let manifest = fs::read(folder.path().join("manifest.json")).unwrap();
    let segment = facts.view().segments[0].path().to_owned();
    let attributes = folder.path().read_dir().unwrap().map(|it| it.unwrap().path());
    let attributes = attributes.into_iter().find(|it| it.to_string_lossy().ends_with("attributes"));
    let attributes = attributes.unwrap();
    let kept = [&segment, &attributes].map(|path| (path.clone(), fs::read(path).unwrap()));
    add(&facts, 11..=20);
    facts.flush().unwrap();
    // As if the power had failed before the manifest was renamed.
    fs::write(folder.path().join("manifest.json"), manifest).unwrap();
    for (path, bytes) in &kept {
        fs::write(path, bytes).unwrap();
    }
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    assert_eq!(sequences(&facts), (1..=10).collect::<Vec<_>>());
    add(&facts, 11..=12);
    facts.flush().unwrap();
    let again = TenantFacts::open(folder.path(), "").unwrap();
    assert_eq!(sequences(&again), (1..=12).collect::<Vec<_>>());
    let files = folder.path().read_dir().unwrap().count();
    assert_eq!(files, 3 + 3, "three dictionaries, and no file that is not part of it");
}

#[test]
fn names_of_files_are_not_used_again_after_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 1..=10);
    facts.flush().unwrap();
    let before = facts.view().segments[0].path().to_owned();
    // A folder in the place of the new manifest, which is the last file that is written.
    let in_the_way = folder.path().join("manifest.new");
    fs::create_dir(&in_the_way).unwrap();
    add(&facts, 11..=20);
    assert!(facts.flush().is_err());
    assert_eq!(sequences(&facts), (1..=20).collect::<Vec<_>>());
    let left: Vec<_> = folder.path().read_dir().unwrap().map(|it| it.unwrap().path()).collect();
    fs::remove_dir(&in_the_way).unwrap();
    facts.flush().unwrap();
    let after = facts.view().segments[0].path().to_owned();
    assert!(after != before && !left.contains(&after), "{} was there", after.display());
    let again = TenantFacts::open(folder.path(), "").unwrap();
    assert_eq!(sequences(&again), (1..=20).collect::<Vec<_>>());
}

#[test]
fn a_segment_of_other_rows_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 1..=10);
    facts.flush().unwrap();
    let other = tempfile::tempdir().unwrap();
    let others = TenantFacts::open(other.path(), "").unwrap();
    add(&others, 1..=11);
    others.flush().unwrap();
    fs::copy(others.view().segments[0].path(), facts.view().segments[0].path()).unwrap();
    let error = TenantFacts::open(folder.path(), "").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn statements_that_are_awaited_count_as_memory_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    let mut addition = Addition::default();
    addition.batch.push(&(&statement(1)).into());
    addition.awaited = (100..1_100).collect();
    let before = facts.memory_bytes().0;
    facts.add(&addition).unwrap();
    assert!(before + 1_000 * 32 < facts.memory_bytes().0);
    facts.flush().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 100..=101);
    assert_eq!(facts.view().voided.iter().collect::<Vec<_>>(), [100, 101]);
}

#[test]
fn a_voiding_statement_that_was_awaited_is_not_voided() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    let mut addition = Addition::default();
    addition.batch.push(&(&statement(1)).into());
    addition.awaited = vec![2, 3];
    facts.add(&addition).unwrap();
    let mut addition = Addition::default();
    let voiding = TransferredStatement {
        target: Some(StatementId(Uuid::from_u128(9))),
        is_voiding: true,
        ..statement(2)
    };
    addition.batch.push(&(&voiding).into());
    addition.batch.push(&(&statement(3)).into());
    facts.add(&addition).unwrap();
    assert_eq!(facts.view().voided.iter().collect::<Vec<_>>(), [3]);
}

#[test]
fn the_state_of_facts_is_known_while_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 1..=10);
    facts.flush().unwrap();
    let writing = facts.writing();
    assert!(0 < facts.disk_bytes() && 0 < facts.memory_bytes().0);
    drop(writing);
}

#[test]
fn damage_of_any_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    add(&facts, 1..=10);
    facts.flush().unwrap();
    drop(facts);
    for entry in folder.path().read_dir().unwrap() {
        let path = entry.unwrap().path();
        let whole = fs::read(&path).unwrap();
        if whole.is_empty() {
            continue;
        }
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let opened = TenantFacts::open(folder.path(), "").and_then(|facts| {
            facts.view().segments.iter().try_for_each(|segment| segment.load().map(drop))
        });
        assert!(opened.is_err(), "{}", path.display());
        fs::write(&path, &whole).unwrap();
    }
    assert!(TenantFacts::open(folder.path(), "").is_ok());
}

#[test]
fn rows_in_memory_are_few_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    for sequence in 1..=1_000 {
        add(&facts, sequence..=sequence);
    }
    assert_eq!(sequences(&facts), (1..=1_000).collect::<Vec<_>>());
    let count = facts.view().tail.len();
    assert!(count <= 20, "{count} blocks");
}

#[test]
fn facts_are_being_made_until_they_are_as_far_as_the_log_was() {
    let folder = tempfile::tempdir().unwrap();
    let facts = TenantFacts::open(folder.path(), "").unwrap();
    assert!(!facts.is_rebuilding(facts.view().sequence));
    facts.begin(10);
    add(&facts, 1..=9);
    assert!(facts.is_rebuilding(facts.view().sequence));
    add(&facts, 10..=10);
    assert!(!facts.is_rebuilding(facts.view().sequence));
    add(&facts, 11..=12);
    assert!(!facts.is_rebuilding(facts.view().sequence));
}
