//! Credentials without an audit entry and without a use case, for tests.

use async_trait::async_trait;

use crate::directory::{Recorded, find};
use crate::{Change, Committed, Credential, RecordStore, StorageError};

/// Reads and writes credentials of a store that is tested.
#[async_trait]
pub trait CredentialRecords: RecordStore {
    /// Finds a credential by its key.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        Ok(find::<Credential>(self, key).await?.map(|found| found.value))
    }

    /// Adds a credential. Returns `false`, and changes nothing, if the key is already used.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let change = Change { writes: vec![credential.create()], entries: Vec::new() };
        Ok(self.commit(&change).await? == Committed::Done)
    }
}

impl<T: RecordStore + ?Sized> CredentialRecords for T {}
