//! Identities of accounts at identity providers: listed and removed.

use acta_access::ServerPermission;
use acta_storage::RecordWrite;
use acta_storage::directory::{self, AccountId, Identity, Versioned};
use serde_json::json;

use crate::audit_entry::AuditEvent;
use crate::{Admin, AdminError, Requester};

impl Admin {
    /// The identities with which the requester can sign in.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`]: the requester is not a person; [`AdminError::Service`].
    pub async fn list_own_identities(
        &self,
        requester: &Requester,
    ) -> Result<Vec<Identity>, AdminError> {
        let account = requester.account().ok_or(AdminError::NotFound)?;
        self.identities_of(account.id).await
    }

    /// Removes an identity of the requester, and ends all other sessions and the links for setting
    /// a password.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`]; [`AdminError::Faulty`]: the current password is wrong;
    /// [`AdminError::Conflict`]: the person could not sign in any more, or has no password and
    /// signed in too long ago; [`AdminError::Delayed`], [`AdminError::Stale`],
    /// [`AdminError::Service`].
    pub async fn remove_own_identity(
        &self,
        requester: &Requester,
        id: &str,
        current_password: &str,
    ) -> Result<(), AdminError> {
        let account = self.own_account(requester).await?;
        let identities: Vec<Versioned<Identity>> = self.owned_by(account.value.id).await?;
        let found = identities.iter().find(|found| found.record.id == id);
        let found = found.ok_or(AdminError::NotFound)?;
        let other = identities.iter().find(|other| other.record.id != id);
        let mut writes = match (&account.value.password, other) {
            (None, None) => {
                return Err(AdminError::Conflict(
                    "this is the only way to sign in to the account: set a password first",
                ));
            }
            // Fails if the other one is removed at the same time.
            (None, Some(other)) => vec![other.write(&other.value)],
            // Fails if the password is removed at the same time.
            (Some(_), _) => vec![account.write(&account.value)],
        };
        self.confirm_own(requester, &account, current_password).await?;
        writes.extend(self.end_others(requester, account.value.id).await?);
        writes.push(found.remove());
        let detail = json!({ "issuer": found.value.issuer });
        let event = AuditEvent { act: "account.disconnected", detail: &detail };
        self.change_own(requester, writes, event).await
    }

    /// The identities of an account.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::NotFound`], [`AdminError::Service`].
    pub async fn list_identities(
        &self,
        requester: &Requester,
        account: AccountId,
    ) -> Result<Vec<Identity>, AdminError> {
        self.read_account(requester, account).await?;
        self.identities_of(account).await
    }

    /// Removes an identity of an account, for example of a person who has left the provider. The
    /// sessions of the account and its links for setting a password end.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_identities`]; [`AdminError::Stale`].
    pub async fn remove_identity(
        &self,
        requester: &Requester,
        account: AccountId,
        id: &str,
    ) -> Result<(), AdminError> {
        self.permit_on_server(requester, ServerPermission::ChangeAccounts).await?;
        let account = self.find_account(account).await?.ok_or(AdminError::NotFound)?.value;
        let found: Option<Versioned<Identity>> = directory::find(&*self.storage, id).await?;
        let found = found.filter(|found| found.value.account == account.id);
        let found = found.ok_or(AdminError::NotFound)?;
        let mut writes: Vec<RecordWrite> = vec![found.remove()];
        writes.extend(self.end_sessions(account.id, None).await?);
        writes.extend(self.end_links(account.id).await?);
        let detail = json!({ "issuer": found.value.issuer });
        let event = AuditEvent { act: "account.disconnected", detail: &detail };
        self.commit(&self.account_change(requester, event, &account, writes)).await
    }

    async fn identities_of(&self, account: AccountId) -> Result<Vec<Identity>, AdminError> {
        let found: Vec<Versioned<Identity>> = self.owned_by(account).await?;
        Ok(found.into_iter().map(|found| found.value).collect())
    }
}
