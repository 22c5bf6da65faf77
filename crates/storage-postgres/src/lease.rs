//! Leadership by a row: of all nodes, one at a time does what one should do.
//!
//! The database decides, by its own clock. A node counts a lease as held for no longer than
//! it was given, from before it asked; so it notices by itself that it could not renew it. A
//! node that stands still in the middle of an act may still finish it beside its successor:
//! what is done under a lease must be harmless when two do it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_storage::FollowerName;
use tokio::time::Instant;

use crate::database::Database;
use crate::failure::Failure;
use crate::types::Id;

/// How long a lease lasts unless it is renewed: as long does nobody lead when a node vanishes.
pub(crate) const DURATION: Duration = Duration::from_secs(5);

/// Nothing is written while another holds it.
const HOLD: &str = "INSERT INTO acta.leases AS lease (name, holder, expires) \
     SELECT $1::text, $2::uuid, clock_timestamp() + make_interval(secs => $3::float8) \
     WHERE NOT EXISTS (SELECT FROM acta.leases \
     WHERE name = $1 AND holder <> $2 AND clock_timestamp() < expires) \
     ON CONFLICT (name) DO UPDATE \
     SET holder = excluded.holder, expires = clock_timestamp() + make_interval(secs => $3) \
     WHERE lease.holder = excluded.holder OR lease.expires <= clock_timestamp()";

/// A lease that this node has, or would like to have.
#[derive(Debug)]
pub(crate) struct Lease {
    database: Arc<Database>,
    name: &'static str,
    /// This node, by chance.
    holder: Id,
    duration: Duration,
    held_until: Mutex<Option<Instant>>,
}

impl Lease {
    /// The lease of this name, which is not held.
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

    /// Takes it if nobody else has it, and renews it in good time. Returns whether it is held.
    ///
    /// # Errors
    ///
    /// The database could not be asked; what was held may still be.
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

    /// Leaves it to others, if it is held.
    ///
    /// # Errors
    ///
    /// The database could not be asked; it ends by itself then.
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

/// The leases that this node has, or would like to have, by follower.
#[derive(Debug)]
pub(crate) struct Leases {
    database: Arc<Database>,
    leases: Mutex<HashMap<FollowerName, Arc<Lease>>>,
}

impl Leases {
    /// None is held.
    pub(crate) fn new(database: &Arc<Database>) -> Self {
        Self { database: Arc::clone(database), leases: Mutex::default() }
    }

    /// That of a follower.
    pub(crate) fn lease(&self, follower: FollowerName) -> Arc<Lease> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Lease::new(Arc::clone(&self.database), follower.as_str(), DURATION));
        Arc::clone(leases.entry(follower).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests;
