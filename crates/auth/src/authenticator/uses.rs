//! The last use of credentials.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::directory::{CredentialUse, Recorded};
use acta_storage::{Change, Expected, RecordWrite, Storage, StorageError};

/// Collects the last use of credentials, which is stored later, so that no request waits for it.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<String, (TenantId, Timestamp)>>);

/// Uses that are stored in one call.
const TOGETHER_MAX: usize = 500;

impl Uses {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (TenantId, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, key: &str, tenant: TenantId, now: Timestamp) {
        let mut uses = self.lock();
        if let Some(last) = uses.get_mut(key) {
            last.1 = now;
        } else {
            uses.insert(key.to_owned(), (tenant, now));
        }
    }

    pub(crate) fn last_used(&self, key: &str) -> Option<Timestamp> {
        self.lock().get(key).map(|(_, last)| *last)
    }

    pub(crate) async fn save(&self, storage: &dyn Storage) -> Result<(), StorageError> {
        let noted = std::mem::take(&mut *self.lock());
        let uses: Vec<CredentialUse> = noted
            .into_iter()
            .map(|(key, (tenant, last_used))| CredentialUse { key, tenant, last_used })
            .collect();
        for (index, together) in uses.chunks(TOGETHER_MAX).enumerate() {
            let write =
                |one: &CredentialUse| RecordWrite { expected: Expected::Anything, ..one.create() };
            let writes = together.iter().map(write).collect();
            let saved = storage.commit(&Change { writes, entries: Vec::new() }).await;
            if let Err(error) = saved {
                self.take_back(&uses[index * TOGETHER_MAX..]);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Puts back uses that could not be stored.
    fn take_back(&self, uses: &[CredentialUse]) {
        let mut noted = self.lock();
        for one in uses {
            noted.entry(one.key.clone()).or_insert((one.tenant, one.last_used));
        }
    }
}
