//! Reads both stores again and compares counts, hashes and every statement.
//!
//! The hashes are defined in `docs/operate/copy.md`.

use acta_access::TenantId;
use acta_storage::{
    AuditQuery, DocumentKey, Group, PageLimits, RecordKind, Storage, StorageError, Tenant,
    TransferredDocument, TransferredStatement,
};
use acta_xapi::{Sha2, scalar::Sha2Hasher};
use futures_util::future::join;

use super::records::{ATTACHMENT_COUNT_MAX, DOCUMENT_PAGE, RECORD_COUNT_MAX, page_of_records};
use super::{CopiedTenant, CopyError, Digest, Kind, StoreCopyProgress};

/// Statements that are compared at a time.
const STATEMENT_PAGE: PageLimits = PageLimits { count_max: 8192, bytes_max: 16 << 20 };

/// A page of exactly `count` items of any length.
fn as_many(count: usize) -> PageLimits {
    PageLimits { count_max: count, bytes_max: usize::MAX }
}

/// Hashes items unambiguously: each value is preceded by its length.
struct DigestBuilder {
    hasher: Sha2Hasher,
    count: u64,
}

impl DigestBuilder {
    fn new() -> Self {
        Self { hasher: Sha2Hasher::sha256(), count: 0 }
    }

    fn value(&mut self, bytes: &[u8]) {
        self.hasher.update(&(bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    fn item(&mut self, values: &[&[u8]]) {
        self.count += 1;
        for value in values {
            self.value(value);
        }
    }

    fn finish(self) -> Digest {
        Digest { count: self.count, sha256: self.hasher.finish() }
    }

    fn statement(&mut self, one: &TransferredStatement) {
        self.item(&[
            &one.sequence.to_le_bytes(),
            &one.id.0.as_u128().to_be_bytes(),
            &one.stored.unix_micros().to_le_bytes(),
            one.version.as_str().as_bytes(),
            one.text.text.as_bytes(),
            &[u8::from(one.text.is_timestamp_stored)],
            &one.fingerprint.0,
            &one.salt,
        ]);
    }
}

/// Compares everything, tenant by tenant.
pub(super) async fn verify(
    from: &dyn Storage,
    to: &dyn Storage,
    watch: &mut (dyn FnMut(StoreCopyProgress) + Send),
) -> Result<Vec<CopiedTenant>, CopyError> {
    let (source, target) = join(secrets(from), secrets(to)).await;
    if source.map_err(CopyError::Source)? != target.map_err(CopyError::Target)? {
        return Err(CopyError::SecretsDiffer);
    }
    let tenants = from.list_tenants().await.map_err(CopyError::Source)?;
    let there = to.list_tenants().await.map_err(CopyError::Target)?;
    let other = tenants
        .iter()
        .chain(&there)
        .find(|tenant| !tenants.contains(tenant) || !there.contains(tenant));
    if let Some(other) = other {
        return Err(CopyError::Differs { tenant: other.id, kind: Kind::Tenant });
    }
    let mut total = 0;
    for tenant in &tenants {
        total += from.count_statements(tenant.id).await.map_err(CopyError::Source)?;
    }
    for kind in RecordKind::EVERY.into_iter().filter(|kind| !VOLATILE_KINDS.contains(kind)) {
        check_records(from, to, kind).await?;
    }
    let (source, target) = join(audit(from, None), audit(to, None)).await;
    if source.map_err(CopyError::Source)? != target.map_err(CopyError::Target)? {
        return Err(CopyError::ServerAuditDiffers);
    }
    let mut verifying = Verifier { from, to, watch, done: 0, total };
    let mut copied = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        copied.push(verifying.tenant(tenant).await?);
    }
    Ok(copied)
}

struct Verifier<'a, 'w> {
    from: &'a dyn Storage,
    to: &'a dyn Storage,
    watch: &'w mut (dyn FnMut(StoreCopyProgress) + Send),
    done: u64,
    total: u64,
}

impl Verifier<'_, '_> {
    async fn tenant(&mut self, tenant: Tenant) -> Result<CopiedTenant, CopyError> {
        let id = tenant.id;
        let statements = self.statements(id).await?;
        let (from, to) = (self.from, self.to);
        let compare_digests = |kind, both| compare_digests(id, kind, both);
        Ok(CopiedTenant {
            statements,
            documents: compare_digests(
                Kind::Documents,
                join(documents(from, id), documents(to, id)).await,
            )?,
            attachments: compare_digests(
                Kind::Attachments,
                join(attachments(from, id), attachments(to, id)).await,
            )?,
            credentials: compare_digests(
                Kind::Credentials,
                join(credentials(from, id), credentials(to, id)).await,
            )?,
            audit: compare_digests(
                Kind::Audit,
                join(audit(from, Some(id)), audit(to, Some(id))).await,
            )?,
            cursors: compare_digests(
                Kind::Cursors,
                join(cursors(from, id), cursors(to, id)).await,
            )?,
            tenant,
        })
    }

    async fn statements(&mut self, tenant: TenantId) -> Result<Digest, CopyError> {
        let (mut of_source, mut of_target) = (DigestBuilder::new(), DigestBuilder::new());
        let mut after = 0;
        loop {
            let source = self.from.read_statements(tenant, after, STATEMENT_PAGE).await;
            let source = source.map_err(CopyError::Source)?;
            let target = self.to.read_statements(tenant, after, as_many(source.len())).await;
            let target = target.map_err(CopyError::Target)?;
            let differs = |sequence| CopyError::StatementDiffers { tenant, sequence };
            let Some(last) = source.last() else {
                let none_more = target.is_empty().then_some(());
                none_more.ok_or_else(|| differs(after + 1))?;
                let (of_source, of_target) = (of_source.finish(), of_target.finish());
                return compare_digests(tenant, Kind::Statements, (Ok(of_source), Ok(of_target)));
            };
            let different =
                (0..source.len()).find(|index| source.get(*index) != target.get(*index));
            if let Some(index) = different {
                return Err(differs(after + 1 + index as u64));
            }
            for (one, other) in source.iter().zip(&target) {
                of_source.statement(one);
                of_target.statement(other);
            }
            after = last.sequence;
            self.done += source.len() as u64;
            (self.watch)(StoreCopyProgress::Verified { done: self.done, total: self.total });
        }
    }
}

/// The digest of both sides, if they are equal.
fn compare_digests(
    tenant: TenantId,
    kind: Kind,
    sides: (Result<Digest, StorageError>, Result<Digest, StorageError>),
) -> Result<Digest, CopyError> {
    let (source, target) = sides;
    let source = source.map_err(CopyError::Source)?;
    if source == target.map_err(CopyError::Target)? {
        Ok(source)
    } else {
        Err(CopyError::Differs { tenant, kind })
    }
}

async fn secrets(storage: &dyn Storage) -> Result<Vec<(String, [u8; 32])>, StorageError> {
    let secrets = storage.list_secrets().await?;
    let mut secrets: Vec<_> = secrets.into_iter().map(|one| (one.name, one.secret)).collect();
    secrets.sort_unstable();
    Ok(secrets)
}

/// Each document is hashed separately, because every engine has its own order.
async fn documents(storage: &dyn Storage, tenant: TenantId) -> Result<Digest, StorageError> {
    let mut hashes: Vec<Sha2> = Vec::new();
    let mut after: Option<DocumentKey> = None;
    loop {
        let page = storage.read_documents(tenant, after.as_ref(), DOCUMENT_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        hashes.extend(page.iter().map(hash_of));
    }
    hashes.sort_unstable();
    let mut tally = DigestBuilder::new();
    for hash in &hashes {
        tally.item(&[hash.as_str().as_bytes()]);
    }
    Ok(tally.finish())
}

fn hash_of(TransferredDocument { key, document }: &TransferredDocument) -> Sha2 {
    let none = String::new;
    let (kind, activity, agent, registration, name) = match key {
        DocumentKey::State { activity, agent, registration, state_id } => {
            let registration = registration.map_or_else(none, |id| id.to_string());
            ("state", activity.as_str(), agent.to_key(), registration, state_id)
        }
        DocumentKey::ActivityProfile { activity, profile_id } => {
            ("activity-profile", activity.as_str(), none(), none(), profile_id)
        }
        DocumentKey::AgentProfile { agent, profile_id } => {
            ("agent-profile", "", agent.to_key(), none(), profile_id)
        }
    };
    let mut tally = DigestBuilder::new();
    tally.item(&[
        kind.as_bytes(),
        activity.as_bytes(),
        agent.as_bytes(),
        registration.as_bytes(),
        name.as_bytes(),
        &document.updated.unix_micros().to_le_bytes(),
        document.etag.0.as_bytes(),
        document.content_type.as_bytes(),
        &document.content,
    ]);
    tally.finish().sha256
}

async fn attachments(storage: &dyn Storage, tenant: TenantId) -> Result<Digest, StorageError> {
    let mut tally = DigestBuilder::new();
    let mut after: Option<Sha2> = None;
    loop {
        let listed = storage.list_attachments(tenant, after.as_ref(), ATTACHMENT_COUNT_MAX).await?;
        let Some(last) = listed.last() else { return Ok(tally.finish()) };
        for sha2 in &listed {
            let (len_bytes, computed) = read_content(storage, tenant, sha2).await?;
            let len_bytes = len_bytes.to_le_bytes();
            tally.item(&[sha2.as_str().as_bytes(), &len_bytes, computed.as_str().as_bytes()]);
        }
        after = Some(last.clone());
    }
}

/// The length of the content and its computed hash.
async fn read_content(
    storage: &dyn Storage,
    tenant: TenantId,
    sha2: &Sha2,
) -> Result<(u64, Sha2), StorageError> {
    let mut content = sha2.hasher();
    let mut len_bytes = 0;
    if let Some(mut reader) = storage.open_attachment(tenant, sha2).await? {
        while let Some(piece) = reader.next().await? {
            content.update(&piece);
            len_bytes += piece.len() as u64;
        }
    }
    Ok((len_bytes, content.finish()))
}

async fn credentials(storage: &dyn Storage, tenant: TenantId) -> Result<Digest, StorageError> {
    let (kind, group) = (RecordKind::Credential, Group::OfTenant(tenant));
    let mut tally = DigestBuilder::new();
    let mut after: Option<String> = None;
    loop {
        let page = storage.list_records(kind, &group, after.as_deref(), RECORD_COUNT_MAX).await?;
        let Some(last) = page.last() else { return Ok(tally.finish()) };
        after = Some(last.id.clone());
        for record in &page {
            let version = record.version.to_le_bytes();
            tally.item(&[record.id.as_bytes(), &version, record.content.body.as_bytes()]);
        }
    }
}

/// The hash of the last entry covers all before it.
async fn audit(storage: &dyn Storage, tenant: Option<TenantId>) -> Result<Digest, StorageError> {
    let mut query = AuditQuery::everything(RECORD_COUNT_MAX);
    let mut tally = DigestBuilder::new();
    loop {
        let entries = storage.list_audit(tenant, &query).await?;
        let Some(last) = entries.last() else { return Ok(tally.finish()) };
        query.after = Some(last.sequence);
        for entry in &entries {
            tally.item(&[&entry.hash.0]);
        }
    }
}

/// Kinds that change whenever a store is used: they are copied, but not compared.
const VOLATILE_KINDS: [RecordKind; 6] = [
    RecordKind::CredentialUse,
    RecordKind::Session,
    RecordKind::SpentState,
    RecordKind::Failures,
    RecordKind::Answer,
    RecordKind::ProofDamage,
];

/// Compares all records of a kind.
async fn check_records(
    from: &dyn Storage,
    to: &dyn Storage,
    kind: RecordKind,
) -> Result<(), CopyError> {
    let mut after: Option<String> = None;
    loop {
        let source = page_of_records(from, kind, after.as_deref()).await;
        let source = source.map_err(CopyError::Source)?;
        let target = page_of_records(to, kind, after.as_deref()).await;
        if source != target.map_err(CopyError::Target)? {
            return Err(CopyError::RecordsDiffer(kind));
        }
        let Some(last) = source.last() else { return Ok(()) };
        after = Some(last.id.clone());
    }
}

async fn cursors(storage: &dyn Storage, tenant: TenantId) -> Result<Digest, StorageError> {
    let mut cursors = storage.list_cursors(tenant).await?;
    cursors.sort_unstable();
    let mut tally = DigestBuilder::new();
    for (name, value) in &cursors {
        tally.item(&[name.as_bytes(), value.as_bytes()]);
    }
    Ok(tally.finish())
}
