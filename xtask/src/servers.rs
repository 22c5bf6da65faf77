//! The servers that tests need.

pub(crate) mod objects;
pub(crate) mod oidc;
pub(crate) mod postgres;
