//! What an administrator does: one module for each noun, each command a client of the admin
//! API, served or not.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod credential;
pub(crate) mod follower;
pub(crate) mod tenant;
