//! The options of the administration use cases.

use acta_auth::PasswordRules;
use acta_config::Config;
use anyhow::{Context, Result};

/// The options of the administration use cases.
pub(crate) fn admin_options(config: &Config) -> Result<acta_admin::Options> {
    let accounts = &config.accounts;
    let rules = PasswordRules::new(accounts.password_chars_min);
    Ok(acta_admin::Options {
        deletion_wait: config.tenants.deletion_wait.0,
        invitation_lifetime: accounts.invitation_lifetime.0,
        reset_lifetime: accounts.reset_lifetime.0,
        session_idle: accounts.session_idle.0,
        session_lifetime: accounts.session_lifetime.0,
        credentials_max: config.tenants.credentials_max,
        invitations_max: config.tenants.invitations_max,
        people_max: config.tenants.people_max,
        accounts_max: config.tenants.accounts_max,
        questions_max: config.tenants.questions_max,
        sessions_max: accounts.sessions_max,
        identities_max: accounts.identities_max,
        token_lifetime: config.tokens.lifetime.0,
        password_rules: rules.context("accounts.password_chars_min")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_keys_have_default_values() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let none = acta_config::Environment::default();
        let loaded = acta_config::load(Some(file.path()), &none, &[]).unwrap();
        let options = admin_options(&loaded.config).unwrap();
        assert_eq!(format!("{options:?}"), format!("{:?}", acta_admin::Options::usual()));
    }
}
