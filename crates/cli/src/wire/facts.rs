//! The facts of a server.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use acta_config::Config;
use acta_facts::{FactFollower, FactFollowerOptions, FactStore, QueryLimits};
use acta_http_admin::FactSettings;
use acta_storage::Storage;
use anyhow::{Context, Result};
use tempfile::TempDir;

use super::bytes;
use crate::metrics::FactMetrics;

/// The directory of facts in that of the store.
const DIRECTORY: &str = "facts";

/// The facts of a server, if it makes any.
#[derive(Default)]
pub(crate) struct ServerFacts {
    settings: Option<FactSettings>,
    follower: Option<FactFollower>,
    /// Is removed with this value.
    _temporary: Option<TempDir>,
}

impl ServerFacts {
    /// Opens the facts that `config` names, unless they are disabled.
    pub(crate) fn open(config: &Config) -> Result<Self> {
        let facts = &config.facts;
        if !facts.enabled {
            return Ok(Self::default());
        }
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
            timeout: facts.timeout.0,
            questions_max: facts.questions_max,
        };
        Ok(Self { settings: Some(settings), follower: None, _temporary: temporary })
    }

    /// What the admin API needs to answer questions.
    pub(crate) fn settings(&self) -> Option<FactSettings> {
        self.settings.clone()
    }

    /// Follows the log, until [`ServerFacts::stop`].
    pub(crate) fn follow(&mut self, storage: &Arc<dyn Storage>) {
        let options = FactFollowerOptions { threads: threads() };
        let start =
            |settings: &FactSettings| FactFollower::start(storage, &settings.store, &options);
        self.follower = self.settings.as_ref().map(start);
    }

    /// What metrics are read from.
    pub(crate) fn metrics(&self) -> Option<FactMetrics> {
        let (settings, follower) = (self.settings.as_ref()?, self.follower.as_ref()?);
        let store = Arc::clone(&settings.store);
        Some(FactMetrics { store, follower: Box::new(follower.watch()) })
    }

    /// Stops following.
    pub(crate) async fn stop(self) {
        if let Some(follower) = self.follower {
            follower.stop().await;
        }
    }
}

fn threads() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}
