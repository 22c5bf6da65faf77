//! People: accounts, roles, identities, sign-in, and changes to the own account.

pub(crate) mod accounts;
mod identities;
mod link_creator;
pub(crate) mod links;
mod maximums;
pub(crate) mod members;
pub(crate) mod own;
pub(crate) mod provider_sign_in;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod signed_in;
