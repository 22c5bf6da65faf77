//! Attachments of statements: receiving, checking and reading them.

use std::collections::{HashMap, HashSet};

use acta_access::{Principal, TenantId, reads_every_statement};
use acta_storage::{AttachmentReader, NewStatement, StagedAttachment, StoredStatement};
use acta_xapi::json::{JsonLimits, Kind, Value, parse};
use acta_xapi::{Attachment, Fault, Faults, Languages, Rule, Sha2, Signature};

use crate::entries::choose_name;
use crate::statements::base_of;
use crate::{Limit, Service, ServiceError};

/// Identifies the content of an attachment of a stored statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentName {
    /// The hash of the content.
    pub sha2: Sha2,
    /// Internet media type, as in the statement.
    pub content_type: String,
}

/// What a statement says of an attachment, for people who read its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedAttachment {
    /// What identifies it.
    pub name: AttachmentName,
    /// What it is called, in the language that fits best; none if the statement does not say.
    pub display: Option<String>,
}

impl Service {
    /// The attachments of `statements` whose content `principal` may read, without duplicate
    /// hashes, in order of appearance; and the statements themselves.
    ///
    /// Who reads a statement may read the content that was sent with it. An attachment with a
    /// `fileUrl` can be stored without content, by anybody who knows a hash: only a principal who
    /// may read every statement, and so also those with the content, gets it by such a name.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] if the process ends.
    pub async fn list_attachments(
        &self,
        principal: &Principal,
        statements: Vec<StoredStatement>,
    ) -> Result<(Vec<StoredStatement>, Vec<AttachmentName>), ServiceError> {
        let bytes = statements.iter().map(|statement| statement.text.len()).sum();
        let reads_everything = reads_every_statement(principal);
        self.run(principal.tenant, bytes, move || {
            let mut attachments = Vec::new();
            for statement in &statements {
                collect_names(&statement.text, &mut attachments);
            }
            let mut known = HashSet::new();
            let names = attachments
                .into_iter()
                .filter(|attachment| reads_everything || !attachment.has_url)
                .map(|attachment| attachment.name)
                .filter(|name| known.insert(name.sha2.clone()))
                .collect();
            (statements, names)
        })
        .await
    }

    /// What a statement says of its attachments and of those of its `SubStatement`, without
    /// duplicate hashes, in order of appearance.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] if the process ends.
    pub async fn describe_attachments(
        &self,
        tenant: TenantId,
        statement: StoredStatement,
        languages: &Languages,
    ) -> Result<Vec<DescribedAttachment>, ServiceError> {
        let languages = languages.clone();
        self.run(tenant, statement.text.len(), move || {
            let mut described = Vec::new();
            visit_attachments(&statement.text, |attachment| {
                let display = attachment.member("display");
                let display = display.and_then(|map| choose_name(map, &languages));
                let named = name_of(attachment);
                described.extend(named.map(|it| DescribedAttachment { name: it.name, display }));
            });
            let mut known = HashSet::new();
            described.retain(|it| known.insert(it.name.sha2.clone()));
            described
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

/// An attachment in a statement.
struct NamedAttachment {
    name: AttachmentName,
    /// Whether the statement could be stored without the content.
    has_url: bool,
}

fn collect_names(text: &str, names: &mut Vec<NamedAttachment>) {
    visit_attachments(text, |attachment| names.extend(name_of(attachment)));
}

/// Calls `visit` with each attachment of a statement and of its `SubStatement`.
fn visit_attachments(text: &str, mut visit: impl FnMut(Value<'_, '_>)) {
    // Most statements have none, and this costs a thousandth of parsing the JSON.
    if !text.contains("\"attachments\"") {
        return;
    }
    let Ok(json) = parse(text.as_bytes(), &JsonLimits::STORED) else { return };
    let root = json.root();
    let substatement = root.member("object").filter(|object| object.kind() == Kind::Object);
    let lists = [Some(root), substatement].into_iter().flatten();
    for list in lists.filter_map(|holder| holder.member("attachments")) {
        list.elements().for_each(&mut visit);
    }
}

fn name_of(attachment: Value<'_, '_>) -> Option<NamedAttachment> {
    let sha2 = attachment.member("sha2")?.as_str()?.parse().ok()?;
    let content_type = attachment.member("contentType")?.as_str()?.into_owned();
    let has_url = attachment.member("fileUrl").is_some();
    Some(NamedAttachment { name: AttachmentName { sha2, content_type }, has_url })
}

impl Service {
    /// Checks that statements and contents match, and verifies every signature. Returns the
    /// statements.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 1.5.2; Part Two, 2.6; IEEE 9274.1.1, 4.1.3.
    pub(crate) async fn check_attachments(
        &self,
        tenant: TenantId,
        mut statements: Vec<NewStatement>,
        staged: &[Box<dyn StagedAttachment>],
    ) -> Result<Vec<NewStatement>, ServiceError> {
        let bytes_max = self.options.signature_bytes_max;
        let mut contents: HashMap<&Sha2, &dyn StagedAttachment> = HashMap::new();
        let mut faults = CappedFaults::new(self.options.parse.faults_max);
        for content in staged {
            if content.announced() != content.computed() {
                faults.push(Fault::new("", Rule::AttachmentHash, content.announced().as_str()));
            }
            contents.insert(content.announced(), content.as_ref());
        }
        for (sha2, indexes) in check_contents(&statements, &contents, &mut faults) {
            // One at a time, so that no more than one is in memory.
            let Some(content) = contents.get(&sha2) else { continue };
            let signature = content
                .read(bytes_max)
                .await?
                .ok_or(ServiceError::OverLimit { limit: Limit::Signature, max: bytes_max })?;
            let bytes = signature.len();
            // Never on the runtime: to verify a signature takes long.
            let check = move || {
                let signature = Signature::read(&signature);
                let faults = indexes
                    .iter()
                    .filter_map(|index| check_one(&statements, *index, &signature).err());
                (faults.collect::<Vec<Fault>>(), statements)
            };
            let (found, given_back) = self.run_on_worker(tenant, bytes, check).await?;
            statements = given_back;
            faults.extend(found);
        }
        faults.into_result().map(|()| statements)
    }
}

/// Checks the signature of one of the statements.
fn check_one(
    statements: &[NewStatement],
    index: usize,
    signature: &Signature,
) -> Result<(), Fault> {
    let Some(new) = statements.get(index) else { return Ok(()) };
    signature.check(&new.statement, new.version).map_err(|mut fault| {
        fault.pointer.insert_str(0, &base_of(index, statements.len()));
        fault
    })
}

/// The first faults, up to a limit.
struct CappedFaults {
    faults: Vec<Fault>,
    count_max: usize,
}

impl CappedFaults {
    fn new(count_max: usize) -> Self {
        Self { faults: Vec::new(), count_max: count_max.max(1) }
    }

    fn is_full(&self) -> bool {
        self.count_max <= self.faults.len()
    }

    fn extend(&mut self, faults: Vec<Fault>) {
        let room = self.count_max.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }

    fn push(&mut self, fault: Fault) {
        if !self.is_full() {
            self.faults.push(fault);
        }
    }

    fn into_result(self) -> Result<(), ServiceError> {
        if self.faults.is_empty() { Ok(()) } else { Err(Faults(self.faults).into()) }
    }
}

/// Checks that every attachment has its content. Returns the signatures whose content came
/// along, each once, with the indexes of the statements that name it.
fn check_contents(
    statements: &[NewStatement],
    contents: &HashMap<&Sha2, &dyn StagedAttachment>,
    faults: &mut CappedFaults,
) -> Vec<(Sha2, Vec<usize>)> {
    let mut signed: Vec<(&Sha2, usize)> = Vec::new();
    for (index, new) in statements.iter().enumerate() {
        let base = base_of(index, statements.len());
        for attachment in &new.statement.attachments {
            let has_content = contents.contains_key(&attachment.sha2);
            check_attachment(attachment, has_content, &base, faults);
            if has_content && attachment.usage_type.as_str() == Attachment::SIGNATURE {
                signed.push((&attachment.sha2, index));
            }
        }
    }
    let mut signatures: Vec<(Sha2, Vec<usize>)> = Vec::new();
    let mut places: HashMap<&Sha2, usize> = HashMap::new();
    // A statement that names a signature twice is compared once.
    signed.dedup();
    for (sha2, index) in signed {
        let place = *places.entry(sha2).or_insert_with(|| {
            signatures.push((sha2.clone(), Vec::new()));
            signatures.len() - 1
        });
        signatures[place].1.push(index);
    }
    signatures
}

fn check_attachment(
    attachment: &Attachment,
    has_content: bool,
    base: &str,
    faults: &mut CappedFaults,
) {
    if attachment.file_url.is_none() && !has_content && !faults.is_full() {
        let pointer = format!("{base}/attachments");
        faults.push(Fault::new(pointer, Rule::AttachmentPart, attachment.sha2.as_str()));
    }
}
