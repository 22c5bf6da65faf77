//! How work is done for requests: in the span of the request, and shared fairly by
//! tenants and by the requesters of each.

mod fair_queue;
mod low_priority;
mod requesters;
mod round_robin;
mod shares;
mod spans;
mod weights;

pub use fair_queue::FairQueue;
pub use low_priority::{LONG_WORK_BYTES, LowPriority, lower_priority, spawn_low_priority};
pub use requesters::{
    RequesterId, TaskRequester, current_requester, for_requester, set_requester, with_requester,
    work_for_tenant,
};
pub use round_robin::RoundRobin;
pub use shares::{Share, Shares};
pub use spans::{background_span, group_span, spawn_blocking, tenant_span};
pub use weights::{FairShares, Load, NotAWeight, Weight, Weights};
