//! Machines send access tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use acta_test_oidc::RESOURCE;
use acta_tests::{Client, make};
use serde_json::{Value, json};

use crate::World;

fn with(world: &World, token: &str) -> Client {
    world.client().with("Authorization", &format!("Bearer {token}"))
}

/// Claims of a token that is taken.
fn claims(world: &World) -> Value {
    #[expect(clippy::disallowed_methods, reason = "the provider and the server tell the time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    json!({
        "iss": world.provider.issuer(), "aud": RESOURCE, "sub": "sender", "client_id": "sender",
        "iat": now, "exp": now + 300, "jti": make::id(), "scope": "acta:statements/write",
    })
}

#[test]
fn a_token_reaches_its_tenant_within_its_scopes() {
    let world = World::new();
    let client = with(&world, &world.provider.access_token("acta:statements/write"));
    let id = client.store(&make::statement())[0].clone();
    assert_eq!(world.client().fetch(&id)["id"], json!(id));
    client.get("/statements").query("statementId", &id).send().expect(403);
    let agent = make::agent().to_string();
    let profile = client.get("/agents/profile").query("agent", &agent);
    profile.send().expect(403);
    // It is no way to administer.
    client.call_outside("GET", "/api/v1/tenants/1").send().expect(403);
}

#[test]
fn a_claim_can_name_the_tenant() {
    let world = World::with(&[("ACTA_OIDC_BEARER_TENANT_CLAIM", "tenant")]);
    let made = world.store.administer(&["tenant", "create", "The second"]);
    assert_eq!(made["id"], 2);
    let client = with(&world, &world.provider.access_token("acta:statements/write"));
    let id = client.store(&make::statement())[0].clone();
    world.client().get("/statements").query("statementId", &id).send().expect(404);
    let usage = world.store.administer(&["tenant", "usage", "2"]);
    assert_eq!(usage["statements"], 1, "{usage}");
}

#[test]
fn a_token_for_others_or_from_others_is_refused() {
    let world = World::new();
    let header = json!({ "alg": "ES256", "typ": "at+jwt" });
    let send = |header: &Value, claims: &Value| {
        let client = with(&world, &world.provider.sign(header, claims));
        client.post("/statements").json(&make::statement()).send()
    };
    send(&header, &claims(&world)).expect(200);
    let changes = [
        ("aud", json!("https://other.example.org/xapi")),
        ("iss", json!("https://id.example.org")),
        ("exp", json!(1_000_000)),
        ("scope", json!("mail/read")),
    ];
    for (name, value) in changes {
        let mut other = claims(&world);
        other[name] = value;
        let status = send(&header, &other).status;
        assert!(matches!(status, 401 | 403), "{name}: {status}");
    }
    for algorithm in ["none", "HS256"] {
        let header = json!({ "alg": algorithm, "typ": "at+jwt" });
        send(&header, &claims(&world)).expect(401);
    }
}

#[test]
fn a_suspended_tenant_takes_no_token() {
    let world = World::new();
    let client = with(&world, &world.provider.access_token("acta:statements/write"));
    client.store(&make::statement());
    world.store.administer(&["tenant", "suspend", "1"]);
    let refused = client.post("/statements").json(&make::statement()).send();
    assert!(matches!(refused.status, 401 | 403), "{}", refused.status);
    world.store.administer(&["tenant", "resume", "1"]);
    client.store(&make::statement());
}
