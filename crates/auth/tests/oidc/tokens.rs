//! ID tokens that must not be believed.

use acta_auth::oidc::{OidcError, Provider, StartedSignIn, TokenFault};
use acta_test_oidc::OidcServer;
use serde_json::{Value, json};

use crate::fixture::{changed, clock, finish, parameter, provider, provider_options, seconds};

/// What the provider says about the sign-in that `url` begins.
fn claims(server: &OidcServer, url: &str) -> Value {
    let now = seconds(&clock());
    json!({
        "iss": server.issuer(),
        "aud": "basic",
        "sub": "alice",
        "nonce": parameter(url, "nonce"),
        "iat": now,
        "exp": now + 300,
        "name": "Alice",
        "email": "alice@example.org",
        "groups": [],
    })
}

/// Signs in while the provider gives `token` of what it would say instead of its own.
async fn outcome(
    server: &OidcServer,
    provider: &Provider,
    token: impl FnOnce(Value) -> String,
) -> Result<String, OidcError> {
    let StartedSignIn { url, pending } = provider.begin().await.unwrap();
    let query = server.sign_in(&url, "alice");
    let token = token(claims(server, &url));
    server.inject_fault("/token", json!({ "merge": { "id_token": token } }));
    finish(provider, &pending, &query).await.map(|signed_in| signed_in.subject)
}

/// As [`outcome`], with changed claims and header, signed by the provider's own key.
async fn outcome_of(
    server: &OidcServer,
    provider: &Provider,
    header: Value,
    change: Value,
) -> Result<String, OidcError> {
    let token = |claims| server.sign(&header, &changed(claims, &change));
    outcome(server, provider, token).await
}

#[track_caller]
fn assert_fault(outcome: Result<String, OidcError>, expected: TokenFault, what: &str) {
    match outcome {
        Err(OidcError::Token(fault)) => assert_eq!(fault, expected, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[tokio::test]
async fn accepts_every_listed_algorithm_and_no_other() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let good = ["RS256", "RS384", "RS512", "PS256", "ES256", "EdDSA"];
    for algorithm in good {
        let outcome = outcome_of(&server, &provider, json!({ "alg": algorithm }), json!({})).await;
        assert_eq!(outcome.unwrap(), "alice", "algorithm: {algorithm}");
    }
    for algorithm in ["none", "HS256"] {
        let outcome = outcome_of(&server, &provider, json!({ "alg": algorithm }), json!({})).await;
        assert_fault(outcome, TokenFault::Algorithm, algorithm);
    }
}

#[tokio::test]
async fn refuses_unlisted_algorithms() {
    let server = OidcServer::start();
    let mut options = provider_options(&server);
    options.algorithms = vec!["ES256".parse().unwrap()];
    let provider = provider(options, &clock());
    let outcome = outcome_of(&server, &provider, json!({ "alg": "RS256" }), json!({})).await;
    assert_fault(outcome, TokenFault::Algorithm, "RS256");
}

#[tokio::test]
async fn refuses_invalid_claims() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let now = seconds(&clock());
    let table = [
        (json!({ "iss": "https://id.example.org" }), TokenFault::Issuer),
        (json!({ "iss": null }), TokenFault::Issuer),
        (json!({ "aud": "post" }), TokenFault::Audience),
        (json!({ "aud": null }), TokenFault::Audience),
        (json!({ "aud": [] }), TokenFault::Audience),
        (json!({ "aud": ["basic", "post"] }), TokenFault::Audience),
        (json!({ "aud": ["basic", "post"], "azp": "post" }), TokenFault::Audience),
        (json!({ "azp": "post" }), TokenFault::Audience),
        (json!({ "exp": now - 3600 }), TokenFault::Expired),
        (json!({ "exp": null }), TokenFault::Expired),
        (json!({ "iat": now + 3600 }), TokenFault::Early),
        (json!({ "nbf": now + 3600 }), TokenFault::Early),
        (json!({ "iat": null }), TokenFault::Malformed),
        (json!({ "nonce": "another" }), TokenFault::Nonce),
        (json!({ "nonce": null }), TokenFault::Nonce),
        (json!({ "sub": null }), TokenFault::Subject),
        (json!({ "sub": "" }), TokenFault::Subject),
    ];
    for (change, expected) in table {
        let header = json!({ "alg": "ES256" });
        let outcome = outcome_of(&server, &provider, header, change.clone()).await;
        assert_fault(outcome, expected, &change.to_string());
    }
    let both = json!({ "aud": ["basic", "post"], "azp": "basic" });
    let outcome = outcome_of(&server, &provider, json!({ "alg": "ES256" }), both).await;
    assert_eq!(outcome.unwrap(), "alice");
}

#[tokio::test]
async fn refuses_tokens_of_another_type_or_key() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    let key = json!({ "kty": "oct", "k": "AAAA" });
    let table = [
        (json!({ "alg": "ES256", "typ": "at+jwt" }), TokenFault::Kind),
        (json!({ "alg": "ES256", "typ": "logout+jwt" }), TokenFault::Kind),
        (json!({ "alg": "ES256", "kid": "another" }), TokenFault::Key),
        (json!({ "alg": "ES256", "crit": ["exp"] }), TokenFault::Malformed),
        (json!({ "alg": "ES256", "kid": "another", "jwk": key }), TokenFault::Key),
    ];
    for (header, expected) in table {
        let outcome = outcome_of(&server, &provider, header.clone(), json!({})).await;
        assert_fault(outcome, expected, &header.to_string());
    }
    let plain = json!({ "alg": "ES256", "typ": "JWT" });
    assert_eq!(outcome_of(&server, &provider, plain, json!({})).await.unwrap(), "alice");
}

#[tokio::test]
async fn refuses_manipulated_tokens() {
    let server = OidcServer::start();
    let provider = provider(provider_options(&server), &clock());
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let header = json!({ "alg": algorithm });
        // Claims of one token with the signature of another.
        let swapped = outcome(&server, &provider, |mut claims| {
            let genuine = server.sign(&header, &claims);
            claims["sub"] = json!("bob");
            let other = server.sign(&header, &claims);
            let (signed, _) = other.rsplit_once('.').unwrap();
            let (_, signature) = genuine.rsplit_once('.').unwrap();
            format!("{signed}.{signature}")
        });
        assert_fault(swapped.await, TokenFault::Signature, algorithm);
        let unsigned = outcome(&server, &provider, |claims| {
            let genuine = server.sign(&header, &claims);
            let (signed, _) = genuine.rsplit_once('.').unwrap();
            format!("{signed}.")
        });
        assert_fault(unsigned.await, TokenFault::Signature, algorithm);
    }
}
