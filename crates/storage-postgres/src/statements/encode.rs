//! Encoding statements for the database, except for their sequences.

use acta_access::{Defines, TenantId};
use acta_storage::{
    LONG_WORK_BYTES, NewStatement, StorageError, Term, TermHasher, TransferredStatement,
    spawn_blocking, spawn_low_priority,
};
use acta_xapi::{Fingerprint, Ifi, ParseLimits, Statement, StatementId, Version, parse_statement};

use crate::database::Database;

/// Statements with texts of up to this many bytes together are prepared where the caller runs.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// An encoded statement, without its sequence.
#[derive(Clone, Debug)]
pub(crate) struct EncodedStatement {
    pub(crate) id: StatementId,
    pub(crate) text: String,
    pub(crate) is_timestamp_stored: bool,
    pub(crate) defines: Defines,
    pub(crate) version: Version,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) salt: [u8; 16],
    pub(crate) terms: Vec<Term>,
    pub(crate) target: Option<StatementId>,
    pub(crate) is_voiding: bool,
}

impl EncodedStatement {
    /// Encodes a batch.
    pub(super) async fn all_of(
        database: &Database,
        hasher: &TermHasher,
        tenant: TenantId,
        statements: Vec<NewStatement>,
    ) -> Result<Vec<Self>, StorageError> {
        let mut salts = vec![0; 16 * statements.len()];
        database.fill(&mut salts);
        let bytes: usize = statements.iter().map(|new| new.text.text.len()).sum();
        let is_small = bytes <= INLINE_BYTES_MAX;
        let hasher = hasher.clone();
        let prepare = move || -> Vec<Self> {
            let (salts, _) = salts.as_chunks::<16>();
            let salted = statements.into_iter().zip(salts);
            salted.map(|(new, salt)| Self::of(&hasher, tenant, new, *salt)).collect()
        };
        if is_small {
            return Ok(prepare());
        }
        if bytes < LONG_WORK_BYTES {
            return spawn_blocking(prepare).await.map_err(|_panic| StorageError::Halted);
        }
        let failed = |source| StorageError::Io { act: "encoding statements", source };
        spawn_low_priority(prepare).map_err(failed)?.join().await.map_err(failed)
    }

    /// Encodes a statement.
    pub(super) fn of(
        hasher: &TermHasher,
        tenant: TenantId,
        new: NewStatement,
        salt: [u8; 16],
    ) -> Self {
        let NewStatement { id, statement, text, authority, version, defines } = new;
        Self {
            id,
            text: text.text,
            is_timestamp_stored: text.is_timestamp_stored,
            defines,
            version,
            fingerprint: statement.fingerprint,
            salt,
            terms: hasher.terms_of(tenant, &statement, &authority),
            target: statement.target(),
            is_voiding: statement.voids().is_some(),
        }
    }
}

impl EncodedStatement {
    /// Encodes a statement of another store.
    pub(super) fn imported(
        hasher: &TermHasher,
        tenant: TenantId,
        transferred: TransferredStatement,
    ) -> Self {
        let read = transferred.read();
        let terms = read.map(|(said, authority)| hasher.terms_of(tenant, &said, &authority));
        Self {
            id: transferred.id,
            text: transferred.text.text,
            is_timestamp_stored: transferred.text.is_timestamp_stored,
            defines: transferred.defines,
            version: transferred.version,
            fingerprint: transferred.fingerprint,
            salt: transferred.salt,
            terms: terms.unwrap_or_default(),
            target: transferred.target,
            is_voiding: transferred.is_voiding,
        }
    }
}

/// A stored statement, parsed; none if it is not valid by the current rules.
pub(super) fn parse_stored(version: Version, text: &str) -> Option<Statement> {
    let parsed = parse_statement(text.as_bytes(), version, &ParseLimits::STORED);
    if parsed.is_err() {
        // It was accepted by an older release with wider rules. It can still be read.
        tracing::warn!("a stored statement is not valid by the current rules: it is not searched");
    }
    parsed.ok()
}

/// The terms of a stored statement.
pub(super) fn terms_of_stored(
    hasher: &TermHasher,
    tenant: TenantId,
    stored: Option<&Statement>,
) -> Vec<Term> {
    let Some(statement) = stored else { return Vec::new() };
    let authority: Option<&Ifi> =
        statement.claimed_authority.as_ref().and_then(|it| it.ifi.as_ref());
    authority.map(|authority| hasher.terms_of(tenant, statement, authority)).unwrap_or_default()
}

/// The number of a version in the database.
pub(crate) const fn number_of(version: Version) -> i16 {
    match version {
        Version::V1_0_3 => 1,
        Version::V2_0_0 => 2,
    }
}

/// The version with this number in the database.
pub(crate) const fn version_of(number: i16) -> Version {
    match number {
        1 => Version::V1_0_3,
        _ => Version::V2_0_0,
    }
}
