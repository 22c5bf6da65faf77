//! Permissions of operators of the server.

use std::fmt;

/// A permission on the server as a whole. Every operator has all of them, and nobody else has any.
///
/// None of them gives access to the data in a tenant: an operator needs a role there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServerPermission {
    /// List all tenants with their states, limits and usage.
    ReadTenants,
    /// Create tenants.
    CreateTenants,
    /// Rename any tenant.
    RenameTenants,
    /// Suspend and resume tenants.
    SuspendTenants,
    /// Delete tenants, and restore them during the waiting period.
    DeleteTenants,
    /// Set the limits of tenants.
    SetLimits,
    /// Set whether anybody may read the log for proofs of any tenant.
    PublishProofLogs,
    /// Invite owners into any tenant.
    AppointOwners,
    /// List all accounts.
    ReadAccounts,
    /// Create accounts.
    CreateAccounts,
    /// Disable, enable, reset and remove accounts.
    ChangeAccounts,
    /// Make accounts operators, and revoke this.
    AppointOperators,
    /// Read the audit of the server.
    ReadServerAudit,
    /// Export the audit of the server.
    ExportServerAudit,
    /// List the followers of the statement log and their progress.
    ReadFollowers,
    /// Pause, resume and rebuild followers.
    ControlFollowers,
}

impl ServerPermission {
    /// Every permission.
    pub const EVERY: [Self; 16] = [
        Self::ReadTenants,
        Self::CreateTenants,
        Self::RenameTenants,
        Self::SuspendTenants,
        Self::DeleteTenants,
        Self::SetLimits,
        Self::PublishProofLogs,
        Self::AppointOwners,
        Self::ReadAccounts,
        Self::CreateAccounts,
        Self::ChangeAccounts,
        Self::AppointOperators,
        Self::ReadServerAudit,
        Self::ExportServerAudit,
        Self::ReadFollowers,
        Self::ControlFollowers,
    ];

    /// The name, such as `create-tenants`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadTenants => "read-tenants",
            Self::CreateTenants => "create-tenants",
            Self::RenameTenants => "rename-tenants",
            Self::SuspendTenants => "suspend-tenants",
            Self::DeleteTenants => "delete-tenants",
            Self::SetLimits => "set-limits",
            Self::PublishProofLogs => "publish-proof-logs",
            Self::AppointOwners => "appoint-owners",
            Self::ReadAccounts => "read-accounts",
            Self::CreateAccounts => "create-accounts",
            Self::ChangeAccounts => "change-accounts",
            Self::AppointOperators => "appoint-operators",
            Self::ReadServerAudit => "read-server-audit",
            Self::ExportServerAudit => "export-server-audit",
            Self::ReadFollowers => "read-followers",
            Self::ControlFollowers => "control-followers",
        }
    }

    /// A description, as a verb phrase.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ReadTenants => "list all tenants with their states, limits and usage",
            Self::CreateTenants => "create tenants",
            Self::RenameTenants => "rename any tenant",
            Self::SuspendTenants => "suspend and resume tenants",
            Self::DeleteTenants => "delete tenants, and restore them during the waiting period",
            Self::SetLimits => "set the limits of tenants",
            Self::PublishProofLogs => {
                "set whether anybody may read the log for proofs of any tenant"
            }
            Self::AppointOwners => "invite owners into any tenant",
            Self::ReadAccounts => "list all accounts",
            Self::CreateAccounts => "create accounts",
            Self::ChangeAccounts => "disable, enable, reset and remove accounts",
            Self::AppointOperators => "make accounts operators, and revoke this",
            Self::ReadServerAudit => "read the audit of the server",
            Self::ExportServerAudit => "export the audit of the server",
            Self::ReadFollowers => "list the followers of the statement log and their progress",
            Self::ControlFollowers => "pause, resume and rebuild followers",
        }
    }
}

impl fmt::Display for ServerPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
