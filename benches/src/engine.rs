//! Where the measured server keeps its statements.

use std::path::{Path, PathBuf};

use acta_test_postgres::{Cluster, Database};
use anyhow::Result;

use crate::machine;
use crate::report::{EMBEDDED, POSTGRES, Targets};

/// What a server with two processors and some memory is usually given.
const SETTINGS: &[(&str, &str)] =
    &[("shared_buffers", "1GB"), ("max_wal_size", "4GB"), ("max_connections", "100")];

/// Where the measured server keeps its statements.
#[derive(Debug)]
pub(crate) enum Engine {
    /// In a folder.
    Embedded(PathBuf),
    /// In a database on a server that syncs every commit.
    Postgres {
        /// The database.
        database: Database,
        /// The server, which goes when this is dropped.
        _server: Box<Cluster>,
    },
}

impl Engine {
    /// An empty store.
    pub(crate) fn new(folder: &Path, is_postgres: bool) -> Self {
        if !is_postgres {
            return Self::Embedded(folder.join("data"));
        }
        let cluster = Cluster::running(SETTINGS);
        let database = Database::fresh_on(cluster.superuser());
        Self::Postgres { database, _server: Box::new(cluster) }
    }

    /// The arguments and variables that tell a server of it.
    pub(crate) fn arguments(&self) -> (Vec<String>, Vec<(&'static str, String)>) {
        match self {
            Self::Embedded(data) => {
                (vec!["--data".to_owned(), data.display().to_string()], Vec::new())
            }
            Self::Postgres { database, .. } => {
                (Vec::new(), vec![("ACTA_STORAGE_URL", database.url())])
            }
        }
    }

    /// What must be reached.
    pub(crate) const fn targets(&self) -> &'static Targets {
        match self {
            Self::Embedded(_) => &EMBEDDED,
            Self::Postgres { .. } => &POSTGRES,
        }
    }

    /// Lets the database do now what it would do in a quiet minute.
    pub(crate) fn quiesce(&self) {
        if let Self::Postgres { database, .. } = self {
            database.sql("VACUUM ANALYZE; CHECKPOINT");
        }
    }

    /// Its size in bytes.
    pub(crate) fn bytes(&self) -> Result<u64> {
        match self {
            Self::Embedded(data) => Ok(machine::disk_bytes(data)),
            Self::Postgres { database, .. } => {
                Ok(database.sql("SELECT pg_database_size(current_database())").parse()?)
            }
        }
    }

    /// What else the reader of its figures must know.
    pub(crate) fn note(&self) -> Option<String> {
        let Self::Postgres { database, .. } = self else { return None };
        let said = database.sql(
            "SELECT current_setting('server_version'), current_setting('fsync'), \
             current_setting('synchronous_commit')",
        );
        let mut said = said.split('|');
        let mut next = || said.next().unwrap_or_default();
        let settings: Vec<String> =
            SETTINGS.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        Some(format!(
            "PostgreSQL {} on the same machine, fsync {}, synchronous_commit {}, {}.",
            next(),
            next(),
            next(),
            settings.join(", ")
        ))
    }
}
