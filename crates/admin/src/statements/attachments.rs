//! Reading the content of attachments as a person.

use acta_access::TenantId;
use acta_service::{AttachmentReader, DescribedAttachment};
use acta_xapi::{Languages, Sha2, StatementId};
use serde_json::json;

use super::reading::reader;
use crate::{Admin, AdminError, Requester};

/// Most attachments of a statement that are looked for in the store. Each may be a request to
/// object storage.
const LISTED_MAX: usize = 100;

/// An attachment whose content is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAttachment {
    /// What the statement says of it.
    pub described: DescribedAttachment,
    /// Its size in bytes, as stored.
    pub len_bytes: u64,
}

/// An attachment whose content can be read.
#[derive(Debug)]
pub struct OpenAttachment {
    /// What the statement says of it.
    pub described: DescribedAttachment,
    /// Its content.
    pub content: Box<dyn AttachmentReader>,
}

impl Admin {
    /// The attachments of a statement, voided or not, whose content is stored: of the first 100
    /// that it or its `SubStatement` names. Their names are in the language that fits best.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_statement`].
    pub async fn list_attachments(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: StatementId,
        languages: &Languages,
    ) -> Result<Vec<KeptAttachment>, AdminError> {
        let what = json!({ "attachments": id.to_string() });
        let statement = self.find_statement(requester, tenant, id, &what).await?;
        let principal = reader(requester, tenant);
        let described = self.service.describe_attachments(tenant, statement, languages).await?;
        let mut kept = Vec::new();
        for described in described.into_iter().take(LISTED_MAX) {
            let found = self.service.open_attachment(&principal, &described.name.sha2).await?;
            kept.extend(found.map(|it| KeptAttachment { described, len_bytes: it.len_bytes() }));
        }
        Ok(kept)
    }

    /// Opens the content of an attachment that a statement, voided or not, or its `SubStatement`
    /// names.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_statement`]; [`AdminError::NotFound`] also if it names no such attachment,
    /// or the content was never sent, as with a `fileUrl`.
    pub async fn open_attachment(
        &self,
        requester: &Requester,
        tenant: TenantId,
        (id, sha2): (StatementId, &Sha2),
        languages: &Languages,
    ) -> Result<OpenAttachment, AdminError> {
        let what = json!({ "attachment": { "statement": id.to_string(), "sha2": sha2.as_str() } });
        let statement = self.find_statement(requester, tenant, id, &what).await?;
        let described = self.service.describe_attachments(tenant, statement, languages).await?;
        let named = described.into_iter().find(|described| described.name.sha2 == *sha2);
        let described = named.ok_or(AdminError::NotFound)?;
        let content = self.service.open_attachment(&reader(requester, tenant), sha2).await?;
        let content = content.ok_or(AdminError::NotFound)?;
        Ok(OpenAttachment { described, content })
    }
}
