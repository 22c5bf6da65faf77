//! Activities and persons: definitions and names that statements contain.

pub(crate) mod facts;
mod reading;

use acta_access::TenantId;
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;

pub use facts::{EntityFact, EntityFactRef, EntityFacts, EntityKind, Person, merge_all};
pub use reading::EntityRead;
use reading::{Subject, read_whole};

use crate::{Feed, StatementStore, StorageError};

/// Reads definitions of activities and names of persons from all statements.
///
/// An engine stores what the follower [`ENTITIES`](crate::FollowerName::ENTITIES) passes to
/// [`Feed::advance`], and reads it back. What the follower has not read yet is added here,
/// in the same way for every engine.
#[async_trait]
pub trait EntityStore: Feed + StatementStore {
    /// The definition of an activity as written by the follower.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    async fn read_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<EntityRead<Option<String>>, StorageError>;

    /// The person that an identifier refers to, as written by the follower.
    ///
    /// # Errors
    ///
    /// As [`EntityStore::read_definition`].
    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError>;

    /// The definition of an activity, merged from all statements in order by
    /// [`acta_xapi::merge_definitions`]; `None` if no statement defines it. Includes at least
    /// every statement acknowledged before the call.
    ///
    /// # Errors
    ///
    /// As [`EntityStore::read_definition`] and [`Feed::read_records`].
    async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError> {
        let subject = Subject { kind: EntityKind::Activity, key: activity.as_str() };
        let read = || self.read_definition(tenant, activity);
        let (known, newer) = read_whole(self, tenant, subject, read).await?;
        Ok(merge_all(known.as_deref(), newer.iter().map(String::as_str)))
    }

    /// The person that an identifier refers to; without names if no statement has one. Includes
    /// at least every statement acknowledged before the call.
    ///
    /// # Errors
    ///
    /// As [`EntityStore::find_definition`].
    async fn find_person(&self, tenant: TenantId, ifi: &Ifi) -> Result<Person, StorageError> {
        let key = ifi.to_key();
        let subject = Subject { kind: EntityKind::Person, key: &key };
        let read = || self.read_person(tenant, ifi);
        let (mut person, newer) = read_whole(self, tenant, subject, read).await?;
        for name in &newer {
            person.add_name(name);
        }
        Ok(person)
    }
}
