//! Audit entries of credentials that read statements.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::{Entropy, Timestamp};
use acta_storage::directory::Tenant;
use acta_storage::{AuditOutcome, Change, NewAuditEntry, Storage, StorageError, Who};
use acta_xapi::Uuid;
use serde_json::json;

/// The act of an entry about statements that were read.
const READ: &str = "statements.read";

/// Each credential that reads is recorded once in this time, on each node.
const INTERVAL: Duration = Duration::from_hours(1);

/// Most credentials that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Which credentials were recorded, and when, on the clock.
#[derive(Debug, Default)]
pub(crate) struct Readings(Mutex<HashMap<String, Duration>>);

/// Statements that are about to be read.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) who: &'a Who,
    /// The address of the client.
    pub(crate) from: &'a str,
    pub(crate) at: Timestamp,
    /// The same on the clock.
    pub(crate) now: Duration,
}

impl Readings {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that somebody reads statements of a tenant, unless it was recorded in the interval.
    pub(crate) async fn record(
        &self,
        storage: &dyn Storage,
        entropy: &dyn Entropy,
        Reading { tenant, who, from, at, now }: Reading<'_>,
    ) -> Result<(), StorageError> {
        let reader = format!("{} {who}", tenant.id);
        if self.is_recorded(&reader, now) {
            return Ok(());
        }
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let entry = NewAuditEntry {
            id: Uuid::from_random(random),
            at,
            who: who.clone(),
            from: from.to_owned(),
            act: READ.into(),
            target: format!("tenant:{}", tenant.id),
            outcome: AuditOutcome::Done,
            detail: json!({ "first_in_seconds": INTERVAL.as_secs() }).to_string(),
        };
        let entries = vec![(Some(tenant.id), entry)];
        storage.commit(&Change { writes: Vec::new(), entries }).await?;
        self.remember(reader, now);
        Ok(())
    }

    fn is_recorded(&self, reader: &str, now: Duration) -> bool {
        self.lock().get(reader).is_some_and(|at| now.saturating_sub(*at) < INTERVAL)
    }

    fn remember(&self, reader: String, now: Duration) {
        let mut recorded = self.lock();
        if REMEMBERED_MAX <= recorded.len() {
            recorded.retain(|_, at| now.saturating_sub(*at) < INTERVAL);
        }
        if REMEMBERED_MAX <= recorded.len() {
            // They are recorded again.
            recorded.clear();
        }
        recorded.insert(reader, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_a_limited_number_of_readers_for_an_interval() {
        let readings = Readings::default();
        let start = Duration::from_secs(1);
        readings.remember("a".to_owned(), start);
        assert!(readings.is_recorded("a", start + (INTERVAL / 2)));
        assert!(!readings.is_recorded("a", start + INTERVAL));
        assert!(!readings.is_recorded("b", start));
        for number in 0..2 * REMEMBERED_MAX {
            readings.remember(number.to_string(), start);
        }
        assert!(readings.lock().len() <= REMEMBERED_MAX);
    }
}
