//! A provider, and somebody who signs in at it.

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_ambient::{Clock as _, ManualClock, SystemClock, SystemEntropy};
use acta_auth::Secret;
use acta_auth::oidc::{
    Algorithm, BearerOptions, BearerTenant, BearerVerifier, Callback, OidcError, Pending, Provider,
    ProviderOptions, RoleRule, SignedIn, StartedSignIn,
};
use acta_test_oidc::{CLIENT_SECRET, OidcServer, REDIRECT_URI, RESOURCE};
use serde_json::Value;

/// Long enough for a provider on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) fn tenant(number: u32) -> TenantId {
    TenantId::new(number).unwrap()
}

/// A clock that shows the time and stands still.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(SystemClock::new().now()))
}

/// What `clock` shows, in seconds since the start of 1970.
pub(crate) fn seconds(clock: &ManualClock) -> i64 {
    clock.now().unix_micros() / 1_000_000
}

pub(crate) fn provider_options(server: &OidcServer) -> ProviderOptions {
    let rule = |value: &str, role, number| RoleRule {
        value: value.to_owned(),
        role,
        tenant: tenant(number),
    };
    ProviderOptions {
        issuer: server.issuer().to_owned(),
        client_id: "basic".to_owned(),
        client_secret: Some(Secret::new(CLIENT_SECRET)),
        scopes: "openid email profile groups".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        algorithms: Algorithm::EVERY.to_vec(),
        role_claim: Some("groups".to_owned()),
        roles: vec![rule("lrs-admins", Role::Administrator, 1), rule("staff", Role::Viewer, 2)],
        timeout: TIMEOUT,
    }
}

pub(crate) fn bearer_options(server: &OidcServer) -> BearerOptions {
    BearerOptions {
        issuer: server.issuer().to_owned(),
        audience: RESOURCE.to_owned(),
        algorithms: Algorithm::EVERY.to_vec(),
        tenant: BearerTenant::Fixed(tenant(7)),
        scope_claim: None,
        scope_prefix: "acta:".to_owned(),
        timeout: TIMEOUT,
    }
}

pub(crate) fn provider(options: ProviderOptions, clock: &Arc<ManualClock>) -> Provider {
    let clock: Arc<ManualClock> = Arc::clone(clock);
    Provider::new(options, clock, Arc::new(SystemEntropy)).unwrap()
}

pub(crate) fn verifier(options: BearerOptions, clock: &Arc<ManualClock>) -> BearerVerifier {
    let clock: Arc<ManualClock> = Arc::clone(clock);
    BearerVerifier::new(options, clock).unwrap()
}

/// Signs `account` in, from the beginning to the end.
pub(crate) async fn sign_in(
    server: &OidcServer,
    provider: &Provider,
    account: &str,
) -> Result<SignedIn, OidcError> {
    let StartedSignIn { url, pending } = sendable(provider.begin()).await?;
    finish(provider, &pending, &server.sign_in(&url, account)).await
}

pub(crate) async fn finish(
    provider: &Provider,
    pending: &Pending,
    query: &str,
) -> Result<SignedIn, OidcError> {
    sendable(provider.finish(pending, &Callback::parse(query).unwrap())).await
}

/// What a server with several threads can wait for.
pub(crate) fn sendable<F: Future + Send>(future: F) -> F {
    future
}

/// `claims` with those of `change`; without those that are null there.
pub(crate) fn changed(mut claims: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// The value of a parameter in an address or a query.
pub(crate) fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').map_or(address, |(_, query)| query);
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(found, _)| found == name).unwrap().1.into_owned()
}
