use std::num::NonZeroU64;
use std::sync::Arc;

use acta_access::{Scope, TenantId};
use acta_ambient::{ManualClock, SeededEntropy, Timestamp};
use acta_service::{Options, ServiceParts, StatementPageLimits};
use acta_storage::Usage;
use acta_storage::model::ModelStorage;

use super::*;
use crate::{Damaged, Export, export};

struct Store {
    storage: Arc<dyn Storage>,
    service: Service,
    principal: Principal,
}

#[derive(Default)]
struct Log {
    problems: Vec<(u64, Problem)>,
    bytes: u64,
}

impl Watch for Log {
    fn progress(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    fn problem(&mut self, line: u64, problem: Problem) {
        self.problems.push((line, problem));
    }
}

impl Store {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_micros(1_000_000)));
        let storage: Arc<dyn Storage> = Arc::new(ModelStorage::new(Arc::clone(&clock) as _));
        let options = Options {
            authority_home_page: "http://example.org/acta".parse().unwrap(),
            parse: ParseLimits { statements_max: 100, ..ParseLimits::default() },
            page: StatementPageLimits { count: 100, count_max: 100, bytes_max: 1 << 20 },
            statement_bytes_max: 1 << 20,
            documents_count_max: 1000,
            profile_precondition: acta_xapi::ProfilePrecondition::Optional,
            signature_bytes_max: 1 << 20,
            document_bytes_max: 1 << 20,
        };
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock,
            entropy: Arc::new(SeededEntropy::new(1)),
            options,
        });
        let scopes = [Scope::All].into_iter().collect();
        let principal = Principal::new(TenantId::FIRST, "import", scopes);
        Self { storage, service, principal }
    }

    async fn import(&self, name: Option<&str>, text: &str) -> (Imported, Log) {
        let mut log = Log::default();
        let what = self.what(name, &TenantLimits::NONE);
        let imported = import(what, &mut text.as_bytes(), &mut log).await.unwrap();
        (imported, log)
    }

    fn what<'a>(&'a self, name: Option<&'a str>, limits: &'a TenantLimits) -> Import<'a> {
        Import {
            service: &self.service,
            storage: &*self.storage,
            principal: &self.principal,
            name,
            version: None,
            old_iris: None,
            limits,
        }
    }

    async fn statements_today(&self) -> u64 {
        let usage = self.storage.add_usage(TenantId::FIRST, 0, Usage::default()).await;
        usage.unwrap().statement_count
    }

    async fn export(&self) -> String {
        let mut text = Vec::new();
        let what = Export {
            tenant: TenantId::FIRST,
            after: 0,
            leave_out_voided: false,
            damaged: Damaged::Stop,
        };
        export(&*self.storage, what, &mut text, &mut |_| ()).await.unwrap();
        String::from_utf8(text).unwrap()
    }
}

fn statement(number: u32, verb: &str) -> String {
    format!(
        r#"{{"id":"00000000-0000-4000-8000-{number:012}","actor":{{"mbox":"mailto:ada@example.org"}},"verb":{{"id":"http://example.org/{verb}"}},"object":{{"id":"http://example.org/it"}},"timestamp":"2026-01-01T00:00:00Z"}}"#
    )
}

#[tokio::test]
async fn stores_what_is_valid_and_names_what_is_not() {
    let store = Store::new();
    let lines = [
        statement(1, "did"),
        "{\"actor\":1}".to_owned(),
        String::new(),
        statement(2, "did"),
        statement(1, "did"),
        statement(2, "undid"),
        "nonsense".to_owned(),
    ];
    let (imported, log) = store.import(None, &lines.join("\n")).await;
    let expected =
        Imported { stored: 2, repeated: 1, conflicting: 1, faulty: 2, ..Imported::default() };
    assert_eq!(imported, expected);
    let mut numbers: Vec<_> = log.problems.iter().map(|(line, _)| *line).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 6, 7]);
    let id = "00000000-0000-4000-8000-000000000002".parse().unwrap();
    assert!(log.problems.contains(&(6, Problem::Conflicting(id))));
    assert_eq!(store.export().await.lines().count(), 2);
}

#[tokio::test]
async fn old_iris_are_refused_unless_they_are_kept_and_marked() {
    let store = Store::new();
    let old =
        |number: u32, iri: &str| statement(number, "did").replace("http://example.org/it", iri);
    let lines = [
        statement(1, "did"),
        old(2, "http://example.org/a[1]"),
        old(3, "http://example.org/a b|c"),
        old(4, "no scheme"),
    ];
    let text = lines.join("\n");
    let (imported, log) = store.import(None, &text).await;
    assert_eq!(imported, Imported { stored: 1, faulty: 3, ..Imported::default() });
    assert_eq!(log.problems.len(), 3);
    let principal = Principal { name: "marked".to_owned(), ..store.principal.clone() };
    let none = TenantLimits::NONE;
    let kept = Import { old_iris: Some(&principal), ..store.what(None, &none) };
    let mut log = Log::default();
    let imported = import(kept, &mut text.as_bytes(), &mut log).await.unwrap();
    let expected =
        Imported { stored: 2, repeated: 1, faulty: 1, old_iris: 2, ..Imported::default() };
    assert_eq!(imported, expected);
    assert_eq!(log.problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4]);
    let exported = store.export().await;
    for line in exported.lines() {
        let is_old = line.contains("a[1]") || line.contains("a b|c");
        assert_eq!(line.contains("\"marked\""), is_old, "{line}");
    }
    assert_eq!(exported.lines().count(), 3);
}

/// The ids of statements that begin with them.
fn ids(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| &line[..r#"{"id":"00000000-0000-4000-8000-000000000000""#.len()])
        .collect()
}

#[tokio::test]
async fn statements_of_both_versions_and_both_kinds_of_iris_keep_their_order() {
    let store = Store::new();
    let lines: Vec<String> = (0..600)
        .map(|number| {
            let mut line = statement(number, "did");
            // Each kind comes again and again, in parts of one and of three.
            let part = if number < 300 { number } else { number / 3 };
            if part % 2 == 1 {
                line = line.replace("\"timestamp\"", "\"version\":\"2.0.0\",\"timestamp\"");
            }
            if part % 4 > 1 {
                line = line.replace("http://example.org/it", "http://example.org/a[1]");
            }
            line
        })
        .collect();
    let text = lines.join("\n");
    let principal = Principal { name: "marked".to_owned(), ..store.principal.clone() };
    let none = TenantLimits::NONE;
    let kept = Import { old_iris: Some(&principal), ..store.what(None, &none) };
    let mut log = Log::default();
    let imported = import(kept, &mut text.as_bytes(), &mut log).await.unwrap();
    let expected = Imported { stored: 600, old_iris: 300, ..Imported::default() };
    assert_eq!((imported, log.problems), (expected, vec![]));
    let exported = store.export().await;
    assert_eq!(ids(&exported), ids(&text));
    for (sent, stored) in lines.iter().zip(exported.lines()) {
        for mark in [("a[1]", "\"marked\""), ("\"2.0.0\"", "\"version\":\"2.0.0\"")] {
            assert_eq!(sent.contains(mark.0), stored.contains(mark.1), "{stored}");
        }
    }
}

#[tokio::test]
async fn of_two_statements_with_one_id_the_first_of_the_input_is_stored() {
    let store = Store::new();
    let new = statement(1, "did").replace("\"timestamp\"", "\"version\":\"2.0.0\",\"timestamp\"");
    let lines = [new, statement(1, "undid"), statement(2, "did")];
    let (imported, log) = store.import(None, &lines.join("\n")).await;
    assert_eq!(imported, Imported { stored: 2, conflicting: 1, ..Imported::default() });
    let id = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    assert_eq!(log.problems, [(2, Problem::Conflicting(id))]);
    assert!(store.export().await.starts_with(lines[0].trim_end_matches('}')));
}

#[tokio::test]
async fn goes_on_where_an_earlier_import_stopped() {
    let store = Store::new();
    let mut text: String = (0..700).map(|number| statement(number, "did") + "\n").collect();
    let (first, log) = store.import(Some("a"), &text).await;
    assert_eq!((first.stored, first.skipped_lines), (700, 0));
    assert_eq!(log.bytes, text.len() as u64);
    text += &statement(700, "did");
    let (again, _) = store.import(Some("a"), &text).await;
    assert_eq!((again.stored, again.repeated, again.skipped_lines), (1, 0, 700));
}

#[tokio::test]
async fn a_last_line_that_is_still_being_written_is_read_again() {
    let store = Store::new();
    let whole = format!("{}\n{}\n", statement(1, "did"), statement(2, "did"));
    let (half, log) = store.import(Some("a"), &whole[..whole.len() - 20]).await;
    assert_eq!((half.stored, half.faulty, log.problems.len()), (1, 1, 1));
    let (rest, _) = store.import(Some("a"), &whole).await;
    assert_eq!((rest.stored, rest.faulty, rest.skipped_lines), (1, 0, 1));
}

#[tokio::test]
async fn a_corrected_line_is_stored() {
    let store = Store::new();
    let mut lines: Vec<_> = (0..600).map(|number| statement(number, "did")).collect();
    let corrected = std::mem::replace(&mut lines[550], "{}".to_owned());
    let (first, _) = store.import(Some("a"), &(lines.join("\n") + "\n")).await;
    assert_eq!((first.stored, first.faulty), (599, 1));
    lines[550] = corrected;
    let (again, _) = store.import(Some("a"), &(lines.join("\n") + "\n")).await;
    assert_eq!((again.stored, again.repeated, again.skipped_lines), (1, 599, 0));
}

#[tokio::test]
async fn lines_that_exceed_a_limit_only_together_are_stored() {
    let store = Store::new();
    let text: String = (0..250).map(|number| statement(number, "did") + "\n").collect();
    let (imported, log) = store.import(None, &text).await;
    assert_eq!((imported.stored, log.problems), (250, vec![]));
}

#[tokio::test]
async fn an_overlong_statement_is_reported_and_skipped() {
    let store = Store::new();
    let lengthy = statement(2, &"x".repeat(1 << 20));
    let lines = [statement(1, "did"), lengthy, statement(3, "did")];
    let (imported, log) = store.import(None, &lines.join("\n")).await;
    assert_eq!((imported.stored, imported.faulty), (2, 1));
    let [(2, Problem::Faulty(faults))] = log.problems.as_slice() else {
        panic!("{:?}", log.problems)
    };
    assert_eq!(faults[0].rule, Rule::Size);
}

#[tokio::test]
async fn another_input_of_the_same_name_is_read_from_its_start() {
    let store = Store::new();
    store.import(Some("a"), &format!("{}\n", statement(1, "did"))).await;
    let other = format!("{}\n{}\n", statement(2, "did"), statement(1, "did"));
    let (imported, _) = store.import(Some("a"), &other).await;
    assert_eq!((imported.stored, imported.repeated, imported.skipped_lines), (1, 1, 0));
}

#[tokio::test]
async fn an_export_can_be_imported_elsewhere() {
    let (one, other) = (Store::new(), Store::new());
    let text: String = (0..10).map(|number| statement(number, "did") + "\n").collect();
    one.import(None, &text).await;
    let exported = one.export().await;
    let (imported, log) = other.import(None, &exported).await;
    assert_eq!((imported.stored, log.problems), (10, vec![]));
    // The sender's properties are equal; only those that the store sets differ.
    let sent = |text: &str| text.split("\"stored\"").next().unwrap_or_default().to_owned();
    for (before, after) in exported.lines().zip(other.export().await.lines()) {
        assert_eq!(sent(before), sent(after));
    }
}

#[tokio::test]
async fn an_import_counts_and_stops_where_the_quota_of_the_tenant_ends() {
    let store = Store::new();
    let limits =
        TenantLimits { statements_per_day: NonZeroU64::new(700), ..TenantLimits::default() };
    let text: String = (0..1000).map(|number| statement(number, "did") + "\n").collect();
    let mut log = Log::default();
    let what = store.what(Some("a"), &limits);
    let stopped = import(what, &mut text.as_bytes(), &mut log).await.unwrap_err();
    let expected = "the tenant may store at most 700 statements per day (UTC)";
    let ImportError::Service(ServiceError::OverQuota(over)) = stopped else {
        panic!("the quota ends the import, not {stopped:?}");
    };
    assert_eq!(over.to_string(), expected);
    assert_eq!(log.problems, [], "no line is to blame");
    assert_eq!((store.statements_today().await, store.export().await.lines().count()), (700, 700));
    let (rest, _) = store.import(Some("a"), &text).await;
    assert_eq!((rest.skipped_lines, rest.stored, rest.repeated), (500, 300, 200));
    assert_eq!(store.statements_today().await, 1000);
}
