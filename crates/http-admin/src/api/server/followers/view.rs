//! The view of a follower.

use acta_admin::followers::FollowerState;
use serde::Serialize;
use utoipa::ToSchema;

/// A follower of the statement log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FollowerView {
    /// The name.
    #[schema(example = "entities")]
    name: &'static str,
    /// Whether it is paused on every node.
    is_paused: bool,
    /// Statements of all tenants that it has not read yet. For a follower that runs on every node,
    /// those of the node that responds; null if it does not run there.
    #[schema(example = 0)]
    lag: Option<u64>,
    /// Tenants with unread statements; null as `lag` is.
    #[schema(example = 0)]
    tenants_behind: Option<usize>,
    /// Why it fails on the node that responds; null if it does not.
    error: Option<String>,
}

impl FollowerView {
    pub(super) fn of(state: &FollowerState) -> Self {
        Self {
            name: state.name.as_str(),
            is_paused: state.is_paused,
            lag: state.lag,
            tenants_behind: state.tenants_behind_count,
            error: state.error.clone(),
        }
    }
}
