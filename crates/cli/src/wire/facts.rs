//! The facts of a server.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use acta_access::TenantId;
use acta_config::Config;
use acta_facts::{FactFollower, FactFollowerOptions, FactStatus, FactStore, QueryLimits};
use acta_facts_sql::SqlLimits;
use acta_followers::{FollowerStatus, FollowerWork, Followers, LogReader};
use acta_http_facts::FactSettings;
use acta_storage::Storage;
use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::bytes;
use crate::terminal::{Unit, progress_bar};

/// The directory of facts in that of the store.
const DIRECTORY: &str = "facts";

/// How often a command looks whether the facts have every statement.
const CATCH_UP_INTERVAL: Duration = Duration::from_millis(20);

/// The facts of a server, if it makes any.
#[derive(Default)]
pub(crate) struct ServerFacts {
    settings: Option<FactSettings>,
    /// What makes them for a command that works without a server.
    followers: Option<Followers>,
    /// Is removed with this value.
    _temporary: Option<TempDir>,
}

impl ServerFacts {
    /// Opens the facts that `config` names, unless they are disabled.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        if config.facts.enabled { Self::open_enabled(config) } else { Ok(Self::default()) }
    }

    fn open_enabled(config: &Config) -> Result<Self> {
        let facts = &config.facts;
        let (directory, temporary) = match (&facts.directory, &config.database) {
            (Some(directory), _) => (directory.clone(), None),
            (None, None) => (config.data.join(DIRECTORY), None),
            (None, Some(_)) => {
                let temporary = tempfile::tempdir();
                let temporary = temporary.context("cannot create a directory for facts")?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let store = FactStore::open(&directory);
        let store =
            store.with_context(|| format!("cannot open the facts in {}", directory.display()))?;
        let settings = FactSettings {
            store: Arc::new(store.with_dictionary_bytes_max(bytes(facts.dictionary_bytes_max))),
            limits: QueryLimits { memory_bytes: bytes(facts.memory_bytes_max), threads: threads() },
            sql: SqlLimits {
                memory_bytes: bytes(facts.memory_bytes_max),
                rows_max: facts.sql_rows_max,
                answer_bytes_max: bytes(facts.sql_answer_bytes_max),
            },
            timeout: facts.timeout.0,
            questions_max: facts.questions_max,
        };
        Ok(Self { settings: Some(settings), followers: None, _temporary: temporary })
    }

    /// Opens the facts for a command that works without a server, also if a server makes none.
    pub(crate) fn open_alone(config: &Config) -> Result<Self> {
        let facts = Self::open_enabled(config)?;
        let settings = facts.settings.as_ref();
        settings.map_or(Ok(()), |settings| settings.store.open_all())?;
        Ok(facts)
    }

    /// Follows the log until the facts have every statement.
    ///
    /// # Errors
    ///
    /// When the facts cannot be made or are paused, or the statements cannot be counted.
    pub(crate) async fn catch_up(&mut self, storage: &Arc<dyn Storage>) -> Result<()> {
        let (Some(settings), Some(follower)) = (&self.settings, self.follower(storage)) else {
            return Ok(());
        };
        let followers = self.followers.insert(Followers::default());
        followers.add(storage, follower);
        let mut behind = HashMap::new();
        for tenant in storage.list_tenants().await? {
            behind.insert(tenant.id, storage.count_statements(tenant.id).await?);
        }
        let bar = progress_bar(behind.values().sum(), Unit::Statements);
        loop {
            let statuses = settings.store.statuses();
            let reached = |tenant: &TenantId| {
                let status = statuses.iter().find(|status| status.tenant == *tenant);
                let status = status.filter(|status| !status.is_rebuilding);
                status.map_or(0, end_of)
            };
            bar.set_position(behind.iter().map(|(it, last)| reached(it).min(*last)).sum());
            if behind.iter().all(|(tenant, last)| *last <= reached(tenant)) {
                bar.finish_and_clear();
                // The next command need not read the same statements again.
                let mut tenants = behind.keys();
                return Ok(tenants.try_for_each(|tenant| settings.store.flush(*tenant))?);
            }
            followers.statuses().iter().try_for_each(check)?;
            tokio::time::sleep(CATCH_UP_INTERVAL).await;
        }
    }

    /// What the admin API needs to answer questions.
    pub(crate) fn settings(&self) -> Option<FactSettings> {
        self.settings.clone()
    }

    /// The follower that makes them.
    pub(crate) fn follower(&self, storage: &Arc<dyn Storage>) -> Option<Box<dyn LogReader>> {
        let options = FactFollowerOptions { threads: threads() };
        Some(Box::new(FactFollower::new(storage, self.store()?, &options)))
    }

    /// The facts themselves.
    pub(crate) fn store(&self) -> Option<&Arc<FactStore>> {
        self.settings.as_ref().map(|settings| &settings.store)
    }

    /// Ends what [`ServerFacts::catch_up`] has begun.
    pub(crate) async fn stop(self) {
        if let Some(followers) = self.followers {
            followers.stop().await;
        }
    }
}

/// Checks whether a follower does its work.
fn check(status: &FollowerStatus) -> Result<()> {
    if 0 < status.failure_count {
        bail!("the facts cannot be made: see the log above");
    }
    if status.work == FollowerWork::Paused {
        bail!("facts are paused, so that some are missing: `acta follower resume facts`");
    }
    Ok(())
}

/// The last statement up to which there will be facts before there are more statements.
fn end_of(status: &FactStatus) -> u64 {
    if status.is_full { u64::MAX } else { status.sequence }
}

fn threads() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}
