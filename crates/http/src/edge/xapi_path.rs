//! The paths of xAPI, as clients write them.
//!
//! Clients append a resource such as `/activities/state` to an endpoint that may end with a slash,
//! and few of them follow a redirect of a PUT. So repeated slashes below the base path count as
//! one, and a last one is ignored.

use hyper::Uri;
use hyper::http::uri::PathAndQuery;

/// The base path of every resource.
pub(crate) const BASE: &str = "/xapi/";

/// Whether a path is one of xAPI.
pub(crate) fn is_xapi(path: &str) -> bool {
    path.starts_with(BASE)
}

/// Replaces the path of xAPI in `uri` by the one that it stands for.
pub(crate) fn fold_slashes(uri: &mut Uri) {
    let path = uri.path();
    if !is_xapi(path) || !(path.contains("//") || path.ends_with('/')) {
        return;
    }
    let mut folded = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        folded.push('/');
        folded.push_str(segment);
    }
    if let Some(query) = uri.query() {
        folded.push('?');
        folded.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(folded).ok();
    if let Ok(changed) = Uri::from_parts(parts) {
        *uri = changed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: &str, expected: &str) {
        let mut uri: Uri = sent.parse().unwrap();
        fold_slashes(&mut uri);
        assert_eq!(uri.to_string(), expected, "input: {sent}");
    }

    #[test]
    fn folds_slashes_in_paths_of_xapi_alone() {
        let table = [
            ("/xapi/statements", "/xapi/statements"),
            ("/xapi//statements", "/xapi/statements"),
            ("/xapi/statements/", "/xapi/statements"),
            ("/xapi///activities//state///", "/xapi/activities/state"),
            ("/xapi//about?a=//b/", "/xapi/about?a=//b/"),
            ("http://a.example/xapi//about", "http://a.example/xapi/about"),
            // An encoded slash is a character of a name.
            ("/xapi/%2Fabout", "/xapi/%2Fabout"),
            ("/xapi/", "/xapi"),
            // Other paths.
            ("//xapi/about", "//xapi/about"),
            ("/xapis//about", "/xapis//about"),
            ("/api/v1//tenants/", "/api/v1//tenants/"),
            ("/", "/"),
        ];
        for (sent, expected) in table {
            check(sent, expected);
        }
    }
}
