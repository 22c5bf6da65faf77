//! Views of dashboards.

use acta_storage::directory::{SavedQuestion, Versioned};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::tile::{Tile, Tiles};
use crate::api::versioned::versioned;

/// A dashboard in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DashboardSummary)]
pub(super) struct SummaryView {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The name.
    #[schema(example = "Onboarding")]
    name: String,
    /// What it is for; may be empty.
    description: String,
    /// The id of the account that has saved it; null if it belongs to the tenant.
    #[schema(required, format = "uuid")]
    owner: Option<String>,
    /// Whether it is for all who may ask questions about the tenant.
    shared: bool,
    /// When it was saved first.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// When it was changed last.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    changed: String,
}

impl SummaryView {
    pub(super) fn of(dashboard: &SavedQuestion) -> Self {
        Self {
            id: dashboard.id.to_string(),
            name: dashboard.name.clone(),
            description: dashboard.description.clone(),
            owner: dashboard.owner.map(|owner| owner.to_string()),
            shared: dashboard.is_shared,
            created: dashboard.created.to_string(),
            changed: dashboard.changed.to_string(),
        }
    }
}

/// A dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Dashboard)]
pub(super) struct DashboardView {
    #[serde(flatten)]
    summary: SummaryView,
    /// What it shows, in this order.
    #[schema(max_items = 24)]
    tiles: Vec<Tile>,
}

impl DashboardView {
    pub(super) fn of(dashboard: &SavedQuestion) -> Self {
        Self { summary: SummaryView::of(dashboard), tiles: Tiles::of(dashboard).tiles }
    }
}

/// A response with a dashboard.
pub(super) fn show(dashboard: &Versioned<SavedQuestion>) -> Response {
    versioned(&DashboardView::of(&dashboard.value), dashboard.record.version)
}
