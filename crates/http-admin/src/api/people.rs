//! People: their accounts, roles and sessions, and one-time links.

pub(super) mod accounts;
mod address;
pub(super) mod invitations;
pub(super) mod links;
pub(super) mod members;
pub(super) mod own;
pub(super) mod session;
mod view;
