//! How work is done for requests: in the span of the request, and shared fairly by tenants.

mod fair_queue;
mod low_priority;
mod shares;
mod spans;
mod weights;

pub use fair_queue::FairQueue;
pub use low_priority::{LONG_WORK_BYTES, LowPriority, lower_priority, spawn_low_priority};
pub use shares::{Share, Shares};
pub use spans::{background_span, group_span, spawn_blocking, tenant_span};
pub use weights::{FairShares, Load, NotAWeight, Weight, Weights};
