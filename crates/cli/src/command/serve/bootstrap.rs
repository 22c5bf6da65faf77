//! What a start tells the one who sits at the terminal: what is to be known only now.

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

/// Gives an empty store its credential, and one without accounts the link that makes the
/// first. Both go to the terminal alone, never into the log.
///
/// A store that takes nothing, such as one on a full device, is served without the link: it
/// still answers what it is asked.
pub(super) async fn greet(
    store: &Store,
    (authenticator, admin): (&Authenticator, &Admin),
    (config, address): (&Config, SocketAddr),
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
            warn!(error, "nobody has an account, and no link could be made; a new start tries");
        }
    }
    Ok(())
}

/// Returns key and secret if they were made up here, and not by another node that starts at
/// the same time.
async fn first_credential(
    store: &Store,
    authenticator: &Authenticator,
    config: &Config,
) -> Result<Option<(String, Secret)>> {
    if !store.storage.list_credentials(TenantId::FIRST).await?.is_empty() {
        return Ok(None);
    }
    // Who has removed the last one wants none, least of all the one that was seeded.
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
This store is new. Its first credential, with all scopes; the secret is shown only now:

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
        "\nNobody has an account yet. This link makes the first one, once, within {lifetime};\n\
         it is shown only now, and the next start makes another:\n\n  {base}/setup?token={token}\n"
    )
}
