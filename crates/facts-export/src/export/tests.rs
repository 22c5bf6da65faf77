//! Exports that are read again.

use std::fs::File;
use std::sync::Arc;

use acta_access::{Defines, TenantId};
use acta_ambient::Timestamp;
use acta_facts::{CourseRule, FactStore, Rows, SourceStatement};
use acta_storage::directory::{JoinedPerson, PersonChanges};
use acta_storage::persons::Persons;
use acta_xapi::{Ifi, StatementId, Uuid, Version};
use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

use super::*;
use crate::progress::ExportProgress;

/// Facts in a folder, and an export of them in another.
struct Exported {
    folder: TempDir,
    store: FactStore,
    persons: Arc<Persons>,
}

const TENANT: TenantId = TenantId::FIRST;

impl Exported {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FactStore::open(&folder.path().join("facts")).unwrap();
        Self { folder, store, persons: Arc::default() }
    }

    fn table(&self) -> Table {
        self.store.table(TENANT, &CourseRule::default(), &self.persons)
    }

    /// Joins the mailboxes of some numbers to the person with this name.
    fn join(&mut self, name: &str, numbers: &[u64]) {
        let mbox = |number: &u64| Ifi::Mbox(format!("mailto:p{number}@x.org").parse().unwrap());
        let person = JoinedPerson {
            id: Uuid::from_u128(7),
            tenant: TENANT,
            name: Some(name.to_owned()),
            identifiers: numbers.iter().map(mbox).collect(),
            attributes: [].into(),
            memberships: Vec::new(),
            created: Timestamp::from_unix_micros(0),
        };
        let (changes, version) = (PersonChanges::new(TENANT), self.persons.version() + 1);
        let states = [(person.id, Some(person))];
        self.persons = Arc::new(self.persons.after(&changes, version, states));
    }

    fn folder(&self) -> std::path::PathBuf {
        self.folder.path().join("out")
    }

    /// Adds a statement of 2026 with the sequence, and what it voids.
    fn add(&self, sequence: u64, text: &str, voids: Option<u64>) {
        let id = |number: u64| StatementId(Uuid::from_u128(number.into()));
        let statement = SourceStatement {
            sequence,
            id: id(sequence),
            stored: Timestamp::from_unix_micros(1_767_225_600_000_000 + sequence.cast_signed()),
            version: Version::V2_0_0,
            text,
            voids: voids.map(id),
            defines: Defines::All,
        };
        self.store.append(TENANT, Rows::of([statement])).unwrap();
    }

    #[track_caller]
    fn export(&self) -> Manifest {
        let mut watch = |_| {};
        let exporting = Exporting::new(&|| false, &mut watch);
        let manifest = export(&self.table(), &self.folder(), exporting).unwrap();
        assert_eq!(find_manifest(&self.folder()).unwrap().as_ref(), Some(&manifest));
        manifest
    }

    /// The rows of a file, as JSON.
    fn rows(&self, name: &str) -> Vec<serde_json::Value> {
        let file = File::open(self.folder().join(name)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        reader.get_row_iter(None).unwrap().map(|row| json_of(&row.unwrap())).collect()
    }
}

fn json_of(row: &parquet::record::Row) -> serde_json::Value {
    use parquet::record::Field;
    #[expect(clippy::wildcard_enum_match_arm, reason = "there are no columns of other types")]
    fn value(field: &Field) -> serde_json::Value {
        match field {
            Field::Null => serde_json::Value::Null,
            Field::Bool(value) => (*value).into(),
            Field::Long(value) | Field::TimestampMicros(value) => (*value).into(),
            Field::Double(value) => (*value).into(),
            Field::Str(text) => text.as_str().into(),
            Field::ListInternal(list) => list.elements().iter().map(value).collect(),
            Field::MapInternal(map) => {
                let pairs = map.entries().iter();
                pairs
                    .map(|(key, it)| (value(key).as_str().unwrap().to_owned(), value(it)))
                    .collect()
            }
            other => unreachable!("{other:?}"),
        }
    }
    let members = row.get_column_iter().map(|(name, field)| (name.clone(), value(field)));
    members.collect::<serde_json::Map<_, _>>().into()
}

const FULL: &str = r#"{
    "actor": {"name": "Ada", "mbox": "mailto:ada@x.org"},
    "verb": {"id": "http://v.org/answered", "display": {"en": "answered"}},
    "object": {"id": "http://a.org/1", "definition": {"name": {"en": "One"}, "type": "http://t.org/q",
        "interactionType": "choice"}},
    "result": {"success": true, "completion": false, "response": "b", "duration": "PT1M0.5S",
        "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
        "extensions": {"http://e.org/tries": 2.5, "http://e.org/mode": "exam"}},
    "context": {"registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7", "platform": "web",
        "language": "en", "extensions": {"http://e.org/flag": true},
        "contextActivities": {"parent": [{"id": "http://a.org/p1"}, {"id": "http://a.org/p2"}],
            "grouping": [{"id": "http://c.org/1", "definition": {
                "type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Course"}}}]}},
    "authority": {"account": {"homePage": "http://lrs.org", "name": "key"}},
    "timestamp": "2026-03-05T10:00:00.25Z"}"#;

fn small(number: u64, time: &str) -> String {
    format!(
        r#"{{"actor": {{"mbox": "mailto:p{number}@x.org"}}, "verb": {{"id": "http://v.org/did"}},
            "object": {{"id": "http://a.org/1"}}, "timestamp": "{time}"}}"#
    )
}

#[test]
fn every_column_has_the_values_of_the_statement() {
    let exported = Exported::new();
    exported.add(1, FULL, None);
    exported.add(2, &small(2, "2026-03-01T00:00:00Z"), None);
    let manifest = exported.export();
    let [file] = manifest.files.as_slice() else { panic!("{manifest:?}") };
    assert_eq!((file.rows, manifest.rows), (2, 2));
    assert_eq!(file.name.to_string(), "facts-2026-03.parquet");
    assert_eq!((file.sequence_min, file.sequence_max, manifest.sequence), (1, 2, 2));
    assert_eq!(file.timestamp_min, "2026-03-01T00:00:00Z");
    assert_eq!(file.timestamp_max, "2026-03-05T10:00:00.25Z");
    let rows = exported.rows("facts-2026-03.parquet");
    let full = serde_json::json!({
        "sequence": 1, "timestamp": 1_772_704_800_250_000_i64, "stored": 1_767_225_600_000_001_i64,
        "actor": r#"{"mbox":"mailto:ada@x.org"}"#, "actor_name": "Ada",
        "person": r#"{"mbox":"mailto:ada@x.org"}"#, "person_name": "Ada",
        "verb": "http://v.org/answered", "verb_name": "answered",
        "object_kind": "Activity", "object": "http://a.org/1", "object_name": "One",
        "object_type": "http://t.org/q", "object_interaction": "choice",
        "course": "http://c.org/1", "course_name": "Course",
        "parent": ["http://a.org/p1", "http://a.org/p2"], "grouping": ["http://c.org/1"],
        "category": null, "other": null,
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "session": null, "platform": "web", "language": "en",
        "authority": r#"{"account":{"homePage":"http://lrs.org","name":"key"}}"#, "source": "key",
        "success": true, "completion": false, "response": "b",
        "score_scaled": 0.5, "score_raw": 5.0, "score_min": 0.0, "score_max": 10.0,
        "credit": 0.5, "duration": 60.5, "version": "2.0.0",
        "context_extensions": {"http://e.org/flag": "true"},
        "result_extensions": {"http://e.org/tries": "2.5", "http://e.org/mode": "exam"},
    });
    // Sorted by time: the second statement happened before.
    assert_eq!(rows[1], full);
    let nothing = rows[0].as_object().unwrap().iter().filter(|(_, value)| value.is_null());
    assert_eq!(nothing.count(), 26, "{}", rows[0]);
}

#[test]
fn only_what_is_new_or_changed_is_written_again() {
    let exported = Exported::new();
    exported.add(1, &small(1, "2026-01-10T00:00:00Z"), None);
    exported.add(2, &small(2, "2026-02-10T00:00:00Z"), None);
    exported.add(3, &small(3, "1998-02-10T00:00:00Z"), None);
    let first = exported.export();
    let names: Vec<String> = first.files.iter().map(|file| file.name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["facts-earlier.parquet", "facts-2026-01.parquet", "facts-2026-02.parquet"]);
    let written =
        |name: &str| fs::metadata(exported.folder().join(name)).unwrap().modified().unwrap();
    let before: Vec<_> = names.iter().map(|name| written(name)).collect();
    assert_eq!(exported.export(), first);

    exported.add(4, &small(4, "2026-02-01T00:00:00Z"), None);
    let second = exported.export();
    assert_eq!(second.files[..2], first.files[..2]);
    assert_eq!((second.files[2].rows, second.rows), (2, 4));
    assert_eq!(written(names[0]), before[0]);
    assert_eq!(written(names[1]), before[1]);
    let order: Vec<_> = exported.rows(names[2]).iter().map(|row| row["sequence"].clone()).collect();
    assert_eq!(order, [4, 2]);

    // A name that becomes known later is in the rows that were there before.
    exported.add(5, FULL, None);
    let third = exported.export();
    assert_eq!(third.files.len(), 4);
    assert!(third.files[..3].iter().zip(&second.files).all(|(new, old)| new != old));
    assert_eq!(exported.rows(names[0])[0]["object_name"], "One");
    assert!(exported.folder().read_dir().unwrap().count() == 5, "no other file is left");
}

#[test]
fn voided_statements_are_in_no_file() {
    let exported = Exported::new();
    exported.add(1, &small(1, "2026-01-10T00:00:00Z"), None);
    exported.add(2, &small(2, "2026-02-10T00:00:00Z"), Some(3));
    assert_eq!(exported.export().files.len(), 2);
    exported.add(3, &small(3, "2026-02-11T00:00:00Z"), None);
    exported.add(4, &small(4, "2026-02-12T00:00:00Z"), Some(5));
    exported.add(5, &small(5, "2026-03-12T00:00:00Z"), None);
    let manifest = exported.export();
    assert_eq!((manifest.files.len(), manifest.rows, manifest.sequence), (2, 3, 5));
}

#[test]
fn a_file_that_is_missing_or_cut_is_written_again() {
    let exported = Exported::new();
    exported.add(1, &small(1, "2026-01-10T00:00:00Z"), None);
    let manifest = exported.export();
    let path = exported.folder().join(manifest.files[0].name.to_string());
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len() as u64, manifest.files[0].bytes);
    fs::remove_file(&path).unwrap();
    assert_eq!(exported.export(), manifest);
    assert_eq!(fs::read(&path).unwrap(), whole, "the same rows are the same bytes");
    fs::write(&path, &whole[1..]).unwrap();
    exported.export();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn an_export_that_is_stopped_goes_on_the_next_time() {
    let exported = Exported::new();
    for month in 1..=3_u64 {
        exported.add(month, &small(month, &format!("2026-0{month}-10T00:00:00Z")), None);
    }
    let progress = std::cell::Cell::new(ExportProgress::default());
    let mut watch = |now| progress.set(now);
    let stop = || progress.get().done == 2;
    let table = exported.table();
    let stopped = export(&table, &exported.folder(), Exporting::new(&stop, &mut watch));
    assert!(matches!(stopped, Err(ExportError::Stopped)), "{stopped:?}");
    assert_eq!(progress.get(), ExportProgress { done: 2, total: 3 });
    let kept = find_manifest(&exported.folder()).unwrap().unwrap();
    assert_eq!((kept.files.len(), kept.sequence), (2, 0));
    let mut watch = |now| progress.set(now);
    export(&table, &exported.folder(), Exporting::new(&|| false, &mut watch)).unwrap();
    assert_eq!(progress.get(), ExportProgress { done: 1, total: 1 });
}

#[test]
fn the_facts_of_no_statements_are_no_files() {
    let exported = Exported::new();
    let manifest = exported.export();
    let expected = Manifest { schema: SCHEMA, ..Manifest::default() };
    assert_eq!(manifest, expected);
}

#[test]
fn files_follow_the_persons_and_only_those_that_they_concern_are_written_again() {
    let mut exported = Exported::new();
    for month in 1..=3_u64 {
        exported.add(month, &small(month, &format!("2026-0{month}-10T00:00:00Z")), None);
    }
    let before = exported.export();
    exported.join("Ada", &[1, 2]);
    let joined = exported.export();
    assert_eq!((joined.persons_version, joined.sequence), (1, before.sequence));
    let changed: Vec<bool> =
        joined.files.iter().zip(&before.files).map(|(new, old)| new != old).collect();
    assert_eq!(changed, [true, true, false]);
    for month in [1, 2] {
        let row = &exported.rows(&format!("facts-2026-0{month}.parquet"))[0];
        assert_eq!(row["person"], r#"{"mbox":"mailto:p1@x.org"}"#);
        assert_eq!(row["person_name"], "Ada");
        assert_eq!(row["actor"], format!(r#"{{"mbox":"mailto:p{month}@x.org"}}"#));
    }
    exported.join("Ada", &[1]);
    let split = exported.export();
    assert_eq!(split.files[1], before.files[1]);
}

#[test]
fn files_that_an_earlier_export_has_left_are_removed() {
    let exported = Exported::new();
    exported.add(1, &small(1, "2026-01-10T00:00:00Z"), None);
    let manifest = exported.export();
    let left = ["facts-2026-02.parquet", "facts-2026-01.parquet.new"];
    for name in left {
        fs::write(exported.folder().join(name), "x").unwrap();
    }
    fs::write(exported.folder().join("notes.txt"), "x").unwrap();
    assert_eq!(exported.export(), manifest);
    assert!(left.iter().all(|name| !exported.folder().join(name).exists()));
    assert!(exported.folder().join("notes.txt").exists(), "what is not ours stays");
}

#[test]
fn an_export_of_the_same_facts_reads_no_rows() {
    let exported = Exported::new();
    exported.add(1, &small(1, "2026-01-10T00:00:00Z"), None);
    let manifest = exported.export();
    let mut watch = |_| {};
    let stopped = Exporting::new(&|| true, &mut watch);
    assert_eq!(export(&exported.table(), &exported.folder(), stopped).unwrap(), manifest);
    assert_eq!(find_current(&exported.table(), &exported.folder()).unwrap(), Some(manifest));
    exported.add(2, &small(2, "2026-01-10T00:00:00Z"), None);
    assert_eq!(find_current(&exported.table(), &exported.folder()).unwrap(), None);
}

#[test]
fn a_manifest_that_names_other_files_is_none() {
    let exported = Exported::new();
    exported.add(1, &small(1, "2026-01-10T00:00:00Z"), None);
    exported.export();
    let path = exported.folder().join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    for name in ["../../x", "/etc/passwd", "manifest.json"] {
        fs::write(&path, text.replace("facts-2026-01.parquet", name)).unwrap();
        assert_eq!(find_manifest(&exported.folder()).unwrap(), None, "{name}");
    }
}
