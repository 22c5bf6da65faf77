//! Attachments: what goes with statements on their way in, and out again.

use std::collections::{HashMap, HashSet};

use acta_access::{Principal, TenantId};
use acta_storage::{AttachmentReader, NewStatement, StagedAttachment};
use acta_xapi::json::{JsonLimits, Kind, Value, parse};
use acta_xapi::{Attachment, Fault, Faults, Rule, Sha2, check_signature};

use crate::{Limit, Service, ServiceError, StoredStatement};

/// Names the content of an attachment of a stored statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentName {
    /// The hash of the content.
    pub sha2: Sha2,
    /// Internet media type, as the statement says.
    pub content_type: String,
}

impl Service {
    /// The attachments of `statements`, each hash once, in order of appearance; and the
    /// statements themselves.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when the process ends.
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

    /// Opens the content of an attachment; none if it was never sent, as with a `fileUrl`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when it cannot be opened.
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
    // Most statements have none, and this costs a thousandth of reading the JSON.
    if !text.contains("\"attachments\"") {
        return;
    }
    let Ok(json) = parse(text.as_bytes(), &JsonLimits::KEPT) else { return };
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

/// Checks that statements and contents belong together, and every signature.
///
/// Spec: xAPI 1.0.3, Part Three, 1.5.2; Part Two, 2.6; IEEE 9274.1.1, 4.1.3.
pub(crate) fn check_attachments(
    statements: &[NewStatement],
    staged: &[Box<dyn StagedAttachment>],
    signature_bytes_max: u64,
) -> Result<(), ServiceError> {
    let mut contents: HashMap<&Sha2, &dyn StagedAttachment> = HashMap::new();
    let mut faults = Vec::new();
    for content in staged {
        if content.announced() != content.computed() {
            faults.push(Fault::new("", Rule::AttachmentHash, content.announced().as_str()));
        }
        contents.insert(content.announced(), content.as_ref());
    }
    for (index, new) in statements.iter().enumerate() {
        let base = if statements.len() == 1 { String::new() } else { format!("/{index}") };
        for attachment in &new.statement.attachments {
            let content = contents.get(&attachment.sha2).copied();
            check_attachment(attachment, content.is_some(), &base, &mut faults);
            if attachment.usage_type.as_str() != Attachment::SIGNATURE {
                continue;
            }
            let Some(content) = content else { continue };
            let bytes_max = signature_bytes_max;
            let signature = content
                .read(bytes_max)?
                .ok_or(ServiceError::OverLimit { limit: Limit::Signature, max: bytes_max })?;
            if let Err(mut fault) = check_signature(&new.statement, &signature) {
                fault.pointer.insert_str(0, &base);
                faults.push(fault);
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults).into()) }
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
