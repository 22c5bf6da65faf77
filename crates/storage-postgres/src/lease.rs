//! Leases: a row in the database elects one node at a time for a task.
//!
//! The database decides, by its own clock. A node considers a lease as held only for its
//! duration, counted from before the request, so it notices by itself if it could not renew it.
//! A node that is suspended during an operation may still finish it beside its successor: work
//! under a lease must be harmless if two nodes do it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_storage::FollowerName;
use tokio::time::Instant;

use crate::database::Database;
use crate::failure::Failure;
use crate::types::Id;

/// The duration of a lease, and so the time without a holder after a node has vanished.
pub(crate) const DURATION: Duration = Duration::from_secs(5);

/// Writes nothing while another node holds it.
const HOLD: &str = "INSERT INTO acta.leases AS lease (name, holder, expires) \
     SELECT $1::text, $2::uuid, clock_timestamp() + make_interval(secs => $3::float8) \
     WHERE NOT EXISTS (SELECT FROM acta.leases \
     WHERE name = $1 AND holder <> $2 AND clock_timestamp() < expires) \
     ON CONFLICT (name) DO UPDATE \
     SET holder = excluded.holder, expires = clock_timestamp() + make_interval(secs => $3) \
     WHERE lease.holder = excluded.holder OR lease.expires <= clock_timestamp()";

/// A lease that this node holds or tries to acquire.
#[derive(Debug)]
pub(crate) struct Lease {
    database: Arc<Database>,
    name: &'static str,
    /// A random id of this node.
    holder: Id,
    duration: Duration,
    held_until: Mutex<Option<Instant>>,
}

impl Lease {
    /// The lease with this name, not held yet.
    pub(crate) fn new(database: Arc<Database>, name: &'static str, duration: Duration) -> Self {
        let holder = Id(database.random());
        Self { database, name, holder, duration, held_until: Mutex::new(None) }
    }

    fn held_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is held now.
    pub(crate) fn is_held(&self) -> bool {
        self.held_until().is_some_and(|until| Instant::now() < until)
    }

    /// Acquires it if no other node holds it, and renews it in time. Returns whether it is held.
    ///
    /// # Errors
    ///
    /// The database could not be reached; the lease may still be held.
    pub(crate) async fn hold(&self) -> Result<bool, Failure> {
        let asked = Instant::now();
        let renewal = self.held_until().and_then(|until| until.checked_sub(self.duration / 2));
        if renewal.is_some_and(|renewal| asked < renewal) {
            return Ok(true);
        }
        let count = self.database.run_once(|connection| async move {
            let hold = connection.prepare_cached(HOLD).await?;
            let seconds = self.duration.as_secs_f64();
            Ok(connection.execute(&hold, &[&self.name, &self.holder, &seconds]).await?)
        });
        let is_held = 0 < count.await?;
        *self.held_until() = is_held.then(|| asked + self.duration);
        Ok(is_held)
    }

    /// Releases it, if it is held.
    ///
    /// # Errors
    ///
    /// The database could not be reached; the lease then expires by itself.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        if self.held_until().take().is_none() {
            return Ok(());
        }
        self.database
            .run_once(|connection| async move {
                let sql = "DELETE FROM acta.leases WHERE name = $1 AND holder = $2";
                connection.execute(sql, &[&self.name, &self.holder]).await?;
                Ok(())
            })
            .await
    }
}

/// The leases of followers that this node holds or tries to acquire.
#[derive(Debug)]
pub(crate) struct Leases {
    database: Arc<Database>,
    leases: Mutex<HashMap<FollowerName, Arc<Lease>>>,
}

impl Leases {
    /// Without any lease.
    pub(crate) fn new(database: &Arc<Database>) -> Self {
        Self { database: Arc::clone(database), leases: Mutex::default() }
    }

    /// The lease of a follower.
    pub(crate) fn lease(&self, follower: FollowerName) -> Arc<Lease> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Lease::new(Arc::clone(&self.database), follower.as_str(), DURATION));
        Arc::clone(leases.entry(follower).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests;
