//! The admin API below `/api/v1`, HTML pages for people, and the files of the web console.
//!
//! All are groups of routes that [`acta_http::App`] serves beside the resources of xAPI.

mod api;
mod caller;
mod console;
mod cookie;
mod facts;
mod groups;
mod markup;
mod operations;
mod pages;
mod problem;
mod state;

pub use api::openapi::text as openapi_document;
pub use facts::{FactQueries, FactSettings};
pub use groups::route_groups;
pub use state::{
    AdminApiParts, AdminApiSettings, ClockGauge, ClockReading, EngineKind, SignInProvider,
};
