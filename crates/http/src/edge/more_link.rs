//! The link to the next page: the query of the first page with a cursor.
//!
//! What this server hands out it takes back: a link may be longer by its cursor than the limits of
//! the first request permit, and have one parameter more.

use acta_auth::SealedCursor;
use hyper::Uri;

use super::params::{CURSOR, decode};
use crate::problem::Problem;

/// The bytes that a link has more than the first request.
const CURSOR_BYTES: usize = "&".len() + CURSOR.len() + SealedCursor::TEXT_BYTES;

/// Longest URI that can be parsed at all.
const URI_BYTES_MAX: usize = u16::MAX as usize - 1;

/// The link to the page after `cursor` of the request with this query.
pub(crate) fn more_link(query: &str, cursor: SealedCursor) -> String {
    let mut link = String::from("/xapi/statements?");
    let is_cursor = |pair: &str| {
        let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
        decode(name).is_some_and(|name| name == "cursor")
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !is_cursor(pair)) {
        link.push_str(pair);
        link.push('&');
    }
    link.push_str(CURSOR);
    link.push_str(&cursor.to_string());
    link
}

/// Refuses an address that is longer than `bytes_max`, not counting the cursor of a link.
///
/// # Errors
///
/// 414.
pub(crate) fn check_length(uri: &Uri, bytes_max: usize) -> Result<(), Problem> {
    let len = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let last = uri.query().and_then(|query| query.rsplit('&').next());
    let room = if last.is_some_and(|last| last.starts_with(CURSOR)) { CURSOR_BYTES } else { 0 };
    let first_max = longest_first(bytes_max);
    if first_max + room < len { Err(Problem::url_too_long(first_max)) } else { Ok(()) }
}

/// The longest address of a first page whose link can be parsed.
pub(crate) fn longest_first(bytes_max: usize) -> usize {
    bytes_max.min(URI_BYTES_MAX - CURSOR_BYTES)
}
