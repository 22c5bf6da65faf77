//! The ends of the audit chains, logged so that they are stored outside of the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use acta_admin::{Admin, AuditChain};
use acta_storage::{ChainHead, StorageError};
use tracing::info;

/// How many entries the chains have, when they were last read.
#[derive(Debug, Default)]
pub(crate) struct AuditCounts {
    server: AtomicU64,
    tenants: AtomicU64,
}

impl AuditCounts {
    /// Entries of the chain of the server.
    pub(crate) fn server(&self) -> u64 {
        self.server.load(Ordering::Relaxed)
    }

    /// Entries of the chains of all tenants together.
    pub(crate) fn tenants(&self) -> u64 {
        self.tenants.load(Ordering::Relaxed)
    }
}

/// Logs the end of each chain that has changed.
pub(super) struct AuditHeads {
    admin: Admin,
    counts: Arc<AuditCounts>,
    logged: HashMap<AuditChain, ChainHead>,
}

impl AuditHeads {
    /// Nothing is logged yet.
    pub(super) fn new(admin: Admin, counts: Arc<AuditCounts>) -> Self {
        Self { admin, counts, logged: HashMap::new() }
    }

    /// Reads the ends of all chains, and logs those that have changed since they were last logged.
    ///
    /// # Errors
    ///
    /// What storage reports.
    pub(super) async fn log(&mut self) -> Result<(), StorageError> {
        let heads = self.admin.audit_heads().await?;
        let (mut server, mut tenants) = (0, 0);
        for (chain, head) in &heads {
            match chain {
                AuditChain::Server => server += head.sequence,
                AuditChain::Tenant(_) => tenants += head.sequence,
            }
            if head.sequence != 0 && self.logged.get(chain) != Some(head) {
                info!(
                    target: "audit",
                    { audit.chain = %chain, audit.head = %head },
                    "the audit of {chain} ends with {head}"
                );
            }
        }
        self.counts.server.store(server, Ordering::Relaxed);
        self.counts.tenants.store(tenants, Ordering::Relaxed);
        self.logged = heads.into_iter().collect();
        Ok(())
    }
}
