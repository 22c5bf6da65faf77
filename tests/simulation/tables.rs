//! What the tables must hold: documents, cursors, tenants, credentials and the audit.
//!
//! A write whose outcome is unknown has happened or not, so there may be several histories
//! that the store can have lived through. Each is played on the model; what the store answers
//! rules out those that would have answered otherwise, and one must always be left.

use std::collections::BTreeSet;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, Timestamp};
use acta_storage::directory::Recorded;
use acta_storage::model::ModelStorage;
use acta_storage::{
    AuditEntry, AuditQuery, ChainHead, Change, Committed, Document, DocumentKey, DocumentList,
    DocumentWrite, NewDocument, Precondition, Storage, StorageError, first_broken_link,
};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::directory::credential;
use acta_storage_suite::fixture::START;

use crate::simulation::second_tenant;

/// A write to the tables.
#[derive(Clone, Debug)]
pub(crate) enum TableWrite {
    Replace(TenantId, DocumentKey, NewDocument, Precondition),
    Remove(TenantId, DocumentKey, Precondition),
    RemoveAll(TenantId, DocumentList),
    SaveCursor(TenantId, String),
    CreateTenant(String),
    InsertCredential(TenantId, String),
}

/// What a write was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteResult {
    Wrote(DocumentWrite),
    Refused,
    Removed(u64),
    Saved,
    Created(TenantId),
    Inserted(bool),
}

/// The name of the one cursor.
const CURSOR: &str = "reader";

impl TableWrite {
    pub(crate) async fn run(&self, storage: &dyn Storage) -> Result<WriteResult, StorageError> {
        let answer = match self {
            Self::Replace(tenant, key, document, precondition) => {
                let document = document.clone();
                let wrote = storage.replace_document(*tenant, key, document, precondition).await;
                wrote.map(WriteResult::Wrote)
            }
            Self::Remove(tenant, key, precondition) => {
                let wrote = storage.remove_document(*tenant, key, precondition).await;
                wrote.map(WriteResult::Wrote)
            }
            Self::RemoveAll(tenant, list) => {
                storage.remove_documents(*tenant, list).await.map(WriteResult::Removed)
            }
            Self::SaveCursor(tenant, value) => {
                let saved = storage.save_cursor(*tenant, CURSOR, value).await;
                saved.map(|()| WriteResult::Saved)
            }
            Self::CreateTenant(name) => {
                storage.create_tenant(name, START).await.map(WriteResult::Created)
            }
            Self::InsertCredential(tenant, key) => {
                let writes = vec![credential(key, *tenant, 0).create()];
                let change = Change { writes, entries: vec![(Some(*tenant), sample_entry(1))] };
                let committed = storage.commit(&change).await;
                committed.map(|committed| WriteResult::Inserted(committed == Committed::Done))
            }
        };
        match answer {
            Err(StorageError::PreconditionFailed) => Ok(WriteResult::Refused),
            answer => answer,
        }
    }
}

/// One history that the store may have lived through.
#[derive(Debug)]
struct History {
    writes: Vec<(Timestamp, TableWrite)>,
    clock: Arc<ManualClock>,
    model: ModelStorage,
}

impl History {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let model = ModelStorage::new(Arc::<ManualClock>::clone(&clock));
        Self { writes: Vec::new(), clock, model }
    }

    async fn play(&mut self, now: Timestamp, write: &TableWrite) -> WriteResult {
        self.clock.set(now);
        self.writes.push((now, write.clone()));
        write.run(&self.model).await.unwrap()
    }

    /// The same history, with one more write.
    async fn with(&self, now: Timestamp, write: &TableWrite) -> Self {
        let mut other = Self::new();
        for (at, earlier) in &self.writes {
            other.play(*at, earlier).await;
        }
        other.play(now, write).await;
        other
    }
}

/// Everything that can be read of the tables.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    documents: Vec<(TenantId, DocumentKey, Option<Document>)>,
    lists: Vec<(TenantId, DocumentList, Vec<String>)>,
    cursors: Vec<Option<String>>,
    tenants: Vec<(TenantId, String)>,
    credentials: Vec<String>,
    audit: Vec<AuditEntry>,
}

impl Reading {
    /// The first thing that differs from what the model says, for people.
    fn difference(&self, model: &Self) -> String {
        let documents =
            self.documents.iter().zip(&model.documents).find(|(one, other)| one != other);
        let lists = self.lists.iter().zip(&model.lists).find(|(one, other)| one != other);
        match (documents, lists) {
            (Some((found, expected)), _) => format!("{found:?}, not {expected:?}"),
            (None, Some((found, expected))) => format!("{found:?}, not {expected:?}"),
            (None, None) => format!("{:?}, not {:?}", self.others(), model.others()),
        }
    }

    fn others(&self) -> impl std::fmt::Debug {
        (&self.cursors, &self.tenants, &self.credentials, &self.audit)
    }
}

/// What the tables must hold.
#[derive(Debug)]
pub(crate) struct TablesLedger {
    histories: Vec<History>,
    keys: BTreeSet<(TenantId, DocumentKey)>,
    lists: Vec<(TenantId, DocumentList)>,
}

impl TablesLedger {
    /// Of a new store.
    pub(crate) fn new() -> Self {
        Self { histories: vec![History::new()], keys: BTreeSet::new(), lists: Vec::new() }
    }

    fn note(&mut self, write: &TableWrite) {
        match write {
            TableWrite::Replace(tenant, key, ..) | TableWrite::Remove(tenant, key, _) => {
                self.keys.insert((*tenant, key.clone()));
            }
            TableWrite::RemoveAll(tenant, list) => {
                let list = (*tenant, list.clone());
                if !self.lists.contains(&list) {
                    self.lists.push(list);
                }
            }
            TableWrite::SaveCursor(..)
            | TableWrite::CreateTenant(_)
            | TableWrite::InsertCredential(..) => {}
        }
    }

    /// A write was answered.
    pub(crate) async fn answered(
        &mut self,
        now: Timestamp,
        write: &TableWrite,
        answer: WriteResult,
    ) {
        self.note(write);
        let mut left = Vec::new();
        let mut expected = Vec::new();
        for mut history in std::mem::take(&mut self.histories) {
            let of_model = history.play(now, write).await;
            if of_model == answer {
                left.push(history);
            } else {
                expected.push(of_model);
            }
        }
        assert!(!left.is_empty(), "{answer:?}, not one of {expected:?}, to {write:?}");
        self.histories = left;
    }

    /// Whether a write was done is unknown.
    pub(crate) async fn unknown(&mut self, now: Timestamp, write: &TableWrite) {
        self.note(write);
        for index in 0..self.histories.len() {
            let other = self.histories[index].with(now, write).await;
            self.histories.push(other);
        }
    }

    /// Compares all that can be read with the histories, and rules out those that differ.
    pub(crate) async fn check(&mut self, storage: &dyn Storage) {
        let found = self.read(storage).await;
        let mut left = Vec::new();
        let mut others = Vec::new();
        for history in std::mem::take(&mut self.histories) {
            let expected = self.read(&history.model).await;
            if found == expected {
                left.push(history);
            } else {
                others.push(expected);
            }
        }
        let differing: Vec<String> = others.iter().map(|other| found.difference(other)).collect();
        assert!(!left.is_empty(), "the tables hold, in each history: {differing:#?}");
        // Those that are left differ in nothing that can be read.
        left.truncate(1);
        self.histories = left;
    }

    async fn read(&self, storage: &dyn Storage) -> Reading {
        let mut documents = Vec::new();
        for (tenant, key) in &self.keys {
            let found = storage.find_document(*tenant, key).await.unwrap();
            documents.push((*tenant, key.clone(), found));
        }
        let mut lists = Vec::new();
        for (tenant, list) in &self.lists {
            let names = storage.list_documents(*tenant, list, None).await.unwrap().names;
            lists.push((*tenant, list.clone(), names));
        }
        let (mut cursors, mut credentials, mut audit) = (Vec::new(), Vec::new(), Vec::new());
        let tenants = storage.list_tenants().await.unwrap();
        // Rows need no tenant of their number.
        for tenant in [TenantId::FIRST, second_tenant()] {
            cursors.push(storage.find_cursor(tenant, CURSOR).await.unwrap());
            let of_tenant = storage.list_credentials(tenant).await.unwrap();
            credentials.extend(of_tenant.into_iter().map(|credential| credential.key));
            let every = AuditQuery::everything(usize::MAX);
            let chain = storage.list_audit(Some(tenant), &every).await.unwrap();
            assert_eq!(first_broken_link(ChainHead::EMPTY, Some(tenant), &chain), None);
            audit.extend(chain);
        }
        credentials.sort_unstable();
        let tenants = tenants.into_iter().map(|tenant| (tenant.id, tenant.name)).collect();
        Reading { documents, lists, cursors, tenants, credentials, audit }
    }
}
