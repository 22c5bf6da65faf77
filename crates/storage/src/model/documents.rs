//! Documents in an ordered map.

use std::collections::BTreeSet;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;

use super::{ModelStorage, TenantData};
use crate::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentPlace, DocumentStore,
    DocumentWrite, NewDocument, Precondition, REMOVALS_MAX, Removal, RemovalScope, StorageError,
};

/// Whether the list contains the document.
fn is_in(key: &DocumentKey, list: &DocumentList) -> bool {
    match (key, list) {
        (
            DocumentKey::State { activity, agent, registration, .. },
            DocumentList::States {
                activity: in_activity,
                agent: of_agent,
                registration: in_registration,
            },
        ) => {
            activity == in_activity
                && agent == of_agent
                && (in_registration.is_none() || registration == in_registration)
        }
        (
            DocumentKey::ActivityProfile { activity, .. },
            DocumentList::ActivityProfiles { activity: of_activity },
        ) => activity == of_activity,
        (
            DocumentKey::AgentProfile { agent, .. },
            DocumentList::AgentProfiles { agent: of_agent },
        ) => agent == of_agent,
        (
            DocumentKey::State { .. }
            | DocumentKey::ActivityProfile { .. }
            | DocumentKey::AgentProfile { .. },
            _,
        ) => false,
    }
}

/// Whether both documents are in the same place. Without a registration is a place, too.
fn is_beside(key: &DocumentKey, other: &DocumentKey) -> bool {
    match (key, other) {
        (
            DocumentKey::State { activity, agent, registration, .. },
            DocumentKey::State { activity: in_activity, agent: of_agent, registration: of, .. },
        ) => activity == in_activity && agent == of_agent && registration == of,
        (
            DocumentKey::ActivityProfile { activity, .. },
            DocumentKey::ActivityProfile { activity: of, .. },
        ) => activity == of,
        (DocumentKey::AgentProfile { agent, .. }, DocumentKey::AgentProfile { agent: of, .. }) => {
            agent == of
        }
        (
            DocumentKey::State { .. }
            | DocumentKey::ActivityProfile { .. }
            | DocumentKey::AgentProfile { .. },
            _,
        ) => false,
    }
}

fn check(precondition: &Precondition, current: Option<&Document>) -> Result<(), StorageError> {
    let etag = current.map(|document| &document.etag);
    if precondition.holds(etag) { Ok(()) } else { Err(StorageError::PreconditionFailed) }
}

impl TenantData {
    /// Remembers a removal; where a later one is known, that one.
    pub(super) fn remember(&mut self, Removal { scope, removed }: Removal) {
        let known = self.removals.entry(scope).or_insert(removed);
        *known = removed.max(*known);
    }

    /// Remembers a removal that has just happened. If there are too many, forgets the others.
    fn note_removal(&mut self, scope: RemovalScope, removed: Timestamp) {
        self.remember(Removal { scope, removed });
        if REMOVALS_MAX < self.removals.len() {
            self.remember(Removal { scope: RemovalScope::everything(), removed });
            let is_kept = |scope: &RemovalScope| *scope == RemovalScope::everything();
            self.removals.retain(|scope, known| is_kept(scope) || removed < *known);
        }
    }

    /// When documents of a list were last removed, as far as is known.
    fn last_removal(&self, list: &DocumentList) -> Option<Timestamp> {
        let of_list = DocumentPlace::of_list(list).removal_scope();
        let of_list = self.removals.iter().filter(|(scope, _)| scope.has_changed(&of_list));
        of_list.map(|(_, removed)| *removed).max()
    }
}

#[async_trait]
impl DocumentStore for ModelStorage {
    async fn find_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
    ) -> Result<Option<Document>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| data.documents.get(key).cloned()))
    }

    async fn replace_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        document: NewDocument,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        let updated = self.clock.now();
        let NewDocument { content, content_type, etag, count_max } = document;
        let document = Document { content, content_type, etag, updated };
        self.with_tenant_data(tenant, |data| {
            check(precondition, data.documents.get(key))?;
            let count = data.documents.keys().filter(|other| is_beside(key, other)).count();
            if count_max <= count && !data.documents.contains_key(key) {
                return Err(StorageError::TooMany { count_max });
            }
            Ok(match data.documents.insert(key.clone(), document) {
                Some(_) => DocumentWrite::Replaced,
                None => DocumentWrite::Created,
            })
        })
    }

    async fn remove_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        let now = self.clock.now();
        self.with_tenant_data(tenant, |data| {
            check(precondition, data.documents.get(key))?;
            let Some(removed) = data.documents.remove(key) else {
                return Ok(DocumentWrite::Nothing);
            };
            let scope = DocumentPlace::of(key).removal_scope();
            data.note_removal(scope, now.max(removed.updated));
            Ok(DocumentWrite::Replaced)
        })
    }

    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError> {
        let now = self.clock.now();
        Ok(self.with_tenant_data(tenant, |data| {
            let of_list = data.documents.extract_if(.., |key, _| is_in(key, list));
            let times: Vec<Timestamp> = of_list.map(|(_, document)| document.updated).collect();
            if let Some(last) = times.iter().max() {
                data.note_removal(DocumentPlace::of_list(list).removal_scope(), now.max(*last));
            }
            times.len() as u64
        }))
    }

    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let found: Vec<_> = data.documents.iter().filter(|(key, _)| is_in(key, list)).collect();
            let written = found.iter().map(|(_, document)| document.updated).max();
            let names: BTreeSet<&str> = found
                .iter()
                .filter(|(_, document)| since.is_none_or(|since| since < document.updated))
                .map(|(key, _)| key.name())
                .collect();
            DocumentNames {
                names: names.into_iter().map(str::to_owned).collect(),
                updated: written.max(data.last_removal(list)),
            }
        }))
    }
}
