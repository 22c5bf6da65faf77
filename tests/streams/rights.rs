//! Who may open a stream, what it shows, and when it ends.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::{KEY, SECRET};
use acta_tests::{Call, Client, Engine, Response, basic, make};
use serde_json::json;

use crate::Served;
use crate::subscriber::{Request, Subscriber, WAIT_MAX};

/// The password of the person of these tests.
const PASSWORD: &str = "a long enough password";

/// The status of a stream with this header.
fn status(served: &Served, stream: &str, authorization: &str) -> u16 {
    let request = Request::new(stream).header("Authorization", authorization);
    request.open(served.server.address()).status
}

#[test]
fn a_stream_needs_the_rights_of_reading_statements() {
    let served = Served::new(Engine::Embedded);
    let scopes = |scopes: &str| served.credential(scopes, "1").0;
    let table = [
        (scopes("statements/read"), 200, 200),
        (scopes("all/read"), 200, 200),
        (scopes("statements/read/mine"), 200, 403),
        (scopes("statements/write"), 403, 403),
        (scopes("admin/read"), 403, 200),
        (basic(KEY, "wrong"), 401, 401),
        (String::new(), 401, 401),
    ];
    for (authorization, of_statements, of_summary) in table {
        assert_eq!(status(&served, "statements", &authorization), of_statements);
        assert_eq!(status(&served, "summary", &authorization), of_summary);
    }
    let tenant = served.store.administer(&["tenant", "create", "South"])["id"].to_string();
    let (south, _) = served.credential("all", &tenant);
    assert_eq!(status(&served, "statements", &south), 404);
    assert_eq!(status(&served, "summary", &south), 404);
}

fn shows_what_may_be_read(engine: Engine) {
    let served = Served::new(engine);
    let (own, _) = served.credential("statements/write,statements/read/mine", "1");
    let client = served.client();
    let request = Request::new("statements").header("Authorization", &own);
    let (stream, _) = request.open(served.server.address()).opened_sealed();
    // A token for one learner sees no other.
    let ada = json!({"mbox": "mailto:ada@example.org"});
    let body = json!({"agent": ada, "scopes": ["statements/read"]});
    let token = client.call_outside("POST", "/api/v1/tokens").json(&body).send().expect(201);
    let token = format!("Bearer {}", token.json()["token"].as_str().unwrap());
    let request = Request::new("statements").header("Authorization", &token);
    let (of_ada, place) = request.open(served.server.address()).opened_sealed();
    let store = |authorization: Option<&str>, statement: serde_json::Value| {
        let call = client.post("/statements");
        let call = match authorization {
            Some(authorization) => call.header("Authorization", authorization),
            None => call,
        };
        call.json(&statement).send().expect(200).json()[0].as_str().unwrap().to_owned()
    };
    store(None, make::statement());
    let mine = store(Some(&own), make::statement());
    let hers = store(None, make::statement_of(&ada));
    store(None, make::statement());
    let both = store(Some(&own), make::statement_of(&ada));
    let ids = |sealed: Vec<(String, String)>| -> Vec<String> {
        sealed.into_iter().map(|(_, id)| id).collect()
    };
    assert_eq!(ids(stream.sealed(2)), [mine, both.clone()]);
    let received = of_ada.sealed(2);
    assert_eq!(received[0].1, hers);
    // A client continues by an id, however little it says.
    let open = |header: &str, query: &str| {
        let request = Request::new("statements").header("Authorization", &token);
        let request =
            if header.is_empty() { request } else { request.header("Last-Event-ID", header) };
        let request = if query.is_empty() { request } else { request.query("after", query) };
        request.open(served.server.address())
    };
    assert_eq!(
        ids(open(&received[0].0, "").opened_sealed().0.sealed(1)),
        std::slice::from_ref(&both)
    );
    assert_eq!(ids(open("", &place).opened_sealed().0.sealed(2)), [hers.clone(), both.clone()]);
    assert_eq!(ids(open("", "0").opened_sealed().0.sealed(2)), [hers, both]);
    // By a number, it would learn between which statements its own are.
    assert_eq!(open("3", "").status, 400);
    assert_eq!(open("", "3").status, 400);
}

#[test]
fn a_stream_shows_a_credential_what_it_may_read_and_no_number_of_statements() {
    shows_what_may_be_read(Engine::Embedded);
}

#[test]
fn a_stream_shows_a_credential_what_it_may_read_and_no_number_of_statements_on_postgres() {
    shows_what_may_be_read(Engine::Postgres);
}

/// Requests a stream token.
fn issue<'c>(client: &'c Client, tenant: &str) -> Call<'c> {
    client.call_outside("POST", &format!("/api/v1/tenants/{tenant}/stream/token"))
}

/// The token in an answer.
#[track_caller]
fn token_in(answer: Response) -> String {
    answer.expect(201).json()["token"].as_str().unwrap().to_owned()
}

/// A stream that a page of another origin opens with a token.
fn open_with(served: &Served, token: &str) -> Subscriber {
    let request = Request::new("statements").header("Authorization", "");
    let request = request.query("token", token).header("Origin", "https://page.example");
    request.open(served.server.address())
}

#[test]
fn a_page_of_another_origin_follows_statements_with_a_token() {
    let served = Served::new(Engine::Embedded);
    let client = served.client();
    let token = token_in(issue(&client, "1").send());
    assert!(token.starts_with("acta_s_"), "{token}");
    let (stream, _) = open_with(&served, &token).opened();
    let head = stream.head.to_lowercase();
    assert!(head.contains("access-control-allow-origin: https://page.example\r\n"), "{head}");
    assert!(!head.contains("access-control-allow-credentials"), "{head}");
    client.store(&make::statement());
    assert_eq!(stream.sequences(1), [1]);
    let summary = Request::new("summary").header("Authorization", "").query("token", &token);
    let summary = summary.open(served.server.address());
    assert_eq!(summary.event().data["statement_count"], 1);
    assert!(!served.server.log().contains(&token), "a token is not logged");
}

#[test]
fn a_stream_token_opens_nothing_but_streams_of_its_tenant() {
    let served = Served::new(Engine::Embedded);
    let client = served.client();
    let token = token_in(issue(&client, "1").send());
    for wrong in [&token[..token.len() - 1], "x"] {
        assert_eq!(open_with(&served, wrong).status, 401);
    }
    for path in ["/api/v1/tenants/1/statements", "/api/v1/tenants/1", "/api/v1/tenants/1/usage"] {
        let call = client.call_outside("GET", path).without("Authorization");
        assert_eq!(call.query("token", &token).send().status, 401, "{path}");
    }
    let bearer = client.get("/statements").header("Authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.send().status, 401);
    let tenant = served.store.administer(&["tenant", "create", "South"])["id"].to_string();
    let (south, _) = served.credential("all", &tenant);
    let of_south = token_in(issue(&client, &tenant).header("Authorization", &south).send());
    assert_eq!(open_with(&served, &of_south).status, 401);
    let (writer, _) = served.credential("statements/write", "1");
    for (authorization, status) in [(south, 404), (writer, 403), (String::from("x"), 401)] {
        let call = issue(&client, "1").header("Authorization", &authorization);
        assert_eq!(call.send().status, status);
    }
}

fn ends_with_its_rights(engine: Engine) {
    let served = Served::new(engine);
    let address = served.server.address();
    let (reader, key) = served.credential("statements/read", "1");
    let client = served.client();
    let open = |authorization: &str| {
        Request::new("statements").header("Authorization", authorization).open(address).opened().0
    };
    let call = client.call_outside("POST", "/api/v1/tenants/1/stream/token");
    let issued = call.header("Authorization", &reader).send().expect(201).json();
    let token = issued["token"].as_str().unwrap();
    let by_token = Request::new("statements").header("Authorization", "").query("token", token);
    let (by_token, by_key, other) =
        (by_token.open(address).opened().0, open(&reader), open(&basic(KEY, SECRET)));
    served.store.administer(&["credential", "remove", &key]);
    assert_eq!((by_key.end().as_str(), by_token.end().as_str()), ("refused", "refused"));
    client.store(&make::statement());
    assert_eq!(other.sequences(1), [1], "the other goes on");
    served.store.administer(&["tenant", "suspend", "1"]);
    assert_eq!(other.end(), "refused");
    served.store.administer(&["tenant", "resume", "1"]);
    let clock = SystemClock::new();
    while status(&served, "statements", &basic(KEY, SECRET)) != 200 {
        assert!(clock.elapsed() < WAIT_MAX, "another node learns it within a second or so");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_stream_ends_when_its_credential_or_tenant_does() {
    ends_with_its_rights(Engine::Embedded);
}

#[test]
fn a_stream_ends_when_its_credential_or_tenant_does_on_postgres() {
    ends_with_its_rights(Engine::Postgres);
}

#[test]
fn a_stream_of_a_person_ends_with_the_session_or_the_role() {
    let served = Served::new(Engine::Embedded);
    let client = served.client();
    let email = "ada@example.org";
    let account = ["account", "create", email, "--name", "Ada", "--role", "analyst"];
    let made = served.store.administer(&account);
    let token = made["token"].as_str().unwrap();
    let body = json!({ "token": token, "password": PASSWORD });
    let call = client.call_outside("POST", "/api/v1/links/accept").without("Authorization");
    call.json(&body).send().expect(204);
    let sign_in = || {
        let body = json!({ "email": email, "password": PASSWORD });
        let call = client.call_outside("POST", "/api/v1/session").without("Authorization");
        let answer = call.json(&body).send().expect(200);
        let cookie = answer.must_header("set-cookie").split(';').next().unwrap().to_owned();
        (cookie, answer.json()["csrf_token"].as_str().unwrap().to_owned())
    };
    let open = |cookie: &str| {
        let request = Request::new("statements").header("Authorization", "");
        request.header("Cookie", cookie).open(served.server.address()).opened().0
    };
    let (cookie, csrf) = sign_in();
    let stream = open(&cookie);
    client.store(&make::statement());
    assert_eq!(stream.sequences(1), [1]);
    let call = client.call_outside("DELETE", "/api/v1/session").without("Authorization");
    let call = call.header("Cookie", &cookie).header("X-CSRF-Token", &csrf);
    call.header("Sec-Fetch-Site", "same-origin").send().expect(204);
    assert_eq!(stream.end(), "refused");
    let stream = open(&sign_in().0);
    served.store.administer(&["account", "role", email, "none"]);
    assert_eq!(stream.end(), "refused");
}
