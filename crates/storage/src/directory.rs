//! What is in the records: tenants, credentials, people.
//!
//! Each file has a type of the domain and, beside it, the form in which its text is written.
//! A field that a later release adds has a default, so that older texts are still read; a
//! release that does not know it keeps away from what it cannot judge.

mod account;
mod answer;
mod credential;
mod follower;
mod recorded;
mod session;
mod tenant;
mod ticket;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;

use crate::{
    Change, Committed, Expected, Group, RecordKind, RecordStore, RecordWrite, StorageError,
};
use recorded::{content_of, read_body};

pub use account::{
    Account, AccountId, EmailAddress, Failures, Identity, Membership, NotAnEmailAddress,
    SecondFactor,
};
pub use answer::Answer;
pub use credential::{Credential, CredentialSecret, CredentialUse};
pub use follower::FollowerControl;
pub use recorded::{Recorded, Versioned, find, find_by_name, list, page};
pub use session::Session;
pub use tenant::{Tenant, TenantLimits, TenantState};
pub use ticket::{Ticket, TicketPurpose};

/// The record that counts the numbers of tenants.
const TENANT_COUNTER: &str = "tenants";

/// How often making a tenant is tried again that lost a race.
const TENANT_TRIES: usize = 64;

/// Tenants and credentials by what they are.
#[async_trait]
pub trait Directory: RecordStore {
    /// All tenants, by number, also those that were removed.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::list_records`].
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        let tenants = list::<Tenant>(self, &Group::Every).await?;
        Ok(tenants.into_iter().map(|kept| kept.value).collect())
    }

    /// What makes a tenant under the next number. It is stale when another one was made
    /// meanwhile: then it is to be asked for again.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`]; [`StorageError::Full`] when there are no more numbers.
    async fn next_tenant(
        &self,
        name: &str,
        created: Timestamp,
    ) -> Result<(Tenant, Vec<RecordWrite>), StorageError> {
        let counter = self.find_record(RecordKind::Counter, TENANT_COUNTER).await?;
        let last = match &counter {
            Some(counter) => read_body::<u32>(counter)?,
            None => self.list_tenants().await?.last().map_or(0, |tenant| tenant.id.number()),
        };
        let id = last.checked_add(1).and_then(TenantId::new).ok_or(StorageError::Full)?;
        let tenant = Tenant::new(id, name, created);
        let count = RecordWrite {
            kind: RecordKind::Counter,
            id: TENANT_COUNTER.to_owned(),
            expected: counter.map_or(Expected::Absent, |found| Expected::Version(found.version)),
            content: Some(content_of(&id.number())),
        };
        let writes = vec![count, tenant.create()];
        Ok((tenant, writes))
    }

    /// Makes a tenant, of which no audit tells. Returns its number.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn create_tenant(
        &self,
        name: &str,
        created: Timestamp,
    ) -> Result<TenantId, StorageError> {
        for _ in 0..TENANT_TRIES {
            let (tenant, writes) = self.next_tenant(name, created).await?;
            if self.commit(&Change { writes, entries: Vec::new() }).await? == Committed::Done {
                return Ok(tenant.id);
            }
        }
        Err(StorageError::Busy { retry_after: std::time::Duration::from_secs(1) })
    }

    /// Finds a credential by its key. The tenant of a request comes from here.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        Ok(find::<Credential>(self, key).await?.map(|kept| kept.value))
    }

    /// Adds a credential, of which no audit tells. Returns `false`, and changes nothing, if the
    /// key is taken.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let change = Change { writes: vec![credential.create()], entries: Vec::new() };
        Ok(self.commit(&change).await? == Committed::Done)
    }

    /// The credentials of a tenant, oldest first.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::list_records`].
    async fn list_credentials(&self, tenant: TenantId) -> Result<Vec<Credential>, StorageError> {
        let found = list::<Credential>(self, &Group::OfTenant(tenant)).await?;
        let mut credentials: Vec<Credential> = found.into_iter().map(|kept| kept.value).collect();
        credentials.sort_by_key(|credential| credential.created);
        Ok(credentials)
    }
}

impl<T: RecordStore + ?Sized> Directory for T {}

#[cfg(test)]
mod tests;
