//! Access tokens of machines.

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::ManualClock;
use acta_auth::oidc::{BearerTenant, OidcError, StartedSignIn, TokenFault, is_token_shaped};
use acta_test_oidc::{OidcServer, RESOURCE};
use serde_json::{Value, json};

use crate::fixture::{
    bearer_options, changed, clock, finish, provider, provider_options, seconds, sendable, tenant,
    verifier,
};

#[tokio::test]
async fn accepts_an_access_token() {
    let server = OidcServer::start();
    let verifier = verifier(bearer_options(&server), &clock());
    let token = server.access_token("acta:statements/write acta:statements/read mail/read");
    assert!(is_token_shaped(&token));
    let identity = sendable(verifier.verify(&token)).await.unwrap();
    assert_eq!(identity.tenant, tenant(7));
    assert_eq!(identity.issuer, server.issuer());
    assert_eq!(identity.subject, "sender");
    assert_eq!(identity.scopes.to_string(), "statements/write statements/read");
    assert_eq!(identity.name(), format!("{} sender", server.issuer()));
}

#[tokio::test]
async fn reads_the_tenant_from_the_configured_claim() {
    let server = OidcServer::start();
    let mut options = bearer_options(&server);
    options.tenant = BearerTenant::Claim("tenant".to_owned());
    let by_claim = verifier(options.clone(), &clock());
    let token = server.access_token("acta:all/read");
    assert_eq!(by_claim.verify(&token).await.unwrap().tenant, tenant(2));
    options.tenant = BearerTenant::Claim("scope".to_owned());
    let outcome = verifier(options, &clock()).verify(&token).await;
    assert_fault(&outcome, TokenFault::Tenant, "a claim without a number");
}

#[tokio::test]
async fn verifies_a_token_once_and_caches_it() {
    let server = OidcServer::start();
    let clock = clock();
    let verifier = verifier(bearer_options(&server), &clock);
    let token = server.access_token("acta:all/read");
    let first = verifier.verify(&token).await.unwrap();
    server.stop();
    let again = verifier.verify(&token).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again), "it is remembered");
    // A token that is changed in any way is another one.
    let changed = format!("{token}A");
    let outcome = verifier.verify(&changed).await;
    assert!(matches!(outcome, Err(OidcError::Token(_))), "{outcome:?}");
    // It is verified again from time to time, with the keys that are there.
    clock.advance(Duration::from_mins(5));
    let later = verifier.verify(&token).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &later), "it is verified again");
    // Ten minutes of life, and one of leeway, from when the provider made it.
    clock.advance(Duration::from_mins(10));
    assert_fault(&verifier.verify(&token).await, TokenFault::Expired, "an old token");
}

#[tokio::test]
async fn refuses_a_remembered_token_as_soon_as_it_expires() {
    let server = OidcServer::start();
    let clock = clock();
    let verifier = verifier(bearer_options(&server), &clock);
    let header = json!({ "alg": "ES256", "typ": "at+jwt" });
    let token = server.sign(&header, &claims(&server, &clock));
    assert!(verifier.verify(&token).await.is_ok());
    // A minute of life, and one of leeway, less a second of which a part has passed.
    clock.advance(Duration::from_secs(60 + 60 - 1));
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance(Duration::from_secs(1));
    assert_fault(&verifier.verify(&token).await, TokenFault::Expired, "an old token");
}

#[tokio::test]
async fn refuses_the_id_token_of_the_same_issuer() {
    let server = OidcServer::start();
    let clock = clock();
    let people = provider(provider_options(&server), &clock);
    // Even if the audience of access tokens is that of ID tokens.
    let mut options = bearer_options(&server);
    options.audience = "basic".to_owned();
    let machines = verifier(options, &clock);
    let StartedSignIn { url, pending } = people.begin().await.unwrap();
    let query = server.sign_in(&url, "alice");
    // The same token signs in and is refused here.
    let now = seconds(&clock);
    let token = server.sign(
        &json!({ "alg": "RS256" }),
        &json!({
            "iss": server.issuer(), "aud": "basic", "sub": "alice", "iat": now, "exp": now + 60,
            "nonce": crate::fixture::parameter(&url, "nonce"),
        }),
    );
    server.inject_fault("/token", json!({ "merge": { "id_token": token } }));
    assert!(finish(&people, &pending, &query).await.is_ok());
    assert_fault(&machines.verify(&token).await, TokenFault::Kind, "an ID token");
}

/// The claims of an access token that is taken.
fn claims(server: &OidcServer, clock: &ManualClock) -> Value {
    let now = seconds(clock);
    json!({
        "iss": server.issuer(),
        "aud": RESOURCE,
        "sub": "sender",
        "client_id": "sender",
        "scope": "acta:statements/write",
        "iat": now,
        "exp": now + 60,
        "jti": "1",
    })
}

#[track_caller]
fn assert_fault(
    outcome: &Result<impl std::fmt::Debug, OidcError>,
    expected: TokenFault,
    what: &str,
) {
    match outcome {
        Err(OidcError::Token(fault)) => assert_eq!(*fault, expected, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[tokio::test]
async fn claims_give_no_administration_scopes() {
    let server = OidcServer::start();
    let clock = clock();
    let verifier = verifier(bearer_options(&server), &clock);
    let scope = "acta:admin acta:admin/read acta:audit/read acta:statements/write";
    let claims = changed(claims(&server, &clock), &json!({ "scope": scope }));
    let token = server.sign(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims);
    assert_eq!(verifier.verify(&token).await.unwrap().scopes.to_string(), "statements/write");
}

#[tokio::test]
async fn refuses_invalid_claims() {
    let server = OidcServer::start();
    let clock = clock();
    let verifier = verifier(bearer_options(&server), &clock);
    let now = seconds(&clock);
    let table = [
        (json!({ "iss": "https://id.example.org" }), TokenFault::Issuer),
        (json!({ "iss": format!("{}/", server.issuer()) }), TokenFault::Issuer),
        (json!({ "aud": "https://other.example.org" }), TokenFault::Audience),
        (json!({ "aud": null }), TokenFault::Audience),
        (json!({ "exp": now - 3600 }), TokenFault::Expired),
        (json!({ "exp": null }), TokenFault::Expired),
        (json!({ "nbf": now + 3600 }), TokenFault::Early),
        (json!({ "sub": null }), TokenFault::Subject),
        (json!({ "cnf": { "jkt": "a" } }), TokenFault::Kind),
    ];
    for (change, expected) in table {
        let claims = changed(claims(&server, &clock), &change);
        let token = server.sign(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims);
        assert_fault(&verifier.verify(&token).await, expected, &change.to_string());
    }
}

#[tokio::test]
async fn refuses_other_algorithms_types_and_keys() {
    let server = OidcServer::start();
    let mut options = bearer_options(&server);
    options.algorithms = vec!["ES256".parse().unwrap(), "EdDSA".parse().unwrap()];
    let clock = clock();
    let verifier = verifier(options, &clock);
    let table = [
        (json!({ "alg": "ES256", "typ": "at+jwt" }), None),
        (json!({ "alg": "EdDSA", "typ": "application/AT+JWT" }), None),
        (json!({ "alg": "ES256", "typ": "JWT" }), None),
        (json!({ "alg": "RS256", "typ": "at+jwt" }), Some(TokenFault::Algorithm)),
        (json!({ "alg": "none", "typ": "at+jwt" }), Some(TokenFault::Algorithm)),
        (json!({ "alg": "HS256", "typ": "at+jwt" }), Some(TokenFault::Algorithm)),
        (json!({ "alg": "ES256", "typ": "logout+jwt" }), Some(TokenFault::Kind)),
        (json!({ "alg": "ES256", "typ": "at+jwt", "kid": "a" }), Some(TokenFault::Key)),
        (json!({ "alg": "ES256", "typ": "at+jwt", "crit": [] }), Some(TokenFault::Malformed)),
    ];
    for (header, expected) in table {
        let outcome = verifier.verify(&server.sign(&header, &claims(&server, &clock))).await;
        match expected {
            None => assert!(outcome.is_ok(), "{header}: {outcome:?}"),
            Some(fault) => assert_fault(&outcome, fault, &header.to_string()),
        }
    }
    for text in ["", "a", "a.b.c", "eyJ.e30.AAAA", &"a".repeat(100_000)] {
        assert_fault(&verifier.verify(text).await, TokenFault::Malformed, text);
    }
}

#[tokio::test]
async fn reads_scopes_from_the_configured_claim() {
    let server = OidcServer::start();
    let clock = clock();
    let cases = [
        (None, "acta:", json!({ "scope": "acta:state profile acta:none" }), "state"),
        (None, "acta:", json!({ "scope": null, "scp": ["acta:state", "acta:all"] }), "state all"),
        (None, "acta:", json!({ "scope": null, "scp": "acta:state all" }), "state"),
        (Some("roles"), "", json!({ "roles": ["state", "x"], "scope": "all" }), "state"),
        (Some("a.b"), "", json!({ "a": { "b": ["state"] } }), "state"),
        // What is not a scope here gives nothing, as those that every OpenID token has.
        (None, "acta:", json!({ "scope": "openid profile state acta: ACTA:all" }), ""),
        (Some("roles"), "", json!({ "roles": { "all": true } }), ""),
    ];
    for (claim, prefix, change, expected) in cases {
        let mut options = bearer_options(&server);
        options.scope_claim = claim.map(str::to_owned);
        options.scope_prefix = prefix.to_owned();
        let claims = changed(claims(&server, &clock), &change);
        let token = server.sign(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims);
        let identity = verifier(options, &clock).verify(&token).await.unwrap();
        assert_eq!(identity.scopes.to_string(), expected, "claims: {change}");
    }
}
