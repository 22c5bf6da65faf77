//! Tokens with which pages open event streams.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_auth::{Secret, StreamReader, StreamTokenClaims};
use acta_service::Service;
use acta_storage::{Change, Who};
use serde_json::json;

use crate::audit_entry::tenant_target;
use crate::requester::Capabilities;
use crate::statements::reading::own_principal;
use crate::{Admin, AdminError, Requester};

/// A stream token, which is returned only once.
#[derive(Clone, Debug)]
pub struct IssuedStreamToken {
    /// The token.
    pub token: Secret,
    /// When it expires.
    pub expires: Timestamp,
}

impl Admin {
    /// Issues a token for the streams of a tenant, for a person or a credential that may follow its
    /// statements or count them.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`] also if neither a session nor the secret
    /// of a credential authenticates the requester, [`AdminError::Service`].
    pub async fn issue_stream_token(
        &self,
        requester: &Requester,
        tenant: TenantId,
    ) -> Result<IssuedStreamToken, AdminError> {
        if !follows_as_credential(requester, tenant) {
            self.permit_counting(requester, tenant).await?;
        }
        let reader = match (&requester.capabilities, &requester.who) {
            (Capabilities::Person { session, .. }, _) => StreamReader::Session(session.id.clone()),
            (Capabilities::Credential(_), Who::Credential(key)) => {
                StreamReader::Credential(key.clone())
            }
            _ => return Err(self.refuse(requester, Some(tenant), "stream-token").await),
        };
        let issued = self.authenticator.issue_stream_token(&StreamTokenClaims { tenant, reader });
        let (token, expires) =
            issued.map_err(|_too_long| AdminError::Conflict("the key is too long"))?;
        let detail = json!({ "expires": expires.to_string() });
        let target = tenant_target(tenant);
        let entry = self.entry_with(requester, "stream_token.issued", target, &detail);
        self.commit(&Change { writes: Vec::new(), entries: vec![(Some(tenant), entry)] }).await?;
        Ok(IssuedStreamToken { token, expires })
    }
}

/// Whether the requester is a credential of the tenant that may read statements, if only its own.
fn follows_as_credential(requester: &Requester, tenant: TenantId) -> bool {
    own_principal(requester, tenant)
        .is_some_and(|principal| Service::permit_reading(principal).is_ok())
}
