//! One module for each command.

pub(crate) mod administration;
pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod copy;
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod migrate;
pub(crate) mod reindex;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod statements;
pub(crate) mod status;
pub(crate) mod verify;
