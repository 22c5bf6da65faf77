//! What a quota limits, and the error of an exhausted one.

use std::time::Duration;

/// A quota of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaLimit {
    /// Requests per second.
    Requests,
    /// Bytes stored on a day.
    Bytes,
    /// Statements stored on a day.
    Statements,
}

/// A quota of a tenant is exhausted. Retry later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .limit.describe(*.max))]
pub struct OverQuota {
    /// The exhausted quota.
    pub limit: QuotaLimit,
    /// The value of the limit.
    pub max: u64,
    /// How long to wait before the next attempt.
    pub retry_after: Duration,
}

impl QuotaLimit {
    /// The rule of a quota of `max`.
    fn describe(self, max: u64) -> String {
        match self {
            Self::Requests => format!("the tenant may send at most {max} requests per second"),
            Self::Bytes => format!("the tenant may store at most {max} bytes per day (UTC)"),
            Self::Statements => {
                format!("the tenant may store at most {max} statements per day (UTC)")
            }
        }
    }
}
