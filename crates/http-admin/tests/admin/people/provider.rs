//! People who come by way of an identity provider.

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_admin::NewcomerRule;
use acta_ambient::{Clock as _, ManualClock, SystemClock, SystemEntropy};
use acta_auth::Secret;
use acta_auth::oidc::{Algorithm, Provider, ProviderOptions, RoleRule};
use acta_http_admin::SignInProvider;
use acta_test_oidc::{CLIENT_SECRET, OidcServer, REDIRECT_URI};

use super::{Answer, House};

async fn house_with(server: &OidcServer) -> House {
    let options = ProviderOptions {
        issuer: server.issuer().to_owned(),
        client_id: "basic".to_owned(),
        client_secret: Some(Secret::new(CLIENT_SECRET)),
        scopes: "openid email profile groups".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        algorithms: Algorithm::EVERY.to_vec(),
        role_claim: Some("groups".to_owned()),
        roles: vec![RoleRule {
            value: "staff".to_owned(),
            role: Role::Viewer,
            tenant: TenantId::FIRST,
        }],
        timeout: Duration::from_secs(30),
    };
    let clock = Arc::new(ManualClock::new(SystemClock::new().now()));
    let provider = Provider::new(options, clock, Arc::new(SystemEntropy)).unwrap();
    let label = "Sign in with Example ID".to_owned();
    let newcomers = NewcomerRule::CreateAccount;
    let provider = SignInProvider { provider: Arc::new(provider), label, newcomers };
    House::of(|parts| parts.admin.provider = Some(provider)).await
}

/// The cookie of this name that an answer sets, as a browser sends it back.
fn cookie_of(answer: &Answer, name: &str) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let found = set.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with(name));
    found.expect("it sets the cookie").to_owned()
}

/// Goes to the provider from `path`, signs alice in there, and comes back.
async fn come_by(house: &House, server: &OidcServer, (cookie, path): (&str, &str)) -> Answer {
    let begun = house.open(cookie, path).await.must_be(303);
    let query = server.sign_in(begun.header("location"), "alice");
    let kept = cookie_of(&begun, "acta-oidc=");
    let cookies = if cookie.is_empty() { kept } else { format!("{cookie}; {kept}") };
    house.open(&cookies, &format!("/signin/oidc?{query}")).await
}

/// The address of the signed-in person by what an answer sets.
async fn who_came(house: &House, answer: &Answer) -> String {
    let page = house.open(&cookie_of(answer, "acta-session="), "/account").await.must_be(200);
    let (_, rest) = page.text.split_once("Signed in as <strong>").expect("somebody");
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn no_page_of_another_origin_connects_an_account_with_an_identity() {
    let server = OidcServer::start();
    let house = house_with(&server).await;
    let ada = house.ada().await;
    // A page of others has led the browser there, and has signed it in as alice before.
    let answer = come_by(&house, &server, (&ada.cookie, "/signin/begin")).await.must_be(303);
    assert_eq!(who_came(&house, &answer).await, "alice@example.org");
    let answer = come_by(&house, &server, ("", "/signin/begin")).await.must_be(303);
    assert_eq!(who_came(&house, &answer).await, "alice@example.org");
}

#[tokio::test]
async fn the_account_page_connects_an_identity() {
    let server = OidcServer::start();
    let house = house_with(&server).await;
    let ada = house.ada().await;
    let bob = house.bob(&ada, "viewer").await;
    let page = house.open(&ada.cookie, "/account").await.must_be(200);
    let (_, rest) = page.text.split_once("href=\"/signin/begin?").expect("a link");
    let path = format!("/signin/begin?{}", rest.split('"').next().unwrap());
    house.open(&bob.cookie, &path).await.must_be(403);
    house.open("", &path).await.must_be(403);
    house.open(&ada.cookie, "/signin/begin?connect=x").await.must_be(403);
    let answer = come_by(&house, &server, (&ada.cookie, &path)).await.must_be(303);
    assert_eq!(answer.header("location"), "/account");
    let answer = come_by(&house, &server, ("", "/signin/begin")).await.must_be(303);
    assert_eq!(who_came(&house, &answer).await, "ada@example.org");
}

#[tokio::test]
async fn a_return_from_the_provider_is_accepted_once() {
    let server = OidcServer::start();
    let house = house_with(&server).await;
    let begun = house.open("", "/signin/begin").await.must_be(303);
    let query = server.sign_in(begun.header("location"), "alice");
    let kept = cookie_of(&begun, "acta-oidc=");
    let path = format!("/signin/oidc?{query}");
    // One whose state is another costs the sign-in nothing.
    house.open(&kept, "/signin/oidc?code=x&state=y").await.must_be(400);
    assert_eq!(server.count("/token"), 0);
    let entered = house.open(&kept, &path).await.must_be(303);
    assert_eq!(who_came(&house, &entered).await, "alice@example.org");
    // The provider is not even asked again: it might accept a code twice.
    let again = house.open(&kept, &path).await;
    assert_eq!((again.status, again.header("set-cookie")), (400, ""));
    assert_eq!(server.count("/token"), 1);
}

/// A page with this text and a way back.
#[track_caller]
fn check_page(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert!(answer.text.contains(text), "{text} in {}", answer.text);
    assert!(answer.text.contains("<a href=\"/signin\">"), "{}", answer.text);
}

#[tokio::test]
async fn a_refused_sign_in_is_a_page_with_a_way_back() {
    let server = OidcServer::start();
    let house = house_with(&server).await;
    // Not begun here, refused by the provider, and a person who gets no account.
    let unknown = house.open("", "/signin/oidc?code=x&state=y").await;
    check_page(
        &unknown,
        400,
        "The sign-in has expired or was not started in this browser; start again",
    );
    let begun = house.open("", "/signin/begin").await.must_be(303);
    let (_, state) = begun.header("location").split_once("state=").unwrap();
    let state = state.split('&').next().unwrap();
    let declined = format!("/signin/oidc?error=access_denied&state={state}");
    let declined = house.open(&cookie_of(&begun, "acta-oidc="), &declined).await;
    check_page(&declined, 400, "start again at /signin");
    let begun = house.open("", "/signin/begin").await.must_be(303);
    let query = server.sign_in(begun.header("location"), "bob");
    let kept = cookie_of(&begun, "acta-oidc=");
    let refused = house.open(&kept, &format!("/signin/oidc?{query}")).await;
    check_page(&refused, 403, "you have no account here");
    check_page(&house.open("", "/signin/begin?connect=x").await, 403, "The page has expired");
}

#[tokio::test]
async fn a_person_without_a_password_is_not_asked_for_one() {
    let server = OidcServer::start();
    let house = house_with(&server).await;
    let entered = come_by(&house, &server, ("", "/signin/begin")).await.must_be(303);
    let cookie = cookie_of(&entered, "acta-session=");
    let session = house.send("GET /api/v1/session", &[&format!("cookie: {cookie}")], "").await;
    let csrf = session.json()["csrf_token"].as_str().unwrap().to_owned();
    let csrf = ("csrf", csrf.as_str());
    let page = house.open(&cookie, "/account").await.must_be(200);
    assert!(!page.text.contains("Current password"), "{}", page.text);
    assert!(page.text.contains("At least 15 and at most 128 characters."), "{}", page.text);
    let (_, identity) = page.text.split_once("name=\"identity\" value=\"").expect("one");
    let identity = identity.split('"').next().unwrap();
    let disconnect = [("act", "disconnect"), csrf, ("identity", identity)];
    let answer = house.submit(&cookie, "/account", &disconnect).await.must_be(409);
    assert!(answer.text.contains("set a password first"), "{}", answer.text);
    let chosen = [("act", "password"), csrf, ("new_password", super::PASSWORD)];
    house.submit(&cookie, "/account", &chosen).await.must_be(303);
    let page = house.open(&cookie, "/account").await.must_be(200);
    assert!(page.text.contains("Current password"), "{}", page.text);
    let wrong = house.submit(&cookie, "/account", &disconnect).await.must_be(400);
    assert!(wrong.text.contains("-current_password-error"), "{}", wrong.text);
    let confirmed = [&disconnect[..], &[("current_password", super::PASSWORD)]].concat();
    house.submit(&cookie, "/account", &confirmed).await.must_be(303);
    let page = house.open(&cookie, "/account").await.must_be(200);
    assert!(!page.text.contains("name=\"identity\""), "{}", page.text);
}
