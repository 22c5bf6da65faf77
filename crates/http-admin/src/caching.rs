//! What the responses that anybody may read tell caches.

use hyper::HeaderMap;
use hyper::header::IF_NONE_MATCH;

/// What is at an address never changes.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Whether the client has a copy with this tag: weak ones compare like strong ones.
///
/// Spec: RFC 9110, 13.1.2.
pub fn has_tag(sent: &HeaderMap, tag: &str) -> bool {
    let lists = sent.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut known = lists.flat_map(|list| list.split(',')).map(str::trim);
    known.any(|known| known == "*" || opaque(known) == opaque(tag))
}

/// The part of a tag that is compared.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
