//! What ends when a store is restored from a backup.
//!
//! A backup is of the past: it contains sessions that have ended since, links that were used, and
//! credentials, accounts and roles that were removed. So the sessions and links of a restored store
//! end, and where the store is still there that it replaces, credentials, accounts, roles and the
//! states of tenants are taken from that.

use std::collections::{BTreeMap, BTreeSet};

use acta_access::TenantId;
use acta_ambient::{Clock, Entropy, Timestamp};
use acta_storage::directory::{ProofLog, Recorded, Tenant, TenantState};
use acta_storage::{
    AuditOutcome, Change, Committed, Expected, Group, NewAuditEntry, Record, RecordContent,
    RecordKind, RecordWrite, Storage, StorageError, Who,
};
use acta_xapi::Uuid;

/// Records that are listed, and written in one change, at a time.
const TOGETHER_COUNT: usize = 500;

/// The kinds that decide who may do what. A record of a later kind may name one of an earlier kind.
const ACCESS: [RecordKind; 4] =
    [RecordKind::Credential, RecordKind::Account, RecordKind::Membership, RecordKind::Identity];

/// The act of the audit entries.
const ACT: &str = "store.restored";

/// A store that was restored from a backup, to be completed before it is used.
pub struct RestoredStore<'a> {
    /// The store.
    pub storage: &'a dyn Storage,
    /// The store that it replaces, if that can still be read.
    pub replaced: Option<&'a dyn Storage>,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The source of ids.
    pub entropy: &'a dyn Entropy,
}

/// What was ended, removed and changed in a restored store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub session_count: u64,
    /// Links: invitations, and links for setting a password.
    pub link_count: u64,
    /// Credentials, accounts, roles and identities that the replaced store does not have any more.
    pub removed_count: u64,
    /// Those, and tenants, that are different in the replaced store, or only there.
    pub changed_count: u64,
    /// The keys of the credentials that were removed.
    pub credentials: Vec<String>,
}

/// Why a restored store was not completed. It can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum RestoredError {
    /// The store that was given as the replaced one is another store.
    #[error("the replaced store is another store: its identity is different")]
    OtherStore,
    /// Something else writes to the restored store.
    #[error("the restored store was changed at the same time")]
    InUse,
    /// The restored store could not be read or written.
    #[error("the restored store")]
    Restored(#[source] StorageError),
    /// The replaced store could not be read.
    #[error("the replaced store")]
    Replaced(#[source] StorageError),
}

impl std::fmt::Debug for RestoredStore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RestoredStore").finish_non_exhaustive()
    }
}

impl RestoredStore<'_> {
    /// Ends all sessions and links, and the epochs of logs for proofs. With the replaced store,
    /// also takes its credentials, accounts, roles, identities and the states of tenants, as far as
    /// their tenants are in the restored store. The audit of the server records it, and so does
    /// that of each tenant concerned.
    ///
    /// Repeating it does no harm.
    ///
    /// # Errors
    ///
    /// [`RestoredError`]: a part may be done.
    pub async fn end_access(&self) -> Result<Ended, RestoredError> {
        if let Some(replaced) = self.replaced {
            let known = replaced.identify().await.map_err(RestoredError::Replaced)?;
            if known != self.storage.identify().await.map_err(RestoredError::Restored)? {
                return Err(RestoredError::OtherStore);
            }
        }
        let mut ended = Ended::default();
        let mut plan = Plan::default();
        let sessions = self.read(RecordKind::Session).await?;
        let links = self.read(RecordKind::Ticket).await?;
        (ended.session_count, ended.link_count) = (sessions.len() as u64, links.len() as u64);
        plan.removals.extend(sessions.values().chain(links.values()).map(RecordWrite::remove));
        plan.removals.extend(self.end_proof_logs().await?);
        if let Some(replaced) = self.replaced {
            self.compare_tenants(replaced, &mut plan).await?;
            for kind in ACCESS {
                self.compare(replaced, kind, &mut plan).await?;
            }
        }
        ended.removed_count = plan.removed_count;
        ended.changed_count = plan.changes.len() as u64;
        ended.credentials.clone_from(&plan.credentials);
        self.commit(plan, &ended).await?;
        Ok(ended)
    }

    /// Ends the epochs of logs for proofs: the original store may have gone on, and one log never
    /// has two heads that contradict each other.
    async fn end_proof_logs(&self) -> Result<Vec<RecordWrite>, RestoredError> {
        let mut writes = Vec::new();
        for record in self.read(RecordKind::ProofLog).await?.values() {
            let log = ProofLog::from_record(record).map_err(RestoredError::Restored)?;
            writes.push(ProofLog { is_ended: true, ..log }.replace(record));
        }
        Ok(writes)
    }

    async fn read(&self, kind: RecordKind) -> Result<BTreeMap<String, Record>, RestoredError> {
        read_all(self.storage, kind).await.map_err(RestoredError::Restored)
    }

    /// Tenants get the states and limits of the replaced store. One whose data was removed there is
    /// to be removed again.
    async fn compare_tenants(
        &self,
        replaced: &dyn Storage,
        plan: &mut Plan,
    ) -> Result<(), RestoredError> {
        let now = self.clock.now();
        let current = read_all(replaced, RecordKind::Tenant).await;
        let current = current.map_err(RestoredError::Replaced)?;
        for (id, record) in self.read(RecordKind::Tenant).await? {
            let restored = Tenant::from_record(&record).map_err(RestoredError::Restored)?;
            plan.tenants.insert(restored.id);
            let Some(other) = current.get(&id) else { continue };
            let other = Tenant::from_record(other).map_err(RestoredError::Replaced)?;
            let after = match other.state {
                TenantState::Purged { .. } => removed_again(&restored, now),
                TenantState::Active
                | TenantState::Suspended { .. }
                | TenantState::Deleted { .. }
                | TenantState::Purging { .. } => other,
            };
            plan.replace(&record, after.to_content());
        }
        Ok(())
    }

    /// Records of a kind become those of the replaced store.
    async fn compare(
        &self,
        replaced: &dyn Storage,
        kind: RecordKind,
        plan: &mut Plan,
    ) -> Result<(), RestoredError> {
        let mut current = read_all(replaced, kind).await.map_err(RestoredError::Replaced)?;
        current.retain(|_, record| {
            record.content.tenant.is_none_or(|tenant| plan.tenants.contains(&tenant))
        });
        for (id, record) in self.read(kind).await? {
            match current.remove(&id) {
                Some(other) => plan.replace(&record, other.content),
                None => plan.remove(&record),
            }
        }
        for (id, record) in current {
            plan.touched.extend(record.content.tenant);
            plan.changes.push(RecordWrite::create(kind, id, record.content));
        }
        Ok(())
    }

    /// Removals first: a name that they free may be that of a new record.
    async fn commit(&self, plan: Plan, ended: &Ended) -> Result<(), RestoredError> {
        let tenants = plan.touched.iter().copied().map(Some);
        let entries = std::iter::once(None).chain(tenants);
        let mut entries: Vec<_> =
            entries.map(|tenant| (tenant, self.entry(tenant, ended))).collect();
        let mut writes =
            plan.removals.chunks(TOGETHER_COUNT).chain(plan.changes.chunks(TOGETHER_COUNT));
        loop {
            let writes = writes.next().map(<[RecordWrite]>::to_vec).unwrap_or_default();
            let entries = std::mem::take(&mut entries);
            if writes.is_empty() && entries.is_empty() {
                return Ok(());
            }
            match self.storage.commit(&Change { writes, entries }).await {
                Ok(Committed::Done) => {}
                Ok(Committed::Stale(_) | Committed::NameTaken(_) | Committed::LimitReached(_)) => {
                    return Err(RestoredError::InUse);
                }
                Err(error) => return Err(RestoredError::Restored(error)),
            }
        }
    }

    fn entry(&self, tenant: Option<TenantId>, ended: &Ended) -> NewAuditEntry {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let has_replaced = self.replaced.is_some();
        let detail = match tenant {
            None => format!(
                r#"{{"sessions":{},"links":{},"removed":{},"changed":{},"has_replaced":{has_replaced}}}"#,
                ended.session_count, ended.link_count, ended.removed_count, ended.changed_count,
            ),
            Some(_) => format!(r#"{{"has_replaced":{has_replaced}}}"#),
        };
        NewAuditEntry {
            id: Uuid::from_random(random),
            at: self.clock.now(),
            who: Who::Server,
            from: String::new(),
            act: ACT.into(),
            target: String::new(),
            outcome: AuditOutcome::Done,
            detail,
        }
    }
}

/// The writes that complete a store.
#[derive(Debug, Default)]
struct Plan {
    /// The tenants of the restored store.
    tenants: BTreeSet<TenantId>,
    /// And ends of logs for proofs, which free no name.
    removals: Vec<RecordWrite>,
    changes: Vec<RecordWrite>,
    /// How many of the removals are not of sessions and links.
    removed_count: u64,
    /// The keys of the credentials that are removed.
    credentials: Vec<String>,
    /// The tenants in whose audit it is recorded.
    touched: BTreeSet<TenantId>,
}

impl Plan {
    fn replace(&mut self, record: &Record, content: RecordContent) {
        if record.content != content {
            self.touched.extend(record.content.tenant);
            self.changes.push(RecordWrite::replace(record, content));
        }
    }

    fn remove(&mut self, record: &Record) {
        self.touched.extend(record.content.tenant);
        self.removed_count += 1;
        self.removals.push(RecordWrite::remove(record));
        if record.kind == RecordKind::Credential {
            self.credentials.push(record.id.clone());
            self.removals.push(RecordWrite {
                kind: RecordKind::CredentialUse,
                id: record.id.clone(),
                expected: Expected::Anything,
                content: None,
            });
        }
    }
}

/// A tenant whose data is to be removed at once.
fn removed_again(restored: &Tenant, now: Timestamp) -> Tenant {
    let state = match restored.state {
        TenantState::Purging { .. } | TenantState::Purged { .. } => restored.state,
        TenantState::Active | TenantState::Suspended { .. } | TenantState::Deleted { .. } => {
            TenantState::Purging { since: now }
        }
    };
    Tenant { state, ..restored.clone() }
}

async fn read_all(
    storage: &dyn Storage,
    kind: RecordKind,
) -> Result<BTreeMap<String, Record>, StorageError> {
    let mut all = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page =
            storage.list_records(kind, &Group::Every, after.as_deref(), TOGETHER_COUNT).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id.clone());
        all.extend(page.into_iter().map(|record| (record.id.clone(), record)));
    }
}

#[cfg(test)]
mod tests;
