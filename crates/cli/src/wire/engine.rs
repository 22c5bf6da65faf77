//! The engines by name: opened, measured and closed.

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy, GuardedClock};
use acta_config::Config;
use acta_storage::{Storage, StorageError};
use acta_storage_embedded::EmbeddedStorage;
use acta_storage_postgres::{DatabaseState, Migrate, PostgresStorage};
use anyhow::{Context, Result};

use super::{database, directory};

/// What to do if the store does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMissing {
    /// Create an empty one.
    Make,
    /// Return an error. The schema of a store in a database is migrated as configured.
    RefuseOrMigrate,
    /// Return an error, and change nothing: the schema of a store in a database is not migrated.
    Refuse,
}

/// The engine that holds a store.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    /// In a directory.
    Embedded(Arc<EmbeddedStorage>),
    /// In a database.
    Postgres(Arc<PostgresStorage>),
}

impl Engine {
    /// Opens the store that `config` names.
    pub(crate) async fn open(
        config: &Config,
        missing: IfMissing,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self> {
        if let Some(database) = &config.database {
            let mut options = database::options(database, clock, entropy);
            options.reserve_bytes = config.storage.reserve_bytes;
            match missing {
                IfMissing::Make => {}
                IfMissing::RefuseOrMigrate => database::check_store(&options).await?,
                IfMissing::Refuse => options.migrate = Migrate::Never,
            }
            let storage = PostgresStorage::open(&options).await;
            return Ok(Self::Postgres(storage.context("cannot open the store")?));
        }
        let directory = &config.data;
        match missing {
            IfMissing::Make => directory::check_room(directory)?,
            IfMissing::RefuseOrMigrate | IfMissing::Refuse => directory::check_store(directory)?,
        }
        super::exposure::refuse_exposed_keys(directory)?;
        let storage = EmbeddedStorage::open(&super::embedded::options(config, clock, entropy));
        let context = || directory::cannot_open(directory);
        Ok(Self::Embedded(storage.with_context(context)?))
    }

    /// Which it is.
    pub(crate) fn kind(&self) -> acta_http_admin::EngineKind {
        match self {
            Self::Embedded(_) => acta_http_admin::EngineKind::Embedded,
            Self::Postgres(_) => acta_http_admin::EngineKind::Postgres,
        }
    }

    /// Says that this process serves the store: with a database, nothing else shows it.
    pub(crate) fn announce(&self) {
        match self {
            Self::Embedded(_) => {}
            Self::Postgres(storage) => storage.announce(env!("CARGO_PKG_VERSION")),
        }
    }

    /// The state of the database; none for a store in a directory.
    ///
    /// # Errors
    ///
    /// When the database does not respond.
    pub(crate) async fn read_database(&self) -> Result<Option<DatabaseState>, StorageError> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::Postgres(storage) => storage.read_state().await.map(Some),
        }
    }

    /// How far the latest `stored` is ahead of the clock; zero if it is not.
    pub(crate) fn stored_lead(&self) -> Duration {
        match self {
            Self::Embedded(storage) => storage.statistics().stored_lead,
            Self::Postgres(storage) => storage.statistics().stored_lead,
        }
    }

    /// Compares `clock` with the clock that all nodes share: that of the database. A store in a
    /// directory has no other clock.
    ///
    /// # Errors
    ///
    /// When the database does not respond.
    pub(crate) async fn compare_clock(&self, clock: &GuardedClock) -> Result<(), StorageError> {
        let Self::Postgres(storage) = self else { return Ok(()) };
        let asked = clock.elapsed();
        let reference = storage.read_clock().await?;
        clock.compare(reference, asked);
        Ok(())
    }

    /// What it can do.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Embedded(storage) => Arc::<EmbeddedStorage>::clone(storage),
            Self::Postgres(storage) => Arc::<PostgresStorage>::clone(storage),
        }
    }

    /// Finishes what is under way and closes it.
    pub(crate) async fn close(self) -> Result<()> {
        match self {
            Self::Embedded(storage) => {
                let closed = acta_storage::spawn_blocking(move || storage.close()).await?;
                closed.context("cannot close the store")
            }
            Self::Postgres(storage) => {
                storage.close().await;
                Ok(())
            }
        }
    }
}
