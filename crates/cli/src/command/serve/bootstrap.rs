//! The first credential and the set-up link, which a start prints on the terminal.

use std::error::Error;
use std::net::SocketAddr;

use acta_admin::Admin;
use acta_auth::Secret;
use acta_config::Config;
use anyhow::{Result, anyhow};
use tracing::warn;

use crate::terminal::print;
use crate::wire::public_address;

/// Creates the credential of an empty store, and the set-up link of a store without accounts. Both
/// are printed on the terminal, and never written to the log.
///
/// If the store accepts no writes, for example on a full device, it is served without the link.
pub(super) async fn bootstrap(admin: &Admin, config: &Config, address: SocketAddr) -> Result<()> {
    let seed =
        config.seed.as_ref().map(|seed| (&seed.key, Secret::new(seed.secret.expose().as_str())));
    let seed = seed.as_ref().map(|(key, secret)| (key.as_str(), secret));
    if let Some((key, secret)) = admin.create_first_credential(seed).await? {
        print_or_fail(&first_steps(address, &key, &secret))?;
    }
    match admin.begin_set_up().await {
        Ok(Some(token)) => {
            print_or_fail(&set_up(&public_address(config, address), &token, config))?;
        }
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

/// Prints what is shown only once. A server whose output nobody reads must not end in silence.
fn print_or_fail(text: &str) -> Result<()> {
    print(text).map_err(|error| anyhow!("cannot print a new secret: {error}"))
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
