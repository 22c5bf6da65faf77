//! How a follower is shown.

use acta_admin::followers::FollowerState;
use serde::Serialize;
use utoipa::ToSchema;

/// A follower of the statement log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FollowerView {
    /// Its name.
    #[schema(example = "entities")]
    name: &'static str,
    /// Whether it is paused, on every node.
    is_paused: bool,
    /// Statements that it has not read yet, of all tenants together.
    #[schema(example = 0)]
    lag: u64,
    /// Tenants with such statements.
    #[schema(example = 0)]
    tenants_behind: usize,
}

impl FollowerView {
    pub(super) fn of(state: &FollowerState) -> Self {
        Self {
            name: state.name.as_str(),
            is_paused: state.is_paused,
            lag: state.lag,
            tenants_behind: state.tenants_behind_count,
        }
    }
}
