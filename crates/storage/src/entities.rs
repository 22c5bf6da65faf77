//! What statements have said of activities and persons.

mod facts;
mod reading;

use acta_access::TenantId;
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;

pub use facts::{EntityFact, EntityFactRef, EntityFacts, EntityKind, merge_all};
pub(crate) use facts::{definitions_of, names_of};
use reading::{Subject, read_whole};

use crate::{Feed, StatementStore, StorageError};

/// What is known of the person behind an identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Every name used with the identifier, each once, the one used latest last.
    pub names: Vec<String>,
}

/// What the follower of entities has written, as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRead<T> {
    /// What was asked for.
    pub value: T,
    /// The sequence up to which statements are in it.
    pub sequence: u64,
}

/// Answers from what all statements have said.
///
/// An engine keeps what the follower [`ENTITIES`](crate::FollowerName::ENTITIES) hands to
/// [`Feed::advance`], and reads it back; what the follower has not read yet is added here,
/// the same way for every engine.
#[async_trait]
pub trait EntityStore: Feed + StatementStore {
    /// The definition of an activity as the follower has written it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    async fn read_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<EntityRead<Option<String>>, StorageError>;

    /// The person behind an identifier as the follower has written it.
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
    /// [`acta_xapi::merge_definitions`]; none if no statement defines it. Sees at least every
    /// statement acknowledged before it started.
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
        Ok(merge_all(known, newer.iter().map(String::as_str)))
    }

    /// The person behind an identifier; without names if no statement gave one. Sees at least
    /// every statement acknowledged before it started.
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
