//! People: from the link that sets the server up to sessions, roles, links and pages.

mod closed;
mod ending;
mod provider;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::ManualClock;
use acta_http::App;
use acta_xapi::Version;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::{HeaderMap, Request};
use serde_json::{Value, json};

use crate::administered::{Parts, parts_of};
use crate::server::{Known, authorization, bounds, encode};

const PASSWORD: &str = "blue otters juggle seven lamps";
const OTHER_PASSWORD: &str = "violet-kayak-thunder-39";

/// A server on which nobody has an account, and the token of the link that makes the first.
struct House {
    app: App,
    clock: Arc<ManualClock>,
    known: std::collections::HashMap<String, Known>,
    set_up: String,
}

/// A browser that is signed in.
#[derive(Clone)]
struct Browser {
    cookie: String,
    csrf: String,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The cookie that it sets, as a browser sends it back.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    #[track_caller]
    fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

impl House {
    async fn new() -> Self {
        Self::at(None).await
    }

    async fn at(public_url: Option<&str>) -> Self {
        Self::of(|parts| parts.http.options.public_url = public_url.map(str::to_owned)).await
    }

    /// One of parts that are changed before.
    async fn of(change: impl FnOnce(&mut Parts)) -> Self {
        let (mut parts, clock, known) = parts_of(Version::V2_0_0, bounds()).await;
        change(&mut parts);
        let set_up =
            parts.admin.admin.begin_set_up().await.unwrap().expect("nobody has an account");
        Self { app: parts.into_app(), clock, known, set_up: set_up.expose().to_owned() }
    }

    /// Sends a request; headers are `name: value`.
    async fn send(&self, line: &str, headers: &[&str], body: impl Into<Body>) -> Answer {
        self.clock.advance(Duration::from_secs(1));
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|header| header.starts_with("host: ")) {
            request = request.header("host", "a.example");
        }
        for (name, value) in headers.iter().filter_map(|header| header.split_once(": ")) {
            request = request.header(name, value);
        }
        let response = self.app.answer(request.body(body.into()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// Asks the API as a browser does.
    async fn ask(&self, browser: Option<&Browser>, line: &str, body: Value) -> Answer {
        let mut headers = vec!["sec-fetch-site: same-origin".to_owned(), "if-match: *".to_owned()];
        if let Some(Browser { cookie, csrf }) = browser {
            headers.push(format!("cookie: {cookie}"));
            headers.push(format!("x-csrf-token: {csrf}"));
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_null() {
            headers.push("content-type: application/json".to_owned());
            headers.push(format!("content-length: {}", text.len()));
        }
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let (method, path) = line.split_once(' ').unwrap();
        self.send(&format!("{method} /api/v1{path}"), &headers, text).await
    }

    /// Sends a form as a browser does.
    async fn submit(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let cookie = format!("cookie: {cookie}");
        let headers = [
            "sec-fetch-site: same-origin",
            "content-type: application/x-www-form-urlencoded",
            &cookie,
        ];
        let headers = if cookie == "cookie: " { &headers[..2] } else { &headers[..] };
        self.send(&format!("POST {path}"), headers, pairs.join("&")).await
    }

    async fn open(&self, cookie: &str, path: &str) -> Answer {
        let cookie = format!("cookie: {cookie}");
        let headers: &[&str] = if cookie == "cookie: " { &[] } else { &[&cookie] };
        self.send(&format!("GET {path}"), headers, "").await
    }

    fn browser(answer: &Answer) -> Browser {
        let csrf = answer.json()["csrf_token"].as_str().unwrap().to_owned();
        Browser { cookie: answer.cookie(), csrf }
    }

    /// Sets the server up: Ada runs it.
    async fn ada(&self) -> Browser {
        let body = json!({
            "token": self.set_up, "email": "ada@example.org", "display_name": "Ada Lovelace",
            "password": PASSWORD,
        });
        Self::browser(&self.ask(None, "POST /links/accept", body).await.must_be(200))
    }

    /// Invites Bob, who comes.
    async fn bob(&self, ada: &Browser, role: &str) -> Browser {
        let body = json!({ "email": "bob@example.org", "role": role });
        let answer = self.ask(Some(ada), "POST /tenants/1/invitations", body).await.must_be(201);
        let body = json!({
            "token": answer.json()["token"], "display_name": "Bob", "password": OTHER_PASSWORD,
        });
        Self::browser(&self.ask(None, "POST /links/accept", body).await.must_be(200))
    }

    async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.ask(None, "POST /session", json!({ "email": email, "password": password })).await
    }
}

#[tokio::test]
async fn the_first_person_sets_up_and_invites_the_next_whose_role_changes() {
    let house = House::new().await;
    let body = json!({ "token": house.set_up });
    let answer = house.ask(None, "POST /links/read", body.clone()).await.must_be(200);
    assert_eq!(answer.json(), json!({ "purpose": "set-up" }));
    let ada = house.ada().await;
    let answer = house.ask(Some(&ada), "GET /session", Value::Null).await.must_be(200).json();
    assert_eq!(answer["account"]["email"], "ada@example.org");
    assert_eq!(answer["account"]["is_operator"], true);
    assert_eq!(answer["account"]["roles"], json!([{ "tenant": 1, "role": "owner" }]));
    house.ask(None, "POST /links/read", body).await.must_be(410);

    let bob = house.bob(&ada, "viewer").await;
    let answer = house.ask(Some(&bob), "GET /account", Value::Null).await.must_be(200).json();
    let path = format!("/tenants/1/people/{}", answer["id"].as_str().unwrap());
    let change = json!({ "role": "owner" });
    house.ask(Some(&bob), &format!("PATCH {path}"), change).await.must_be(403);
    let change = json!({ "role": "auditor" });
    let answer = house.ask(Some(&ada), &format!("PATCH {path}"), change).await.must_be(200);
    assert_eq!(answer.json()["role"], "auditor");
    let people = house.ask(Some(&ada), "GET /tenants/1/people", Value::Null).await.must_be(200);
    assert_eq!(people.json()["items"].as_array().unwrap().len(), 2);
    let answer = house.ask(Some(&ada), "GET /tenants/1/invitations", Value::Null).await;
    assert_eq!(answer.must_be(200).json()["items"], json!([]));
    house.ask(Some(&bob), &format!("DELETE {path}"), Value::Null).await.must_be(204);
    house.ask(Some(&bob), "GET /tenants/1/people", Value::Null).await.must_be(404);
}

#[tokio::test]
async fn an_invitation_link_is_returned_once_and_can_be_revoked() {
    let house = House::at(Some("https://lrs.example")).await;
    let ada = house.ada().await;
    let cookie = format!("cookie: {}", ada.cookie);
    let csrf = format!("x-csrf-token: {}", ada.csrf);
    let headers = [
        "sec-fetch-site: same-origin",
        "content-type: application/json",
        "idempotency-key: k1",
        &cookie,
        &csrf,
    ];
    let body = json!({ "email": "Bob@Example.org", "role": "analyst" }).to_string();
    let line = "POST /api/v1/tenants/1/invitations";
    let first = house.send(line, &headers, body.clone()).await.must_be(201);
    let again = house.send(line, &headers, body).await.must_be(201);
    let (answer, address) = (first.json(), first.json()["link"].as_str().unwrap().to_owned());
    let token = answer["token"].as_str().unwrap();
    assert_eq!(address, format!("https://lrs.example/invitation?token={token}"));
    assert_eq!(answer["email"], "bob@example.org");
    assert_eq!(again.json()["id"], answer["id"]);
    assert_eq!((&again.json()["token"], &again.json()["link"]), (&Value::Null, &Value::Null));
    let list = house.ask(Some(&ada), "GET /tenants/1/invitations", Value::Null).await;
    assert_eq!(list.must_be(200).json()["items"].as_array().unwrap().len(), 1);
    let path = format!("/tenants/1/invitations/{}", answer["id"].as_str().unwrap());
    assert_eq!(first.header("location"), format!("/api/v1{path}"));
    house.ask(Some(&ada), &format!("DELETE {path}"), Value::Null).await.must_be(204);
    house.ask(None, "POST /links/read", json!({ "token": token })).await.must_be(410);
}

#[tokio::test]
async fn changes_require_the_csrf_token() {
    let house = House::new().await;
    let ada = house.ada().await;
    let cookie = format!("cookie: {}", ada.cookie);
    let json = "content-type: application/json";
    let body = || json!({ "display_name": "Ada" }).to_string();
    let wrong = "x-csrf-token: wrong";
    for (headers, slug) in [
        (vec![json, "sec-fetch-site: same-origin", &cookie], "csrf-token"),
        (vec![json, "sec-fetch-site: same-origin", &cookie, wrong], "csrf-token"),
        (vec![json, "sec-fetch-site: cross-site", &cookie], "foreign-origin"),
    ] {
        let answer = house.send("PATCH /api/v1/account", &headers, body()).await.must_be(403);
        assert_eq!(answer.json()["type"], format!("urn:acta:problem:{slug}"));
    }
    let headers = ["sec-fetch-site: same-origin", &cookie];
    house.send("DELETE /api/v1/session", &headers, "").await.must_be(403);
    let body = json!({ "display_name": "Ada King" });
    let answer = house.ask(Some(&ada), "PATCH /account", body).await.must_be(200);
    assert_eq!(answer.json()["display_name"], "Ada King");
}

#[tokio::test]
async fn no_page_of_another_origin_signs_anybody_in() {
    let house = House::new().await;
    house.ada().await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD }).to_string();
    let form = format!("email=ada%40example.org&password={}", encode(PASSWORD));
    let urlencoded = "content-type: application/x-www-form-urlencoded";
    for foreign in ["sec-fetch-site: cross-site", "origin: https://evil.example", "origin: null"] {
        let headers = ["content-type: application/json", foreign];
        house.send("POST /api/v1/session", &headers, body.clone()).await.must_be(403);
        let answer = house.send("POST /signin", &[urlencoded, foreign], form.clone()).await;
        assert_eq!(answer.must_be(403).header("set-cookie"), "");
    }
    let headers = ["content-type: application/json", "origin: http://a.example"];
    house.send("POST /api/v1/session", &headers, body).await.must_be(200);
}

#[tokio::test]
async fn the_cookie_is_for_this_server_alone_and_worth_nothing_after_signing_out() {
    let house = House::new().await;
    let ada = house.ada().await;
    let answer = house.sign_in("ada@example.org", PASSWORD).await.must_be(200);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("acta-session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!answer.text.contains(answer.cookie().split_once('=').unwrap().1), "{}", answer.text);
    let browser = House::browser(&answer);
    let answer = house.ask(Some(&browser), "DELETE /session", Value::Null).await.must_be(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    house.ask(Some(&browser), "GET /session", Value::Null).await.must_be(401);
    house.ask(Some(&ada), "GET /session", Value::Null).await.must_be(200);

    let house = House::at(Some("https://lrs.example")).await;
    house.ada().await;
    let answer = house.sign_in("ada@example.org", PASSWORD).await.must_be(200);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-acta-session=") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn nobody_reaches_the_sessions_of_others() {
    let house = House::new().await;
    let ada = house.ada().await;
    let bob = house.bob(&ada, "viewer").await;
    let sessions = |answer: Answer| answer.json()["items"].as_array().unwrap().clone();
    let of_ada = house.ask(Some(&ada), "GET /account/sessions", Value::Null).await.must_be(200);
    let id = sessions(of_ada)[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/account/sessions/{id}");
    house.ask(Some(&bob), &format!("DELETE {path}"), Value::Null).await.must_be(404);
    let second = House::browser(&house.sign_in("ada@example.org", PASSWORD).await.must_be(200));
    house.ask(Some(&second), &format!("DELETE {path}"), Value::Null).await.must_be(204);
    house.ask(Some(&ada), "GET /session", Value::Null).await.must_be(401);
    let left = house.ask(Some(&second), "GET /account/sessions", Value::Null).await.must_be(200);
    let left = sessions(left);
    assert_eq!((left.len(), &left[0]["is_current"]), (1, &json!(true)));
}

#[tokio::test]
async fn sign_in_does_not_reveal_accounts() {
    let house = House::new().await;
    house.ada().await;
    let known = house.sign_in("ada@example.org", "not the password").await.must_be(401);
    let unknown = house.sign_in("eve@example.org", "not the password").await.must_be(401);
    assert_eq!(known.text, unknown.text);
    assert!(known.header("www-authenticate").starts_with("Bearer"));
    let mut last = house.sign_in("eve@example.org", "not the password").await;
    for _ in 0..5 {
        last = house.sign_in("eve@example.org", "not the password").await;
    }
    assert_eq!(last.must_be(429).header("retry-after"), "1");
}

#[tokio::test]
async fn a_form_that_is_refused_for_now_says_until_when() {
    let house = House::new().await;
    house.ada().await;
    let wrong = [("email", "eve@example.org"), ("password", "not the password")];
    let mut answer = house.submit("", "/signin", &wrong).await;
    for _ in 0..20 {
        if answer.status == 429 {
            break;
        }
        answer = house.submit("", "/signin", &wrong).await;
    }
    let refused = answer.must_be(429);
    let seconds = refused.header("retry-after");
    assert!(refused.text.contains(&format!("Try again in {seconds} seconds.")), "{}", refused.text);
}

#[tokio::test]
async fn operators_create_change_and_remove_accounts() {
    let house = House::new().await;
    let ada = house.ada().await;
    let body = json!({
        "email": "eve@example.org", "display_name": "Eve",
        "roles": [{ "tenant": 1, "role": "administrator" }],
    });
    let made = house.ask(Some(&ada), "POST /accounts", body.clone()).await.must_be(201).json();
    assert_eq!(made["account"]["roles"], json!([{ "tenant": 1, "role": "administrator" }]));
    house.ask(Some(&ada), "POST /accounts", body).await.must_be(409);
    let body = json!({ "token": made["token"], "password": OTHER_PASSWORD });
    house.ask(None, "POST /links/accept", body).await.must_be(204);
    let eve = House::browser(&house.sign_in("eve@example.org", OTHER_PASSWORD).await.must_be(200));
    house.ask(Some(&eve), "GET /accounts", Value::Null).await.must_be(403);
    let path = format!("/accounts/{}", made["account"]["id"].as_str().unwrap());
    let found = house.ask(Some(&ada), "GET /accounts?email=EVE@example.org", Value::Null).await;
    assert_eq!(found.must_be(200).json()["items"][0]["id"], made["account"]["id"]);
    let answer = house.ask(Some(&ada), &format!("POST {path}/reset"), Value::Null).await;
    let answer = answer.must_be(200).json();
    assert!(answer["token"].is_string() && answer["link"].is_null(), "{answer}");
    let change = json!({ "is_disabled": true });
    house.ask(Some(&ada), &format!("PATCH {path}"), change).await.must_be(200);
    house.ask(Some(&eve), "GET /session", Value::Null).await.must_be(401);
    house.sign_in("eve@example.org", OTHER_PASSWORD).await.must_be(401);
    house.ask(Some(&ada), &format!("DELETE {path}/second-factor"), Value::Null).await.must_be(204);
    house.ask(Some(&ada), &format!("DELETE {path}"), Value::Null).await.must_be(204);
    house.ask(Some(&ada), &format!("GET {path}"), Value::Null).await.must_be(404);
    let own = house.ask(Some(&ada), "GET /account", Value::Null).await.must_be(200).json();
    let path = format!("/accounts/{}", own["id"].as_str().unwrap());
    house.ask(Some(&ada), &format!("DELETE {path}"), Value::Null).await.must_be(409);
}

#[tokio::test]
async fn credentials_have_no_account() {
    let house = House::new().await;
    let header = format!("authorization: {}", house.known[&authorization("all", 1)].header);
    let answer = house.send("GET /api/v1/session", &[&header], "").await.must_be(200).json();
    assert_eq!((&answer["account"], &answer["csrf_token"]), (&Value::Null, &Value::Null));
    for line in ["GET /api/v1/account", "GET /api/v1/account/sessions", "DELETE /api/v1/session"] {
        house.send(line, &[&header], "").await.must_be(404);
    }
    house.send("GET /api/v1/session", &[], "").await.must_be(401);
}

#[tokio::test]
async fn forms_work_without_scripts_from_setting_up_to_signing_out() {
    let house = House::new().await;
    let path = format!("/setup?token={}", house.set_up);
    let page = house.open("", &path).await.must_be(200);
    for part in ["autocomplete=\"new-password\"", "autocomplete=\"username\"", "<label for="] {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(!page.text.contains("<script"));
    assert!(page.text.contains(PASSWORD_RULE), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    let fields = [("token", house.set_up.as_str()), ("display_name", "Ada")];
    let short = [&fields[..], &[("email", "ada@example.org"), ("password", "short")]].concat();
    let answer = house.submit("", "/setup", &short).await.must_be(400);
    assert!(answer.text.contains("id=\"setup-password-error\""), "{}", answer.text);
    assert!(answer.text.contains("value=\"ada@example.org\"") && !answer.text.contains("short\""));
    let whole = [&fields[..], &[("email", "ada@example.org"), ("password", PASSWORD)]].concat();
    let answer = house.submit("", "/setup", &whole).await.must_be(303);
    assert_eq!(answer.header("location"), "/");
    let cookie = answer.cookie();
    let page = house.open(&cookie, "/account").await.must_be(200);
    assert!(page.text.contains("<strong>ada@example.org</strong>"));
    house.submit("", "/setup", &whole).await.must_be(410);
    house.submit(&cookie, "/signout", &[]).await.must_be(403);
    let csrf = csrf_in(&page.text);
    let answer = house.submit(&cookie, "/signout", &[("csrf", &csrf)]).await.must_be(303);
    assert_eq!(answer.header("location"), "/signin?after=signout");
    assert_eq!(house.open(&cookie, "/account").await.must_be(303).header("location"), "/signin");
    let wrong = [("email", "ada@example.org"), ("password", "not the password")];
    let answer = house.submit("", "/signin", &wrong).await.must_be(403);
    assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains("not the password"));
    let right = [("email", "Ada@example.org"), ("password", PASSWORD), ("code", "")];
    assert_eq!(house.submit("", "/signin", &right).await.must_be(303).header("location"), "/");
}

/// What a page says of passwords before one is chosen.
const PASSWORD_RULE: &str = "At least 15 and at most 128 characters.";

/// The text of the QR code in a page, read from its picture, as an app reads it.
fn qr_code_in(page: &str) -> String {
    /// Pixels of a module.
    const SCALE: usize = 4;

    let (_, code) = page.split_once("<svg class=\"qr\"").expect("a QR code");
    let (_, size) = code.split_once("viewBox=\"0 0 ").expect("a size");
    let size: usize = size.split(' ').next().unwrap().parse().unwrap();
    let (code, _) = code.split_once("</svg>").unwrap();
    let dark: HashSet<(usize, usize)> = code
        .split('M')
        .filter_map(|module| module.split_once("h1v1h-1z")?.0.split_once(' '))
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect();
    let pixels = size * SCALE;
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, |x, y| {
        if dark.contains(&(x / SCALE, y / SCALE)) { 0 } else { 255 }
    });
    let codes = picture.detect_grids();
    assert_eq!(codes.len(), 1);
    codes[0].decode().unwrap().1
}

/// The token in a page of somebody who has signed in.
fn csrf_in(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form with a token");
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn links_open_pages_for_new_and_known_people() {
    let house = House::new().await;
    let ada = house.ada().await;
    let invite = |email: &'static str| {
        let body = json!({ "email": email, "role": "analyst" });
        let answer = house.ask(Some(&ada), "POST /tenants/1/invitations", body);
        async { answer.await.must_be(201).json()["token"].as_str().unwrap().to_owned() }
    };
    let token = invite("bob@example.org").await;
    let path = format!("/invitation?token={token}");
    let page = house.open("", &path).await.must_be(200);
    assert!(page.text.contains("value=\"bob@example.org\"") && page.text.contains("readonly"));
    assert!(page.text.contains(PASSWORD_RULE), "{}", page.text);
    let page = house.open(&ada.cookie, &path).await.must_be(200);
    assert!(page.text.contains("another person"), "{}", page.text);
    let fields = [("token", token.as_str()), ("display_name", "Bob"), ("password", OTHER_PASSWORD)];
    let answer = house.submit("", "/invitation", &fields).await.must_be(303);
    house.open(&answer.cookie(), "/account").await.must_be(200);
    house.open("", &path).await.must_be(410);

    let body = json!({ "email": "eve@example.org", "display_name": "Eve" });
    let made = house.ask(Some(&ada), "POST /accounts", body).await.must_be(201).json();
    let reset = made["token"].as_str().unwrap();
    let page = house.open("", &format!("/reset?token={reset}")).await.must_be(200);
    assert!(page.text.contains(PASSWORD_RULE), "{}", page.text);
    house.open("", &format!("/setup?token={reset}")).await.must_be(410);
    let fields = [("token", reset), ("password", PASSWORD)];
    let answer = house.submit("", "/reset", &fields).await.must_be(303);
    assert_eq!(answer.header("location"), "/signin?after=reset");

    let token = invite("eve@example.org").await;
    let path = format!("/invitation?token={token}");
    let page = house.open("", &path).await.must_be(200);
    assert!(page.text.contains("action=\"/signin\""), "{}", page.text);
    let fields =
        [("email", "eve@example.org"), ("password", PASSWORD), ("invitation", token.as_str())];
    let answer = house.submit("", "/signin", &fields).await.must_be(303);
    assert_eq!(answer.header("location"), path);
    let (cookie, page) = (answer.cookie(), house.open(&answer.cookie(), &path).await.must_be(200));
    let csrf = csrf_in(&page.text);
    house.submit(&cookie, "/invitation", &[("token", token.as_str())]).await.must_be(403);
    let fields = [("token", token.as_str()), ("csrf", csrf.as_str())];
    house.submit(&cookie, "/invitation", &fields).await.must_be(303);
    let answer = house.ask(Some(&ada), "GET /tenants/1/people", Value::Null).await.must_be(200);
    assert_eq!(answer.json()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_account_is_changed_on_its_page() {
    let house = House::new().await;
    let ada = house.ada().await;
    let elsewhere = house.sign_in("ada@example.org", PASSWORD).await.must_be(200).cookie();
    let csrf = ("csrf", ada.csrf.as_str());
    let page = house.open(&ada.cookie, "/account").await.must_be(200);
    assert!(page.text.contains("value=\"end\""), "{}", page.text);
    assert!(page.text.contains(PASSWORD_RULE), "{}", page.text);
    let fields = [("act", "rename"), csrf, ("display_name", "<b>Ada</b>")];
    house.submit(&ada.cookie, "/account", &fields).await.must_be(303);
    let page = house.open(&ada.cookie, "/account").await.must_be(200);
    assert!(page.text.contains("&lt;b&gt;Ada") && !page.text.contains("<b>"), "{}", page.text);
    let wrong = [
        ("act", "password"),
        csrf,
        ("current_password", "wrong"),
        ("new_password", OTHER_PASSWORD),
    ];
    let answer = house.submit(&ada.cookie, "/account", &wrong).await.must_be(400);
    assert!(answer.text.contains("id=\"password-current_password-error\""), "{}", answer.text);
    let right = [
        ("act", "password"),
        csrf,
        ("current_password", PASSWORD),
        ("new_password", OTHER_PASSWORD),
    ];
    house.submit(&ada.cookie, "/account", &right).await.must_be(303);
    house.open(&elsewhere, "/account").await.must_be(303);
    house.open(&ada.cookie, "/account").await.must_be(200);
    let begin = [("act", "begin"), csrf, ("current_password", OTHER_PASSWORD)];
    let answer = house.submit(&ada.cookie, "/account", &begin).await.must_be(200);
    let (_, key) = answer.text.split_once("Or enter this key in the app:").expect("a key");
    let (key, _) = key.split_once("</code>").expect("its end");
    let scanned = qr_code_in(&answer.text);
    let (start, parameters) = scanned.split_once("?secret=").expect("an address with a secret");
    assert_eq!(start, "otpauth://totp/Acta:ada%40example.org");
    let secret = parameters.split('&').next().unwrap();
    let shown: String = key.chars().filter(|character| !character.is_whitespace()).collect();
    assert!(secret.len() == 32 && shown.contains(secret), "{secret} is not in {key}");
    let confirm = [("act", "confirm"), csrf, ("code", "000000")];
    let answer = house.submit(&ada.cookie, "/account", &confirm).await.must_be(400);
    assert!(answer.text.contains("id=\"confirm-code-error\""), "{}", answer.text);
    house.submit(&ada.cookie, "/account", &[("act", "x"), csrf]).await.must_be(400);
}
