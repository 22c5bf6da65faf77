//! Sign-in by people.

use std::time::Duration;

use acta_access::Role;
use acta_ambient::{Clock as _, Timestamp};
use acta_auth::Secret;
use acta_auth::oidc::{OidcError, Pending, StartedSignIn};
use acta_test_oidc::{OidcServer, Options};
use serde_json::json;

use crate::fixture::{clock, finish, parameter, provider, provider_options, sign_in, tenant};

#[tokio::test]
async fn signs_in_a_person_of_the_provider() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let alice = sign_in(&server, &provider, "alice").await.unwrap();
    assert_eq!(alice.issuer, server.issuer());
    assert_eq!(alice.subject, "alice");
    assert_eq!(alice.email.as_deref(), Some("alice@example.org"));
    assert!(alice.is_email_verified);
    assert_eq!(alice.name.as_deref(), Some("Alice Example"));
    let granted = [(tenant(1), Role::Administrator), (tenant(2), Role::Viewer)];
    assert_eq!(alice.grants, granted);

    let bob = sign_in(&server, &provider, "bob").await.unwrap();
    assert_eq!(bob.subject, "bob");
    assert!(!bob.is_email_verified);
    assert_eq!(bob.grants, [(tenant(2), Role::Viewer)]);
    assert_eq!(server.count("/me"), 0, "everything is in the ID token");
    assert_eq!(server.count("/jwks"), 1);
    assert_eq!(server.count("/.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn requests_claims_that_are_missing_from_the_id_token() {
    let server = OidcServer::with(Options { has_claims_in_id_token: false });
    let mut options = provider_options(&server);
    options.role_claim = Some("realm_access.roles".to_owned());
    options.roles[0].value = "lrs-auditors".to_owned();
    let provider = provider(options, &clock());
    let alice = sign_in(&server, &provider, "alice").await.unwrap();
    assert_eq!(alice.email.as_deref(), Some("alice@example.org"));
    assert_eq!(alice.name.as_deref(), Some("Alice Example"));
    assert_eq!(alice.grants, [(tenant(1), Role::Administrator)]);
    assert_eq!(server.count("/me"), 1);
}

#[tokio::test]
async fn accepts_claims_only_about_the_same_person() {
    let server = OidcServer::with(Options { has_claims_in_id_token: false });
    let provider = provider(provider_options(&server), &clock());
    server.inject_fault("/me", json!({ "merge": { "sub": "bob" } }));
    let error = sign_in(&server, &provider, "alice").await.unwrap_err();
    assert!(matches!(error, OidcError::Token(_)), "{error:?}");
}

#[tokio::test]
async fn sends_its_secret_in_the_form_if_required() {
    let server = OidcServer::start();
    let methods = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    server.inject_fault("/.well-known/openid-configuration", json!({ "merge": methods }));
    let mut options = provider_options(&server);
    options.client_id = "post".to_owned();
    let provider = provider(options, &clock());
    assert_eq!(sign_in(&server, &provider, "alice").await.unwrap().subject, "alice");
}

#[tokio::test]
async fn needs_no_secret_as_a_public_client() {
    let server = OidcServer::start();
    let mut options = provider_options(&server);
    options.client_id = "public".to_owned();
    options.client_secret = None;
    let provider = provider(options, &clock());
    assert_eq!(sign_in(&server, &provider, "alice").await.unwrap().subject, "alice");
}

#[tokio::test]
async fn requests_a_code_with_pkce_state_and_nonce() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let one = provider.begin().await.unwrap();
    let two = provider.begin().await.unwrap();
    assert_eq!(parameter(&one.url, "response_type"), "code");
    assert_eq!(parameter(&one.url, "code_challenge_method"), "S256");
    assert_eq!(parameter(&one.url, "scope"), "openid email profile groups");
    assert_eq!(parameter(&one.url, "state"), one.pending.state());
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&one.url, name), parameter(&two.url, name), "parameter: {name}");
    }
}

#[tokio::test]
async fn a_person_may_cancel() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let StartedSignIn { url, pending } = provider.begin().await.unwrap();
    let query = server.turn_back(&url);
    let error = finish(&provider, &pending, &query).await.unwrap_err();
    assert!(matches!(&error, OidcError::Declined(code) if code == "access_denied"), "{error:?}");
}

#[track_caller]
fn assert_stale(outcome: &Result<impl std::fmt::Debug, OidcError>) {
    assert!(matches!(outcome, Err(OidcError::Stale)), "{outcome:?}");
}

#[tokio::test]
async fn finishes_only_sign_ins_of_the_same_browser() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let mine = provider.begin().await.unwrap();
    let other = provider.begin().await.unwrap();
    let query = server.sign_in(&mine.url, "alice");
    // The state of another sign-in.
    assert_stale(&finish(&provider, &other.pending, &query).await);
    // No state, and another issuer.
    assert_stale(&finish(&provider, &mine.pending, &query.replace("state=", "x=")).await);
    assert_stale(&finish(&provider, &mine.pending, &query.replace("iss=", "x=")).await);
    let elsewhere = query.replace("iss=http", "iss=https");
    assert_stale(&finish(&provider, &mine.pending, &elsewhere).await);
    // No code.
    assert_stale(&finish(&provider, &mine.pending, &query.replace("code=", "x=")).await);
    assert_eq!(server.count("/token"), 0, "nothing of this reaches the provider");
    assert_eq!(finish(&provider, &mine.pending, &query).await.unwrap().subject, "alice");
    // A code is good once.
    assert_stale(&finish(&provider, &mine.pending, &query).await);
}

#[tokio::test]
async fn the_provider_refuses_another_verifier() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let StartedSignIn { url, pending } = provider.begin().await.unwrap();
    let query = server.sign_in(&url, "alice");
    let other = provider.begin().await.unwrap().pending.encode();
    let mixed = mix(&pending.encode(), &other, 3);
    assert_stale(&finish(&provider, &mixed, &query).await);
    assert_eq!(server.count("/token"), 1);
}

/// A sign-in whose part at `index` is that of another.
fn mix(one: &str, other: &str, index: usize) -> Pending {
    let mut parts: Vec<&str> = one.split('.').collect();
    parts[index] = other.split('.').nth(index).unwrap();
    Pending::decode(&parts.join(".")).unwrap()
}

#[tokio::test]
async fn refuses_a_token_for_another_sign_in() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let StartedSignIn { url, pending } = provider.begin().await.unwrap();
    let query = server.sign_in(&url, "alice");
    let other = provider.begin().await.unwrap().pending.encode();
    let mixed = mix(&pending.encode(), &other, 2);
    let error = finish(&provider, &mixed, &query).await.unwrap_err();
    let nonce = acta_auth::oidc::TokenFault::Nonce;
    assert!(matches!(error, OidcError::Token(fault) if fault == nonce), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_takes_ten_minutes_at_most() {
    let server = OidcServer::start();
    let clock = clock();
    let provider = provider(provider_options(&server), &clock);
    let StartedSignIn { url, pending } = provider.begin().await.unwrap();
    let query = server.sign_in(&url, "alice");
    let begun = clock.now();
    clock.advance(Duration::from_mins(10));
    assert_stale(&finish(&provider, &pending, &query).await);
    // Nor does it come from the future, but clocks may differ a little.
    clock.set(Timestamp::from_unix_micros(begun.unix_micros() - 120_000_000));
    assert_stale(&finish(&provider, &pending, &query).await);
    assert_eq!(server.count("/token"), 0);
    clock.set(Timestamp::from_unix_micros(begun.unix_micros() - 30_000_000));
    assert_eq!(finish(&provider, &pending, &query).await.unwrap().subject, "alice");
}

#[tokio::test]
async fn reports_that_the_provider_rejects_the_client() {
    let server = OidcServer::start();
    let mut options = provider_options(&server);
    options.client_secret = Some(Secret::new("another"));
    let provider = provider(options, &clock());
    let error = sign_in(&server, &provider, "alice").await.unwrap_err();
    let OidcError::Setup(reason) = error else { panic!("{error:?}") };
    assert!(reason.contains("invalid_client"), "{reason}");
    assert!(!reason.contains("another"), "{reason}");
}
