//! One module for each command.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod serve;
