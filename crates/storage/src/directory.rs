//! The types that are stored as records: tenants, credentials, people.
//!
//! Each file has a domain type and the serialised form of its record. A field that a later
//! release adds has a default, so that older records can still be read.

mod account;
mod answer;
mod credential;
mod follower;
mod home_pages;
mod person;
mod person_group;
pub mod persons;
mod proof_log;
mod recorded;
mod session;
mod spent_state;
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
pub use home_pages::AuthorityHomePages;
pub(crate) use person::mailbox_sha1;
pub use person::{
    AttributeName, JoinedPerson, NotAnAttributeName, PersonChanges, PersonId, PersonIdentifier,
    PersonRules,
};
pub use person_group::{Date, GroupId, GroupMembership, MembershipPeriod, NotADate, PersonGroup};
pub use proof_log::{ProofDamage, ProofLog};
pub use recorded::{Recorded, Versioned, find, find_by_name, list, page};
pub use session::Session;
pub use spent_state::SpentState;
pub use tenant::saved_question::{NotAQuestionKind, QuestionId, QuestionKind, SavedQuestion};
pub use tenant::{
    CoursePlace, CourseRule, CourseStep, LanguageTag, NotACourseRule, NotALanguageTag, Tenant,
    TenantLimits, TenantSettings, TenantState,
};
pub use ticket::{Ticket, TicketPurpose};

/// The id of the counter record for tenant numbers.
const TENANT_COUNTER: &str = "tenants";

/// How often creating a tenant is retried after a lost race.
const TENANT_TRIES: usize = 64;

/// Finds and creates tenants, and lists their credentials.
#[async_trait]
pub trait Directory: RecordStore {
    /// All tenants in the order of their numbers, removed ones included.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::list_records`].
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        let tenants = list::<Tenant>(self, &Group::Every).await?;
        Ok(tenants.into_iter().map(|kept| kept.value).collect())
    }

    /// The writes that create a tenant with the next number. They are stale if another tenant
    /// was created meanwhile: call this again then.
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

    /// Creates a tenant without an audit entry. Returns its number.
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
