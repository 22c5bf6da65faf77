//! The first credential of a new store: configured or generated.

use acta_access::{Scope, TenantId};
use acta_auth::Secret;
use acta_storage::AuditQuery;

use crate::Admin;
use crate::error::FirstCredentialError;

impl Admin {
    /// Creates the first credential of the first tenant, with all scopes: with the key and secret
    /// of `seed`, or with generated ones, which are returned. Returns none if nothing was
    /// generated: the seed was used, the tenant has or had credentials, or another node was first.
    ///
    /// # Errors
    ///
    /// [`FirstCredentialError`].
    pub async fn create_first_credential(
        &self,
        seed: Option<(&str, &Secret)>,
    ) -> Result<Option<(String, Secret)>, FirstCredentialError> {
        let tenant = TenantId::FIRST;
        if !self.storage.list_credentials(tenant).await?.is_empty() {
            return Ok(None);
        }
        // An operator who has removed the last credential wants none, least of all the seeded one.
        let removals =
            AuditQuery { act: Some("credential.removed".to_owned()), ..AuditQuery::everything(1) };
        if !self.storage.list_audit(Some(tenant), &removals).await?.is_empty() {
            return Ok(None);
        }
        if let Some((key, secret)) = seed {
            self.authenticator.seed_credential(tenant, key, secret).await?;
            return Ok(None);
        }
        let scopes = [Scope::All].into_iter().collect();
        let created = self.authenticator.create_first_credential(tenant, scopes).await?;
        Ok(created.map(|(credential, secret)| (credential.key, secret)))
    }
}
