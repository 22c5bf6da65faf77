//! What the configuration tells the use cases of administration.

use acta_auth::PasswordRules;
use acta_config::Config;
use anyhow::{Context, Result};

/// What the use cases of administration are told to do.
pub(crate) fn admin_options(config: &Config) -> Result<acta_admin::Options> {
    let set = &config.administration;
    let rules = PasswordRules::new(set.password_chars_min);
    Ok(acta_admin::Options {
        deletion_wait: set.deletion_wait.0,
        invitation_lifetime: set.invitation_lifetime.0,
        reset_lifetime: set.reset_lifetime.0,
        session_idle: set.session_idle.0,
        session_lifetime: set.session_lifetime.0,
        token_lifetime: set.token_lifetime.0,
        password_rules: rules.context("accounts.password_chars_min")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_set_is_as_usual() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let none = acta_config::Environment::default();
        let loaded = acta_config::load(Some(file.path()), &none, &[]).unwrap();
        let options = admin_options(&loaded.config).unwrap();
        assert_eq!(format!("{options:?}"), format!("{:?}", acta_admin::Options::usual()));
    }
}
