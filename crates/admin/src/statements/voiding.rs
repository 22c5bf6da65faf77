//! Voiding statements.

use acta_access::{Permission, Principal, Scope, Scopes, TenantId};
use acta_service::{NewVoiding, Voidability};
use acta_storage::Change;
use acta_storage::directory::{Tenant, TenantState};
use acta_xapi::StatementId;
use serde_json::json;

use super::reading::own_principal;
use crate::{Admin, AdminError, Requester};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// Why no statement of a tenant that is suspended or deleted is voided.
const NOT_ACTIVE: &str = "the tenant is suspended or deleted, and takes no statements";

impl Admin {
    /// Voids a statement: stores a voiding statement with a reason, whose actor is the requester,
    /// and returns its id. The name of an account becomes part of it.
    ///
    /// The audit has two entries if the voiding statement may not have been stored: that somebody
    /// voided the statement, which is recorded before, and that this is not confirmed.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Forbidden`],
    /// [`AdminError::Service`]; [`AdminError::Conflict`]: the statement is voided or is a voiding
    /// statement, or the tenant is not active.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.2.
    pub async fn void_statement(
        &self,
        requester: &Requester,
        (tenant, target): (TenantId, StatementId),
        reason: &str,
    ) -> Result<StatementId, AdminError> {
        let found = self.permit(requester, tenant, Permission::VoidStatements).await?.value;
        if found.state != TenantState::Active {
            return Err(AdminError::Conflict(NOT_ACTIVE));
        }
        check_reason(reason)?;
        let version = match self.service.find_voidability(tenant, target).await? {
            Voidability::Voidable(version) => version,
            Voidability::Voided => {
                return Err(AdminError::Conflict("the statement is already voided"));
            }
            Voidability::Voiding => {
                let why = "a voiding statement cannot be voided: send the voided statement again, \
                           with a new id";
                return Err(AdminError::Conflict(why));
            }
        };
        let new = NewVoiding {
            id: StatementId(self.new_id()),
            target,
            version,
            actor_name: requester.account().map(|account| account.display_name.as_str()),
            reason,
            limits: &found.limits,
        };
        self.store_voiding(requester, &found, new).await?;
        Ok(new.id)
    }

    /// Records in the audit that a statement is voided, then stores the voiding statement, so that
    /// none is ever stored without an entry.
    async fn store_voiding(
        &self,
        requester: &Requester,
        tenant: &Tenant,
        new: NewVoiding<'_>,
    ) -> Result<(), AdminError> {
        let voiding = new.id.to_string();
        let detail = json!({ "reason": new.reason, "voiding_statement": voiding });
        let record = async |act: &'static str, detail| {
            let target = format!("statement:{}", new.target);
            let entry = self.entry_with(requester, act, target, detail);
            self.commit(&Change { writes: Vec::new(), entries: vec![(Some(tenant.id), entry)] })
                .await
        };
        record("statement.voided", &detail).await?;
        let stored = self.service.store_voiding(&writer(requester, tenant.id), new).await;
        if stored.is_err() {
            let detail = json!({ "voiding_statement": voiding });
            if let Err(error) = record("statement.void-unconfirmed", &detail).await {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a failure could not be recorded in the audit");
            }
        }
        Ok(stored?)
    }
}

fn check_reason(reason: &str) -> Result<(), AdminError> {
    let is_blank = reason.trim().is_empty();
    // Counted only as far as needed: an invalid reason may be as long as a request.
    let is_long = reason.chars().nth(REASON_CHARS_MAX).is_some();
    if is_blank || is_long || reason.contains(char::is_control) {
        let message = format!(
            "expected 1 to {REASON_CHARS_MAX} characters, not blank, without control characters"
        );
        return Err(AdminError::fault("/reason", message));
    }
    Ok(())
}

/// The principal with which a requester who may void statements of a tenant stores them: for a
/// credential one of its name and authority, otherwise one of the requester's name in the audit.
fn writer(requester: &Requester, tenant: TenantId) -> Principal {
    let scopes = Scopes::from_iter([Scope::StatementsWrite]);
    match own_principal(requester, tenant) {
        Some(own) => Principal {
            authority: own.authority.clone(),
            ..Principal::new(tenant, own.name.as_str(), scopes)
        },
        None => Principal::new(tenant, requester.who().to_string(), scopes),
    }
}
