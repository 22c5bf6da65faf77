//! What is done with statements beside the writer, in parallel: packing and hashing.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Entropy;
use acta_statement_log::dictionary::Codec;
use acta_statement_log::entry::{IndexEntry, Location};
use acta_statement_log::record::{Content, EncodedRecord, EncodedStatement, Received};
use acta_storage::{
    EntityFacts, LONG_WORK_BYTES, NewStatement, StorageError, TermHasher, TransferredStatement,
    spawn_low_priority,
};
use bytes::Bytes;

use crate::blocking::join;

/// Statements with texts of up to this many bytes together are encoded where the caller runs:
/// handing them to another thread would cost more than it saves. Larger ones would keep the
/// caller's thread from the requests of others.
const INLINE_BYTES_MAX: usize = 8 << 10;

/// From this many statements on, two threads encode them.
const SPLIT_MIN: usize = 128;

/// Turns statements into what the writer takes.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    pub(super) hasher: TermHasher,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) codec: Arc<Codec>,
}

impl Encoder {
    pub(super) async fn encode(
        self,
        tenant: TenantId,
        statements: Vec<NewStatement>,
    ) -> Result<Vec<EncodedRecord>, StorageError> {
        let bytes: usize = statements.iter().map(|new| new.text.text.len()).sum();
        if bytes <= INLINE_BYTES_MAX {
            return self.encode_here(tenant, &statements);
        }
        let mut front = statements;
        let half = if front.len() < SPLIT_MIN { front.len() } else { front.len() / 2 };
        let back = front.split_off(half);
        if LONG_WORK_BYTES <= bytes {
            return self.encode_long(tenant, [front, back]).await;
        }
        let other = self.clone();
        // Both run from here on; only the waiting is one after the other.
        let back = acta_storage::spawn_blocking(move || other.encode_here(tenant, &back));
        let front = acta_storage::spawn_blocking(move || self.encode_here(tenant, &front));
        let mut encoded = join(front).await?;
        encoded.append(&mut join(back).await?);
        Ok(encoded)
    }

    /// Encodes what takes long: the writer and small requests go first.
    async fn encode_long(
        self,
        tenant: TenantId,
        halves: [Vec<NewStatement>; 2],
    ) -> Result<Vec<EncodedRecord>, StorageError> {
        let failed = |source| StorageError::Io { act: "encoding statements", source };
        let [front, back] = halves.map(|half| {
            let encoder = self.clone();
            spawn_low_priority(move || encoder.encode_here(tenant, &half))
        });
        let (front, back) = (front.map_err(failed)?, back.map_err(failed)?);
        let mut encoded = front.join().await.map_err(failed)??;
        encoded.append(&mut back.join().await.map_err(failed)??);
        Ok(encoded)
    }

    fn encode_here(
        &self,
        tenant: TenantId,
        statements: &[NewStatement],
    ) -> Result<Vec<EncodedRecord>, StorageError> {
        let texts = self.pack(statements.iter().map(|statement| statement.text.text.as_str()))?;
        let mut salts = vec![0; 16 * statements.len()];
        self.entropy.fill(&mut salts);
        let mut encoded = Vec::with_capacity(statements.len());
        let salts = salts.as_chunks().0;
        let facts = EntityFacts::of_all(statements.iter().map(|new| (&new.statement, new.defines)));
        let rest = texts.into_iter().zip(salts).zip(facts);
        for (statement, ((text, salt), facts)) in statements.iter().zip(rest) {
            let mut one = self.encode_one(tenant, statement, text, *salt);
            one.received =
                Some(Received { len_bytes: statement.text.text.len(), entity_facts: facts });
            encoded.push(one);
        }
        Ok(encoded)
    }

    /// The packed texts, in order.
    fn pack<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Result<Vec<Bytes>, StorageError> {
        let (mut packed, mut ends) = (Vec::new(), Vec::new());
        let act = "packing a statement";
        let result = self.codec.pack(texts, &mut packed, &mut ends);
        result.map_err(|source| StorageError::Io { act, source })?;
        let packed = Bytes::from(packed);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        Ok(starts.zip(&ends).map(|(start, end)| packed.slice(start..*end)).collect())
    }

    fn encode_one(
        &self,
        tenant: TenantId,
        new: &NewStatement,
        text: Bytes,
        salt: [u8; 16],
    ) -> EncodedRecord {
        let statement = &new.statement;
        EncodedRecord {
            entry: IndexEntry {
                position: 0,
                tenant,
                sequence: 0,
                id: Some(new.id.0.as_u128()),
                stored_micros: 0,
                location: Location { segment: 0, offset: 0 },
                own_terms: Vec::new(),
                shared_terms: self.hasher.terms_of(tenant, statement, &new.authority),
                target: statement.target().map(|target| target.0.as_u128()),
                is_voiding: statement.voids().is_some(),
            },
            content: Content::Statement(EncodedStatement {
                version: new.version,
                is_timestamp_stored: new.text.is_timestamp_stored,
                defines: new.defines,
                fingerprint: statement.fingerprint.0,
                salt,
                text,
            }),
            received: None,
        }
    }

    /// Statements of another store, with the sequences and times that they have.
    pub(super) fn encode_imported(
        &self,
        run: &[(TenantId, TransferredStatement)],
    ) -> Result<Vec<EncodedRecord>, StorageError> {
        let texts = self.pack(run.iter().map(|(_, kept)| kept.text.text.as_str()))?;
        let run = run.iter().zip(texts);
        Ok(run
            .map(|((tenant, kept), text)| self.encode_imported_one(*tenant, kept, text))
            .collect())
    }

    fn encode_imported_one(
        &self,
        tenant: TenantId,
        kept: &TransferredStatement,
        text: Bytes,
    ) -> EncodedRecord {
        let read = kept.read();
        let (shared_terms, entity_facts) =
            read.map_or_else(Default::default, |(statement, authority)| {
                let terms = self.hasher.terms_of(tenant, &statement, &authority);
                (terms, EntityFacts::of(&statement, kept.defines))
            });
        EncodedRecord {
            entry: IndexEntry {
                position: 0,
                tenant,
                sequence: kept.sequence,
                id: Some(kept.id.0.as_u128()),
                stored_micros: kept.stored.unix_micros(),
                location: Location { segment: 0, offset: 0 },
                own_terms: Vec::new(),
                shared_terms,
                target: kept.target.map(|target| target.0.as_u128()),
                is_voiding: kept.is_voiding,
            },
            content: Content::Statement(EncodedStatement {
                version: kept.version,
                is_timestamp_stored: kept.text.is_timestamp_stored,
                defines: kept.defines,
                fingerprint: kept.fingerprint.0,
                salt: kept.salt,
                text,
            }),
            received: Some(Received { len_bytes: kept.text.text.len(), entity_facts }),
        }
    }
}
