//! Who work is done for: a tenant, and who of it.
//!
//! A task that answers a request knows its requester, as it knows the span of the request, so that
//! whatever makes it wait can serve tenants and requesters in turn. Other tasks have none.

use std::cell::Cell;

use acta_access::TenantId;
use siphasher::sip128::SipHasher13;

use crate::Who;

/// A requester: those of one tenant are served in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequesterId {
    /// Nobody who is known. All clients without a credential are one requester.
    #[default]
    Unknown,
    /// A credential, with all tokens that were issued to it, or a subject of an identity provider:
    /// a hash of its name.
    Credential(u128),
    /// A person who is signed in, with all sessions: the id of the account.
    Account(u128),
}

impl From<&Who> for RequesterId {
    fn from(who: &Who) -> Self {
        match who {
            Who::Account(id) => Self::Account(id.as_u128()),
            Who::Credential(name) | Who::Token(name) | Who::Bearer(name) => {
                Self::Credential(SipHasher13::new().hash(name.as_bytes()).as_u128())
            }
            Who::Operator | Who::Server | Who::Anonymous => Self::Unknown,
        }
    }
}

/// Whom a task works for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskRequester {
    /// The tenant; `None` for work of the server, or of several tenants.
    pub tenant: Option<TenantId>,
    /// Who of the tenant, or of the server.
    pub id: RequesterId,
}

impl TaskRequester {
    /// A tenant, without anybody who is known.
    pub const fn of_tenant(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), id: RequesterId::Unknown }
    }
}

tokio::task_local! {
    static REQUESTER: Cell<TaskRequester>;
}

/// Runs `work` for a requester, who may be set again while it runs.
pub fn for_requester<F: Future>(
    requester: TaskRequester,
    work: F,
) -> impl Future<Output = F::Output> {
    REQUESTER.scope(Cell::new(requester), work)
}

/// Runs what does not wait for a requester.
pub fn with_requester<R>(requester: TaskRequester, work: impl FnOnce() -> R) -> R {
    REQUESTER.sync_scope(Cell::new(requester), work)
}

/// Has the present task work for a tenant from now on, if it works for none yet: what somebody who
/// is of no tenant does there is counted there.
pub fn work_for_tenant(tenant: TenantId) {
    let now = current_requester();
    if now.tenant.is_none() {
        set_requester(TaskRequester { tenant: Some(tenant), ..now });
    }
}

/// Sets whom the present task works for, if it runs in [`for_requester`].
pub fn set_requester(requester: TaskRequester) {
    // Elsewhere nobody asks for it.
    let _ = REQUESTER.try_with(|current| current.set(requester));
}

/// Whom the present task works for.
pub fn current_requester() -> TaskRequester {
    REQUESTER.try_with(Cell::get).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use acta_xapi::Uuid;

    use super::*;

    #[test]
    fn a_token_is_the_requester_that_its_credential_is() {
        let of = |who: Who| RequesterId::from(&who);
        let credential = of(Who::Credential("key".to_owned()));
        assert_eq!(of(Who::Token("key".to_owned())), credential);
        assert_ne!(of(Who::Credential("yek".to_owned())), credential);
        let account = |number| of(Who::Account(Uuid::from_u128(number)));
        assert_eq!(account(7), RequesterId::Account(7));
        assert_ne!(account(7), account(8));
        for who in [Who::Operator, Who::Server, Who::Anonymous] {
            assert_eq!(of(who), RequesterId::Unknown);
        }
    }

    #[tokio::test]
    async fn a_task_knows_its_requester_and_others_have_none() {
        let first = TaskRequester { tenant: None, id: RequesterId::Account(1) };
        let second = TaskRequester::of_tenant(TenantId::FIRST);
        set_requester(first);
        assert_eq!(current_requester(), TaskRequester::default());
        let work = async {
            let before = current_requester();
            tokio::task::yield_now().await;
            set_requester(second);
            tokio::task::yield_now().await;
            [before, current_requester()]
        };
        assert_eq!(for_requester(first, work).await, [first, second]);
        assert_eq!(with_requester(second, current_requester), second);
        assert_eq!(current_requester(), TaskRequester::default());
    }
}
