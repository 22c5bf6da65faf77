//! Groups: questions follow who is a member when, on both engines, as soon as it has changed.

use acta_tests::{CommandOutput, Engine, Version, acta, basic, run};
use serde_json::{Value, json};

use super::{Asked, statement};

/// Two learners, each with a statement on the first day of February to May.
fn statements() -> Vec<Value> {
    let of = |number: u64| {
        let mut statement = statement(number);
        let name = ["ada", "bob"][usize::try_from(number % 2).unwrap()];
        statement["actor"] = json!({"mbox": format!("mailto:{name}@example.org")});
        statement["timestamp"] = json!(format!("2026-{:02}-01T10:00:00Z", 2 + number / 2));
        statement
    };
    (0..8).map(of).collect()
}

/// A store with facts, and somebody who administers it.
pub(super) struct School {
    pub(super) asked: Asked,
    administrator: String,
}

impl School {
    pub(super) fn new(engine: Engine) -> Self {
        let asked = Asked::new(engine);
        let create = ["credential", "create", "--label", "c", "--scope", "admin"];
        let made = asked.store.administer(&create);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().expect("a text"));
        let school = Self { administrator: basic(key, secret), asked };
        school.asked.tell(&statements());
        school
    }

    #[track_caller]
    pub(super) fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> Value {
        let client = self.asked.server.client(Version::V1_0_3);
        let call = client.call_outside(method, &format!("/api/v1/tenants/1{path}"));
        let mut call = call.without("Authorization").header("Authorization", &self.administrator);
        if method == "PATCH" {
            call = call.header("If-Match", "*");
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().expect(status);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    #[track_caller]
    pub(super) fn group(&self, name: &str, kind: &str, parent: Option<&str>) -> String {
        let body = json!({"name": name, "kind": kind, "parent": parent});
        let made = self.call("POST", "/groups", Some(&body), 201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// How many facts there are of each group, by the names of the groups.
    #[track_caller]
    fn by(&self, dimension: &Value) -> Vec<(String, u64)> {
        let answer = self.asked.ask(&json!({"measures": [{"measure": "count"}],
            "dimensions": [dimension], "order": [{"by": "group"}]}));
        let name = |id: &Value| {
            let id = id.as_str().unwrap_or_default();
            answer["labels"]["group"][id].as_str().unwrap_or_default().to_owned()
        };
        let rows = answer["rows"].as_array().expect("rows").iter();
        rows.map(|row| (name(&row[0]), row[1].as_u64().expect("a count"))).collect()
    }

    #[track_caller]
    fn within(&self, group: &str) -> u64 {
        let filter = json!({"field": "group", "is": group});
        let answer = self.asked.ask(&json!({"measures": [{"measure": "count"}], "where": filter}));
        answer["rows"][0][0].as_u64().expect("a count")
    }

    /// Runs a command on the store: over the socket of its server, or beside it on the database.
    fn command(&self, arguments: &[&str]) -> CommandOutput {
        let settings = self.asked.store.settings();
        let mut command = acta();
        command.args(arguments);
        if settings.is_empty() {
            command.arg("--data").arg(self.asked.store.data());
        }
        run(command.envs(settings))
    }

    fn group_command(&self, arguments: &[&str]) -> CommandOutput {
        self.command(&[&["group"], arguments].concat())
    }
}

fn counts(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn questions_follow_groups(engine: Engine) {
    let mut school = School::new(engine);
    let direct = json!("group");
    assert_eq!(school.by(&direct), counts(&[("", 8)]));
    let science = school.group("Science", "unit", None);
    let physics = school.group("Physics", "class", Some(&science));
    let member = |identifier: &str, periods: Value| {
        let agent = json!({"mbox": format!("mailto:{identifier}@example.org")});
        json!({"agent": agent, "periods": periods})
    };
    // Ada is in the class from March until before May, and Bob in the unit from April on.
    let ada = member("ada", json!([{"from": "2026-03-01", "until": "2026-05-01"}]));
    let path = format!("/groups/{physics}/members");
    let ada = school.call("POST", &path, Some(&ada), 200);
    let bob = member("bob", json!([{"from": "2026-04-01"}]));
    school.call("POST", &format!("/groups/{science}/members"), Some(&bob), 200);
    assert_eq!(school.by(&direct), counts(&[("Physics", 2), ("Science", 2), ("", 4)]));
    let unit = json!({"field": "group", "kind": "unit"});
    assert_eq!(school.by(&unit), counts(&[("Science", 4), ("", 4)]));
    let second = json!({"field": "group", "level": 2});
    assert_eq!(school.by(&second), counts(&[("Physics", 2), ("", 6)]));
    assert_eq!((school.within(&science), school.within(&physics)), (4, 2));
    // Days begin as the time zone of the question says: where it is still February, nobody is in.
    let in_march = |zone: &str| {
        let time = json!({"field": "timestamp", "from": "2026-02-10", "to": "2026-03-15"});
        let filter = json!({"and": [{"field": "group", "is": physics}, time]});
        let question = json!({"measures": [{"measure": "count"}], "where": filter, "zone": zone});
        school.asked.ask(&question)["rows"][0][0].clone()
    };
    assert_eq!((in_march("Europe/Zurich"), in_march("Pacific/Pago_Pago")), (json!(1), json!(0)));

    // What has changed holds for the next question.
    let person = ada["person"].as_str().expect("an id");
    let always = school.call("PUT", &format!("{path}/{person}"), Some(&json!({})), 200);
    assert_eq!(always["periods"], json!([{"from": null, "until": null}]));
    assert_eq!((school.within(&science), school.within(&physics)), (6, 4));
    let to_top = json!({"parent": null});
    school.call("PATCH", &format!("/groups/{physics}"), Some(&to_top), 200);
    assert_eq!((school.within(&science), school.within(&physics)), (2, 4));
    let members = school.call("GET", &path, None, 200);
    assert_eq!(members["items"][0]["person"], person, "{members}");
    school.asked.restart();
    assert_eq!((school.within(&science), school.within(&physics)), (2, 4), "after a restart");
    school.call("DELETE", &format!("{path}/{person}"), None, 204);
    assert_eq!((school.within(&science), school.within(&physics)), (2, 0));
    school.call("DELETE", &format!("/groups/{science}"), None, 204);
    assert_eq!(school.by(&direct), counts(&[("", 8)]));
}

#[test]
fn questions_follow_who_is_a_member_when() {
    questions_follow_groups(Engine::Embedded);
}

#[test]
fn questions_follow_who_is_a_member_when_on_postgres() {
    questions_follow_groups(Engine::Postgres);
}

/// Groups are imported and exported.
fn the_command_line_moves_groups(school: &School) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("groups.csv").display().to_string();
    let text = "group,kind,mbox,from,until\n\
                Science,unit,,,\n\
                Science/Physics,class,ada@example.org,2026-03-01,2026-05-01\n\
                Science,,bob@example.org,2026-04-01,\n";
    std::fs::write(&file, text).expect("a file");
    let shown = school.group_command(&["import", &file, "--dry-run"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    assert!(shown.out.contains("groups created   2"), "{}", shown.out);
    assert_eq!(school.by(&json!("group")), counts(&[("", 8)]));
    assert_eq!(school.group_command(&["import", &file]).code, Some(0));
    assert_eq!(school.by(&json!("group")), counts(&[("Physics", 2), ("Science", 2), ("", 4)]));
    let exported = school.group_command(&["export"]);
    std::fs::write(&file, &exported.out).expect("a file");
    let again = school.group_command(&["import", &file]);
    assert!(again.out.contains("unchanged        4"), "{} {}", exported.out, again.out);
    std::fs::write(&file, "group,mbox,from\nScience,ada@example.org,soon\n").expect("a file");
    let refused = school.group_command(&["import", &file]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("line 2, column from: expected a date"), "{}", refused.err);
}

/// Groups are imported, exported and changed.
fn the_command_line_manages_groups(engine: Engine) -> School {
    let school = School::new(engine);
    the_command_line_moves_groups(&school);
    let listed = school.group_command(&["list"]);
    let lines: Vec<&str> = listed.out.lines().collect();
    assert!(lines[1].starts_with("Science            unit   "), "{}", listed.out);
    assert!(lines[2].starts_with("Science / Physics  class  "), "{}", listed.out);
    let id = lines[2].rsplit(' ').next().expect("an id");
    let members = school.group_command(&["member", "list", id]);
    assert!(members.out.contains("2026-03-01..2026-05-01"), "{}", members.out);
    let add = ["member", "add", id, "--identifier", "bob@example.org", "--period", "..2026-04-01"];
    let added = school.group_command(&add);
    assert_eq!(added.code, Some(0), "{}", added.err);
    assert_eq!(school.within(id), 4);
    let created = school.group_command(&["create", "--name", "Optics", "--parent", id, "--json"]);
    let created: Value = serde_json::from_str(&created.out).expect("JSON");
    let optics = created["id"].as_str().expect("an id");
    let changed = school.group_command(&["change", optics, "--kind", "lab", "--parent", "none"]);
    assert!(changed.out.contains("lab"), "{} {}", changed.out, changed.err);
    let refused = school.group_command(&["change", optics]);
    assert!(refused.err.contains("no change was given"), "{}", refused.err);
    assert_eq!(school.group_command(&["remove", optics]).code, Some(0));
    assert_eq!(school.group_command(&["show", optics]).code, Some(1));
    school
}

#[test]
fn groups_are_managed_on_the_command_line() {
    let school = the_command_line_manages_groups(Engine::Embedded);
    let asked = school.command(&["query", "--by", "group:unit"]);
    let rows: Vec<&str> = asked.out.lines().skip(1).collect();
    assert_eq!(rows, ["Science  6", "-        2"], "{} {}", asked.out, asked.err);
}

#[test]
fn groups_are_managed_on_the_command_line_on_postgres() {
    the_command_line_manages_groups(Engine::Postgres);
}

#[test]
fn groups_need_the_right_to_read_or_administer() {
    let asked = Asked::new(Engine::Embedded);
    let client = asked.server.client(Version::V1_0_3);
    let status = |scopes: &str, method: &str| {
        let made =
            asked.store.administer(&["credential", "create", "--label", "c", "--scope", scopes]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
        let call = client.call_outside(method, "/api/v1/tenants/1/groups").without("Authorization");
        let mut call = call.header("Authorization", &basic(key, secret));
        if method == "POST" {
            call = call.json(&json!({"name": scopes}));
        }
        call.send().status
    };
    for (scopes, read, write) in [
        ("admin", 200, 201),
        ("admin/read", 200, 403),
        ("statements/read", 200, 403),
        ("all", 200, 403),
        ("statements/write,state,define", 403, 403),
    ] {
        assert_eq!((status(scopes, "GET"), status(scopes, "POST")), (read, write), "{scopes}");
    }
}
