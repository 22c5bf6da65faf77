//! The first credential and the set-up link, which a start shows once.

use std::error::Error;

use acta_admin::Admin;
use acta_auth::Secret;
use acta_config::{Config, Listen};
use anyhow::Result;
use tracing::warn;

use super::secret_output::{SecretOutput, SecretText};
use crate::wire::{public_address, server_address};

/// The file with the first credential, where no terminal is.
const CREDENTIAL_FILE: &str = "first-credential.txt";

/// The file with the set-up link, where no terminal is.
const SET_UP_FILE: &str = "set-up-link.txt";

/// Creates the credential of an empty store, and the set-up link of a store without accounts. Both
/// are shown on the terminal or in a file, and never written to the log.
///
/// If the store accepts no writes, for example on a full device, it is served without the link.
pub(super) async fn bootstrap(admin: &Admin, config: &Config, place: &Listen) -> Result<()> {
    let output = SecretOutput::of(config);
    let seed =
        config.seed.as_ref().map(|seed| (&seed.key, Secret::new(seed.secret.expose().as_str())));
    let seed = seed.as_ref().map(|(key, secret)| (key.as_str(), secret));
    if let Some((key, secret)) = admin.create_first_credential(seed).await? {
        let base = server_address(config, place);
        let text = &first_steps(&base, &key, &secret);
        let what = "the first credential of the store";
        output.show(&SecretText { file_name: CREDENTIAL_FILE, what, text })?;
    }
    match admin.begin_set_up().await {
        Ok(Some(token)) => {
            let text = &set_up(&public_address(config, place), &token, config);
            let what = "the link that creates the first account";
            output.show(&SecretText { file_name: SET_UP_FILE, what, text })?;
        }
        Ok(None) => output.forget(SET_UP_FILE),
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

fn first_steps(base: &str, key: &str, secret: &Secret) -> String {
    let secret = secret.expose();
    format!(
        r#"
This store is new. This is its first credential. The secret is shown only now:

  key     {key}
  secret  {secret}
  name    first
  scope   all: everything in xAPI of the tenant default, and no administration
  ends    never, unless `acta credential change {key} --expires 90d` or `remove` ends it

Store a first statement:

  curl -u '{key}:{secret}' {base}/xapi/statements \
    -H 'X-Experience-API-Version: 2.0.0' -H 'Content-Type: application/json' \
    -d '{{"actor": {{"mbox": "mailto:ada@example.org", "name": "Ada"}},
         "verb": {{"id": "http://adlnet.gov/expapi/verbs/completed"}},
         "object": {{"id": "https://example.org/courses/fire-safety"}}}}'

and read it back:

  curl -u '{key}:{secret}' {base}/xapi/statements \
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
