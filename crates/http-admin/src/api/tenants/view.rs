//! Views of tenants.

use acta_storage::directory::{Tenant, TenantLimits, TenantState, Versioned};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::settings::SettingsView;
use crate::api::versioned::versioned;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    /// The id, which is never reused.
    #[schema(minimum = 1, example = 7)]
    id: u32,
    /// The display name.
    #[schema(min_length = 1, max_length = 200, example = "Example School")]
    name: String,
    /// Whether the tenant is active, suspended or deleted, or its data is being removed.
    #[schema(
        value_type = String,
        pattern = "^(active|suspended|deleted|purging)$",
        example = "active"
    )]
    state: &'static str,
    /// When it was created.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// When it was suspended or deleted, or the removal of its data began.
    #[schema(required, format = DateTime, example = json!(null))]
    since: Option<String>,
    /// When its data will be removed, if it is deleted.
    #[schema(required, format = DateTime, example = json!(null))]
    purge: Option<String>,
    /// The limits.
    limits: LimitsView,
    /// Whether the audit records which statements people read, and that credentials read.
    audits_reads: bool,
    /// Whether anybody may read its log for proofs, without a credential.
    publishes_proof_log: bool,
    /// The settings for questions.
    settings: SettingsView,
}

/// The limits of a tenant, null for no limit, and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TenantLimits)]
pub(crate) struct LimitsView {
    /// Requests per second on each node.
    #[schema(required, minimum = 1, example = 200)]
    requests_per_second: Option<u32>,
    /// Bytes of statements, documents and attachments per day (UTC).
    #[schema(required, minimum = 1, example = 1_000_000_000)]
    bytes_per_day: Option<u64>,
    /// Statements per day (UTC).
    #[schema(required, minimum = 1, example = json!(null))]
    statements_per_day: Option<u64>,
    /// How much it gets of what tenants share, compared with others.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    weight: u8,
}

impl LimitsView {
    pub(super) fn of(limits: &TenantLimits) -> Self {
        Self {
            requests_per_second: limits.requests_per_second.map(Into::into),
            bytes_per_day: limits.bytes_per_day.map(Into::into),
            statements_per_day: limits.statements_per_day.map(Into::into),
            weight: limits.weight.number(),
        }
    }
}

impl TenantView {
    pub(super) fn of(tenant: &Tenant) -> Self {
        let (since, purge) = match tenant.state {
            TenantState::Active => (None, None),
            TenantState::Suspended { since }
            | TenantState::Purging { since }
            | TenantState::Purged { since } => (Some(since), None),
            TenantState::Deleted { since, purge, .. } => (Some(since), Some(purge)),
        };
        Self {
            id: tenant.id.number(),
            name: tenant.name.clone(),
            state: tenant.state.as_str(),
            created: tenant.created.to_string(),
            since: since.map(|since| since.to_string()),
            purge: purge.map(|purge| purge.to_string()),
            limits: LimitsView::of(&tenant.limits),
            audits_reads: tenant.audits_reads,
            publishes_proof_log: tenant.publishes_proof_log,
            settings: SettingsView::of(&tenant.settings),
        }
    }
}

/// A response with a tenant.
pub(super) fn show(tenant: &Versioned<Tenant>) -> Response {
    versioned(&TenantView::of(&tenant.value), tenant.record.version)
}
