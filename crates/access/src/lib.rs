//! Tenants, scopes and principals, and the one function that decides what is permitted.
//!
//! Pure: no clock, file, socket or async.

mod decide;
mod principal;
mod scope;
mod tenant;

pub use decide::{Act, Denied, decide};
pub use principal::Principal;
pub use scope::{Scope, Scopes, UnknownScope};
pub use tenant::{NotATenantId, TenantId};
