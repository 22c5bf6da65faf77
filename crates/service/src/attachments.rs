//! Attachments of statements: receiving, checking and reading them.

use std::collections::{HashMap, HashSet};

use acta_access::{Principal, TenantId};
use acta_storage::{AttachmentReader, NewStatement, StagedAttachment};
use acta_xapi::json::{JsonLimits, Kind, Value, parse};
use acta_xapi::{Attachment, Fault, Faults, Rule, Sha2, check_signature};

use crate::{Limit, Service, ServiceError, StoredStatement};

/// Identifies the content of an attachment of a stored statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentName {
    /// The hash of the content.
    pub sha2: Sha2,
    /// Internet media type, as in the statement.
    pub content_type: String,
}

impl Service {
    /// The attachments of `statements`, without duplicate hashes, in order of appearance; and
    /// the statements themselves.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] if the process ends.
    pub async fn list_attachments(
        &self,
        statements: Vec<StoredStatement>,
    ) -> Result<(Vec<StoredStatement>, Vec<AttachmentName>), ServiceError> {
        let bytes = statements.iter().map(|statement| statement.text.len()).sum();
        self.run(bytes, move || {
            let mut names = Vec::new();
            for statement in &statements {
                collect_names(&statement.text, &mut names);
            }
            let mut known = HashSet::new();
            names.retain(|name| known.insert(name.sha2.clone()));
            (statements, names)
        })
        .await
    }

    /// Opens the content of an attachment; `None` if it was never sent, as with a `fileUrl`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] if it cannot be opened.
    pub async fn open_attachment(
        &self,
        principal: &Principal,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn AttachmentReader>>, ServiceError> {
        let tenant: TenantId = principal.tenant;
        Ok(self.storage.open_attachment(tenant, sha2).await?)
    }
}

fn collect_names(text: &str, names: &mut Vec<AttachmentName>) {
    // Most statements have none, and this costs a thousandth of parsing the JSON.
    if !text.contains("\"attachments\"") {
        return;
    }
    let Ok(json) = parse(text.as_bytes(), &JsonLimits::STORED) else { return };
    let root = json.root();
    let substatement = root.member("object").filter(|object| object.kind() == Kind::Object);
    let lists = [Some(root), substatement].into_iter().flatten();
    for list in lists.filter_map(|holder| holder.member("attachments")) {
        names.extend(list.elements().filter_map(name_of));
    }
}

fn name_of(attachment: Value<'_, '_>) -> Option<AttachmentName> {
    let sha2 = attachment.member("sha2")?.as_str()?.parse().ok()?;
    let content_type = attachment.member("contentType")?.as_str()?.into_owned();
    Some(AttachmentName { sha2, content_type })
}

impl Service {
    /// Checks that statements and contents match, and verifies every signature. Returns the
    /// statements.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 1.5.2; Part Two, 2.6; IEEE 9274.1.1, 4.1.3.
    pub(crate) async fn check_attachments(
        &self,
        mut statements: Vec<NewStatement>,
        staged: &[Box<dyn StagedAttachment>],
    ) -> Result<Vec<NewStatement>, ServiceError> {
        let bytes_max = self.options.signature_bytes_max;
        let mut contents: HashMap<&Sha2, &dyn StagedAttachment> = HashMap::new();
        let mut faults = Vec::new();
        for content in staged {
            if content.announced() != content.computed() {
                faults.push(Fault::new("", Rule::AttachmentHash, content.announced().as_str()));
            }
            contents.insert(content.announced(), content.as_ref());
        }
        for (index, sha2) in check_contents(&statements, &contents, &mut faults) {
            // One at a time, so that no more than one is in memory.
            let Some(content) = contents.get(&sha2) else { continue };
            let signature = content
                .read(bytes_max)
                .await?
                .ok_or(ServiceError::OverLimit { limit: Limit::Signature, max: bytes_max })?;
            // Never on the runtime: verifying a signature takes long.
            let check = move || (check_one(&statements, index, &signature), statements);
            let (checked, given_back) = self.run(usize::MAX, check).await?;
            statements = given_back;
            faults.extend(checked.err());
        }
        if faults.is_empty() { Ok(statements) } else { Err(Faults(faults).into()) }
    }
}

/// Verifies the signature of one of the statements.
fn check_one(statements: &[NewStatement], index: usize, signature: &[u8]) -> Result<(), Fault> {
    let Some(new) = statements.get(index) else { return Ok(()) };
    check_signature(&new.statement, signature).map_err(|mut fault| {
        fault.pointer.insert_str(0, &base_of(index, statements.len()));
        fault
    })
}

/// The JSON Pointer of a statement in the request.
fn base_of(index: usize, count: usize) -> String {
    if count == 1 { String::new() } else { format!("/{index}") }
}

/// Checks that every attachment has its content. Returns the signatures whose content was
/// sent, each with the index of its statement.
fn check_contents(
    statements: &[NewStatement],
    contents: &HashMap<&Sha2, &dyn StagedAttachment>,
    faults: &mut Vec<Fault>,
) -> Vec<(usize, Sha2)> {
    let mut signatures = Vec::new();
    for (index, new) in statements.iter().enumerate() {
        let base = base_of(index, statements.len());
        for attachment in &new.statement.attachments {
            let has_content = contents.contains_key(&attachment.sha2);
            check_attachment(attachment, has_content, &base, faults);
            if has_content && attachment.usage_type.as_str() == Attachment::SIGNATURE {
                signatures.push((index, attachment.sha2.clone()));
            }
        }
    }
    signatures
}

fn check_attachment(
    attachment: &Attachment,
    has_content: bool,
    base: &str,
    faults: &mut Vec<Fault>,
) {
    if attachment.file_url.is_none() && !has_content {
        let pointer = format!("{base}/attachments");
        faults.push(Fault::new(pointer, Rule::AttachmentPart, attachment.sha2.as_str()));
    }
}
