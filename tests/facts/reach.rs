//! Advisors and learners ask about those within their reach alone, whatever they ask, on both
//! engines.

use acta_tests::{Engine, Response, Version, make};
use serde_json::{Value, json};

use super::groups::School;

const PASSWORD: &str = "blue otters juggle seven lamps";

const ADVISOR: &str = "advisor@example.org";

/// Somebody who is signed in.
pub(super) struct SignedIn<'s> {
    school: &'s School,
    cookie: String,
    csrf_token: String,
}

impl<'s> SignedIn<'s> {
    /// Creates an account with a role, and signs in.
    pub(super) fn new(school: &'s School, email: &str, role: &str) -> Self {
        let account = ["account", "create", email, "--name", "Somebody", "--role", role];
        let made = school.asked.store.administer(&account);
        let accept = json!({"token": made["token"], "password": PASSWORD});
        Self::enter(school, email, (&accept, 204))
    }

    /// Accepts an invitation as an advisor of a group, and signs in.
    pub(super) fn invited(school: &'s School, email: &str, group: &str) -> Self {
        let invite = ["account", "invite", email, "--role", "advisor", "--group", group];
        let made = school.asked.store.administer(&invite);
        assert_eq!(made["groups"], json!([group]), "{made}");
        let accept =
            json!({"token": made["token"], "password": PASSWORD, "display_name": "Somebody"});
        Self::enter(school, email, (&accept, 200))
    }

    /// Accepts a link, which is answered with a status, and signs in.
    fn enter(school: &'s School, email: &str, (accept, status): (&Value, u16)) -> Self {
        let client = school.asked.server.client(Version::V1_0_3);
        let outside = |path: &str, body: &Value| {
            client.call_outside("POST", path).without("Authorization").json(body).send()
        };
        outside("/api/v1/links/accept", accept).expect(status);
        let sign_in = json!({"email": email, "password": PASSWORD});
        let answer = outside("/api/v1/session", &sign_in).expect(200);
        let cookie = answer.must_header("set-cookie").split(';').next().unwrap().to_owned();
        let csrf_token = answer.json()["csrf_token"].as_str().unwrap().to_owned();
        Self { school, cookie, csrf_token }
    }

    pub(super) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.send((method, path), body, None)
    }

    /// As [`SignedIn::call`], if what is changed has a version.
    pub(super) fn call_if_match(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        version: &str,
    ) -> Response {
        self.send((method, path), Some(body), Some(version))
    }

    fn send(
        &self,
        (method, path): (&str, &str),
        body: Option<&Value>,
        version: Option<&str>,
    ) -> Response {
        let client = self.school.asked.server.client(Version::V1_0_3);
        let call = client.call_outside(method, &format!("/api/v1/tenants/1{path}"));
        let call = call.without("Authorization").header("Cookie", &self.cookie);
        let call = call.header("X-CSRF-Token", &self.csrf_token);
        let call = call.header("Sec-Fetch-Site", "same-origin");
        let call = version.into_iter().fold(call, |call, tag| call.header("If-Match", tag));
        match body {
            Some(body) => call.json(body).send(),
            None => call.send(),
        }
    }

    #[track_caller]
    fn ask(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, Some(body)).expect(200).json()
    }

    /// How many facts there are for who asks.
    #[track_caller]
    fn count(&self) -> Value {
        self.ask("/query", &json!({"measures": [{"measure": "count"}]}))["rows"][0][0].clone()
    }
}

/// Every question and analysis, with a body that asks about as much as possible.
fn questions() -> Vec<(&'static str, Value)> {
    let person = json!({"field": "person", "exists": true});
    let all = json!({"name": "all", "where": person});
    let bob = json!({"mbox": "mailto:bob@example.org"});
    let course = "http://c.example/fire";
    let measures = json!([{"measure": "count"}, {"measure": "distinct", "of": "person"},
        {"measure": "first", "of": "person", "name": "first"},
        {"measure": "count", "where": {"field": "person", "is": bob.to_string()},
            "name": "others"}]);
    let dimensions =
        json!(["person", "person.name", "object", {"field": "timestamp", "by": "day"}]);
    vec![
        ("/query", json!({"measures": measures, "dimensions": dimensions, "totals": true})),
        ("/query", json!({"measures": measures, "totals": true})),
        ("/statements", json!({"limit": 200})),
        ("/statements", json!({"order": "oldest", "with_voided": true})),
        ("/analyses/activity", json!({})),
        ("/analyses/compare", json!({"groups": [all, all]})),
        ("/analyses/courses", json!({"course": course, "time": true})),
        ("/analyses/courses", json!({"time": true})),
        ("/analyses/findings", json!({})),
        ("/analyses/funnel", json!({"steps": [all, all]})),
        ("/analyses/help", json!({"course": course})),
        ("/analyses/items", json!({"activity": course})),
        ("/analyses/journey", json!({"agent": bob})),
        ("/analyses/quality", json!({})),
        ("/analyses/retention", json!({})),
        ("/analyses/sources", json!({})),
        ("/analyses/time", json!({"by": "person"})),
        ("/analyses/video", json!({})),
    ]
}

/// Checks that each answer is the one that others get, who may ask about everybody, when they ask
/// only about what is within reach.
fn check_reach(of: &SignedIn<'_>, reach: &Value, outside: &[&str]) {
    for (path, body) in questions() {
        let answer = of.ask(path, &body);
        let mut limited = body.clone();
        limited["where"] = reach.clone();
        let client = of.school.asked.server.client(Version::V1_0_3);
        let call = client.call_outside("POST", &format!("/api/v1/tenants/1{path}")).json(&limited);
        let mut expected = call.send().expect(200).json();
        let mut found = answer.clone();
        // The moment of the answer, where it has one.
        for answer in [&mut expected, &mut found] {
            answer.as_object_mut().unwrap().remove("at");
        }
        assert_eq!(found, expected, "{path} {body}");
        for name in outside {
            assert!(!answer.to_string().contains(name), "{path} {body}: {answer}");
        }
    }
}

/// What they may not do, which others may who ask questions.
fn check_refused(of: &SignedIn<'_>) {
    for path in [
        "/statements",
        "/persons",
        "/groups",
        "/people",
        "/audit",
        "/credentials",
        "/facts/export",
        "/facts/export/manifest.json",
        "/usage",
        "/stream/summary",
    ] {
        assert_eq!(of.call("GET", path, None).status, 403, "{path}");
    }
    let sql = json!({"sql": "SELECT count(*) FROM facts"});
    assert_eq!(of.call("POST", "/sql", Some(&sql)).status, 403);
    let client = of.school.asked.server.client(Version::V1_0_3);
    let call = client.call_outside("GET", "/xapi/statements").without("Authorization");
    let call = call.header("Cookie", &of.cookie).header("X-Experience-API-Version", "1.0.3");
    let status = call.send().status;
    assert!([401, 403].contains(&status), "{status}");
}

/// The audit records that statements were read, and which fields were tested, but no values.
fn check_recorded(advisor: &SignedIn<'_>) {
    let store = &advisor.school.asked.store;
    store.administer(&["tenant", "audit-reads", "1", "on"]);
    let filter = json!({"not": {"field": "person", "is": "somebody@example.org"}});
    advisor.ask("/statements", &json!({"where": filter}));
    store.administer(&["tenant", "audit-reads", "1", "off"]);
    let audit = store.administer(&["audit", "list", "--tenant", "1"]).to_string();
    assert!(audit.contains("statements.read"), "{audit}");
    let detail = r#""statements":{"order":"newest","where":["person"]}"#;
    assert!(audit.contains(detail), "{audit}");
    assert!(!audit.contains("somebody@example.org"), "{audit}");
}

/// Where there is a smallest group, an advisor sees no single statements, and a learner its own.
fn check_withheld(advisor: &SignedIn<'_>, learner: &SignedIn<'_>) {
    let store = &advisor.school.asked.store;
    store.administer(&["tenant", "settings", "1", "--smallest-group", "5"]);
    let refused = advisor.call("POST", "/statements", Some(&json!({})));
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(learner.ask("/statements", &json!({}))["items"].as_array().map(Vec::len), Some(4));
    store.administer(&["tenant", "settings", "1", "--smallest-group", "none"]);
    assert_eq!(advisor.call("POST", "/statements", Some(&json!({}))).status, 200);
}

fn asks_within_reach(engine: Engine) {
    let school = School::new(engine);
    let all = json!({"measures": [{"measure": "count"}]});
    assert_eq!(school.asked.ask(&all)["rows"][0][0], 8, "the facts are complete");
    let ada = json!({"mbox": "mailto:ada@example.org"});

    // Ada is a learner. Her address has another case here than in her statements.
    let learner = SignedIn::new(&school, "Ada@Example.org", "learner");
    assert_eq!(learner.count(), 4);
    check_reach(&learner, &json!({"field": "person", "is": ada.to_string()}), &["bob"]);
    check_refused(&learner);
    let eve = SignedIn::new(&school, "eve@example.org", "learner");
    assert_eq!(eve.count(), 0);

    // An advisor of the class that Ada is in until before April.
    let advisor = SignedIn::new(&school, ADVISOR, "advisor");
    assert_eq!(advisor.count(), 0, "without groups");
    let physics = school.group("Physics", "class", None);
    let member = json!({"agent": ada, "periods": [{"until": "2026-04-01"}]});
    school.call("POST", &format!("/groups/{physics}/members"), Some(&member), 200);
    let role = ["account", "role", ADVISOR, "advisor", "--group", &physics];
    let role = school.asked.store.administer(&role);
    assert_eq!(role["roles"][0]["role"], "advisor", "{role}");
    assert_eq!(role["groups"], json!([physics]), "{role}");
    assert_eq!(advisor.count(), 2, "from the next question on");
    check_reach(&advisor, &json!({"field": "group", "is": physics}), &["bob"]);
    check_refused(&advisor);
    check_recorded(&advisor);
    let invited = SignedIn::invited(&school, "invited@example.org", &physics);
    assert_eq!(invited.count(), 2, "an invitation gives the groups");
    let nowhere = json!({"email": "other@example.org", "role": "advisor", "groups": [make::id()]});
    school.call("POST", "/invitations", Some(&nowhere), 400);
    let no_advisor = json!({"email": "other@example.org", "role": "viewer", "groups": [physics]});
    school.call("POST", "/invitations", Some(&no_advisor), 400);
    check_withheld(&advisor, &learner);

    // Questions are asked with less from the next one on, too.
    school.asked.store.administer(&["account", "role", ADVISOR, "viewer"]);
    let refused = advisor.call("POST", "/query", Some(&all));
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
fn advisors_and_learners_ask_within_their_reach() {
    asks_within_reach(Engine::Embedded);
}

#[test]
fn advisors_and_learners_ask_within_their_reach_on_postgres() {
    asks_within_reach(Engine::Postgres);
}

#[test]
fn every_analysis_is_asked_within_reach() {
    let document = include_str!("../../spec/openapi/admin.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let asked: Vec<&str> = questions().into_iter().map(|(path, _)| path).collect();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/tenants/{tenant}").unwrap_or(path);
        let finds = path == "/statements" && operations["post"].is_object();
        if path.starts_with("/analyses/") || path == "/query" || finds {
            assert!(asked.contains(&path), "{path}");
        }
    }
}
