//! State and profile documents.

mod place;
pub(crate) mod turns;

use acta_access::{Principal, TenantId};
use acta_ambient::Timestamp;
use acta_storage::directory::TenantLimits;
use acta_storage::{
    Document, DocumentKey, DocumentList, DocumentNames, DocumentWrite, Etag, EtagMatch,
    NewDocument, Precondition, StorageError, Usage,
};
use acta_xapi::{MergeError, Rule, UnconditionalPut, Version, merge_documents};
use bytes::Bytes;
use sha1::{Digest, Sha1};

use self::place::{Access, DocumentScope, narrow};
use crate::{Limit, Service, ServiceError};

/// How often a merge is retried after a lost race with a writer on another node, or with one that
/// replaces the document.
const MERGE_ATTEMPTS_MAX: usize = 256;

/// A document in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentDocument {
    /// Any bytes.
    pub content: Bytes,
    /// Internet media type, as sent.
    pub content_type: String,
}

/// Under which conditions a document is written.
#[derive(Clone, Debug)]
pub struct WriteRules<'a> {
    /// The precondition of the request.
    pub precondition: Precondition,
    /// The version of the request, which decides whether a `PUT` can replace an existing document
    /// without a precondition.
    pub version: Version,
    /// How much the tenant may store. What is stored is counted even without limits.
    pub limits: &'a TenantLimits,
}

/// The usage that a document counts as.
fn usage_of(sent: &SentDocument) -> Usage {
    Usage { statement_count: 0, bytes: u64::try_from(sent.content.len()).unwrap_or(u64::MAX) }
}

impl Service {
    /// Finds a document.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope to read documents of this kind, or if a
    ///   restriction forbids this place.
    /// - [`ServiceError::NotFound`]: it does not exist.
    /// - [`ServiceError::Failed`]: it cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.2.
    pub async fn find_document(
        &self,
        principal: &Principal,
        key: &DocumentKey,
    ) -> Result<Document, ServiceError> {
        DocumentScope::from(key).permit(principal, Access::Read)?;
        let found = self.storage.find_document(principal.tenant, key).await?;
        found.ok_or(ServiceError::NotFound)
    }

    /// The names of the documents of a place that were written after `since`, and when the
    /// documents of the place last changed. A principal that is bound to a registration gets only
    /// those of this registration.
    ///
    /// # Errors
    ///
    /// As [`Service::find_document`], but for [`ServiceError::NotFound`].
    pub async fn list_documents(
        &self,
        principal: &Principal,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, ServiceError> {
        let list = narrow(principal, list, Access::Read)?;
        Ok(self.storage.list_documents(principal.tenant, &list, since).await?)
    }

    /// Creates or replaces a document.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without the scope to write documents of this kind, or if a
    ///   restriction forbids this place.
    /// - [`ServiceError::PreconditionFailed`]: the current document does not match.
    /// - [`ServiceError::Unconditional`], [`ServiceError::Faulty`]: a precondition is needed.
    /// - [`ServiceError::OverLimit`]: its place has reached its limit of documents.
    /// - [`ServiceError::OverQuota`]: the quota of the tenant is exhausted.
    /// - [`ServiceError::Busy`], [`ServiceError::Full`], [`ServiceError::Failed`]: errors of
    ///   storage.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.2 and 3.1; IEEE 9274.1.1, 4.1.4.
    pub async fn put_document(
        &self,
        principal: &Principal,
        key: &DocumentKey,
        sent: SentDocument,
        rules: WriteRules<'_>,
    ) -> Result<(), ServiceError> {
        DocumentScope::from(key).permit(principal, Access::Write)?;
        let WriteRules { precondition, version, limits } = rules;
        let room = self.quotas.reserve(principal.tenant, limits, usage_of(&sent)).await?;
        let is_bare = precondition == Precondition::default();
        let kind = DocumentScope::from(key).kind();
        let rule = version.unconditional_put(kind, self.options.profile_precondition);
        let precondition = match (is_bare, rule) {
            (true, UnconditionalPut::Refused) => return self.refuse_bare_put(principal, key).await,
            (true, UnconditionalPut::Creates) => {
                Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) }
            }
            (true, UnconditionalPut::Writes) | (false, _) => precondition,
        };
        let new = self.new_document(principal.tenant, sent).await?;
        let written = self.replace_document(principal.tenant, key, new, &precondition).await;
        match written {
            Err(StorageError::PreconditionFailed) if is_bare => {
                return Err(ServiceError::Unconditional);
            }
            written => written?,
        };
        room.keep(0);
        Ok(())
    }

    /// Merges a JSON document into the current one, or creates it if there is none.
    ///
    /// No concurrent write is lost: each is merged into the result of the others.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without the scope to write documents of this kind, or if a
    ///   restriction forbids this place.
    /// - [`ServiceError::Faulty`]: one of both documents is not a JSON object.
    /// - [`ServiceError::OverLimit`]: the merged document is too large, or its place has
    ///   reached its limit of documents.
    /// - [`ServiceError::PreconditionFailed`]: the current document does not match.
    /// - [`ServiceError::OverQuota`]: the quota of the tenant is exhausted.
    /// - [`ServiceError::Busy`], [`ServiceError::Full`], [`ServiceError::Failed`]: errors of
    ///   storage.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.2 (JSON procedure with requirements).
    pub async fn post_document(
        &self,
        principal: &Principal,
        key: &DocumentKey,
        sent: SentDocument,
        rules: WriteRules<'_>,
    ) -> Result<(), ServiceError> {
        DocumentScope::from(key).permit(principal, Access::Write)?;
        let tenant = principal.tenant;
        let room = self.quotas.reserve(tenant, rules.limits, usage_of(&sent)).await?;
        if is_json(&sent.content_type) {
            // Refuses content that is not a JSON object, even if there is nothing to merge it into.
            self.merge(tenant, Bytes::from_static(b"{}"), sent.content.clone()).await?;
        }
        // Merges of one document on this node come one after the other: each would have to merge
        // again whatever the others store meanwhile.
        let _turn = self.merges.take(tenant, key).await;
        for _ in 0..MERGE_ATTEMPTS_MAX {
            let current = self.storage.find_document(tenant, key).await?;
            let etag = current.as_ref().map(|document| &document.etag);
            if !rules.precondition.holds(etag) {
                return Err(ServiceError::PreconditionFailed);
            }
            let expected = match etag {
                None => Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) },
                Some(etag) => Precondition {
                    if_match: Some(EtagMatch::OneOf(vec![etag.clone()])),
                    if_none_match: None,
                },
            };
            let merged = match current {
                None => sent.clone(),
                Some(current) => self.merge_sent(tenant, current, &sent).await?,
            };
            let new = self.new_document(tenant, merged).await?;
            match self.replace_document(tenant, key, new, &expected).await {
                // Another writer was faster: merge into its result.
                Err(StorageError::PreconditionFailed) => {}
                written => {
                    written?;
                    room.keep(0);
                    return Ok(());
                }
            }
        }
        Err(ServiceError::Busy { retry_after: Self::RACE_RETRY_AFTER })
    }

    /// Removes a document, if it exists.
    ///
    /// # Errors
    ///
    /// As [`Service::put_document`].
    pub async fn delete_document(
        &self,
        principal: &Principal,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, ServiceError> {
        DocumentScope::from(key).permit(principal, Access::Write)?;
        Ok(self.storage.remove_document(principal.tenant, key, precondition).await?)
    }

    /// Removes all documents of a place. A principal that is bound to a registration removes
    /// only those of this registration.
    ///
    /// They are not removed together: others may see some of them meanwhile, and after an error
    /// some may be left, which the same request removes.
    ///
    /// # Errors
    ///
    /// As [`Service::put_document`].
    pub async fn delete_documents(
        &self,
        principal: &Principal,
        list: &DocumentList,
    ) -> Result<u64, ServiceError> {
        let list = narrow(principal, list, Access::Write)?;
        Ok(self.storage.remove_documents(principal.tenant, &list).await?)
    }

    async fn new_document(
        &self,
        tenant: TenantId,
        sent: SentDocument,
    ) -> Result<NewDocument, ServiceError> {
        let SentDocument { content, content_type } = sent;
        let count_max = self.options.documents_count_max;
        self.run(tenant, content.len(), move || {
            let etag = etag_of(&content);
            NewDocument { content, content_type, etag, count_max }
        })
        .await
    }

    /// Stores a document. Tenants share the time that large ones take.
    async fn replace_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        document: NewDocument,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        let bytes = document.content.len();
        let cost = u64::try_from(bytes).unwrap_or(u64::MAX);
        let _share = if Self::INLINE_BYTES_MAX < bytes {
            Some(self.large_writes.acquire(tenant, cost).await)
        } else {
            None
        };
        self.storage.replace_document(tenant, key, document, precondition).await
    }

    async fn merge_sent(
        &self,
        tenant: TenantId,
        current: Document,
        sent: &SentDocument,
    ) -> Result<SentDocument, ServiceError> {
        for content_type in [&current.content_type, &sent.content_type] {
            if !is_json(content_type) {
                return Err(ServiceError::fault("", Rule::DocumentMerge, content_type));
            }
        }
        let content = self.merge(tenant, current.content, sent.content.clone()).await?;
        let bytes_max = self.options.document_bytes_max;
        if bytes_max < content.len() {
            return Err(ServiceError::over(Limit::Document, bytes_max));
        }
        Ok(SentDocument { content, content_type: current.content_type })
    }

    async fn merge(
        &self,
        tenant: TenantId,
        stored: Bytes,
        sent: Bytes,
    ) -> Result<Bytes, ServiceError> {
        let bytes = stored.len() + sent.len();
        let merged = self.run(tenant, bytes, move || merge_documents(&stored, &sent)).await?;
        merged.map(Bytes::from).map_err(|error: MergeError| {
            ServiceError::fault("", Rule::DocumentMerge, &error.to_string())
        })
    }

    async fn refuse_bare_put(
        &self,
        principal: &Principal,
        key: &DocumentKey,
    ) -> Result<(), ServiceError> {
        if self.storage.find_document(principal.tenant, key).await?.is_some() {
            return Err(ServiceError::Unconditional);
        }
        let found = "neither If-Match nor If-None-Match";
        Err(ServiceError::fault("", Rule::Precondition, found))
    }
}

/// The tag of a document with this content.
///
/// Spec: xAPI 1.0.3, Part Three, 3.1, which requires SHA-1.
pub fn etag_of(content: &[u8]) -> Etag {
    Etag(hex::encode(Sha1::digest(content)))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
