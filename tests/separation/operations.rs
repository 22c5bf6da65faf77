//! Every operation of the admin API.

use acta_tests::{Answer, Client, Version};
use serde_json::Value;

use crate::held::Held;
use crate::samples::{OWN, body, parameter};
use crate::strangers::Stranger;
use crate::world::World;

/// The document of the admin API, from which every operation is taken.
const DOCUMENT: &str = include_str!("../../spec/openapi/admin.json");

/// Fewer than there are: a document that was not read is noticed.
const OPERATIONS_MIN: usize = 50;

/// One operation of the document.
struct Operation {
    id: String,
    method: String,
    path: String,
    has_body: bool,
    has_cursor: bool,
    needs_version: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(DOCUMENT).expect("JSON");
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let parameters = operation["parameters"].as_array();
            let names: Vec<&Value> =
                parameters.into_iter().flatten().map(|one| &one["name"]).collect();
            found.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                has_body: operation.get("requestBody").is_some(),
                has_cursor: names.iter().any(|name| **name == "cursor"),
                needs_version: names.iter().any(|name| **name == "If-Match"),
            });
        }
    }
    assert!(found.len() >= OPERATIONS_MIN, "{} operations", found.len());
    found
}

impl Operation {
    fn parameters(&self) -> Vec<&str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// Sends it with the ids of `held`, but for the tenant `tenant`.
    fn send(
        &self,
        (client, stranger): (&Client, &Stranger),
        held: &Held,
        tenant: &str,
        cursor: Option<&str>,
    ) -> Answer {
        let mut path = self.path.clone();
        for name in self.parameters() {
            let value = parameter(&self.path, name, held);
            let value = if name == "tenant" { tenant } else { &value };
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let mut call = client.call_outside(&self.method, &format!("/api/v1{path}"));
        if let Some(cursor) = cursor {
            call = call.query("cursor", cursor);
        }
        if self.needs_version {
            call = call.header("If-Match", "*");
        }
        if self.has_body {
            call = call.json(&body(&self.id, held));
        }
        stranger.onto(call).send()
    }

    fn list(&self) -> Option<&str> {
        self.path.strip_prefix("/tenants/{tenant}/").filter(|_| self.has_cursor)
    }
}

/// Nothing of `held` is in the answer.
#[track_caller]
fn check_silent(told: &str, answer: &Answer, held: &Held) {
    let body = String::from_utf8_lossy(&answer.body);
    assert!(answer.status < 500, "{told}: {} {body}", answer.status);
    assert!(!body.contains(&held.marker), "{told}: {body}");
    let headers = format!("{:?}", answer.headers);
    assert!(!headers.contains(&held.marker), "{told}: {headers}");
}

#[test]
fn no_operation_gives_a_stranger_anything_of_a_tenant() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let before = world.ours.everything();
    for mut stranger in Stranger::all(&world) {
        for operation in operations() {
            let (ours, asking) = (&world.ours, (&client, &stranger));
            let answer = operation.send(asking, ours, &ours.tenant, None);
            let told = format!("{} by {}", operation.id, stranger.who);
            check_silent(&told, &answer, ours);
            let is_own = OWN.contains(&operation.id.as_str());
            let is_refused = matches!(answer.status, 401 | 403 | 404);
            assert!(is_own || is_refused, "{told}: {} {}", answer.status, answer.text());
            if operation.id == "sign_out" {
                stranger.renew(&client);
            }
        }
    }
    check_unchanged(&before, &world.ours);
}

#[test]
fn what_belongs_to_a_tenant_is_not_found_below_another_one() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let before = world.ours.everything();
    let mut tried = 0;
    for stranger in Stranger::all(&world) {
        let below = operations().into_iter().filter(|one| one.path.starts_with("/tenants/"));
        for operation in below.filter(|one| one.parameters().len() > 1) {
            let asking = (&client, &stranger);
            let answer = operation.send(asking, &world.ours, &world.theirs.tenant, None);
            let told = format!("{} by {}", operation.id, stranger.who);
            check_silent(&told, &answer, &world.ours);
            assert!(matches!(answer.status, 401 | 403 | 404), "{told}: {}", answer.status);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried} requests");
    check_unchanged(&before, &world.ours);
}

#[test]
fn the_place_in_a_list_of_a_tenant_leads_nowhere_else() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let mut tried = 0;
    for stranger in Stranger::all(&world) {
        for operation in operations() {
            let Some(list) = operation.list() else { continue };
            let Some(cursor) = world.ours.cursors.get(list) else { continue };
            for tenant in [&world.ours.tenant, &world.theirs.tenant] {
                let asking = (&client, &stranger);
                let answer = operation.send(asking, &world.ours, tenant, Some(cursor));
                let told = format!("{} by {}", operation.id, stranger.who);
                check_silent(&told, &answer, &world.ours);
                let is_ours = *tenant == world.ours.tenant;
                assert!(!is_ours || answer.status >= 400, "{told}: {}", answer.status);
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried} requests");
}

#[test]
fn a_list_of_tenants_tells_of_ones_own_alone() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    for stranger in Stranger::all(&world) {
        let call = client.call_outside("GET", "/api/v1/tenants");
        let answer = stranger.onto(call).send();
        check_silent(stranger.who, &answer, &world.ours);
        let items = if answer.status == 200 { answer.json()["items"].clone() } else { Value::Null };
        for tenant in items.as_array().into_iter().flatten() {
            assert_eq!(tenant["id"].to_string(), world.theirs.tenant, "{}", stranger.who);
        }
    }
}

/// Whatever was asked, the tenant holds what it held. Only that somebody tried to sign in as
/// one of its people may be told.
#[track_caller]
pub(crate) fn check_unchanged(before: &[(String, Value)], held: &Held) {
    let after = held.everything();
    assert_eq!(before.len(), after.len());
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        if name == "audit" {
            assert_eq!(told(before), told(after), "{name}");
        } else {
            assert_eq!(before, after, "{name}");
        }
    }
}

/// The entries of an audit, but for failures to sign in.
fn told(audit: &Value) -> Vec<Value> {
    let entries = audit["items"].as_array().into_iter().flatten();
    let others = entries.filter(|entry| entry["act"] != "session.refused");
    others.map(|entry| serde_json::json!([entry["id"], entry["act"], entry["detail"]])).collect()
}
