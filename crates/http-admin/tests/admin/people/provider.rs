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
