//! A store as one side of a copy, of either engine.

use std::path::Path;
use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use anyhow::{Context, Result};

use super::engine::{Engine, IfMissing};

/// The address that means the configured database.
const CONFIGURED: &str = "storage.url";

/// How the address of a database begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Opens the store at `address`: a directory, a URL, or the configured database.
pub(crate) async fn open_side(
    file: Option<&Path>,
    address: &str,
    missing: IfMissing,
) -> Result<Engine> {
    let is_url = SCHEMES.iter().any(|scheme| address.starts_with(scheme));
    let (key, value) = if address == CONFIGURED {
        (CONFIGURED, configured_database(file)?)
    } else {
        (if is_url { CONFIGURED } else { "data" }, address.to_owned())
    };
    let config = super::load::load(file, [(key, Some(value))])?.config;
    Engine::open(&config, missing, Arc::new(SystemClock::new()), Arc::new(SystemEntropy)).await
}

/// The URL of the configured database, even if a more specific source names a directory.
fn configured_database(file: Option<&Path>) -> Result<String> {
    let settings = super::load::load(file, [])?.settings;
    let url = settings.into_iter().find(|setting| setting.key.name == CONFIGURED);
    let url = url.and_then(|setting| setting.value);
    url.with_context(|| format!("no database is configured: {CONFIGURED} is not set"))
}
