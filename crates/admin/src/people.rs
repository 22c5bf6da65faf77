//! People: their accounts and roles, how they sign in, and what they do to their own accounts.

pub(crate) mod accounts;
pub(crate) mod links;
pub(crate) mod members;
pub(crate) mod own;
pub(crate) mod provided;
pub(crate) mod sessions;
pub(crate) mod signing_in;
