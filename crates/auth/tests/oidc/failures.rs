//! Providers that change their keys, are away, or do wrong.

use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_auth::oidc::{FetchError, OidcError, TokenFault};
use acta_test_oidc::OidcServer;
use serde_json::{Value, json};

use crate::fixture::{
    bearer_options, clock, provider, provider_options, seconds, sign_in, verifier,
};

const DISCOVERY: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn follows_key_rotation_of_the_provider() {
    let server = OidcServer::start();
    let clock = clock();
    let people = provider(provider_options(&server), &clock);
    let machines = verifier(bearer_options(&server), &clock);
    assert!(sign_in(&server, &people, "alice").await.is_ok());
    let old = server.access_token("acta:all");
    assert!(machines.verify(&old).await.is_ok());

    server.rotate_keys();
    clock.advance(Duration::from_secs(10));
    assert!(sign_in(&server, &people, "alice").await.is_ok());
    assert!(machines.verify(&server.access_token("acta:all")).await.is_ok());
    // What was signed by a key that is gone is believed for five minutes, if it is known.
    assert!(machines.verify(&old).await.is_ok());
    clock.advance(Duration::from_mins(5));
    let outcome = machines.verify(&old).await;
    assert!(matches!(outcome, Err(OidcError::Token(TokenFault::Key))), "{outcome:?}");
}

#[tokio::test]
async fn forged_key_ids_do_not_cause_requests() {
    let server = OidcServer::start();
    let clock = clock();
    let machines = verifier(bearer_options(&server), &clock);
    assert!(machines.verify(&server.access_token("acta:all")).await.is_ok());
    assert_eq!(server.count("/jwks"), 1);
    let now = seconds(&clock);
    for round in 1..=3 {
        clock.advance(Duration::from_secs(10));
        for forged in 0..50 {
            let header = json!({ "alg": "ES256", "kid": format!("{round}-{forged}") });
            let claims = json!({ "iss": server.issuer(), "exp": now + 3600 });
            let outcome = machines.verify(&server.sign(&header, &claims)).await;
            assert!(matches!(outcome, Err(OidcError::Token(TokenFault::Key))), "{outcome:?}");
        }
        assert_eq!(server.count("/jwks"), 1 + round, "once in ten seconds");
    }
}

#[tokio::test]
async fn uses_cached_keys_while_the_provider_is_unavailable() {
    let server = OidcServer::start();
    let clock = clock();
    let machines = verifier(bearer_options(&server), &clock);
    let [one, two] = [(); 2].map(|()| server.access_token("acta:all"));
    assert!(machines.verify(&one).await.is_ok());
    server.stop();
    // The keys are not current any more.
    clock.advance(Duration::from_secs(610));
    assert!(machines.verify(&two).await.is_ok());
}

#[tokio::test]
async fn reports_an_unavailable_provider_and_recovers() {
    let server = OidcServer::start();
    let clock = clock();
    let people = provider(provider_options(&server), &clock);
    let machines = verifier(bearer_options(&server), &clock);
    let token = server.access_token("acta:all");
    server.stop();
    assert_unavailable(&people.begin().await, "discovery");
    assert_unavailable(&machines.verify(&token).await, "discovery");
    server.start_again();
    // Not at once: those who wait must not all ask.
    assert_unavailable(&people.begin().await, "discovery");
    clock.advance(Duration::from_secs(10));
    assert!(sign_in(&server, &people, "alice").await.is_ok());
    assert!(machines.verify(&server.access_token("acta:all")).await.is_ok());
}

#[track_caller]
fn assert_unavailable(outcome: &Result<impl std::fmt::Debug, OidcError>, expected: &str) {
    match outcome {
        Err(OidcError::Unavailable { act, .. }) => assert_eq!(*act, expected),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn has_a_timeout() {
    let server = OidcServer::start();
    server.inject_fault(DISCOVERY, json!({ "is_silent": true }));
    let mut options = provider_options(&server);
    options.timeout = Duration::from_millis(200);
    let watch = SystemClock::new();
    let outcome = provider(options, &clock()).begin().await;
    assert!(watch.elapsed() < Duration::from_secs(10), "it waits for {:?}", watch.elapsed());
    let Err(OidcError::Unavailable { source: FetchError::Unreachable(reason), .. }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(reason.contains("timeout"), "{reason}");
}

/// What comes of a sign-in while the provider does wrong at `path`.
async fn outcome(server: &OidcServer, path: &str, trouble: Value) -> OidcError {
    server.relieve();
    server.inject_fault(path, trouble);
    let provider = provider(provider_options(server), &clock());
    sign_in(server, &provider, "alice").await.unwrap_err()
}

#[tokio::test]
async fn refuses_missing_and_oversized_responses() {
    let server = OidcServer::start();
    for (path, act) in
        [(DISCOVERY, "discovery"), ("/token", "requesting tokens"), ("/jwks", "requesting keys")]
    {
        let error = outcome(&server, path, json!({ "bytes": 300_000 })).await;
        let OidcError::Unavailable { source: FetchError::TooLong(bytes), .. } = error else {
            panic!("{path}: {error:?}");
        };
        assert_eq!(bytes, 256 << 10);
        let table = [
            json!({ "status": 500 }),
            json!({ "status": 404, "body": "not here" }),
            json!({ "status": 200, "body": "<html>" }),
            json!({ "status": 200, "body": "[]" }),
            json!({ "status": 200, "body": "" }),
        ];
        for trouble in table {
            let error = outcome(&server, path, trouble.clone()).await;
            let what = format!("{path}, {trouble}: {error:?}");
            assert!(matches!(error, OidcError::Unavailable { act: at, .. } if at == act), "{what}");
        }
    }
}

#[tokio::test]
async fn follows_no_redirects() {
    let server = OidcServer::start();
    let table = [
        (301, DISCOVERY),
        (302, DISCOVERY),
        (308, DISCOVERY),
        (302, "/jwks"),
        (307, "/jwks"),
        (303, "/token"),
        (307, "/token"),
        (308, "/token"),
    ];
    for (status, path) in table {
        let location = format!("{}{path}?again", server.issuer());
        let headers = json!({ "location": location });
        let trouble = json!({ "status": status, "headers": headers });
        let error = outcome(&server, path, trouble).await;
        let OidcError::Unavailable { source: FetchError::Status(found), .. } = error else {
            panic!("{path}: {error:?}");
        };
        assert_eq!(found, status);
    }
}

#[tokio::test]
async fn refuses_an_issuer_with_another_name() {
    let server = OidcServer::start();
    let other = json!({ "merge": { "issuer": "https://id.example.org" } });
    let error = outcome(&server, DISCOVERY, other).await;
    assert!(matches!(error, OidcError::Setup(_)), "{error:?}");
    let mut options = provider_options(&server);
    server.relieve();
    options.issuer.push('/');
    let error = provider(options, &clock()).begin().await.unwrap_err();
    assert!(matches!(error, OidcError::Setup(_)), "{error:?}");
}
