//! What browsers get: HTML pages for people, the files of the web console, and the logs for proofs
//! that tenants publish.
//!
//! With the admin API, they are the groups of routes that [`acta_http::App`] serves beside the
//! resources of xAPI.

mod console;
mod groups;
mod pages;
mod public_log;

pub use groups::route_groups;
