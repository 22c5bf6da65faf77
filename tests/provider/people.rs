//! People sign in at the provider.

use acta_tests::{Response, Version, acta, run};
use serde_json::{Value, json};

use crate::{World, cookie_of};

const SESSION: &str = "__Host-acta-session";

/// The account of the signed-in person.
#[track_caller]
fn account(world: &World, entered: &Response) -> Value {
    assert_eq!(entered.status, 303, "{}", String::from_utf8_lossy(&entered.body));
    assert_eq!(entered.must_header("location"), "/");
    let client = world.server.client(Version::V2_0_0);
    let asked = client.call_outside("GET", "/api/v1/session").without("Authorization");
    let told = asked.header("Cookie", &cookie_of(entered, SESSION)).send().expect(200).json();
    told["account"].clone()
}

#[track_caller]
fn check_refused(answer: &Response) {
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    let headers = format!("{:?}", answer.headers);
    assert!(!headers.contains(SESSION), "{headers}");
}

#[test]
fn a_claim_gives_a_role_and_takes_it_away() {
    let world = World::new();
    let entered = account(&world, &world.sign_in("alice", ""));
    assert_eq!(entered["email"], "alice@example.org");
    assert_eq!(entered["display_name"], "Alice Example");
    assert_eq!(entered["roles"], json!([{ "tenant": 1, "role": "administrator" }]));

    world.provider.inject_fault("/me", json!({ "merge": { "groups": ["staff"] } }));
    let again = account(&world, &world.sign_in("alice", ""));
    assert_eq!((&again["id"], &again["roles"]), (&entered["id"], &json!([])));

    world.provider.relieve();
    let restored = account(&world, &world.sign_in("alice", ""));
    assert_eq!((&restored["id"], &restored["roles"]), (&entered["id"], &entered["roles"]));
}

#[test]
fn a_person_without_a_role_cannot_sign_in() {
    let world = World::new();
    check_refused(&world.sign_in("bob", ""));
    // With a role, but an address that nobody has verified.
    world.provider.inject_fault("/me", json!({ "merge": { "groups": ["lrs-admins"] } }));
    check_refused(&world.sign_in("bob", ""));
    let accounts = world.store.administer(&["account", "list"]);
    assert!(!accounts.to_string().contains("bob@example.org"), "{accounts}");
}

#[test]
fn an_account_is_connected_by_its_owner_and_not_taken_over() {
    const PASSWORD: &str = "a pass phrase of somebody";

    let world = World::new();
    let made =
        world.store.administer(&["account", "create", "alice@example.org", "--name", "Alice"]);
    let client = world.client();
    let guest = |method, path| client.call_outside(method, path).without("Authorization");
    let chosen = json!({ "token": made["token"], "password": PASSWORD });
    guest("POST", "/api/v1/links/accept").json(&chosen).send().expect(204);
    check_refused(&world.sign_in("alice", ""));

    let known = json!({ "email": "alice@example.org", "password": PASSWORD });
    let signed_in = guest("POST", "/api/v1/session").json(&known).send().expect(200);
    let session = cookie_of(&signed_in, SESSION);
    // Only the link on the page of the account connects it.
    check_refused(&world.sign_in("alice", &session));
    let page = guest("GET", "/account").header("Cookie", &session).send().expect(200);
    let (_, rest) = page.text().split_once("href=\"/signin/begin").expect("a link");
    let (link, _) = rest.split_once('"').expect("it ends");
    let link = format!("/signin/begin{link}");
    let connected = world.sign_in_from(&link, "alice", &session).expect(303);
    assert_eq!(connected.must_header("location"), "/account");
    let entered = account(&world, &world.sign_in("alice", ""));
    assert_eq!(entered["id"], made["account"]["id"]);
    // Nobody else is brought in by it.
    check_refused(&world.sign_in("bob", ""));
}

#[test]
fn an_identity_is_listed_and_removed_by_commands() {
    const ALICE: &str = "alice@example.org";

    let world = World::new();
    account(&world, &world.sign_in("alice", ""));
    let listed = || world.store.administer(&["account", "identities", ALICE])["items"].clone();
    let found = listed();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    let id = found[0]["id"].as_str().expect("an id");
    let data = world.store.data();
    let shown = run(acta().args(["account", "identities", ALICE, "--data"]).arg(&data));
    assert!(shown.out.contains(id) && shown.out.contains(world.provider.issuer()), "{}", shown.out);
    let remove =
        |id: &str| run(acta().args(["account", "remove-identity", ALICE, id, "--data"]).arg(&data));
    let removed = remove(id);
    assert_eq!(removed.code, Some(0), "{}", removed.err);
    assert_eq!(listed(), json!([]));
    let again = remove(id);
    assert_eq!(again.code, Some(1), "{}", again.err);
    // Nobody but the person connects the account again.
    check_refused(&world.sign_in("alice", ""));
}

#[test]
fn a_sign_in_is_completed_only_by_the_browser_that_began_it() {
    let world = World::new();
    let client = world.client();
    let begun = client.call_outside("GET", "/signin/begin").without("Authorization").send();
    let query = world.provider.sign_in(begun.expect(303).must_header("location"), "alice");
    let back = format!("/signin/oidc?{query}");
    check_refused(&client.call_outside("GET", &back).without("Authorization").send());
    let others = client.call_outside("GET", "/signin/begin").without("Authorization").send();
    let kept = cookie_of(&others, "acta-oidc");
    let call = client.call_outside("GET", &back).without("Authorization");
    check_refused(&call.header("Cookie", &kept).send());
}
