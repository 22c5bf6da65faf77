//! Activities and persons: definitions and names that statements contain.

pub(crate) mod facts;
mod reading;

use acta_access::TenantId;
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;

pub use facts::{EntityFact, EntityFactRef, EntityFacts, EntityKind, Person, merge_all};
pub use reading::EntityRead;
use reading::{Subjects, read_whole};

use crate::{Feed, StatementStore, StorageError};

/// Reads definitions of activities and names of persons from all statements.
///
/// An engine stores what the follower [`ENTITIES`](crate::FollowerName::ENTITIES) passes to
/// [`Feed::advance`], and reads it back. What the follower has not read yet is added here,
/// in the same way for every engine.
#[async_trait]
pub trait EntityStore: Feed + StatementStore {
    /// The definitions of activities as written by the follower, in the order of `activities`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    async fn read_definitions(
        &self,
        tenant: TenantId,
        activities: &[ActivityId],
    ) -> Result<EntityRead<Vec<Option<String>>>, StorageError>;

    /// The person that an identifier refers to, as written by the follower.
    ///
    /// # Errors
    ///
    /// As [`EntityStore::read_definitions`].
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
    /// As [`EntityStore::read_definitions`] and [`Feed::read_records`].
    async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError> {
        let found = self.find_definitions(tenant, std::slice::from_ref(activity)).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// The definitions of activities, in the order of `activities`, at one moment; each as
    /// [`EntityStore::find_definition`]. Costs little more than the definition of one.
    ///
    /// # Errors
    ///
    /// As [`EntityStore::find_definition`].
    async fn find_definitions(
        &self,
        tenant: TenantId,
        activities: &[ActivityId],
    ) -> Result<Vec<Option<String>>, StorageError> {
        let keys = activities.iter().map(|activity| activity.as_str().to_owned());
        let subjects = Subjects { kind: EntityKind::Activity, keys: keys.collect() };
        let read = || self.read_definitions(tenant, activities);
        let (mut found, newer) = read_whole(self, tenant, subjects, read).await?;
        if newer.is_empty() {
            return Ok(found);
        }
        for (activity, definition) in activities.iter().zip(&mut found) {
            if let Some(newer) = newer.get(activity.as_str()) {
                *definition = merge_all(definition.as_deref(), newer.iter().map(String::as_str));
            }
        }
        Ok(found)
    }

    /// The person that an identifier refers to; without names if no statement has one. Includes
    /// at least every statement acknowledged before the call.
    ///
    /// # Errors
    ///
    /// As [`EntityStore::find_definition`].
    async fn find_person(&self, tenant: TenantId, ifi: &Ifi) -> Result<Person, StorageError> {
        let subjects = Subjects { kind: EntityKind::Person, keys: [ifi.to_key()].into() };
        let read = || self.read_person(tenant, ifi);
        let (mut person, newer) = read_whole(self, tenant, subjects, read).await?;
        for name in newer.values().flatten() {
            person.add_name(name);
        }
        Ok(person)
    }
}
