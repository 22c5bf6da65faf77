//! A store as one side of a copy, of either engine.

use std::path::Path;
use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use anyhow::{Result, bail};

use super::engine::{Engine, IfMissing};

/// The file that makes a directory a store.
const STORE_FILE: &str = "store";

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
    let mut config = if is_url {
        super::load::load(file, [(CONFIGURED, Some(address.to_owned()))])?.config
    } else {
        super::load::load(file, [])?.config
    };
    if address == CONFIGURED && config.database.is_none() {
        bail!("no database is configured: {CONFIGURED} is not set");
    }
    if !is_url && address != CONFIGURED {
        config.database = None;
        config.data = address.into();
        if missing == IfMissing::Refuse && !config.data.join(STORE_FILE).is_file() {
            bail!("there is no store in {address}");
        }
    }
    Engine::open(&config, missing, Arc::new(SystemClock::new()), Arc::new(SystemEntropy)).await
}
