//! The web console: its page at every path that is a view of it, and its files.
//!
//! The files contain no data. The console reads everything from the admin API, with the session
//! of the person.

use acta_console_assets::{Asset, find, page};
use acta_http::edge::accepts_gzip;
use acta_http::problem::Problem;
use acta_http::route::{Gate, Route, RouteTable};
use acta_http_admin::{IMMUTABLE, Shared, has_tag};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, REFERRER_POLICY, VARY,
};
use hyper::{HeaderMap, StatusCode, Uri};

use crate::public_log::{self, LogPath};

/// Scripts, styles, fonts and data from this server only, nothing inline, and no framing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri \
                      'none'; frame-ancestors 'none'";

/// To be asked for each time, with the tag of the copy at hand.
const REVALIDATED: &str = "no-cache";

/// Every path with its methods. Paths of the views are here, and every other path stays unknown.
///
/// A router cannot distinguish views from logs for proofs, which are below `/t/` too, so both have
/// one handler.
pub(crate) fn table() -> RouteTable<Shared> {
    let paths: [(&'static str, MethodRouter<Shared>); 7] = [
        ("/", get(get_page)),
        ("/t/{*view}", get(get_view_or_log)),
        ("/server", get(get_page)),
        ("/server/{*view}", get(get_page)),
        ("/icon.svg", get(get_icon)),
        ("/licenses.txt", get(get_licenses)),
        ("/assets/{file}", get(get_asset)),
    ];
    paths.into_iter().fold(RouteTable::default(), |table, (path, methods)| {
        table.path(path, Route::new(path, Gate::Open), methods)
    })
}

async fn get_page(headers: HeaderMap) -> Result<Response, Problem> {
    page().map(|page| show(page, &headers)).ok_or_else(Problem::not_found)
}

async fn get_view_or_log(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match LogPath::parse(uri.path()) {
        Some(path) => Ok(public_log::read(&shared, path, &headers).await),
        None => get_page(headers).await,
    }
}

async fn get_icon(headers: HeaderMap) -> Result<Response, Problem> {
    find("/icon.svg").map(|icon| show(icon, &headers)).ok_or_else(Problem::not_found)
}

async fn get_licenses(headers: HeaderMap) -> Result<Response, Problem> {
    find("/licenses.txt").map(|text| show(text, &headers)).ok_or_else(Problem::not_found)
}

async fn get_asset(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let found = find(&format!("/assets/{file}"));
    found.map(|asset| show(asset, &headers)).ok_or_else(Problem::not_found)
}

/// The file, or that the client has it already.
///
/// Spec: RFC 9110, 13.1.2 and 15.4.5.
fn show(asset: &'static Asset, sent: &HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    // Its name has a hash of the content.
    let caching = if asset.is_immutable() { IMMUTABLE } else { REVALIDATED };
    let common: [(HeaderName, &'static str); 5] = [
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "same-origin"),
        (ETAG, asset.tag),
        (VARY, "Accept-Encoding"),
    ];
    for (name, value) in common {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if has_tag(sent, asset.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    let accepted: Vec<HeaderValue> = sent.get_all(ACCEPT_ENCODING).iter().cloned().collect();
    let content = match asset.gzip.filter(|_| accepts_gzip(&accepted)) {
        Some(packed) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            packed
        }
        None => asset.plain,
    };
    *response.body_mut() = Body::from(Bytes::from_static(content));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use hyper::header::IF_NONE_MATCH;

    fn asset_of(kind: &str) -> &'static Asset {
        acta_console_assets::all().iter().find(|asset| asset.path.ends_with(kind)).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_sent_compressed_to_clients_that_accept_it() {
        let asset = asset_of(".js");
        let mut sent = HeaderMap::new();
        let plain = show(asset, &sent);
        assert!(!plain.headers().contains_key(CONTENT_ENCODING));
        assert_eq!(to_bytes(plain.into_body(), usize::MAX).await.unwrap(), asset.plain);
        sent.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        let packed = show(asset, &sent);
        assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
        assert!(packed.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let packed = to_bytes(packed.into_body(), usize::MAX).await.unwrap();
        assert!(packed.len() < asset.plain.len());
    }

    #[test]
    fn the_page_is_revalidated_and_answered_with_304_while_it_is_the_same() {
        let page = page().unwrap();
        let mut sent = HeaderMap::new();
        let first = show(page, &sent);
        assert_eq!(first.headers()[CACHE_CONTROL], "no-cache");
        let tag = first.headers()[ETAG].clone();
        for (value, status) in [
            (tag.to_str().unwrap().to_owned(), StatusCode::NOT_MODIFIED),
            (format!("\"other\", {}", tag.to_str().unwrap()), StatusCode::NOT_MODIFIED),
            ("\"other\"".to_owned(), StatusCode::OK),
        ] {
            sent.insert(IF_NONE_MATCH, HeaderValue::try_from(&value).unwrap());
            assert_eq!(show(page, &sent).status(), status, "{value}");
        }
    }

    #[test]
    fn the_policy_allows_nothing_inline_and_no_other_host() {
        assert!(!POLICY.contains("unsafe") && !POLICY.contains("://") && !POLICY.contains('*'));
    }

    #[test]
    fn the_console_has_only_paths_of_its_own() {
        let table = table();
        for (path, is_own) in [
            ("/", true),
            ("/t/1/statements", true),
            ("/server", true),
            ("/licenses.txt", true),
            ("/assets/index.js", true),
            ("/xapi/about", false),
            ("/api/v1/tenants", false),
            ("/health", false),
            ("/metrics", false),
            ("/signin", false),
            ("/other", false),
        ] {
            assert_eq!(table.find(&hyper::Method::GET, path).is_some(), is_own, "{path}");
        }
    }
}
