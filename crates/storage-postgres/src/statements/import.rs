//! Importing the statements of another store, with their sequences and times.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{PageLimits, StorageError, TermHasher, TransferredStatement, chunk_by_size};

use super::append::{self, Counter, Decided, StoredFingerprints};
use super::encode::EncodedStatement;
use super::shared::Shared;
use super::writer::Statements;
use crate::failure::Failure;

const IMPORTING: &str = "importing statements";

/// Most statements, and bytes of text unless it is one statement, of one transaction.
const CHUNK: PageLimits = PageLimits { count_max: 2_000, bytes_max: 4 << 20 };

/// Chunks that are encoded while another is written.
const PREPARED_MAX: usize = 2;

/// An encoded statement, its time and its sequence.
type PlacedStatement = (EncodedStatement, Timestamp, u64);

impl Statements {
    /// As [`acta_storage::TransferTarget::import_statements`].
    pub(crate) async fn import(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError> {
        let mut tenants: BTreeMap<TenantId, Vec<TransferredStatement>> = BTreeMap::new();
        for (tenant, statement) in run {
            tenants.entry(tenant).or_default().push(statement);
        }
        for (tenant, statements) in tenants {
            self.import_log(tenant, statements).await?;
        }
        Ok(())
    }

    async fn import_log(
        &self,
        tenant: TenantId,
        statements: Vec<TransferredStatement>,
    ) -> Result<(), StorageError> {
        let shared = self.shared();
        let mut pieces = chunk_by_size(statements, CHUNK, |one| one.text.text.len()).into_iter();
        let prepare = |piece: Vec<TransferredStatement>| {
            let hasher = shared.hasher.clone();
            acta_storage::spawn_blocking(move || place(&hasher, tenant, piece))
        };
        let mut prepared: VecDeque<_> = pieces.by_ref().take(PREPARED_MAX).map(prepare).collect();
        while let Some(next) = prepared.pop_front() {
            let piece = next.await.map_err(|_panic| StorageError::Halted)?;
            prepared.extend(pieces.next().map(prepare));
            write(shared, tenant, &piece).await?;
        }
        Ok(())
    }
}

fn place(
    hasher: &TermHasher,
    tenant: TenantId,
    piece: Vec<TransferredStatement>,
) -> Vec<PlacedStatement> {
    let placed = piece.into_iter().map(|statement| {
        let (stored, sequence) = (statement.stored, statement.sequence);
        (EncodedStatement::imported(hasher, tenant, statement), stored, sequence)
    });
    placed.collect()
}

/// Writes a chunk in one transaction, with all needed attempts.
async fn write(
    shared: &Arc<Shared>,
    tenant: TenantId,
    piece: &[PlacedStatement],
) -> Result<(), StorageError> {
    let statements: Vec<&EncodedStatement> = piece.iter().map(|(prepared, ..)| prepared).collect();
    let mut attempts = shared.database.attempts(IMPORTING);
    let mut is_unknown = false;
    loop {
        let mut refused = None;
        let written = append::write(shared, tenant, &statements, |counter, known| {
            // An earlier attempt was committed without a response.
            if is_unknown && is_here(piece, &known) {
                return Decided::default();
            }
            refused = gap_before(piece, counter, &known);
            if refused.is_some() {
                return Decided::default();
            }
            Decided::imported(piece.iter().map(|(one, stored, _)| (one, *stored)).collect())
        });
        let failure = match (written.await, refused) {
            (Ok(_), None) => return Ok(()),
            (Ok(_), Some(why)) => {
                let source = io::Error::new(io::ErrorKind::InvalidInput, why);
                return Err(StorageError::Io { act: IMPORTING, source });
            }
            (Err(failure), _) => failure,
        };
        is_unknown |= matches!(failure, Failure::Unknown(_));
        attempts.again(failure.repeatable()).await?;
    }
}

fn is_here(piece: &[PlacedStatement], known: &StoredFingerprints) -> bool {
    piece.iter().all(|(one, ..)| known.get(&one.id) == Some(&one.fingerprint))
}

/// Why the chunk does not follow the log; `None` if it does.
fn gap_before(
    piece: &[PlacedStatement],
    counter: &Counter,
    known: &StoredFingerprints,
) -> Option<String> {
    let mut last_sequence = counter.last_sequence.unsigned_abs();
    let mut last_stored = counter.last_stored;
    for (one, stored, sequence) in piece {
        if *sequence != last_sequence + 1 {
            return Some(format!("sequence {sequence} does not follow {last_sequence}"));
        }
        if stored.unix_micros() < last_stored {
            return Some(format!("{stored} lies before the statement before it"));
        }
        if known.contains_key(&one.id) {
            return Some(format!("the id {} is taken", one.id));
        }
        (last_sequence, last_stored) = (*sequence, stored.unix_micros());
    }
    None
}
