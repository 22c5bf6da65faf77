//! Reading, exporting and verifying the audit.

use std::fmt;

use acta_access::{Permission, ServerPermission, TenantId};
use acta_storage::{AuditEntry, AuditQuery, ChainHead, Change, StorageError};
use serde_json::json;

use crate::permissions::PermissionPair;
use crate::{Admin, AdminError, Requester};

/// A chain of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditChain {
    /// The chain of the server.
    Server,
    /// The chain of a tenant.
    Tenant(TenantId),
}

impl fmt::Display for AuditChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("server"),
            Self::Tenant(tenant) => write!(f, "tenant {tenant}"),
        }
    }
}

impl AuditChain {
    /// The tenant for storage; none for the server.
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Server => None,
            Self::Tenant(tenant) => Some(tenant),
        }
    }
}

/// The result of verifying a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The end of the chain. It can be saved elsewhere, to prove later that no earlier entry was
    /// changed.
    pub head: ChainHead,
    /// The first entry that does not follow the previous one; none if all do.
    pub broken_at: Option<u64>,
    /// Whether an end of the chain that was noted earlier is still in it, unchanged; none if none
    /// was given.
    pub has_noted: Option<bool>,
}

/// Entries that are checked at a time.
const PAGE_COUNT: usize = 1000;

impl Admin {
    async fn permit_audit(
        &self,
        requester: &Requester,
        chain: AuditChain,
        permissions: PermissionPair,
    ) -> Result<(), AdminError> {
        match chain {
            AuditChain::Server => self.permit_on_server(requester, permissions.on_server).await,
            AuditChain::Tenant(tenant) => {
                self.permit(requester, tenant, permissions.in_tenant).await.map(drop)
            }
        }
    }

    /// Checks whether the requester may read a chain.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn permit_reading_audit(
        &self,
        requester: &Requester,
        chain: AuditChain,
    ) -> Result<(), AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::ReadAudit,
            on_server: ServerPermission::ReadServerAudit,
        };
        self.permit_audit(requester, chain, permissions).await
    }

    /// The entries of a chain that match.
    ///
    /// # Errors
    ///
    /// As [`Admin::permit_reading_audit`].
    pub async fn list_audit(
        &self,
        requester: &Requester,
        chain: AuditChain,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, AdminError> {
        self.permit_reading_audit(requester, chain).await?;
        Ok(self.storage.list_audit(chain.tenant(), query).await?)
    }

    /// Begins an export of a chain, and records it in the audit. Returns the end of the export;
    /// later entries are not part of it.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_audit`].
    pub async fn begin_export(
        &self,
        requester: &Requester,
        chain: AuditChain,
        format: &'static str,
    ) -> Result<ChainHead, AdminError> {
        self.permit_export(requester, chain).await?;
        let head = self.storage.audit_head(chain.tenant()).await?;
        let detail = json!({ "format": format, "through": head.sequence });
        let entry = self.entry_with(requester, "audit.exported", "audit".to_owned(), &detail);
        let entries = vec![(chain.tenant(), entry)];
        self.commit(&Change { writes: Vec::new(), entries }).await?;
        Ok(head)
    }

    /// Checks whether the requester may export a chain, also while an export continues.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_audit`].
    pub async fn permit_export(
        &self,
        requester: &Requester,
        chain: AuditChain,
    ) -> Result<(), AdminError> {
        let permissions = PermissionPair {
            in_tenant: Permission::ExportAudit,
            on_server: ServerPermission::ExportServerAudit,
        };
        self.permit_audit(requester, chain, permissions).await
    }

    /// A page of an export.
    ///
    /// # Errors
    ///
    /// [`AdminError::Service`].
    pub async fn export_page(
        &self,
        chain: AuditChain,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, AdminError> {
        Ok(self.storage.list_audit(chain.tenant(), query).await?)
    }

    /// Checks a chain from its start to its end.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_audit`].
    pub async fn verify_audit(
        &self,
        requester: &Requester,
        chain: AuditChain,
        noted: Option<ChainHead>,
    ) -> Result<Verified, AdminError> {
        self.permit_reading_audit(requester, chain).await?;
        let tenant = chain.tenant();
        let end = self.storage.audit_head(tenant).await?;
        let mut query = AuditQuery::everything(PAGE_COUNT);
        let mut head = ChainHead::EMPTY;
        let mut has_noted = noted.map(|noted| noted == head);
        loop {
            let entries = self.storage.list_audit(tenant, &query).await?;
            if let Some(broken) = acta_storage::first_broken_link(head, tenant, &entries) {
                return Ok(Verified { head: end, broken_at: Some(broken), has_noted });
            }
            let is_noted = |entry: &AuditEntry| Some(ChainHead::from(entry)) == noted;
            has_noted = has_noted.map(|has_noted| has_noted || entries.iter().any(is_noted));
            let Some(last) = entries.last() else { break };
            head = ChainHead::from(last);
            query.after = Some(last.sequence);
        }
        // Entries that were added meanwhile are after the requested end.
        let is_short = head.sequence < end.sequence;
        let broken_at = is_short.then_some(head.sequence + 1);
        Ok(Verified { head, broken_at, has_noted })
    }

    /// The ends of all chains, to be stored outside of the store.
    ///
    /// # Errors
    ///
    /// What storage reports.
    pub async fn audit_heads(&self) -> Result<Vec<(AuditChain, ChainHead)>, StorageError> {
        let tenants = self.storage.list_tenants().await?;
        let tenants = tenants.iter().map(|tenant| AuditChain::Tenant(tenant.id));
        let mut heads = Vec::new();
        for chain in [AuditChain::Server].into_iter().chain(tenants) {
            heads.push((chain, self.storage.audit_head(chain.tenant()).await?));
        }
        Ok(heads)
    }
}
