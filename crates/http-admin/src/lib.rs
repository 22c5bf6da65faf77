//! The admin API below `/api/v1`: a group of routes that [`acta_http::App`] serves beside the
//! resources of xAPI, and what other routes for people need.

mod api;
mod caching;
mod caller;
pub mod cookie;
mod groups;
mod markup;
mod operations;
mod problem;
mod state;

pub use api::openapi::text as openapi_document;
pub use caching::{IMMUTABLE, has_tag};
pub use caller::{Visitor, admit, confirm, is_csrf_token};
pub use groups::route_group;
pub use problem::{AdminProblem, BEARER_CHALLENGE, unknown_to_us};
pub use state::{
    AdminApiParts, AdminApiSettings, AdminDependencies, ClockGauge, ClockReading, EngineKind,
    Shared, SignInProvider,
};
