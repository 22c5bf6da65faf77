//! Checks of a cluster of Citus: the settings of a session do not reach its other machines.

use std::sync::atomic::Ordering;

use crate::OpenError;
use crate::database::{Connection, Database};
use crate::failure::Failure;

const HAS_CITUS: &str = "SELECT FROM pg_extension WHERE extname = 'citus'";

/// What a transaction of this role waits for on each machine.
const COMMITS: &str = "SELECT nodename || ':' || nodeport, success, result \
     FROM run_command_on_workers('SHOW synchronous_commit') ORDER BY 1";

/// Finds out whether the database is a cluster, and checks that all its machines commit durably.
/// One that cannot be reached does not prevent a start.
///
/// # Errors
///
/// [`OpenError::NotDurable`], [`OpenError::Storage`].
pub(super) async fn check_durable(
    database: &Database,
    connection: &Connection,
) -> Result<(), OpenError> {
    let asking = async {
        if connection.query_opt(HAS_CITUS, &[]).await?.is_none() {
            return Ok(Vec::new());
        }
        database.is_cluster.store(true, Ordering::Relaxed);
        Ok::<_, Failure>(connection.query(COMMITS, &[]).await?)
    };
    let machines = database.limit(asking).await;
    let failed = |failure: Failure| failure.into_storage_error("asking how a cluster commits");
    for row in machines.map_err(failed)? {
        let (machine, is_there, answer): (String, bool, String) =
            (row.get(0), row.get(1), row.get(2));
        if !is_there {
            let place = database.health.place();
            tracing::warn!(
                database = place,
                machine,
                reason = answer,
                "a machine of the database cannot be asked whether it commits durably"
            );
        } else if answer == "off" {
            return Err(OpenError::NotDurable { machine });
        }
    }
    Ok(())
}
