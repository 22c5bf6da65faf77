//! Tenants, roles, scopes and restrictions, and the functions that decide what is permitted.
//!
//! [`decide`] and the [`Restrictions`] of the principal decide on xAPI requests; [`permits`] for
//! people and [`decide_administration`] for credentials decide on administration. The page
//! `docs/operate/access.md` is generated from the tables here.
//!
//! Pure: no clock, file, socket or async.

mod authority;
mod decide;
mod define;
mod permission;
mod principal;
mod reference;
mod restrictions;
mod role;
mod scope;
mod server;
mod standing;
mod tenant;

pub use authority::{Authority, NotAnAuthority};
pub use decide::{
    Act, Denied, decide, decide_administration, decide_granting, reads_every_statement,
};
pub use define::{Defines, defines};
pub use permission::{Permission, permits};
pub use principal::Principal;
pub use reference::reference_page;
pub use restrictions::{
    ActivityPrefix, Binding, NotAPrefix, NotAnOrigin, Origin, Restriction, Restrictions,
};
pub use role::{Role, UnknownRole, may_grant};
pub use scope::{Scope, Scopes, UnknownScope};
pub use server::ServerPermission;
pub use standing::Standing;
pub use tenant::{NotATenantId, TenantId};
