//! Every operation of the admin API.

use acta_tests::{Client, Response, Version};
use serde_json::Value;

use crate::outsiders::Outsider;
use crate::samples::{OWN, body, parameter};
use crate::tenant_data::TenantData;
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

/// The ids that an operation is sent with.
struct Target<'a> {
    /// The tenant whose ids are sent, except for its own.
    held: &'a TenantData,
    /// The id of the tenant in the path.
    tenant: &'a str,
    /// The cursor of a list.
    cursor: Option<&'a str>,
}

impl Operation {
    fn parameters(&self) -> Vec<&str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// Sends it as `outsider` with the ids of `target`.
    fn send(&self, client: &Client, outsider: &Outsider, target: &Target<'_>) -> Response {
        let &Target { held, tenant, cursor } = target;
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
            let body = body(&self.id, held);
            call = match body.as_str() {
                Some(text) => call.body("text/csv", text),
                None => call.json(&body),
            };
        }
        outsider.onto(call).send()
    }

    fn list(&self) -> Option<&str> {
        self.path.strip_prefix("/tenants/{tenant}/").filter(|_| self.has_cursor)
    }
}

/// Nothing of `held` is in the answer.
#[track_caller]
fn check_silent(attempt: &str, answer: &Response, held: &TenantData) {
    let body = String::from_utf8_lossy(&answer.body);
    assert!(answer.status < 500, "{attempt}: {} {body}", answer.status);
    assert!(!body.contains(&held.marker), "{attempt}: {body}");
    let headers = format!("{:?}", answer.headers);
    assert!(!headers.contains(&held.marker), "{attempt}: {headers}");
}

#[test]
fn no_operation_returns_data_of_another_tenant() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let before = world.ours.everything();
    for mut outsider in Outsider::all(&world) {
        for operation in operations() {
            let ours = &world.ours;
            let target = Target { held: ours, tenant: &ours.tenant, cursor: None };
            let answer = operation.send(&client, &outsider, &target);
            let attempt = format!("{} by {}", operation.id, outsider.who);
            check_silent(&attempt, &answer, ours);
            let is_own = OWN.contains(&operation.id.as_str());
            let is_refused = matches!(answer.status, 401 | 403 | 404);
            assert!(is_own || is_refused, "{attempt}: {} {}", answer.status, answer.text());
            if operation.id == "sign_out" {
                outsider.renew(&client);
            }
        }
    }
    check_unchanged(&before, &world.ours);
}

#[test]
fn data_of_a_tenant_is_not_found_below_another_tenant() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let before = world.ours.everything();
    let mut tried = 0;
    for outsider in Outsider::all(&world) {
        let below = operations().into_iter().filter(|one| one.path.starts_with("/tenants/"));
        for operation in below.filter(|one| one.parameters().len() > 1) {
            let tenant = world.theirs.tenant.as_str();
            let target = Target { held: &world.ours, tenant, cursor: None };
            let answer = operation.send(&client, &outsider, &target);
            let attempt = format!("{} by {}", operation.id, outsider.who);
            check_silent(&attempt, &answer, &world.ours);
            assert!(matches!(answer.status, 401 | 403 | 404), "{attempt}: {}", answer.status);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried} requests");
    check_unchanged(&before, &world.ours);
}

#[test]
fn a_cursor_of_a_tenant_is_not_valid_for_another() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let mut tried = 0;
    for outsider in Outsider::all(&world) {
        for operation in operations() {
            let Some(list) = operation.list() else { continue };
            let Some(cursor) = world.ours.cursors.get(list) else { continue };
            for tenant in [&world.ours.tenant, &world.theirs.tenant] {
                let target = Target { held: &world.ours, tenant, cursor: Some(cursor) };
                let answer = operation.send(&client, &outsider, &target);
                let attempt = format!("{} by {}", operation.id, outsider.who);
                check_silent(&attempt, &answer, &world.ours);
                let is_ours = *tenant == world.ours.tenant;
                assert!(!is_ours || answer.status >= 400, "{attempt}: {}", answer.status);
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried} requests");
}

#[test]
fn a_list_of_tenants_contains_only_ones_own() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    for outsider in Outsider::all(&world) {
        let call = client.call_outside("GET", "/api/v1/tenants");
        let answer = outsider.onto(call).send();
        check_silent(outsider.who, &answer, &world.ours);
        let items = if answer.status == 200 { answer.json()["items"].clone() } else { Value::Null };
        for tenant in items.as_array().into_iter().flatten() {
            assert_eq!(tenant["id"].to_string(), world.theirs.tenant, "{}", outsider.who);
        }
    }
}

/// Whatever was asked, the tenant holds what it held. Only that somebody tried to sign in as
/// one of its people may be attempt.
#[track_caller]
pub(crate) fn check_unchanged(before: &[(String, Value)], held: &TenantData) {
    let after = held.everything();
    assert_eq!(before.len(), after.len());
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        if name == "audit" {
            assert_eq!(visible_entries(before), visible_entries(after), "{name}");
        } else {
            assert_eq!(before, after, "{name}");
        }
    }
}

/// The entries of an audit, but for failures to sign in.
fn visible_entries(audit: &Value) -> Vec<Value> {
    let entries = audit["items"].as_array().into_iter().flatten();
    let others = entries.filter(|entry| entry["act"] != "session.refused");
    others.map(|entry| serde_json::json!([entry["id"], entry["act"], entry["detail"]])).collect()
}
