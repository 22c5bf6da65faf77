//! The engine on which a server of the tests keeps its statements.

use std::path::{Path, PathBuf};

use acta_test_postgres::{Database, Superuser};
use serde_json::Value;
use tempfile::TempDir;

use crate::{acta, run};

/// The setting that names a database.
pub(crate) const URL_VARIABLE: &str = "ACTA_STORAGE_URL";

/// The engine on which a server keeps its statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Files in a directory.
    Embedded,
    /// A database.
    Postgres,
}

impl Engine {
    /// The engine that a test binary is for: PostgreSQL if its name says so. Pass
    /// `env!("CARGO_CRATE_NAME")`.
    pub fn of_crate(name: &str) -> Self {
        if name.ends_with("_postgres") { Self::Postgres } else { Self::Embedded }
    }
}

/// An empty store, which servers may use one after the other. It goes when this is dropped.
#[derive(Debug)]
pub struct Store {
    scratch: TempDir,
    database: Option<Database>,
}

impl Store {
    /// A store of its own.
    pub fn new(engine: Engine) -> Self {
        let scratch = TempDir::new().expect("a directory for scratch data can be made");
        let database = match engine {
            Engine::Embedded => None,
            Engine::Postgres => Some(Database::fresh()),
        };
        Self { scratch, database }
    }

    /// A store in a database with everything that is in this one, which nobody may use meanwhile.
    #[must_use]
    pub fn copy(&self) -> Self {
        let database = self.database.as_ref().expect("the store is in a database");
        let scratch = TempDir::new().expect("a directory for scratch data can be made");
        Self { scratch, database: Some(database.copy()) }
    }

    /// The directory for data, which stays empty with a database.
    pub fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// The settings that name the database, if there is one.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        self.database.iter().map(|database| (URL_VARIABLE, database.url())).collect()
    }

    /// Runs a command of an administrator on the store, served or not, which must succeed, and
    /// gives back what it prints as JSON.
    #[track_caller]
    pub fn administer(&self, arguments: &[&str]) -> Value {
        let mut command = acta();
        command.args(arguments).arg("--json").envs(self.settings());
        if self.database.is_none() {
            command.arg("--data").arg(self.data());
        }
        let output = run(&mut command);
        assert_eq!(output.code, Some(0), "{arguments:?}: {} {}", output.out, output.err);
        serde_json::from_str(&output.out).expect("the command prints JSON")
    }

    /// Keeps everything beyond the end of this value, for someone else to remove.
    pub(crate) fn keep(self) -> StoreRemains {
        let directory = self.scratch.keep();
        let Some(database) = self.database else {
            return StoreRemains { directory, database: None };
        };
        let maintenance = Superuser::new(&database.url()).url("postgres");
        let removal = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", database.name());
        std::mem::forget(database);
        StoreRemains { directory, database: Some((maintenance, removal)) }
    }
}

/// What is left to be removed of a store.
#[derive(Debug)]
pub(crate) struct StoreRemains {
    directory: PathBuf,
    /// Where to send which SQL.
    database: Option<(String, String)>,
}

impl StoreRemains {
    /// The directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where to send which SQL; both empty for nothing.
    pub(crate) fn database(&self) -> (&str, &str) {
        self.database.as_ref().map_or(("", ""), |(url, sql)| (url, sql))
    }
}
