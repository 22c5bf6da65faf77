//! The admin API below `/api/v1`, HTML pages for people, the files of the web console, and the logs
//! for proofs that tenants publish.
//!
//! All are groups of routes that [`acta_http::App`] serves beside the resources of xAPI.

mod api;
mod caching;
mod caller;
mod console;
mod cookie;
mod groups;
mod markup;
mod operations;
mod pages;
mod problem;
mod public_log;
mod state;

pub use api::openapi::text as openapi_document;
pub use groups::route_groups;
pub use state::{
    AdminApiParts, AdminApiSettings, ClockGauge, ClockReading, EngineKind, SignInProvider,
};
