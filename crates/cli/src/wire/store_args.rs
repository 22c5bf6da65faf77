//! Where the command line says that the store is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use acta_config::Config;
use anyhow::{Result, bail};

/// Where the store is: in a directory or in a database.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// The directory of the store [default: acta-data].
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// The database of the store, as in `postgres://user@host/database`. Everyone on this
    /// machine can read it in the list of processes: a URL with a password is better given in
    /// a file that `ACTA_STORAGE_URL_FILE` names.
    #[arg(long, value_name = "URL", conflicts_with = "data", global = true)]
    storage: Option<String>,
}

impl StoreArgs {
    /// What it sets.
    pub(crate) fn flags(&self) -> [(&'static str, Option<String>); 2] {
        [("data", super::path_text(self.data.as_ref())), ("storage.url", self.storage.clone())]
    }
}

/// Reads the configuration for what is of use only for a store in a directory, of which the
/// command line may have named `data`.
///
/// # Errors
///
/// When the store is in a database, and no directory was named: `instead` tells what to do
/// then.
pub(crate) fn load_directory(
    file: Option<&Path>,
    data: Option<&PathBuf>,
    instead: &str,
) -> Result<Config> {
    let mut config = super::load(file, [("data", super::path_text(data))])?.config;
    if data.is_none() && config.database.is_some() {
        bail!(
            "storage.url names a database, and this is for a store in a directory (--data); \
             {instead}: docs/operate/cluster.md tells more"
        );
    }
    config.database = None;
    Ok(config)
}

/// The address with which links begin that are given to people: the one that is set, or else
/// the one of a server of this machine that listens at `address`.
pub(crate) fn public_address(config: &Config, address: SocketAddr) -> String {
    match &config.public_url {
        Some(url) => url.clone(),
        None => format!("http://{}", host_of(address)),
    }
}

/// The host by which a server that listens there is reached from this machine.
pub(crate) fn host_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}
