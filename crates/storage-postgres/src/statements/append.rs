//! The transaction that appends.
//!
//! It locks its tenant's row of `counters`, looks up which ids exist, has the group decided, and
//! writes everything with the commit at once. The lock orders the appends of several nodes;
//! within a node there is one at a time for each tenant.

mod decided;

use std::collections::HashSet;

use acta_access::TenantId;
use acta_storage::{StorageError, Term};
use acta_xapi::{Fingerprint, StatementId, StatementText, Uuid};
use futures_util::TryFutureExt;
use futures_util::future::{join, join4};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

pub(super) use self::decided::{BatchVerdict, Decided, StoredFingerprints};
use super::encode::{self, EncodedStatement};
use super::postings::{Postings, number_of};
use super::references::{Resolved, resolve};
use super::shared::Shared;
use crate::administration::insert_counter;
use crate::attachments::{NamedContent, Staged};
use crate::database::{Connection, OpenTransaction};
use crate::failure::Failure;
use crate::types::{Id, SqlTimestamp, number};

/// A tenant's row of `counters`, locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) last_sequence: i64,
    pub(super) last_stored: i64,
    pub(super) consistent_through: i64,
    pub(super) has_references: bool,
}

/// The result of a transaction.
#[derive(Debug)]
pub(super) struct AppendResult<'a> {
    pub(super) decided: Decided<'a>,
    /// The content that it has named.
    pub(super) named: NamedContent,
    /// Whether any statement was new.
    pub(super) has_changed: bool,
}

/// A write, although it changes nothing: while a cluster moves a tenant to another machine, it
/// waits for writes, but not for rows that are only locked.
pub(super) const LOCK: &str = "UPDATE acta.counters SET last_sequence = last_sequence \
     WHERE tenant_id = $1 \
     RETURNING last_sequence, last_stored, consistent_through, has_references";

pub(super) const KNOWN: &str = "SELECT id, fingerprint FROM acta.statements \
     WHERE tenant_id = $1 AND id = ANY($2)";

/// Here and below, the tenant comes from its counter: so a cluster sees that all of it happens on
/// one machine, and sends it there at once.
pub(super) const STATEMENTS: &str = "INSERT INTO acta.statements (tenant_id, sequence, id, stored, \
     target, version, is_voiding, is_timestamp_stored, defines, fingerprint, salt, statement, \
     len_bytes) \
     SELECT c.tenant_id, t.sequence, t.id, t.stored, t.target, t.version, t.is_voiding, \
     t.is_timestamp_stored, t.defines, t.fingerprint, t.salt, t.text::json, octet_length(t.text) \
     FROM acta.counters c \
     CROSS JOIN unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::smallint[], \
     $7::boolean[], $8::boolean[], $9::smallint[], $10::bytea[], $11::bytea[], $12::text[]) \
     AS t(sequence, id, stored, target, version, is_voiding, is_timestamp_stored, defines, \
     fingerprint, salt, text) WHERE c.tenant_id = $1";

pub(super) const POSTINGS: &str = "INSERT INTO acta.postings \
     (tenant_id, term, first_sequence, bits) \
     SELECT c.tenant_id, t.term, t.first_sequence, t.bits FROM acta.counters c \
     CROSS JOIN unnest($2::bigint[], $3::bigint[], $4::varbit[]) \
     AS t(term, first_sequence, bits) WHERE c.tenant_id = $1 \
     ON CONFLICT (tenant_id, term, first_sequence) DO NOTHING";

pub(super) const VOIDS: &str = "INSERT INTO acta.voids (tenant_id, target) \
     SELECT c.tenant_id, t.target FROM acta.counters c \
     CROSS JOIN unnest($2::uuid[]) AS t(target) WHERE c.tenant_id = $1 \
     ON CONFLICT (tenant_id, target) DO NOTHING";

pub(super) const COUNT: &str = "UPDATE acta.counters \
     SET last_sequence = $2, last_stored = $3, has_references = $4 WHERE tenant_id = $1";

/// Stores those of `statements` that `decide` finds to be new, in one transaction.
///
/// # Errors
///
/// [`Failure::Unknown`] if it is unknown whether it was committed; after any other, nothing
/// was stored.
pub(super) async fn write<'a>(
    shared: &Shared,
    tenant: TenantId,
    statements: &[&'a EncodedStatement],
    decide: impl FnOnce(&Counter, StoredFingerprints) -> Decided<'a>,
) -> Result<AppendResult<'a>, Failure> {
    let database = &shared.database;
    let mut unfinished = OpenTransaction::default();
    let connection = unfinished.begin(database.connect().await?);
    let writing = Writing { shared, connection: &connection, tenant };
    let begun = database.limit(writing.begin(statements)).await;
    let written = match begun {
        Ok((counter, known)) => {
            let decided = decide(&counter, known);
            writing.finish(counter, decided).await
        }
        Err(failure) => Err(failure),
    };
    database.end(unfinished, connection, written).await
}

struct Writing<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
    tenant: TenantId,
}

impl Writing<'_> {
    /// Begins the transaction: acquires the lock, and looks up which ids exist.
    async fn begin(
        &self,
        statements: &[&EncodedStatement],
    ) -> Result<(Counter, StoredFingerprints), Failure> {
        let connection = self.connection;
        let tenant = number(self.tenant);
        let lock = connection.prepare_cached(LOCK).await?;
        let known = connection.prepare_cached(KNOWN).await?;
        let ids: Vec<Id> = statements.iter().map(|new| Id(new.id.0.as_u128())).collect();
        let begun = connection.batch_execute("BEGIN").map_err(Failure::from);
        let looked_up = self.lock(&lock, &known, &ids);
        let (begun, looked_up) = join(begun, looked_up).await;
        begun?;
        if let (Some(counter), known) = looked_up? {
            return Ok((counter, known));
        }
        // Another node may have created it and stored statements: the look-up before this node
        // had the lock is not valid.
        insert_counter(connection, tenant).await?;
        let (counter, known) = self.lock(&lock, &known, &ids).await?;
        Ok((counter.ok_or_else(|| Failure::from(StorageError::Halted))?, known))
    }

    /// Locks the counter, if there is one, and looks up which of `ids` exist. The look-up sees
    /// everything that was committed before the lock was acquired.
    async fn lock(
        &self,
        lock: &Statement,
        known: &Statement,
        ids: &Vec<Id>,
    ) -> Result<(Option<Counter>, StoredFingerprints), Failure> {
        let tenant = number(self.tenant);
        let (counter, known) = join(
            self.connection.query_opt(lock, &[&tenant]),
            self.connection.query(known, &[&tenant, ids]),
        )
        .await;
        let counter = counter?.as_ref().map(read_counter);
        Ok((
            counter,
            known?.iter().map(read_known).collect::<Result<StoredFingerprints, Failure>>()?,
        ))
    }

    /// Writes the new statements and commits.
    async fn finish<'d>(
        &self,
        counter: Counter,
        decided: Decided<'d>,
    ) -> Result<AppendResult<'d>, Failure> {
        let naming = Staged::name_all(self.connection, self.tenant, &decided.attachments);
        let named = self.shared.database.limit(naming).await?;
        if decided.new.is_empty() {
            // A repeated batch may have added content that was missing.
            let end = if decided.attachments.is_empty() { "ROLLBACK" } else { "COMMIT" };
            let ended = async { Ok(self.connection.batch_execute(end).await?) };
            self.shared.database.limit(ended).await.map_err(Failure::at_commit)?;
            return Ok(AppendResult { decided, named, has_changed: false });
        }
        let resolving = self.resolve(&counter, &decided);
        let resolved = self.shared.database.limit(resolving).await?;
        let rows = StatementRows::of(&counter, &decided, &resolved);
        let has_references = counter.has_references || resolved.has_references;
        let ends = (rows.last_sequence, decided.last_stored, has_references);
        // If the connection is lost from here on, it may have been committed.
        let committed = self.shared.database.limit(self.commit(&rows, ends)).await;
        committed.map_err(Failure::at_commit)?;
        self.shared.database.note_commit();
        Ok(AppendResult { decided, named, has_changed: true })
    }

    async fn resolve(&self, counter: &Counter, decided: &Decided<'_>) -> Result<Resolved, Failure> {
        let has_target = decided.new.iter().any(|(new, _)| new.target.is_some());
        if !has_target && !counter.has_references {
            return Ok(Resolved::default());
        }
        let new: Vec<&EncodedStatement> = decided.new.iter().map(|(new, _)| *new).collect();
        resolve(self.connection, &self.shared.hasher, self.tenant, &new).await
    }

    /// Sends all rows and the commit in one pipeline.
    async fn commit(&self, rows: &StatementRows, ends: (i64, i64, bool)) -> Result<(), Failure> {
        let connection = self.connection;
        let tenant = number(self.tenant);
        let statements = connection.prepare_cached(STATEMENTS).await?;
        let postings = connection.prepare_cached(POSTINGS).await?;
        let count = connection.prepare_cached(COUNT).await?;
        let statements_columns = rows.statements(&tenant);
        let postings_columns: [&(dyn ToSql + Sync); 4] =
            [&tenant, &rows.postings.terms, &rows.postings.firsts, &rows.postings.bits];
        let count_columns: [&(dyn ToSql + Sync); 4] = [&tenant, &ends.0, &ends.1, &ends.2];
        if !rows.voids.is_empty() {
            let voids = connection.prepare_cached(VOIDS).await?;
            connection.execute(&voids, &[&tenant, &rows.voids]).await?;
        }
        let (stored, posted, counted, committed) = join4(
            connection.execute(&statements, &statements_columns),
            connection.execute(&postings, &postings_columns),
            connection.execute(&count, &count_columns),
            connection.batch_execute("COMMIT"),
        )
        .await;
        stored?;
        posted?;
        counted?;
        Ok(committed?)
    }
}

/// The rows to write, as columns.
#[derive(Debug, Default)]
struct StatementRows {
    last_sequence: i64,
    sequences: Vec<i64>,
    ids: Vec<Id>,
    stored: Vec<SqlTimestamp>,
    targets: Vec<Option<Id>>,
    versions: Vec<i16>,
    are_voiding: Vec<bool>,
    are_timestamps_stored: Vec<bool>,
    defines: Vec<i16>,
    fingerprints: Vec<Vec<u8>>,
    salts: Vec<Vec<u8>>,
    texts: Vec<String>,
    postings: Postings,
    voids: Vec<Id>,
}

impl StatementRows {
    fn of(counter: &Counter, decided: &Decided<'_>, resolved: &Resolved) -> Self {
        let mut rows = Self { last_sequence: counter.last_sequence, ..Self::default() };
        for (new, stored) in &decided.new {
            rows.last_sequence += 1;
            let sequence = rows.last_sequence;
            rows.sequences.push(sequence);
            rows.ids.push(Id(new.id.0.as_u128()));
            rows.stored.push(SqlTimestamp(*stored));
            rows.targets.push(new.target.map(|target| Id(target.0.as_u128())));
            rows.versions.push(encode::number_of(new.version));
            rows.are_voiding.push(new.is_voiding);
            rows.are_timestamps_stored.push(new.is_timestamp_stored);
            rows.defines.push(i16::from(new.defines.number()));
            rows.fingerprints.push(new.fingerprint.0.to_vec());
            rows.salts.push(new.salt.to_vec());
            rows.texts.push(StatementText::complete(
                &new.text,
                new.is_timestamp_stored,
                &stored.to_string(),
            ));
            let inherited = resolved.inherited.get(&new.id).into_iter().flatten();
            let own: HashSet<&Term> = new.terms.iter().collect();
            let inherited = inherited.filter(|term| !own.contains(term));
            for term in new.terms.iter().chain(inherited) {
                rows.postings.add(number_of(*term), sequence);
            }
            rows.voids.extend(new.target.filter(|_| new.is_voiding).map(|it| Id(it.0.as_u128())));
        }
        for (sequence, terms) in &resolved.late {
            for term in terms {
                rows.postings.add_late(number_of(*term), *sequence);
            }
        }
        rows
    }

    fn statements<'a>(&'a self, tenant: &'a i32) -> [&'a (dyn ToSql + Sync); 12] {
        [
            tenant,
            &self.sequences,
            &self.ids,
            &self.stored,
            &self.targets,
            &self.versions,
            &self.are_voiding,
            &self.are_timestamps_stored,
            &self.defines,
            &self.fingerprints,
            &self.salts,
            &self.texts,
        ]
    }
}

fn read_counter(row: &Row) -> Counter {
    Counter {
        last_sequence: row.get(0),
        last_stored: row.get(1),
        consistent_through: row.get(2),
        has_references: row.get(3),
    }
}

fn read_known(row: &Row) -> Result<(StatementId, Fingerprint), Failure> {
    let (Id(id), fingerprint): (Id, &[u8]) = (row.get(0), row.get(1));
    let id = StatementId(Uuid::from_u128(id));
    let fingerprint = fingerprint.try_into();
    let corrupt = |_| StorageError::Corrupt { place: format!("acta.statements, id {}", id.0) };
    Ok((id, Fingerprint(fingerprint.map_err(corrupt)?)))
}
