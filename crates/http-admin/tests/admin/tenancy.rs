//! Tenants, credentials and tokens by the admin API.

use acta_access::TenantId;
use hyper::Method;
use serde_json::{Value, json};

use crate::administered::server;
use crate::server::{Answer, Ask, ask, authorization, post, statement};

/// Asks the admin API with a credential of the first tenant that has these scopes.
pub(crate) fn api(method: Method, path: &str, scopes: &str) -> Ask {
    let asked = ask(method, &format!("/api/v1{path}")).without("x-experience-api-version");
    asked.header("authorization", &authorization(scopes, 1))
}

fn made(server_answer: &Answer) -> (String, String, String) {
    let view = server_answer.json();
    let text = |name: &str| view[name].as_str().unwrap().to_owned();
    let location = server_answer.header("location").unwrap().to_owned();
    (text("key"), text("secret"), location.strip_prefix("/api/v1").unwrap().to_owned())
}

fn new_credential() -> Value {
    json!({
        "label": "LMS",
        "scopes": ["statements/write", "state"],
        "activity_prefixes": ["https://course.example/"],
        "origins": ["https://app.example"],
        "authority": { "mbox": "mailto:lms@example.org", "name": "LMS" },
        "expires": "2036-03-01T10:30:00+01:00",
    })
}

const CREDENTIALS: &str = "/tenants/1/credentials";

#[tokio::test]
async fn a_credential_is_created_read_changed_rotated_and_removed() {
    let server = server().await;
    let asked = api(Method::POST, CREDENTIALS, "admin").json(&new_credential());
    let answer = server.expect(asked, 201).await;
    let (key, secret, place) = made(&answer);
    assert_eq!(place, format!("{CREDENTIALS}/{key}"));
    let read = server.expect(api(Method::GET, &place, "admin/read"), 200).await;
    let view = read.json();
    let expected = json!({
        "key": key,
        "label": "LMS",
        "scopes": ["statements/write", "state"],
        "is_read_only": false,
        "activity_prefixes": ["https://course.example/"],
        "origins": ["https://app.example"],
        "authority": {
            "objectType": "Agent",
            "name": "LMS",
            "mbox": "mailto:lms@example.org",
        },
        "created": view["created"],
        "expires": "2036-03-01T09:30:00.000000Z",
        "last_used": null,
        "secrets": [{ "created": view["created"], "expires": null }],
    });
    assert_eq!(view, expected);
    assert_eq!(read.header("etag"), answer.header("etag"));
    let etag = read.header("etag").unwrap().to_owned();
    let change = || api(Method::PATCH, &place, "admin");
    let body = json!({ "label": "New", "authority": null, "expires": null });
    server.expect(change().json(&body), 428).await;
    server.expect(change().json(&body).header("if-match", "\"99\""), 412).await;
    let changed = server.expect(change().json(&body).header("if-match", &etag), 200).await;
    let view = changed.json();
    assert_eq!((&view["label"], &view["authority"]), (&json!("New"), &Value::Null));
    assert_eq!((&view["expires"], &view["origins"]), (&Value::Null, &expected["origins"]));
    server.expect(change().json(&body).header("if-match", &etag), 412).await;
    let path = format!("{place}/rotate");
    let rotate = api(Method::POST, &path, "admin").json(&json!({ "overlap_seconds": 60 }));
    let rotated = server.expect(rotate, 200).await.json();
    assert_ne!(rotated["secret"], json!(secret));
    assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2);
    server.expect(api(Method::DELETE, &place, "admin/read"), 403).await;
    let removed = server.expect(api(Method::DELETE, &place, "admin"), 204).await;
    assert!(removed.body.is_empty());
    server.expect(api(Method::GET, &place, "admin"), 404).await;
    server.expect(api(Method::DELETE, &place, "admin"), 404).await;
}

#[tokio::test]
async fn a_secret_is_returned_only_once() {
    let server = server().await;
    let sent = || {
        let asked = api(Method::POST, CREDENTIALS, "admin").json(&new_credential());
        asked.header("idempotency-key", "one")
    };
    let answer = server.expect(sent(), 201).await;
    let (key, secret, place) = made(&answer);
    let again = server.expect(sent(), 201).await;
    assert_eq!(again.json()["secret"], Value::Null);
    assert_eq!(again.header("location"), answer.header("location"));
    assert_eq!(again.header("etag"), answer.header("etag"));
    let (mut first, mut second) = (answer.json(), again.json());
    for view in [&mut first, &mut second] {
        view.as_object_mut().unwrap().remove("secret");
    }
    assert_eq!(first, second, "but for the secret it is the same answer");
    let other = api(Method::POST, CREDENTIALS, "admin").header("idempotency-key", "one");
    let other = other.json(&json!({ "label": "Other", "scopes": ["state"] }));
    let refused = server.expect(other, 422).await.json();
    assert_eq!(refused["type"], "urn:acta:problem:idempotency-key-reused");
    let path = format!("{place}/rotate");
    let rotate = api(Method::POST, &path, "admin").json(&json!({ "overlap_seconds": 60 }));
    let second = server.expect(rotate, 200).await.json()["secret"].as_str().unwrap().to_owned();
    for path in [
        &place,
        CREDENTIALS,
        "/tenants/1/audit?limit=200",
        "/tenants/1/audit/export",
        "/tenants/1/audit/export?format=csv",
    ] {
        let text = server.expect(api(Method::GET, path, "admin"), 200).await.text();
        assert!(!text.contains(&secret) && !text.contains(&second), "{path}");
        assert!(text.contains(&key), "{path}");
    }
}

#[tokio::test]
async fn faults_in_bodies_have_a_pointer() {
    let server = server().await;
    let table = [
        (json!({ "scopes": ["state"] }), ""),
        (json!({ "label": " ", "scopes": ["state"] }), "/label"),
        (json!({ "label": "x", "scopes": [] }), "/scopes"),
        (json!({ "label": "x", "scopes": ["state", "everything"] }), "/scopes/1"),
        (json!({ "label": "x", "scopes": ["state"], "expires": "tomorrow" }), "/expires"),
        (
            json!({ "label": "x", "scopes": ["state"], "expires": "2020-01-01T00:00:00Z" }),
            "/expires",
        ),
        (json!({ "label": "x", "scopes": ["state"], "origins": ["app.example"] }), "/origins/0"),
        (
            json!({ "label": "x", "scopes": ["state"], "activity_prefixes": ["https://a"] }),
            "/activity_prefixes/0",
        ),
        (json!({ "label": "x", "scopes": ["state"], "authority": {} }), "/authority"),
        (json!({ "label": "x", "scopes": ["state"], "authority": [] }), "/authority"),
        (json!({ "label": "x", "scopes": ["state"], "secret": "mine" }), "/secret"),
    ];
    for (body, pointer) in table {
        let asked = api(Method::POST, CREDENTIALS, "admin").json(&body);
        let problem = server.expect(asked, 400).await.json();
        assert_eq!(problem["faults"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let listed = server.expect(api(Method::GET, CREDENTIALS, "admin"), 200).await.json();
    let labels = listed["items"].as_array().unwrap().iter();
    assert_eq!(labels.filter(|item| item["label"] == "x").count(), 0, "nothing was made");
}

#[tokio::test]
async fn more_credentials_than_a_page_holds_are_all_listed() {
    let server = server().await;
    let before = server.expect(api(Method::GET, CREDENTIALS, "admin"), 200).await.json();
    let before = before["items"].as_array().unwrap().len();
    let asked = || {
        let body = json!({ "label": "many", "scopes": ["state"] });
        api(Method::POST, CREDENTIALS, "admin").json(&body)
    };
    for _ in 0..210 {
        server.expect(asked(), 201).await;
    }
    for limit in [200, 70] {
        let mut keys = Vec::new();
        let mut path = format!("{CREDENTIALS}?limit={limit}");
        loop {
            let page = server.expect(api(Method::GET, &path, "admin"), 200).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            keys.extend(items.iter().map(|item| item["key"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{CREDENTIALS}?limit={limit}&cursor={next}");
        }
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!((keys.len(), count), (before + 210, before + 210));
    }
}

#[tokio::test]
async fn a_refusal_names_the_missing_permission() {
    let server = server().await;
    let key = server.key_of("state").to_owned();
    let of_key = |rest: &str| format!("{CREDENTIALS}/{key}{rest}");
    let body = || json!({ "label": "x", "scopes": ["state"] });
    let token = || json!({ "agent": { "mbox": "mailto:ada@example.org" } });
    let table = [
        (api(Method::GET, "/tenants/1", "all"), "read-tenant"),
        (api(Method::GET, "/tenants", "all"), "read-tenant"),
        (api(Method::GET, "/tenants/1/usage", "audit/read"), "read-usage"),
        (api(Method::POST, "/tenants", "admin").json(&json!({ "name": "x" })), "create-tenants"),
        (
            api(Method::PATCH, "/tenants/1", "admin/read")
                .json(&json!({ "name": "x" }))
                .header("if-match", "*"),
            "rename-tenant",
        ),
        (
            api(Method::PATCH, "/tenants/1", "admin")
                .json(&json!({ "limits": { "bytes_per_day": null, "requests_per_second": 1 } }))
                .header("if-match", "*"),
            "set-limits",
        ),
        (
            api(Method::PATCH, "/tenants/1", "admin")
                .json(&json!({ "audits_reads": true }))
                .header("if-match", "*"),
            "set-tenant-audit",
        ),
        (api(Method::DELETE, "/tenants/1", "admin"), "delete-tenant"),
        (api(Method::POST, "/tenants/1/suspend", "admin"), "suspend-tenants"),
        (api(Method::POST, "/tenants/1/resume", "admin"), "suspend-tenants"),
        (api(Method::POST, "/tenants/1/restore", "admin"), "delete-tenant"),
        (api(Method::GET, CREDENTIALS, "all"), "read-credentials"),
        (api(Method::GET, &of_key(""), "audit/read"), "read-credentials"),
        (api(Method::POST, CREDENTIALS, "admin/read").json(&body()), "write-credentials"),
        (api(Method::POST, &of_key("/rotate"), "admin/read").json(&json!({})), "write-credentials"),
        (api(Method::POST, &of_key("/tokens"), "admin/read").json(&token()), "issue-tokens"),
        (api(Method::GET, "/tenants/1/audit", "all"), "read-audit"),
        (api(Method::GET, "/tenants/1/audit/verify", "all"), "read-audit"),
        (api(Method::GET, "/tenants/1/audit/export", "all"), "export-audit"),
        (api(Method::GET, "/audit", "admin"), "read-server-audit"),
        (api(Method::GET, "/audit/verify", "admin"), "read-server-audit"),
        (api(Method::GET, "/audit/export", "admin"), "export-server-audit"),
        (api(Method::GET, "/tenants/1/statements", "admin"), "read-statements"),
    ];
    let count = table.len();
    for (asked, permission) in table {
        let problem = server.expect(asked, 403).await.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(permission), "{permission}: {problem}");
    }
    let path = "/tenants/1/audit?outcome=refused&limit=200";
    let audit = server.expect(api(Method::GET, path, "audit/read"), 200).await.json();
    assert_eq!(audit["items"].as_array().unwrap().len(), count, "each is answer once");
}

#[tokio::test]
async fn another_tenant_is_not_found() {
    let server = server().await;
    let key = server.key_of("state").to_owned();
    let other = |method: Method, path: &str| {
        let asked = api(method, &format!("/tenants/1{path}"), "admin");
        asked.header("authorization", &authorization("admin", 2)).header("if-match", "*")
    };
    let new = json!({ "label": "x", "scopes": ["state"] });
    let token = json!({ "agent": { "mbox": "mailto:ada@example.org" } });
    for asked in [
        other(Method::GET, ""),
        other(Method::PATCH, "").json(&json!({ "name": "mine" })),
        other(Method::DELETE, ""),
        other(Method::POST, "/restore"),
        other(Method::GET, "/usage"),
        other(Method::GET, "/credentials"),
        other(Method::POST, "/credentials").json(&new),
        other(Method::GET, &format!("/credentials/{key}")),
        other(Method::PATCH, &format!("/credentials/{key}")).json(&json!({ "label": "mine" })),
        other(Method::DELETE, &format!("/credentials/{key}")),
        other(Method::POST, &format!("/credentials/{key}/rotate")).json(&json!({})),
        other(Method::POST, &format!("/credentials/{key}/tokens")).json(&token),
        other(Method::GET, "/audit"),
        other(Method::GET, "/audit/verify"),
        other(Method::GET, "/audit/export"),
        other(Method::GET, "/statements"),
        other(Method::GET, &format!("/statements/{}", crate::server::ID)),
    ] {
        server.expect(asked, 404).await;
    }
    // Nor is its key found in the tenant of who asks.
    let own = api(Method::GET, &format!("/tenants/2/credentials/{key}"), "admin");
    server.expect(own.header("authorization", &authorization("admin", 2)), 404).await;
    let name = server.expect(api(Method::GET, "/tenants/1", "admin"), 200).await.json();
    assert_ne!(name["name"], "mine");
    let audit = server.expect(api(Method::GET, "/tenants/1/audit", "admin"), 200).await.json();
    assert_eq!(audit["items"], json!([]), "nothing has happened");
}

#[tokio::test]
async fn unauthenticated_requests_are_redirected_to_sign_in() {
    let server = server().await;
    let key = server.key_of("state").to_owned();
    for path in [
        "/tenants".to_owned(),
        "/tenants/1".to_owned(),
        "/tenants/x".to_owned(),
        CREDENTIALS.to_owned(),
        format!("{CREDENTIALS}/{key}"),
        "/tokens".to_owned(),
        "/audit".to_owned(),
        "/tenants/1/audit/export".to_owned(),
        "/tenants/1/statements".to_owned(),
    ] {
        for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
            server.expect(api(method, &path, "admin").without("authorization"), 401).await;
        }
    }
}

#[tokio::test]
async fn unsupported_methods_get_405_with_allow() {
    let server = server().await;
    let table = [
        ("/tenants", "GET,HEAD,POST"),
        ("/tenants/1", "GET,HEAD,PATCH,DELETE"),
        ("/tenants/1/suspend", "POST"),
        ("/tenants/1/credentials/x", "GET,HEAD,PATCH,DELETE"),
        ("/tokens", "POST"),
        ("/audit", "GET,HEAD"),
    ];
    for (path, allowed) in table {
        let answer = server.expect(api(Method::PUT, path, "admin").json(&json!({})), 405).await;
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn a_token_acts_for_its_credential_within_its_restrictions() {
    let server = server().await;
    let agent = json!({ "mbox": "mailto:ada@example.org" });
    let asked = api(Method::POST, "/tokens", "statements/write");
    let body = json!({ "agent": agent, "activity": "https://course.example/1" });
    let issued = server.expect(asked.json(&body), 201).await.json();
    assert_eq!(issued["scopes"], json!(["statements/write"]));
    let bearer = format!("Bearer {}", issued["token"].as_str().unwrap());
    for header in [issued["basic"].as_str().unwrap(), bearer.as_str()] {
        let store = |number| {
            post("/xapi/statements").json(&statement(number)).header("authorization", header)
        };
        server.expect(store(1), 200).await;
        server.expect(store(2), 403).await;
        let again = api(Method::POST, "/tokens", "all").json(&body);
        server.expect(again.header("authorization", header), 403).await;
    }
    let key = server.key_of("statements/write").to_owned();
    let path = format!("{CREDENTIALS}/{key}/tokens");
    let body = json!({ "agent": agent, "scopes": ["state"] });
    let wider = server.expect(api(Method::POST, &path, "admin").json(&body), 400).await;
    assert_eq!(wider.json()["faults"][0]["pointer"], "/scopes");
    let body = json!({ "agent": agent, "lifetime_seconds": 86_401 });
    let longer = server.expect(api(Method::POST, &path, "admin").json(&body), 400).await;
    assert_eq!(longer.json()["faults"][0]["pointer"], "/lifetime_seconds");
    let body = json!({ "agent": agent, "lifetime_seconds": 60 });
    server.expect(api(Method::POST, &path, "admin").json(&body), 201).await;
    let audit = server.expect(api(Method::GET, "/tenants/1/audit", "admin"), 200).await.text();
    assert!(audit.contains("token.issued") && !audit.contains("ada@example.org"));
    for secret in [issued["token"].as_str().unwrap(), issued["basic"].as_str().unwrap()] {
        assert!(!audit.contains(secret));
    }
}

#[tokio::test]
async fn a_tenant_is_renamed_with_its_etag() {
    let server = server().await;
    let read = server.expect(api(Method::GET, "/tenants/1", "admin"), 200).await;
    let view = read.json();
    assert_eq!((&view["id"], &view["state"]), (&json!(TenantId::FIRST.number()), &json!("active")));
    let etag = read.header("etag").unwrap().to_owned();
    let change = |body: Value| api(Method::PATCH, "/tenants/1", "admin").json(&body);
    server.expect(change(json!({ "name": "New" })), 428).await;
    server.expect(change(json!({ "name": null })).header("if-match", "*"), 400).await;
    server.expect(change(json!({ "limits": [1, 2, 3] })).header("if-match", "*"), 400).await;
    let changed = change(json!({ "name": "New" })).header("if-match", &etag);
    assert_eq!(server.expect(changed, 200).await.json()["name"], "New");
    server.expect(change(json!({ "name": "Old" })).header("if-match", &etag), 412).await;
    let usage = server.expect(api(Method::GET, "/tenants/1/usage", "admin/read"), 200).await.json();
    assert_eq!(usage, json!({ "statements": 0, "today": { "statements": 0, "bytes": 0 } }));
    let listed = server.expect(api(Method::GET, "/tenants", "admin/read"), 200).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    for path in ["/tenants/0", "/tenants/x", "/tenants/-1", "/tenants/4294967296"] {
        server.expect(api(Method::GET, path, "admin"), 404).await;
    }
}

#[tokio::test]
async fn an_administrator_reads_why_requests_of_a_credential_were_refused() {
    let server = server().await;
    let key = server.key_of("statements/write").to_owned();
    let place = format!("{CREDENTIALS}/{key}/refusals");
    let view = server.expect(api(Method::GET, &place, "admin/read"), 200).await.json();
    assert_eq!((&view["refusals"], &view["last_used"]), (&json!([]), &Value::Null));
    let mut faulty = statement(1);
    faulty["actor"] = json!({ "mbox": "ada@example.org" });
    let of_client = |asked: Ask| asked.scopes("statements/write").header("x-request-id", "mine");
    server.expect(of_client(post("/xapi/statements").json(&faulty)), 400).await;
    server.expect(of_client(ask(Method::GET, "/xapi/statements")), 403).await;
    server.clock.advance(std::time::Duration::from_mins(1));
    let view = server.expect(api(Method::GET, &place, "admin/read"), 200).await.json();
    assert_eq!(view["silent_seconds"], 61);
    let [scope, rule] = [0, 1].map(|index| view["refusals"][index].clone());
    assert_eq!(scope["type"], "urn:acta:problem:forbidden");
    assert_eq!(
        scope["scopes"],
        json!(["statements/read/mine", "statements/read", "all/read", "all"])
    );
    let expected = json!({
        "count": 1,
        "first": rule["first"],
        "last": rule["first"],
        "request_id": "mine",
        "method": "POST",
        "route": "statements",
        "status": 400,
        "type": "urn:acta:problem:faults",
        "scopes": [],
        "restriction": null,
        "faults": [{
            "rule": "XAPI-00038",
            "section": rule["faults"][0]["section"],
            "message": rule["faults"][0]["message"],
            "parameter": null,
            "pointer": "/actor/mbox",
        }],
    });
    assert_eq!(rule, expected);
    assert!(!view.to_string().contains("ada@"), "{view}");
    // The credential of another tenant is none, and reading it needs a scope.
    let other = format!("/tenants/2/credentials/{key}/refusals");
    server.expect(api(Method::GET, &other, "admin/read"), 404).await;
    server.expect(api(Method::GET, &place, "all"), 403).await;
}
