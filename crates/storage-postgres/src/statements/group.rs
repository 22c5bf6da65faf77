//! A group: batches of one tenant that are stored in one transaction.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{Appended, StorageError};
use acta_xapi::StatementId;

use super::append::{self, AppendResult, BatchVerdict, Counter, Decided, StoredFingerprints};
use super::encode::EncodedStatement;
use super::queue::AppendJob;
use super::shared::Shared;
use crate::attachments::NamedContent;
use crate::failure::Failure;

const ACT: &str = "storing statements";

/// Batches of one tenant that are stored in one transaction.
#[derive(Debug)]
pub(super) struct BatchGroup<'a> {
    pub(super) shared: &'a Shared,
    pub(super) tenant: TenantId,
    pub(super) jobs: Vec<AppendJob>,
    /// Whether an earlier attempt may have stored some of it.
    pub(super) is_unknown: bool,
}

/// Why a group was not stored.
#[derive(Debug)]
struct Refused {
    error: StorageError,
    /// Whether the reason may be the content of a statement.
    is_about_content: bool,
    /// Whether some of it may be stored.
    is_unknown: bool,
}

impl BatchGroup<'_> {
    /// Stores the group with all needed attempts, and answers all callers.
    pub(super) async fn store(self) {
        match self.attempt_all().await {
            Ok((verdicts, named)) => {
                for (mut job, verdict) in self.jobs.into_iter().zip(verdicts) {
                    named.keep(std::mem::take(&mut job.attachments));
                    job.answer(match verdict {
                        BatchVerdict::Stored(appended) => Ok(appended),
                        BatchVerdict::Conflict(ids) => Err(StorageError::Conflict(ids)),
                    });
                }
            }
            // One of the batches is the reason: the others must not fail with it.
            Err(Refused { is_about_content: true, is_unknown, .. }) if 1 < self.jobs.len() => {
                let Self { shared, tenant, jobs, .. } = self;
                for job in jobs {
                    let alone = BatchGroup { shared, tenant, jobs: vec![job], is_unknown };
                    Box::pin(alone.store()).await;
                }
            }
            Err(Refused { error, .. }) => {
                for job in self.jobs {
                    job.answer(Err(error.repeated()));
                }
            }
        }
    }

    async fn attempt_all(&self) -> Result<(Vec<BatchVerdict>, NamedContent), Refused> {
        let mut attempts = self.shared.database.attempts(ACT);
        let mut is_unknown = self.is_unknown;
        loop {
            let failure = match self.attempt().await {
                Ok(stored) => return Ok(stored),
                Err(failure) => failure,
            };
            // The next attempt finds what is stored and does not store it again.
            is_unknown |= matches!(failure, Failure::Unknown(_));
            let is_refused = matches!(failure, Failure::Refused(_));
            match attempts.again(failure.repeatable()).await {
                Ok(()) => {}
                // An unknown result must not be reported as if nothing were stored.
                Err(
                    StorageError::Busy { .. }
                    | StorageError::Unavailable { .. }
                    | StorageError::Full,
                ) if is_unknown => {
                    let source = std::io::ErrorKind::ConnectionAborted.into();
                    let error = StorageError::Io { act: ACT, source };
                    return Err(Refused { error, is_about_content: false, is_unknown });
                }
                Err(error) => {
                    let is_about_content = is_refused && matches!(error, StorageError::Io { .. });
                    return Err(Refused { error, is_about_content, is_unknown });
                }
            }
        }
    }

    async fn attempt(&self) -> Result<(Vec<BatchVerdict>, NamedContent), Failure> {
        let statements: Vec<&EncodedStatement> =
            self.jobs.iter().flat_map(|job| &job.statements).collect();
        let written = append::write(self.shared, self.tenant, &statements, |counter, known| {
            self.decide(counter, known)
        });
        let AppendResult { decided, named, has_changed } = written.await?;
        if has_changed {
            self.shared.meters.count(decided.new.len());
            let stored = Timestamp::from_unix_micros(decided.last_stored);
            self.shared.consistent_through.note(&self.shared.database, self.tenant, stored);
        }
        Ok((decided.verdicts, named))
    }

    /// Decides on each batch, given what is already stored.
    fn decide(&self, counter: &Counter, mut known: StoredFingerprints) -> Decided<'_> {
        let now = self.shared.database.clock.now();
        let first = now.unix_micros();
        let first =
            first.max(counter.last_stored.saturating_add(1)).max(counter.consistent_through);
        self.shared.stored_lead.note(Timestamp::from_unix_micros(first), now);
        let mut decided = Decided { last_stored: first, ..Decided::default() };
        let mut next = first;
        for job in &self.jobs {
            let conflicts = conflicts(&job.statements, &known);
            if !conflicts.is_empty() {
                decided.verdicts.push(BatchVerdict::Conflict(conflicts));
                continue;
            }
            let stored = Timestamp::from_unix_micros(next);
            let count_before = decided.new.len();
            let is_new = |statement: &&EncodedStatement| {
                known.insert(statement.id, statement.fingerprint).is_none()
            };
            let new = job.statements.iter().filter(is_new);
            decided.new.extend(new.map(|statement| (statement, stored)));
            decided.attachments.extend(&job.attachments);
            decided.last_stored = next;
            next = next.saturating_add(1);
            let new_count = decided.new.len() - count_before;
            decided.verdicts.push(BatchVerdict::Stored(Appended { stored, new_count }));
        }
        decided
    }
}

/// The ids of a batch that are already stored with different content.
fn conflicts(statements: &[EncodedStatement], known: &StoredFingerprints) -> Vec<StatementId> {
    let is_other = |statement: &&EncodedStatement| {
        let known = known.get(&statement.id);
        known.is_some_and(|known| !statement.fingerprint.repeats(*known, statement.version))
    };
    statements.iter().filter(is_other).map(|statement| statement.id).collect()
}
