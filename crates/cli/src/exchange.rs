//! Statements exchanged with a store that this process has open, or that a running server has.
//!
//! A server of a store in a directory listens on a socket of its own in that directory. A client
//! sends one request on each connection, a line of JSON, and behind it what is imported. The
//! server answers in frames: data, messages for people, and in the end the result.

mod client;
mod frames;
mod server;
mod work;

use acta_access::TenantId;
use acta_config::Config;
use anyhow::Result;

use crate::wire::{IfMissing, Store};

pub(crate) use client::{ExportRequest, ImportProgress, ImportRequest, ServedStore};
pub(crate) use server::ExchangeServer;
pub(crate) use work::{Compared, Importing, import, left_out_text, problem_text};
use work::{compare, tenants_in};

/// A store whose statements are exchanged.
pub(crate) enum ExchangeStore {
    /// This process has it open.
    Opened(Box<Store>),
    /// A server has it open.
    Served(ServedStore),
}

impl ExchangeStore {
    /// Reaches the configured store, served or not.
    ///
    /// # Errors
    ///
    /// When it can neither be opened nor reached, or is an unfinished copy.
    pub(crate) async fn reach(config: &Config, missing: IfMissing) -> Result<Self> {
        if let Some(served) = ServedStore::find(config)? {
            return Ok(Self::Served(served));
        }
        let store = Store::open(config, missing).await?;
        store.check_whole().await?;
        Ok(Self::Opened(Box::new(store)))
    }

    /// Its tenants. Those whose data has been removed do not count.
    pub(crate) async fn tenants(&self) -> Result<Vec<TenantId>> {
        match self {
            Self::Opened(store) => tenants_in(&*store.storage).await,
            Self::Served(served) => served.tenants(),
        }
    }

    /// Reads everything that is stored, compares it with the logs for proofs, and reports each
    /// damaged place.
    ///
    /// # Errors
    ///
    /// What the store reports, apart from damage.
    pub(crate) async fn verify(&self, report: &mut (dyn FnMut(String) + Send)) -> Result<Compared> {
        match self {
            Self::Opened(store) => Ok(compare(&*store.storage, report).await?),
            Self::Served(served) => served.verify(report),
        }
    }

    /// Closes the store, if it was opened here.
    pub(crate) async fn close(self) -> Result<()> {
        match self {
            Self::Opened(store) => store.close().await,
            Self::Served(_) => Ok(()),
        }
    }
}
