//! The follower on real tables, before a log in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{ManualClock, Moment, SeededEntropy};
use acta_storage::{EntityStore, StorageError};
use acta_xapi::{ActivityId, Ifi, ParseLimits, Version, merge_definitions, parse_statement};
use proptest::prelude::*;
use tempfile::TempDir;

use super::told::{Fact, FactKind};
use super::{Ambient, EntityFollower, LIMITS, Limits, Told, ToldSource};
use crate::disk::SystemDisk;
use crate::tables::Tables;

/// A log in memory that counts how often it is read.
#[derive(Debug, Default)]
struct Log {
    told: Mutex<Vec<(TenantId, Told)>>,
    read_from: Mutex<Vec<u64>>,
    is_broken: AtomicBool,
}

impl ToldSource for Log {
    fn read_told(
        &self,
        from: u64,
        count_max: usize,
    ) -> Result<Vec<(TenantId, Told)>, StorageError> {
        self.read_from.lock().unwrap().push(from);
        if self.is_broken.load(Ordering::SeqCst) {
            let source = io::Error::other("the device is gone");
            return Err(StorageError::Io { act: "reading the log", source });
        }
        let told = self.told.lock().unwrap();
        // Less than asked for, as a log may.
        let until = told.len().min(usize::try_from(from).unwrap() + count_max.min(3));
        Ok(told[usize::try_from(from).unwrap()..until].to_vec())
    }
}

impl Log {
    fn end(&self) -> u64 {
        self.told.lock().unwrap().len() as u64
    }
}

struct Bench {
    directory: TempDir,
    log: Arc<Log>,
    limits: Limits,
    tables: Arc<Tables>,
    follower: Option<EntityFollower>,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self::open(TempDir::new().unwrap(), Arc::default(), limits)
    }

    fn open(directory: TempDir, log: Arc<Log>, limits: Limits) -> Self {
        let clock = Arc::new(ManualClock::new(Moment::from_unix_micros(1_000_000)));
        let tables = Arc::<ManualClock>::clone(&clock);
        let tables = Arc::new(Tables::open(&SystemDisk, directory.path(), tables).unwrap());
        let ambient = Ambient { clock, entropy: Arc::new(SeededEntropy::new(1)) };
        let parts = (Arc::clone(&tables), Arc::<Log>::clone(&log) as Arc<dyn ToldSource>);
        let follower = EntityFollower::start_bounded(parts, log.end(), &ambient, limits).unwrap();
        Self { directory, log, limits, tables, follower: Some(follower) }
    }

    fn follower(&self) -> &EntityFollower {
        self.follower.as_ref().unwrap()
    }

    fn reopen(mut self) -> Self {
        self.close();
        Self::open(self.directory, self.log, self.limits)
    }

    /// Ends the follower, before the tables.
    fn close(&mut self) {
        self.follower = None;
    }

    /// Stores a group of statements, as the log's writer does.
    fn append(&self, group: Vec<(TenantId, Told)>) {
        let first = self.log.end();
        self.log.told.lock().unwrap().extend(group.clone());
        self.follower().publish(first, group);
    }

    /// Stores one statement that defines an activity.
    fn define(&self, activity: &str, name: &str) {
        let mut told = Told::default();
        let (activity, definition) = (activity_id(activity), definition(name));
        let kind = FactKind::Definition;
        told.push(Fact { kind, about: activity.as_str(), said: &definition });
        self.append(vec![(TenantId::FIRST, told)]);
    }

    async fn definition(&self, activity: &str) -> Option<String> {
        let activity = activity_id(activity);
        self.follower().find_definition(TenantId::FIRST, &activity).await.unwrap()
    }

    async fn names(&self, name: &str) -> Vec<String> {
        self.follower().find_person(TenantId::FIRST, &person(name)).await.unwrap().names
    }
}

fn activity_id(name: &str) -> ActivityId {
    format!("https://example.org/{name}").parse().unwrap()
}

fn person(name: &str) -> Ifi {
    Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap())
}

fn definition(name: &str) -> String {
    format!(r#"{{"name":{{"en":"{name}"}}}}"#)
}

fn statement(actor_name: &str, definition: &str) -> Told {
    let text = format!(
        r#"{{"actor":{{"mbox":"mailto:ada@example.org","name":"{actor_name}"}},
            "verb":{{"id":"https://example.org/verb"}},
            "object":{{"id":"https://example.org/a","definition":{definition}}}}}"#
    );
    let limits = ParseLimits::default();
    Told::of(&parse_statement(text.as_bytes(), Version::V2_0_0, &limits).unwrap())
}

#[tokio::test]
async fn knows_what_statements_tell() {
    let bench = Bench::new(LIMITS);
    let group = vec![
        (TenantId::FIRST, statement("Ada", r#"{"name":{"en":"A"},"type":"https://t"}"#)),
        (TenantId::FIRST, Told::default()),
        (TenantId::FIRST, statement("Ada L.", r#"{"name":{"fr":"B"}}"#)),
        (TenantId::FIRST, statement("Ada", r#"{"name":{"fr":"B"}}"#)),
    ];
    bench.append(group);
    let expected = merge_definitions(
        Some(r#"{"name":{"en":"A"},"type":"https://t"}"#),
        r#"{"name":{"fr":"B"}}"#,
    );
    for _ in 0..2 {
        assert_eq!(bench.definition("a").await.as_ref(), Some(&expected));
    }
    assert_eq!(bench.names("ada").await, ["Ada L.", "Ada"], "the latest last");
    let other = TenantId::new(2).unwrap();
    assert_eq!(bench.follower().find_definition(other, &activity_id("a")).await.unwrap(), None);
    assert!(bench.follower().find_person(other, &person("ada")).await.unwrap().names.is_empty());
    assert_eq!(bench.definition("b").await, None);
    assert!(bench.names("bob").await.is_empty());
    let bench = bench.reopen();
    assert_eq!(bench.definition("a").await.as_ref(), Some(&expected));
    assert_eq!(bench.names("ada").await, ["Ada L.", "Ada"]);
}

#[tokio::test]
async fn merges_each_change_in_order() {
    let bench = Bench::new(LIMITS);
    for name in ["A", "B", "A"] {
        bench.define("a", name);
    }
    assert_eq!(bench.definition("a").await, Some(definition("A")));
    // Each in a transaction of its own.
    for name in ["B", "A", "A", "B"] {
        bench.define("a", name);
        assert_eq!(bench.definition("a").await, Some(definition(name)));
    }
}

#[tokio::test]
async fn what_is_repeated_never_reaches_the_tables() {
    let bench = Bench::new(Limits { save_after: Duration::MAX, ..LIMITS });
    bench.define("a", "A");
    bench.definition("a").await;
    let path = bench.directory.path().join("tables.sqlite");
    let watcher = rusqlite::Connection::open(path).unwrap();
    let version = || {
        let read = watcher.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
        read.unwrap()
    };
    let before = version();
    for _ in 0..1000 {
        bench.define("a", "A");
    }
    assert_eq!(bench.definition("a").await, Some(definition("A")));
    assert_eq!(version(), before, "nothing was written");
    bench.define("a", "B");
    bench.definition("a").await;
    assert_ne!(version(), before, "the change was written");
}

#[tokio::test]
async fn a_restart_goes_on_where_the_follower_was() {
    let bench = Bench::new(LIMITS);
    for name in ["A", "A", "B"] {
        bench.define("a", name);
    }
    bench.definition("a").await;
    assert!(bench.log.read_from.lock().unwrap().is_empty(), "everything was published");
    let mut bench = bench.reopen();
    assert_eq!(bench.tables.entity_position().unwrap(), 3);
    assert_eq!(bench.definition("a").await, Some(definition("B")));
    assert!(bench.log.read_from.lock().unwrap().is_empty(), "everything had been read");
    bench.close();
    // Stored by a process that was killed before the follower came by.
    let mut told = Told::default();
    let (activity, text) = (activity_id("a"), definition("C"));
    told.push(Fact { kind: FactKind::Definition, about: activity.as_str(), said: &text });
    bench.log.told.lock().unwrap().push((TenantId::FIRST, told));
    let bench = bench.reopen();
    assert_eq!(bench.definition("a").await, Some(definition("C")));
    assert_eq!(*bench.log.read_from.lock().unwrap(), [3]);
}

#[tokio::test]
async fn a_follower_that_cannot_keep_up_reads_the_log() {
    let bench = Bench::new(Limits { queue_bytes_max: 0, ..LIMITS });
    for name in ["A", "B", "C", "B"] {
        bench.define("a", name);
        bench.define("b", name);
    }
    assert_eq!(bench.definition("a").await, Some(definition("B")));
    assert_eq!(bench.definition("b").await, Some(definition("B")));
    assert_eq!(bench.log.read_from.lock().unwrap().first(), Some(&0));
}

#[tokio::test]
async fn tables_ahead_of_the_log_are_made_anew() {
    let bench = Bench::new(LIMITS);
    for name in ["A", "B", "C"] {
        bench.define("a", name);
    }
    bench.define("b", "A");
    assert_eq!(bench.definition("a").await, Some(definition("C")));
    let Bench { directory, log, follower, .. } = bench;
    drop(follower);
    log.told.lock().unwrap().truncate(2);
    let bench = Bench::open(directory, log, LIMITS);
    assert_eq!(bench.definition("a").await, Some(definition("B")));
    assert_eq!(bench.definition("b").await, None);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_fails_those_who_wait_and_nobody_later() {
    let bench = Bench::new(Limits { queue_bytes_max: 0, rest: Duration::ZERO, ..LIMITS });
    bench.log.is_broken.store(true, Ordering::SeqCst);
    bench.define("a", "A");
    let found = bench.follower().find_definition(TenantId::FIRST, &activity_id("a")).await;
    assert!(matches!(found, Err(StorageError::Io { .. })), "{found:?}");
    bench.log.is_broken.store(false, Ordering::SeqCst);
    // Whoever asks once more may still meet the end of the last failure.
    let mut found = Err(StorageError::Halted);
    for _ in 0..10 {
        found = bench.follower().find_definition(TenantId::FIRST, &activity_id("a")).await;
        if found.is_ok() {
            break;
        }
    }
    assert_eq!(found.unwrap(), Some(definition("A")));
}

/// A log whose reader is wrong.
#[derive(Debug)]
struct PanickingLog;

impl ToldSource for PanickingLog {
    fn read_told(&self, _: u64, _: usize) -> Result<Vec<(TenantId, Told)>, StorageError> {
        panic!("a defect")
    }
}

#[tokio::test]
async fn nobody_waits_for_a_follower_that_has_ended() {
    let directory = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(Moment::default()));
    let of_tables = Arc::<ManualClock>::clone(&clock);
    let tables = Arc::new(Tables::open(&SystemDisk, directory.path(), of_tables).unwrap());
    let ambient = Ambient { clock, entropy: Arc::new(SeededEntropy::new(1)) };
    let follower = EntityFollower::start(tables, Arc::new(PanickingLog), 1, &ambient).unwrap();
    for _ in 0..2 {
        let found = follower.find_definition(TenantId::FIRST, &activity_id("a")).await;
        assert!(matches!(found, Err(StorageError::Halted)), "{found:?}");
    }
}

/// What everything told so far makes of activities and persons.
#[derive(Debug, Default)]
struct Model {
    definitions: BTreeMap<(u32, String), String>,
    names: BTreeMap<(u32, String), Vec<String>>,
}

impl Model {
    fn hear(&mut self, tenant: TenantId, told: &Told) {
        for Fact { kind, about, said } in told.facts() {
            let key = (tenant.number(), about.to_owned());
            match kind {
                FactKind::Definition => {
                    let known = self.definitions.get(&key).map(String::as_str);
                    let merged = merge_definitions(known, said);
                    self.definitions.insert(key, merged);
                }
                FactKind::Name => {
                    let names = self.names.entry(key).or_default();
                    names.retain(|name| name != said);
                    names.push(said.to_owned());
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Append(Vec<(TenantId, Told)>),
    Read,
    Restart,
    /// The tables are what they were at the last restart.
    LoseWrites,
}

fn any_told() -> impl Strategy<Value = (TenantId, Told)> {
    let language = prop::sample::select(vec!["en", "fr"]);
    let definition = (0..3_u8, language, 0..3_u8)
        .prop_map(|(about, language, name)| {
            let said = format!(r#"{{"name":{{"{language}":"{name}"}}}}"#);
            (FactKind::Definition, format!("https://example.org/{about}"), said)
        })
        .boxed();
    let name = (0..2_u8, 0..3_u8)
        .prop_map(|(about, name)| {
            (FactKind::Name, person(&about.to_string()).to_key(), name.to_string())
        })
        .boxed();
    let facts = prop::collection::vec(prop_oneof![definition, name], 0..4);
    (1..3_u32, facts).prop_map(|(tenant, facts)| {
        let mut told = Told::default();
        for (kind, about, said) in &facts {
            told.push(Fact { kind: *kind, about, said });
        }
        (TenantId::new(tenant).unwrap(), told)
    })
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => prop::collection::vec(any_told(), 1..6).prop_map(Act::Append),
        4 => Just(Act::Read),
        1 => Just(Act::Restart),
        1 => Just(Act::LoseWrites),
    ]
}

async fn check_model(bench: &Bench, model: &Model) {
    for tenant in [1, 2] {
        let id = TenantId::new(tenant).unwrap();
        for name in 0..3 {
            let activity = activity_id(&name.to_string());
            let found = bench.follower().find_definition(id, &activity).await.unwrap();
            let expected = model.definitions.get(&(tenant, activity.as_str().to_owned()));
            assert_eq!(found.as_ref(), expected, "activity {name} of tenant {tenant}");
            let ifi = person(&name.to_string());
            let found = bench.follower().find_person(id, &ifi).await.unwrap().names;
            let expected = model.names.get(&(tenant, ifi.to_key())).cloned().unwrap_or_default();
            assert_eq!(found, expected, "person {name} of tenant {tenant}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

async fn check_acts(acts: Vec<Act>, queue_bytes_max: usize) {
    let limits = Limits { queue_bytes_max, ..LIMITS };
    let (mut bench, mut model) = (Bench::new(limits), Model::default());
    let mut backup: Option<TempDir> = None;
    for act in acts {
        match act {
            Act::Append(group) => {
                for (tenant, told) in &group {
                    model.hear(*tenant, told);
                }
                bench.append(group);
            }
            Act::Read => check_model(&bench, &model).await,
            Act::Restart => {
                bench.close();
                let kept = TempDir::new().unwrap();
                copy(bench.directory.path(), kept.path());
                backup = Some(kept);
                bench = bench.reopen();
            }
            Act::LoseWrites => {
                if let Some(backup) = backup.take() {
                    let Bench { log, follower, .. } = bench;
                    drop(follower);
                    bench = Bench::open(backup, log, limits);
                }
            }
        }
    }
    check_model(&bench, &model).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_hearing_everything_once_in_order(
        acts in prop::collection::vec(any_act(), 1..30),
        queue_bytes_max in prop::sample::select(vec![0, 500, LIMITS.queue_bytes_max]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check_acts(acts, queue_bytes_max));
    }
}
