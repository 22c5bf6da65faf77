//! Documents in an ordered map.

use std::collections::BTreeSet;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;

use super::ModelStorage;
use crate::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentStore, DocumentWrite, NewDocument,
    Precondition, StorageError,
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
        self.with_tenant_data(tenant, |data| {
            check(precondition, data.documents.get(key))?;
            Ok(match data.documents.remove(key) {
                Some(_) => DocumentWrite::Replaced,
                None => DocumentWrite::Nothing,
            })
        })
    }

    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let count_before = data.documents.len();
            data.documents.retain(|key, _| !is_in(key, list));
            (count_before - data.documents.len()) as u64
        }))
    }

    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let found: Vec<_> = data
                .documents
                .iter()
                .filter(|(key, _)| is_in(key, list))
                .filter(|(_, document)| since.is_none_or(|since| since < document.updated))
                .collect();
            let names: BTreeSet<&str> = found.iter().map(|(key, _)| key.name()).collect();
            DocumentNames {
                names: names.into_iter().map(str::to_owned).collect(),
                updated: found.iter().map(|(_, document)| document.updated).max(),
            }
        }))
    }
}
