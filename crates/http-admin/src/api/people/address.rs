//! The address of links that are sent to people.

use hyper::HeaderMap;
use hyper::header::HOST;

use crate::state::Shared;

/// The URL of a page, for a link that is sent to a person: below `public_url` or, if it is not set,
/// below the address of this request. None if neither is known.
pub(super) fn address_of(shared: &Shared, headers: &HeaderMap, path: &str) -> Option<String> {
    if let Some(url) = &shared.http.options.public_url {
        return Some(format!("{url}{path}"));
    }
    let host = headers.get(HOST)?.to_str().ok()?;
    let is_harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_harmless)).then(|| format!("http://{host}{path}"))
}
