//! The same of what administers a tenant, and of questions about it. Limits of these are fixed, so
//! what grows stays within them, and is sent as often as it takes to be measured.
//!
//! One server measures all of them, each with a tenant of its own.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Call, Client, Engine, Server, Store, Version};
use serde_json::json;

use super::{COST_FACTOR_MAX, FACTOR, Measured, SLACK, Work};
use crate::bodies::{list, post, statement};
use crate::neighbours::credential;

/// The server's processor time has come to rest when it has used none for so long.
const REST: Duration = Duration::from_millis(100);

/// Statements that are asked about.
const FACTS: usize = 2_000;

/// How long facts may lag behind, whatever else the machine does.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// A tenant, and a client that may do everything there.
struct Tenant {
    client: Client,
    path: String,
}

impl Tenant {
    fn of(store: &Store, server: &Server) -> Self {
        let made = store.administer(&["tenant", "create", "Measured"]);
        let id = made["id"].to_string();
        let client = credential(store, server, &id, "all,admin");
        Self { client, path: format!("/api/v1/tenants/{id}") }
    }

    fn call(&self, method: &str, below: &str) -> Call<'_> {
        let call = self.client.call_outside(method, &format!("{}{below}", self.path));
        call.header("If-Match", "*")
    }

    fn import(&self, what: &str, text: &str) {
        self.call("POST", what).body("text/csv", text).send().expect(200);
    }

    fn ask(&self, times: usize, body: &str) {
        for _ in 0..times {
            self.call("POST", "/query").json_text(body).send().expect(200);
        }
    }

    /// A client with a credential that has these restrictions.
    fn restricted(&self, restrictions: &str) -> Client {
        let body = format!(r#"{{"label":"restricted","scopes":["all"],{restrictions}}}"#);
        let made = self.call("POST", "/credentials").json_text(&body).send().expect(201).json();
        let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
        self.client.clone().with("Authorization", &acta_tests::basic(key, secret))
    }
}

/// Something that may be made larger.
struct Dimension {
    name: &'static str,
    work: Work,
    /// How large the smaller one is; the larger one is the most that there may be.
    size: usize,
    /// What is sent before, without being measured.
    prepare: fn(&Tenant, usize),
    /// What is measured.
    send: fn(&Tenant, usize),
}

const CHECK_PERSONS: &str = "/persons/import?dry_run=true";
const CHECK_GROUPS: &str = "/groups/import?dry_run=true";

/// So many persons with so many identifiers and attributes each.
fn persons(rows: usize, identifiers: usize, attributes: usize) -> String {
    let columns = list(identifiers, |_| "mbox".to_owned());
    let more = |letter: char| list(attributes, |number| format!("{letter}{number}"));
    let (names, values) = (more('a'), more('v'));
    let comma = if attributes == 0 { "" } else { "," };
    let mut text = format!("name,{columns}{comma}{names}\n");
    for row in 0..rows {
        let addresses = list(identifiers, |number| format!("{row}.{number}@example.org"));
        writeln!(text, "Person {row},{addresses}{comma}{values}").unwrap();
    }
    text
}

/// Members of a group by accounts that nobody has, on home pages that no rule names.
fn accounts() -> String {
    let mut text = String::from("group,account.homePage,account.name\n");
    for row in 0..10_000 {
        writeln!(text, "School,https://lms.example/,{row}").unwrap();
    }
    text
}

/// Stores statements, and waits until they are facts.
fn store_facts(tenant: &Tenant, _: usize) {
    let fact = |number: usize| {
        let actor = format!(r#"{{"mbox":"mailto:{}@example.org"}}"#, number % 100);
        let object = format!(r#"{{"id":"http://example.org/{}"}}"#, number % 200);
        let score = number % 100;
        statement(&format!(
            r#","actor":{actor},"object":{object},"result":{{"score":{{"raw":{score},"scaled":0.{score:02}}}}}"#
        ))
    };
    post(&tenant.client, &format!("[{}]", list(FACTS, fact)), 200);
    let clock = SystemClock::new();
    let lag = || tenant.call("GET", "/facts").send().expect(200).json()["lag"].as_u64();
    while lag() != Some(0) {
        assert!(clock.elapsed() < WAIT_MAX, "the facts stay behind");
        thread::sleep(Duration::from_millis(20));
    }
}

fn nothing(_: &Tenant, _: usize) {}

/// Imports of persons.
#[expect(clippy::too_many_lines, reason = "a table")]
fn of_persons() -> Vec<Dimension> {
    let checked =
        |name, size, send| Dimension { name, work: Work::Engine, size, prepare: nothing, send };
    vec![
        checked("rows of persons that are checked", 2_500, |tenant, count| {
            tenant.import(CHECK_PERSONS, &persons(count, 2, 2));
        }),
        checked("rows of persons", 1_000, |tenant, count| {
            tenant.import("/persons/import", &persons(count, 2, 2));
        }),
        checked("identifiers of a person", 12, |tenant, count| {
            tenant.import(CHECK_PERSONS, &persons(2_000, count, 0));
        }),
        checked("attributes of a person", 7, |tenant, count| {
            tenant.import(CHECK_PERSONS, &persons(4_000, 1, count));
        }),
        checked("columns of persons", 110, |tenant, count| {
            let mut text = format!("person,{}\n", list(count, |_| "mbox".to_owned()));
            for row in 0..8_000 {
                writeln!(text, "{},{row}@example.org", ",".repeat(count - 1)).unwrap();
            }
            tenant.import(CHECK_PERSONS, &text);
        }),
        checked("characters of a cell", 50, |tenant, count| {
            let mut text = String::from("name,mbox\n");
            for row in 0..10_000 {
                writeln!(text, "{},{row}@example.org", "é".repeat(count)).unwrap();
            }
            tenant.import(CHECK_PERSONS, &text);
        }),
        checked("apostrophes of a cell", 500_000, |tenant, count| {
            let text = format!("name,mbox\n{},a@example.org\n", "'".repeat(count));
            let call = tenant.call("POST", CHECK_PERSONS);
            call.body("text/csv", text).send().expect(400);
        }),
        Dimension {
            name: "persons that a row joins",
            work: Work::Engine,
            size: 12,
            prepare: |tenant, count| tenant.import("/persons/import", &persons(40 * count, 1, 0)),
            send: |tenant, count| {
                let columns = list(count, |_| "mbox".to_owned());
                let mut text = format!("{columns}\n");
                for row in 0..40 {
                    let values =
                        list(count, |number| format!("{}.0@example.org", count * row + number));
                    writeln!(text, "{values}").unwrap();
                }
                tenant.import("/persons/import?join=true", &text);
            },
        },
        Dimension {
            name: "persons that are searched",
            work: Work::Server,
            size: 2_500,
            prepare: |tenant, count| tenant.import("/persons/import", &persons(count, 1, 0)),
            send: |tenant, _| {
                for _ in 0..20 {
                    let call = tenant.call("GET", "/persons").query("search", "nobody at all");
                    call.send().expect(200);
                }
            },
        },
        Dimension {
            name: "lists of home pages",
            work: Work::Engine,
            size: 5,
            prepare: |tenant, count| set_rules(tenant, count, 20),
            send: |tenant, _| tenant.import(CHECK_GROUPS, &accounts()),
        },
        Dimension {
            name: "home pages of a list",
            work: Work::Engine,
            size: 5,
            prepare: |tenant, count| set_rules(tenant, 20, count),
            send: |tenant, _| tenant.import(CHECK_GROUPS, &accounts()),
        },
    ]
}

/// Sets rules of persons with so many lists of so many home pages.
fn set_rules(tenant: &Tenant, lists: usize, pages: usize) {
    let lists = list(lists, |number| {
        format!("[{}]", list(pages, |page| format!(r#""https://{number}.example/{page}""#)))
    });
    let body = format!(r#"{{"home_pages":[{lists}],"mailbox_sha1":true}}"#);
    tenant.call("PUT", "/person-rules").json_text(&body).send().expect(200);
}

/// Imports of groups.
fn of_groups() -> Vec<Dimension> {
    let dimension =
        |name, size, send| Dimension { name, work: Work::Engine, size, prepare: nothing, send };
    vec![
        dimension("rows of groups that are checked", 2_500, |tenant, count| {
            let mut text = String::from("group,kind,mbox,from\n");
            for row in 0..count {
                writeln!(text, "School/{},class,{row}@example.org,2026-01-01", row % 50).unwrap();
            }
            tenant.import(CHECK_GROUPS, &text);
        }),
        dimension("groups", 1_000, |tenant, count| {
            let mut text = String::from("group,kind\n");
            for row in 0..count {
                writeln!(text, "School/{row},class").unwrap();
            }
            tenant.import("/groups/import", &text);
        }),
        dimension("levels of groups", 4, |tenant, count| {
            let mut text = String::from("group\n");
            for row in 0..1_200 {
                writeln!(text, "{row}{}", "/a".repeat(count - 1)).unwrap();
            }
            tenant.import(CHECK_GROUPS, &text);
        }),
        dimension("periods of a member", 25, |tenant, count| {
            let mut text = String::from("group,mbox,from,until\n");
            for person in 0..100 {
                for period in 0..count {
                    let year = 1_900 + period;
                    let period = format!("{year}-01-01,{year}-02-01");
                    writeln!(text, "School,{person}@example.org,{period}").unwrap();
                }
            }
            tenant.import(CHECK_GROUPS, &text);
        }),
        dimension("groups of a member", 25, |tenant, count| {
            let mut text = String::from("group,mbox\n");
            for person in 0..100 {
                for group in 0..count {
                    writeln!(text, "School/{group},{person}@example.org").unwrap();
                }
            }
            tenant.import(CHECK_GROUPS, &text);
        }),
    ]
}

/// Questions and analyses.
#[expect(clippy::too_many_lines, reason = "a table")]
fn of_questions() -> Vec<Dimension> {
    let asked =
        |name, size, send| Dimension { name, work: Work::Server, size, prepare: store_facts, send };
    vec![
        asked("measures of a question", 12, |tenant, count| {
            let measures = list(count, |number| {
                let of = ["credit", "score.raw"][number % 2];
                format!(r#"{{"measure":"median","of":"{of}","name":"m{number}"}}"#)
            });
            tenant.ask(30, &format!(r#"{{"measures":[{measures}],"dimensions":["object"]}}"#));
        }),
        asked("dimensions of a question", 2, |tenant, count| {
            let fields =
                ["person", "object", "verb", "actor", "language", "platform", "success", "course"];
            let dimensions = list(count, |number| format!("\"{}\"", fields[number]));
            let count = r#"{"measure":"count"}"#;
            tenant.ask(
                30,
                &format!(r#"{{"measures":[{count}],"dimensions":[{dimensions}],"limit":10000}}"#),
            );
        }),
        asked("conditions of a question", 120, |tenant, count| {
            let conditions = list(count, |number| {
                format!(r#"{{"field":"score.raw","from":{number},"to":{}}}"#, number + 1)
            });
            tenant.ask(
                30,
                &format!(
                    r#"{{"measures":[{{"measure":"count"}}],"where":{{"or":[{conditions}]}}}}"#
                ),
            );
        }),
        asked("values of a condition", 1_250, |tenant, count| {
            let values = list(count, |number| number.to_string());
            tenant.ask(
                10,
                &format!(
                    r#"{{"measures":[{{"measure":"count"}}],"where":{{"field":"score.raw","in":[{values}]}}}}"#
                ),
            );
        }),
        asked("texts of a condition", 1_250, |tenant, count| {
            let values = list(count, |number| format!("\"a:{number}\""));
            tenant.ask(
                30,
                &format!(
                    r#"{{"measures":[{{"measure":"count"}}],"where":{{"field":"object","in":[{values}]}}}}"#
                ),
            );
        }),
        asked("parts of a formula", 45, |tenant, count| {
            let parts = list(count, |_| "m".to_owned()).replace(',', " + ");
            tenant.ask(
                50,
                &format!(
                    r#"{{"measures":[{{"measure":"count","name":"m"}},{{"measure":"formula","name":"f","formula":"{parts}"}}],"dimensions":["object","person"]}}"#
                ),
            );
        }),
        asked("steps of a funnel", 5, |tenant, count| {
            let condition = r#"{"field":"verb","is":"http://example.org/v"}"#;
            let steps =
                list(count, |number| format!(r#"{{"name":"{number}","where":{condition}}}"#));
            for _ in 0..30 {
                let call = tenant.call("POST", "/analyses/funnel");
                call.json_text(&format!(r#"{{"steps":[{steps}]}}"#)).send().expect(200);
            }
        }),
        asked("groups that are compared", 2, |tenant, count| {
            let groups = list(count, |number| {
                let condition = format!(
                    r#"{{"field":"person","is":"{{\"mbox\":\"mailto:{number}@example.org\"}}"}}"#
                );
                format!(r#"{{"name":"{number}","where":{condition}}}"#)
            });
            for _ in 0..30 {
                let call = tenant.call("POST", "/analyses/compare");
                call.json_text(&format!(r#"{{"groups":[{groups}]}}"#)).send().expect(200);
            }
        }),
        asked("types of courses", 5, |tenant, count| {
            let types = list(count, |number| {
                format!(r#""http://example.org/{}/{number}""#, "t".repeat(900))
            });
            let course = format!(r#"{{"steps":["parent","object"],"types":[{types}]}}"#);
            for _ in 0..20 {
                let body = format!(r#"{{"settings":{{"course":{course}}}}}"#);
                tenant.call("PATCH", "").json_text(&body).send().expect(200);
                tenant.ask(1, r#"{"measures":[{"measure":"count"}],"dimensions":["course"]}"#);
            }
        }),
        asked("steps to a course", 2, |tenant, count| {
            let steps = ["parent", "grouping", "category", "other", "object"];
            let steps = list(count, |number| {
                let any = if number < steps.len() { "" } else { "any_" };
                format!("\"{any}{}\"", steps[number % steps.len()])
            });
            let body = format!(r#"{{"settings":{{"course":{{"steps":[{steps}]}}}}}}"#);
            tenant.call("PATCH", "").json_text(&body).send().expect(200);
            tenant.ask(60, r#"{"measures":[{"measure":"count"}],"dimensions":["course"]}"#);
        }),
    ]
}

/// Restrictions of credentials and browser tokens.
fn of_credentials() -> Vec<Dimension> {
    let dimension =
        |name, size, send| Dimension { name, work: Work::Server, size, prepare: nothing, send };
    vec![
        dimension("prefixes of a credential", 25, |tenant, count| {
            let others = list(count - 1, |number| format!(r#""http://{number}.example.org/""#));
            let prefixes = format!(r#""activity_prefixes":[{others},"http://example.org/"]"#);
            let client = tenant.restricted(&prefixes);
            let activities =
                list(500, |number| format!(r#"{{"id":"http://example.org/{number}"}}"#));
            let context =
                format!(r#","context":{{"contextActivities":{{"other":[{activities}]}}}}"#);
            for _ in 0..10 {
                post(&client, &format!("[{}]", list(10, |_| statement(&context))), 200);
            }
        }),
        dimension("origins of a credential", 25, |tenant, count| {
            let origins = list(count, |number| format!(r#""https://{number}.example.org""#));
            let client = tenant.restricted(&format!(r#""origins":[{origins}]"#));
            let origin = format!("https://{}.example.org", count - 1);
            for _ in 0..300 {
                client
                    .get("/activities/profile")
                    .query("activityId", "http://example.org/a")
                    .header("Origin", &origin)
                    .send()
                    .expect(200);
            }
        }),
        dimension("activities of a browser token", 8, |tenant, count| {
            let activities = list(count, |number| format!(r#""http://example.org/{number}""#));
            let agent = json!({ "mbox": "mailto:ada@example.org" });
            let body = format!(r#"{{"agent":{agent},"activities":[{activities}]}}"#);
            let call = tenant.client.call_outside("POST", "/api/v1/tokens").json_text(&body);
            let issued = call.send().expect(201).json();
            let token = format!("Bearer {}", issued["token"].as_str().unwrap());
            let client = tenant.client.clone().with("Authorization", &token);
            let one =
                statement(&format!(r#","object":{{"id":"http://example.org/{}"}}"#, count - 1));
            for _ in 0..20 {
                post(&client, &format!("[{}]", list(500, |_| one.clone())), 200);
            }
        }),
    ]
}

/// What it costs with a fresh tenant.
fn cost((store, measured): (&Store, &Measured), dimension: &Dimension, size: usize) -> Duration {
    let tenant = Tenant::of(store, &measured.server);
    (dimension.prepare)(&tenant, size);
    let before = measured.processor_time_at_rest(REST);
    (dimension.send)(&tenant, size);
    measured.processor_time_at_rest(REST).saturating_sub(before)
}

/// Measures a dimension, and says what is wrong with it.
fn check(on: (&Store, &Measured), dimension: &Dimension) -> Option<String> {
    let small = cost(on, dimension, dimension.size);
    let large = cost(on, dimension, dimension.size * FACTOR as usize);
    let ratio = large.as_secs_f64() / small.as_secs_f64().max(0.01);
    let (small_ms, large_ms) = (small.as_millis(), large.as_millis());
    println!("{:50} {small_ms:>6} ms {large_ms:>6} ms {ratio:>6.1}", dimension.name);
    (COST_FACTOR_MAX * small + SLACK < large)
        .then(|| format!("{}: {small:?}, then {large:?}", dimension.name))
}

fn check_all(engine: Engine, is_wanted: fn(&Dimension) -> bool) {
    let store = Store::new(engine);
    let measured = Measured::start(&store, Work::Engine);
    let dimensions = [of_persons(), of_groups(), of_questions(), of_credentials()];
    let mut worst: Vec<String> = Vec::new();
    for dimension in dimensions.iter().flatten().filter(|dimension| is_wanted(dimension)) {
        let on = (&store, &measured);
        // Once more, as other work of the machine disturbs a measurement at times.
        worst.extend(check(on, dimension).and_then(|_| check(on, dimension)));
    }
    measured.server.client(Version::V2_0_0).get("/about").send().expect(200);
    assert!(worst.is_empty(), "{worst:#?}");
}

#[test]
fn no_dimension_of_administration_costs_more_than_its_size() {
    check_all(Engine::Embedded, |_| true);
}

#[test]
fn no_dimension_of_administration_costs_more_than_its_size_on_postgres() {
    check_all(Engine::Postgres, |dimension| dimension.work == Work::Engine);
}
