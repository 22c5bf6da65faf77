//! How many people and accounts a tenant may have.

use acta_access::TenantId;
use acta_storage::directory::{Account, Recorded};
use acta_storage::{Change, CountLimit, RecordHolder, RecordKind, RecordWrite};

use crate::{Admin, AdminError, ReachedLimit};

/// The tenants that were found to have as many as they may.
#[derive(Debug, Default)]
pub(crate) struct FullTenants {
    /// As many people.
    pub(crate) of_people: Vec<TenantId>,
    /// As many accounts that were created for them.
    pub(crate) of_accounts: Vec<TenantId>,
}

impl FullTenants {
    /// Takes in that the write of `change` with this index was one too many.
    pub(crate) fn note(&mut self, change: &Change, index: usize, account: &Account) {
        let Some(write) = change.writes.get(index) else { return };
        if write.kind == RecordKind::Account {
            self.of_accounts.extend(account.created_for);
        } else {
            self.of_people.extend(write.content.as_ref().and_then(|content| content.tenant));
        }
    }

    /// Whether the tenant has room for one more person who has no account yet.
    pub(crate) fn has_room_for_account(&self, tenant: TenantId) -> bool {
        !self.of_people.contains(&tenant) && !self.of_accounts.contains(&tenant)
    }
}

impl Admin {
    /// The limit of a new role in a tenant.
    pub(crate) fn people_limit(&self) -> CountLimit {
        let count_max = self.options.people_max;
        CountLimit { of: RecordHolder::Tenant, count_max, unexpired_at: None }
    }

    /// The write that creates an account, within the limit of the tenant for which it is created.
    pub(crate) fn create_within(&self, account: &Account) -> RecordWrite {
        let write = account.create();
        if account.created_for.is_none() {
            return write;
        }
        let count_max = self.options.accounts_max;
        write.within(CountLimit { of: RecordHolder::Owner, count_max, unexpired_at: None })
    }

    /// The error for a change of which the write with this index was one too many.
    pub(crate) fn one_too_many(&self, change: &Change, index: usize) -> AdminError {
        match change.writes.get(index) {
            Some(write) if write.kind == RecordKind::Account => self.too_many_accounts(),
            Some(write) if write.kind == RecordKind::Membership => self.too_many_people(),
            Some(_) | None => AdminError::Stale,
        }
    }

    pub(crate) fn too_many_people(&self) -> AdminError {
        AdminError::LimitReached(ReachedLimit {
            holder: "the tenant",
            what: "people",
            count_max: self.options.people_max,
            key: "tenants.people_max",
        })
    }

    pub(crate) fn too_many_accounts(&self) -> AdminError {
        AdminError::LimitReached(ReachedLimit {
            holder: "the tenant",
            what: "accounts that were created for it",
            count_max: self.options.accounts_max,
            key: "tenants.accounts_max",
        })
    }
}
