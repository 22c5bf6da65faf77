//! A follower as small as one can be: how often each verb was used.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use acta_access::TenantId;
use acta_followers::Follower;
use acta_storage::{FeedRecord, FollowerName, StorageError, StoreEffects};
use async_trait::async_trait;

/// What it has counted, of each tenant.
pub type Counts = Arc<Mutex<HashMap<TenantId, VerbCounts>>>;

/// How often each verb was used in a tenant's log, up to a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerbCounts {
    /// By the IRI of the verb.
    pub counts: BTreeMap<String, u64>,
    /// Everything up to here is counted.
    pub sequence: u64,
}

/// Counts verbs outside of the store.
#[derive(Debug, Default)]
pub struct VerbCounter(pub Counts);

#[async_trait]
impl Follower for VerbCounter {
    fn name(&self) -> FollowerName {
        const { FollowerName::new("verb-counter") }
    }

    async fn apply(
        &mut self,
        tenant: TenantId,
        records: &[FeedRecord],
    ) -> Result<StoreEffects, StorageError> {
        let mut all = self.0.lock().unwrap();
        let counted = all.entry(tenant).or_default();
        for record in records {
            if record.sequence == 1 {
                *counted = VerbCounts::default();
            }
            // It may have been counted before the position was saved.
            if record.sequence <= counted.sequence {
                continue;
            }
            assert_eq!(record.sequence, counted.sequence + 1, "a record was left out");
            counted.sequence = record.sequence;
            let Some(statement) = record.statement() else { continue };
            if let Some(statement) = statement.parsed()? {
                *counted.counts.entry(statement.verb.id.as_str().to_owned()).or_default() += 1;
            }
        }
        Ok(StoreEffects::default())
    }

    fn forget(&mut self) {}
}
