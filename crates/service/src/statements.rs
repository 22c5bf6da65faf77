//! Storing statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use acta_access::{Act, Authority, Denied, Principal, Restrictions, TenantId, defines};
use acta_storage::directory::TenantLimits;
use acta_storage::{AttachmentWriter, Batch, NewStatement, StagedAttachment, Usage};
use acta_xapi::{
    Fault, Faults, IriRule, MediaType, ParseLimits, Rule, Sha2, Statement, StatementId,
    StoreProperties, Uuid, Version, parse_statement, parse_statements,
};
use bytes::Bytes;

use crate::{Limit, Service, ServiceError};

/// Whether a request is for one statement with an id, or for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One statement, to be stored with this id.
    One(StatementId),
    /// One statement or an array of them.
    Any,
}

/// Statements in a request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The JSON text.
    pub text: Bytes,
    /// The version of the request.
    pub version: Version,
    /// How many statements it may contain.
    pub shape: Shape,
    /// Which texts count as IRIs.
    pub iris: IriRule,
}

/// Validated statements that wait for the content of their attachments.
#[derive(Debug)]
pub struct ValidatedStatements {
    tenant: TenantId,
    statements: Vec<NewStatement>,
    /// All attachments, by their hashes.
    announced: HashMap<Sha2, Announced>,
}

/// What statements say about the attachments with one hash, which one part brings.
#[derive(Debug, Default)]
struct Announced {
    content_types: HashSet<MediaType>,
    lengths: HashSet<u64>,
}

/// The headers of a part with the content of attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHeaders {
    /// `X-Experience-API-Hash`.
    pub sha2: Sha2,
    /// `Content-Type`, if there is one.
    pub content_type: Option<String>,
    /// `Content-Length`, if there is one.
    pub length: Option<u64>,
}

impl ValidatedStatements {
    /// The number of statements.
    fn count(&self) -> u64 {
        u64::try_from(self.statements.len()).unwrap_or(u64::MAX)
    }

    /// Adds other statements of the same tenant behind these. They are then stored together, in
    /// this order.
    ///
    /// # Panics
    ///
    /// If they are of another tenant, in which they must not be stored.
    pub fn append(&mut self, other: Self) {
        assert_eq!(
            self.tenant, other.tenant,
            "statements are stored in the tenant of their sender"
        );
        self.statements.extend(other.statements);
        for (sha2, added) in other.announced {
            let announced = self.announced.entry(sha2).or_default();
            announced.content_types.extend(added.content_types);
            announced.lengths.extend(added.lengths);
        }
    }

    /// Checks that a part agrees with the attachments whose hash it names.
    ///
    /// Several attachments can share a part: it must have the type of one of them, and the length
    /// of all. `length` is not compared with the content itself, only with the header: the
    /// official conformance suite sends attachments of another length.
    ///
    /// # Errors
    ///
    /// [`Faults`] if no attachment has this hash, or if a header contradicts the attachments.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 1.5.2; IEEE 9274.1.1, 4.1.3 and 4.2.2.6.
    pub fn check_part(&self, headers: &PartHeaders) -> Result<(), Faults> {
        let sha2 = &headers.sha2;
        let Some(announced) = self.announced.get(sha2) else {
            return Err(Faults(vec![Fault::new("", Rule::AttachmentExcess, sha2.as_str())]));
        };
        let mut faults = Vec::new();
        if let Some(text) = &headers.content_type
            && MediaType::parse(text).is_none_or(|it| !announced.content_types.contains(&it))
        {
            faults.push(self.header_fault(sha2, "Content-Type", text));
        }
        if let Some(length) = headers.length
            && announced.lengths.iter().any(|known| *known != length)
        {
            faults.push(self.header_fault(sha2, "Content-Length", &length.to_string()));
        }
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }

    /// A fault at the first statement with an attachment that has this hash.
    fn header_fault(&self, sha2: &Sha2, name: &str, value: &str) -> Fault {
        let names =
            |new: &NewStatement| new.statement.attachments.iter().any(|it| it.sha2 == *sha2);
        let index = self.statements.iter().position(names).unwrap_or_default();
        let pointer = format!("{}/attachments", base_of(index, self.statements.len()));
        Fault::new(pointer, Rule::AttachmentHeader, &format!("{name}: {value}"))
    }
}

/// The JSON Pointer of a statement in the request.
pub(crate) fn base_of(index: usize, count: usize) -> String {
    if count == 1 { String::new() } else { format!("/{index}") }
}

fn announce(statements: &[NewStatement]) -> HashMap<Sha2, Announced> {
    let mut all: HashMap<Sha2, Announced> = HashMap::new();
    for attachment in statements.iter().flat_map(|new| &new.statement.attachments) {
        let announced = all.entry(attachment.sha2.clone()).or_default();
        announced.content_types.extend(MediaType::parse(&attachment.content_type));
        announced.lengths.insert(attachment.length);
    }
    all
}

/// Statements that are ready to be stored, with their attachments.
#[derive(Debug)]
pub struct Upload<'a> {
    /// The statements.
    pub statements: ValidatedStatements,
    /// The content that was staged for them.
    pub attachments: Vec<Box<dyn StagedAttachment>>,
    /// The number of bytes that were sent, for the quota of the tenant.
    pub bytes: usize,
    /// How much the tenant may store. What is stored is counted even without limits.
    pub limits: &'a TenantLimits,
}

/// The result of storing statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The ids of the statements, in the order in which they were sent.
    pub ids: Vec<StatementId>,
    /// How many were new. The others were already stored with equal content.
    pub new_count: usize,
}

impl Service {
    /// Validates statements and prepares them for storing.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without the scope to write, or if a restriction forbids one
    ///   of the statements.
    /// - [`ServiceError::Faulty`]: all faults of all statements, up to the limit.
    /// - [`ServiceError::OverLimit`]: a statement is too large.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.1 and 2.1.2.
    pub async fn prepare_statements(
        &self,
        principal: &Principal,
        sent: Sent,
    ) -> Result<ValidatedStatements, ServiceError> {
        Self::permit(principal, Act::WriteStatements)?;
        let tenant = principal.tenant;
        let service = self.clone();
        let authority = self.authority_of(principal);
        let principal = principal.clone();
        let bytes = sent.text.len();
        let read = move || {
            let statements = service.read_statements(&sent, &principal, &authority)?;
            let announced = announce(&statements);
            Ok::<_, ServiceError>(ValidatedStatements { tenant, statements, announced })
        };
        self.run(tenant, bytes, read).await?
    }

    /// Starts to receive the content of an attachment of `prepared`.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Faulty`]: as [`ValidatedStatements::check_part`].
    /// - [`ServiceError::Full`], [`ServiceError::Failed`]: the content cannot be received.
    pub async fn stage_attachment(
        &self,
        prepared: &ValidatedStatements,
        headers: PartHeaders,
    ) -> Result<Box<dyn AttachmentWriter>, ServiceError> {
        prepared.check_part(&headers)?;
        Ok(self.storage.stage_attachment(prepared.tenant, headers.sha2).await?)
    }

    /// Stores prepared statements with the content that was staged for them, atomically, and
    /// counts them in the usage of the tenant.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::OverQuota`]: the tenant may not store as much.
    /// - [`ServiceError::Faulty`]: content is missing, has another hash than announced, or
    ///   is an invalid signature.
    /// - [`ServiceError::OverLimit`]: a signature is too large to be checked.
    /// - [`ServiceError::Conflict`]: ids are already stored with different content.
    /// - [`ServiceError::Busy`], [`ServiceError::Full`], [`ServiceError::Failed`]: errors of
    ///   storage.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 1.5.2 and 2.1.2; Part Two, 2.6.
    pub async fn store_statements(&self, upload: Upload<'_>) -> Result<Stored, ServiceError> {
        let Upload { statements: validated, attachments: staged, bytes, limits } = upload;
        let usage = Usage {
            statement_count: validated.count(),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        };
        let ValidatedStatements { tenant, statements, announced } = validated;
        let room = self.quotas.reserve(tenant, limits, usage).await?;
        let has_attachments = !staged.is_empty() || !announced.is_empty();
        let statements = if has_attachments {
            self.check_attachments(tenant, statements, &staged).await?
        } else {
            statements
        };
        let ids = statements.iter().map(|new| new.id).collect();
        let appended =
            self.storage.append(tenant, Batch { statements, attachments: staged }).await?;
        room.keep(u64::try_from(appended.new_count).unwrap_or(u64::MAX));
        Ok(Stored { ids, new_count: appended.new_count })
    }

    /// The authority of the statements of a principal.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.4.9.
    pub(crate) fn authority_of(&self, principal: &Principal) -> Arc<Authority> {
        principal.authority.clone().unwrap_or_else(|| {
            let home_page = &self.options.authority_home_page;
            Arc::new(Authority::of_account(home_page, &principal.name))
        })
    }

    fn read_statements(
        &self,
        sent: &Sent,
        principal: &Principal,
        authority: &Authority,
    ) -> Result<Vec<NewStatement>, ServiceError> {
        let limits = &ParseLimits { iris: sent.iris, ..self.options.parse };
        let statements = match sent.shape {
            Shape::Any => parse_statements(&sent.text, sent.version, limits)?,
            Shape::One(id) => {
                let statement = parse_statement(&sent.text, sent.version, limits)?;
                check_id(&statement, id)?;
                vec![statement]
            }
        };
        let bytes_max = self.options.statement_bytes_max;
        if statements.iter().any(|statement| bytes_max < statement.text().len()) {
            return Err(ServiceError::over(Limit::Statement, bytes_max));
        }
        permit_all(&principal.restrictions, &statements)?;
        let mut random = vec![0; 16 * statements.len()];
        self.entropy.fill(&mut random);
        let (random, _) = random.as_chunks::<16>();
        let new = |(statement, random): (Statement, &[u8; 16])| {
            let id = match sent.shape {
                Shape::One(id) => id,
                Shape::Any => {
                    statement.id.unwrap_or_else(|| StatementId(Uuid::from_random(*random)))
                }
            };
            let stamp = StoreProperties { id, authority: authority.json(), version: sent.version };
            let text = statement.stored_text(&stamp);
            let authority = authority.ifi().clone();
            let defines = defines(principal, &statement);
            NewStatement { id, statement, text, authority, version: sent.version, defines }
        };
        Ok(statements.into_iter().zip(random).map(new).collect())
    }
}

/// Permits statements as far as they are in reach of a credential.
fn permit_all(restrictions: &Restrictions, statements: &[Statement]) -> Result<(), ServiceError> {
    if !restrictions.narrows_content() {
        return Ok(());
    }
    for (index, statement) in statements.iter().enumerate() {
        restrictions.permit_statement(statement).map_err(|restriction| {
            let statement_index = (statements.len() != 1).then_some(index);
            ServiceError::Denied(Denied::Restricted { restriction, statement_index })
        })?;
    }
    Ok(())
}

fn check_id(statement: &Statement, wanted: StatementId) -> Result<(), Faults> {
    match statement.id {
        Some(id) if id != wanted => {
            Err(Faults(vec![Fault::new("/id", Rule::StatementIdMatch, &id.to_string())]))
        }
        Some(_) | None => Ok(()),
    }
}
