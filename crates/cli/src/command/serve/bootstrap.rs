//! The first credential and the set-up link, which a start prints on the terminal.

use std::error::Error;
use std::net::SocketAddr;

use acta_access::{Scope, TenantId};
use acta_admin::Admin;
use acta_auth::{Authenticator, Secret};
use acta_config::Config;
use acta_storage::AuditQuery;
use anyhow::Result;
use tracing::warn;

use crate::terminal::print;
use crate::wire::{Store, public_address};

/// Creates the credential of an empty store, and the set-up link of a store without accounts. Both
/// are printed on the terminal, and never written to the log.
///
/// If the store accepts no writes, for example on a full device, it is served without the link.
pub(super) async fn bootstrap(
    store: &Store,
    authenticator: &Authenticator,
    admin: &Admin,
    config: &Config,
    address: SocketAddr,
) -> Result<()> {
    let credential = first_credential(store, authenticator, config).await?;
    if let Some((key, secret)) = credential {
        print(&first_steps(address, &key, &secret))?;
    }
    match admin.begin_set_up().await {
        Ok(Some(token)) => print(&set_up(&public_address(config, address), &token, config))?,
        Ok(None) => {}
        Err(error) => {
            let error: &dyn Error = &error;
            warn!(
                error,
                "there is no account, and the set-up link could not be created; the next start \
                 tries again"
            );
        }
    }
    Ok(())
}

/// Returns key and secret if this node generated them, and not another one that starts at the same
/// time.
async fn first_credential(
    store: &Store,
    authenticator: &Authenticator,
    config: &Config,
) -> Result<Option<(String, Secret)>> {
    if !store.storage.list_credentials(TenantId::FIRST).await?.is_empty() {
        return Ok(None);
    }
    // An operator who has removed the last credential wants none, least of all the seeded one.
    let removals =
        AuditQuery { act: Some("credential.removed".to_owned()), ..AuditQuery::everything(1) };
    if !store.storage.list_audit(Some(TenantId::FIRST), &removals).await?.is_empty() {
        return Ok(None);
    }
    if let Some(seed) = &config.seed {
        let secret = Secret::new(seed.secret.expose().as_str());
        authenticator.seed_credential(TenantId::FIRST, &seed.key, &secret).await?;
        return Ok(None);
    }
    let scopes = [Scope::All].into_iter().collect();
    let created = authenticator.create_first_credential(TenantId::FIRST, scopes).await?;
    Ok(created.map(|(credential, secret)| (credential.key, secret)))
}

fn first_steps(address: SocketAddr, key: &str, secret: &Secret) -> String {
    let secret = secret.expose();
    format!(
        r#"
This store is new. This is its first credential, with all scopes. The secret is shown only now:

  key     {key}
  secret  {secret}

Store a first statement:

  curl -u '{key}:{secret}' http://{address}/xapi/statements \
    -H 'X-Experience-API-Version: 2.0.0' -H 'Content-Type: application/json' \
    -d '{{"actor": {{"mbox": "mailto:ada@example.org", "name": "Ada"}},
         "verb": {{"id": "http://adlnet.gov/expapi/verbs/completed"}},
         "object": {{"id": "https://example.org/courses/fire-safety"}}}}'

and read it back:

  curl -u '{key}:{secret}' http://{address}/xapi/statements \
    -H 'X-Experience-API-Version: 2.0.0'
"#
    )
}

fn set_up(base: &str, token: &Secret, config: &Config) -> String {
    let token = token.expose();
    let lifetime = config.accounts.invitation_lifetime;
    format!(
        "\nThere is no account yet. This link creates the first account. It works once, within\n\
         {lifetime}. It is shown only now; the next start shows a new one:\n\n  \
         {base}/setup?token={token}\n"
    )
}
