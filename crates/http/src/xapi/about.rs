//! `/xapi/about`: the supported versions.

use acta_xapi::Version;
use axum::response::Response;

use crate::edge::{NoParams, Query};
use crate::reply::json;

/// `GET /xapi/about`: the latest patch release of every supported version. No authentication or
/// version header is required.
///
/// # Errors
///
/// 400 for any parameter.
///
/// Spec: XAPI-00315 to XAPI-00319; xAPI 1.0.3, Part Three, 2.8; IEEE 9274.1.1, 4.1.6.7.
pub(crate) async fn get_about(Query(NoParams): Query<NoParams>) -> Response {
    let versions: Vec<&str> = Version::EVERY.into_iter().map(Version::as_str).collect();
    json(serde_json::json!({ "version": versions }).to_string())
}
