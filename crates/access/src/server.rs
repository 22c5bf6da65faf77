//! What operators of the server may do beside the roles.

use std::fmt;

/// An act on the server as a whole. Every operator may do all of them, and nobody else any.
///
/// None of them reads or writes what is in a tenant: an operator who should needs a role
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServerPermission {
    /// List all tenants with their states, limits and usage.
    ReadTenants,
    /// Make tenants.
    CreateTenants,
    /// Rename any tenant.
    RenameTenants,
    /// Suspend tenants, and let them go on.
    SuspendTenants,
    /// Delete tenants, and take that back while it waits.
    DeleteTenants,
    /// Set the limits of tenants.
    SetLimits,
    /// Invite owners into any tenant.
    AppointOwners,
    /// List all accounts.
    ReadAccounts,
    /// Make accounts.
    CreateAccounts,
    /// Lock accounts, let them in again, reset them and remove them.
    ChangeAccounts,
    /// Make operators of accounts, and take that away.
    AppointOperators,
    /// Read the audit of the server.
    ReadServerAudit,
    /// Export the audit of the server.
    ExportServerAudit,
    /// See how far the followers of the statement log are.
    ReadFollowers,
    /// Pause, resume and rebuild followers.
    ControlFollowers,
}

impl ServerPermission {
    /// Every permission.
    pub const EVERY: [Self; 15] = [
        Self::ReadTenants,
        Self::CreateTenants,
        Self::RenameTenants,
        Self::SuspendTenants,
        Self::DeleteTenants,
        Self::SetLimits,
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

    /// The name, as in `create-tenants`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadTenants => "read-tenants",
            Self::CreateTenants => "create-tenants",
            Self::RenameTenants => "rename-tenants",
            Self::SuspendTenants => "suspend-tenants",
            Self::DeleteTenants => "delete-tenants",
            Self::SetLimits => "set-limits",
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

    /// What it lets do, as half a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ReadTenants => "list all tenants with their states, limits and usage",
            Self::CreateTenants => "create tenants",
            Self::RenameTenants => "rename any tenant",
            Self::SuspendTenants => "suspend and resume tenants",
            Self::DeleteTenants => "delete tenants, and restore them during the waiting period",
            Self::SetLimits => "set the limits of tenants",
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
