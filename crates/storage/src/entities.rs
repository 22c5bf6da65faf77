//! What statements have told of activities and persons.

use acta_access::TenantId;
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;

use crate::StorageError;

/// What is known of the person behind an identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Every name used with the identifier, each once, the one used latest last.
    pub names: Vec<String>,
}

/// Answers from what all readable statements have told.
///
/// A read sees at least every statement acknowledged before it started.
#[async_trait]
pub trait EntityStore: Send + Sync {
    /// The definition of an activity, merged from all statements in order by
    /// [`acta_xapi::merge_definitions`]; none if no statement defines it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError>;

    /// The person behind an identifier; without names if no statement gave one.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    async fn find_person(&self, tenant: TenantId, ifi: &Ifi) -> Result<Person, StorageError>;
}
