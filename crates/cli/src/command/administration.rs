//! Administration commands: one module for each resource. Each command is a client of the admin
//! API, whether the store is served or not.

pub(crate) mod account;
pub(crate) mod analyse;
pub(crate) mod audit;
pub(crate) mod credential;
mod csv_files;
pub(crate) mod facts;
pub(crate) mod follower;
pub(crate) mod group;
pub(crate) mod person;
pub(crate) mod proof;
pub(crate) mod query;
pub(crate) mod question;
pub(crate) mod sql;
pub(crate) mod statement;
pub(crate) mod tenant;
