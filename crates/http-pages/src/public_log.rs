//! Logs for proofs at the addresses that are their names, for anybody and without a credential:
//! `/t/<id of the log>/<epoch>`, with what C2SP tlog-tiles has below.
//!
//! A tenant publishes its log, or does not. A log that is not published, or is of another epoch, or
//! whose tenant is not served, has the same answer as one that never was.
//!
//! Nothing of a statement can be read here: hashes, and entries that are commitments.

use std::time::Duration;

use acta_access::TenantId;
use acta_admin::AdminError;
use acta_http::problem::Problem;
use acta_http::route::{Gate, Route};
use acta_http_admin::{AdminProblem, IMMUTABLE, Shared, has_tag};
use acta_merkle::TilePath;
use acta_proof::{LogChoice, Proofs};
use acta_storage::work_for_tenant;
use acta_xapi::Uuid;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
};
use hyper::{HeaderMap, StatusCode};

/// The way to views of the console too, whose next segment is the number of a tenant.
const PREFIX: &str = "/t/";

/// The digits of an epoch in the name of a log.
const EPOCH_DIGITS: usize = 16;

/// A second or two after statements were stored there is another checkpoint.
const CHECKPOINT_CACHING: &str = "public, max-age=2";

/// Its bytes never change, but nobody needs it any more when it is full.
const PARTIAL_CACHING: &str = "public, max-age=86400, immutable";

/// When to ask again where too many ask at the same time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The content type of checkpoints.
const NOTE: &str = "text/plain; charset=utf-8";

/// The content type of tiles and bundles of entries.
const BYTES: &str = "application/octet-stream";

/// The path below which a log is, and what is asked for there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogPath<'a> {
    id: Uuid,
    /// The epoch and what is below; also what no log has.
    rest: &'a str,
}

/// A resource of the log of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Checkpoint,
    Tile(TilePath),
}

impl<'a> LogPath<'a> {
    /// The path of anything at or below the id of a log; none for views of the console.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let below = path.strip_prefix(PREFIX)?;
        let (id, rest) = below.split_once('/').unwrap_or((below, ""));
        Some(Self { id: id.parse().ok()?, rest }).filter(|path| path.id.to_string() == id)
    }

    fn resource(&self) -> Option<(u64, Resource)> {
        let (epoch, path) = self.rest.split_once('/')?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if epoch.len() != EPOCH_DIGITS || !epoch.bytes().all(is_digit) {
            return None;
        }
        let epoch = u64::from_str_radix(epoch, 16).ok()?;
        let resource = match path {
            "checkpoint" => Resource::Checkpoint,
            tile => Resource::Tile(tile.parse().ok()?),
        };
        Some((epoch, resource))
    }
}

/// The route of what is at or below the address of a log; none for every other path.
pub(crate) fn find(path: &str) -> Option<Route> {
    LogPath::parse(path).map(|_log| Route::new("proof-log", Gate::Open))
}

/// The response to GET for what is at this path, for pages of any origin.
pub(crate) async fn read(shared: &Shared, path: LogPath<'_>, sent: &HeaderMap) -> Response {
    let response = read_published(shared, path, sent).await;
    let mut response = response.unwrap_or_else(AdminProblem::into_response);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    response
}

async fn read_published(
    shared: &Shared,
    path: LogPath<'_>,
    sent: &HeaderMap,
) -> Result<Response, AdminProblem> {
    let proofs = shared.proofs.as_deref().ok_or_else(Problem::not_found)?;
    let (epoch, resource) = path.resource().ok_or_else(Problem::not_found)?;
    let turn = shared.public_log_requests.try_acquire();
    let _turn = turn.map_err(|_all_taken| Problem::busy(RETRY_AFTER))?;
    let tenant = shared.admin.find_published_log(path.id).await?;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    work_for_tenant(tenant);
    let log = LogChoice { tenant, epoch: Some(epoch) };
    match resource {
        Resource::Checkpoint => read_checkpoint(proofs, log, sent).await,
        Resource::Tile(tile) => read_tile(shared, proofs, (log, tile)).await,
    }
}

async fn read_checkpoint(
    proofs: &Proofs,
    log: LogChoice,
    sent: &HeaderMap,
) -> Result<Response, AdminProblem> {
    let state = proofs.state(log).await.map_err(AdminError::from)?;
    let checkpoint = state.ok_or_else(Problem::not_found)?.checkpoint;
    // A log has one root of each size, and an epoch one key.
    let tag = format!("\"{}\"", checkpoint.unverified().head.size);
    let mut response = if has_tag(sent, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        show(NOTE, checkpoint.to_string())
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CHECKPOINT_CACHING));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}

async fn read_tile(
    shared: &Shared,
    proofs: &Proofs,
    (log, tile): (LogChoice, TilePath),
) -> Result<Response, AdminProblem> {
    let tenant: TenantId = log.tenant;
    let (is_full, _turn) = match tile {
        TilePath::Hashes(tile) => (tile.is_full(), None),
        // It is computed from whole statements.
        TilePath::Entries(bundle) => {
            (bundle.is_full(), Some(shared.public_bundle_turn(tenant).await))
        }
    };
    let share = shared.http.query_shares.acquire(tenant, 0).await;
    let bytes = proofs.read(log, tile).await?;
    share.charge(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let mut response = show(BYTES, bytes);
    let caching = if is_full { IMMUTABLE } else { PARTIAL_CACHING };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    Ok(response)
}

fn show(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "/t/6690e6c9-3ef0-4ed3-8b37-7f3964730bee";

    #[test]
    fn a_log_has_the_paths_below_its_id_and_the_console_all_others() {
        for (path, is_of_log) in [
            (LOG.to_owned(), true),
            (format!("{LOG}/1f0c66a04be1d3e2/checkpoint"), true),
            (format!("{LOG}/other"), true),
            (LOG.to_uppercase().replacen('T', "t", 1), false),
            ("/t/1/statements".to_owned(), false),
            ("/t/".to_owned(), false),
            ("/api/v1/tenants".to_owned(), false),
        ] {
            assert_eq!(find(&path).is_some(), is_of_log, "{path}");
        }
    }

    #[test]
    fn a_path_of_a_log_has_an_epoch_and_one_of_the_resources_of_tlog_tiles() {
        for (rest, is_there) in [
            ("1f0c66a04be1d3e2/checkpoint", true),
            ("0000000000000000/checkpoint", true),
            ("1f0c66a04be1d3e2/tile/0/000", true),
            ("1f0c66a04be1d3e2/tile/1/x001/x234/067.p/17", true),
            ("1f0c66a04be1d3e2/tile/entries/000.p/255", true),
            ("1f0c66a04be1d3e2/tile/0/000.p/256", false),
            ("1f0c66a04be1d3e2/tile/0/0", false),
            ("1f0c66a04be1d3e2/tile/64/000", false),
            ("1f0c66a04be1d3e2/checkpoint/", false),
            ("1f0c66a04be1d3e2/", false),
            ("1f0c66a04be1d3e2", false),
            ("1F0C66A04BE1D3E2/checkpoint", false),
            ("1f0c66a04be1d3e/checkpoint", false),
            ("+f0c66a04be1d3e2/checkpoint", false),
            ("", false),
        ] {
            let path = format!("{LOG}/{rest}");
            let found = LogPath::parse(&path).unwrap().resource();
            assert_eq!(found.is_some(), is_there, "{rest}");
        }
    }
}
