//! The bounds that no key changes, for `docs/operate/limits.md`.

use acta_auth::Authenticator;
use acta_config::FixedBound;
use acta_service::Service;
use acta_storage::StatementQuery;
use acta_xapi::{Fault, Languages, MERGED_DEPTH_MAX};

/// All of them, in the order of the page.
pub(crate) fn fixed() -> Vec<FixedBound> {
    [at_the_door(), inside()].concat()
}

/// Those of connections and requests, whose constants `acta_http` keeps to itself.
fn at_the_door() -> Vec<FixedBound> {
    vec![
        bound("Headers of a request", "100", "431"),
        bound("`Authorization` header", "4 KiB", "401"),
        bound("Body of a request to the admin API", "64 KiB", "413"),
        bound("Items on a page of the admin API", "200", "400"),
        bound("Connections to the control socket", "16", "the one idle for longest is closed"),
        bound(
            "Proxies that are followed back to a client",
            "32",
            "the last of them counts as the client",
        ),
        bound("JSON text of the parameter `agent`", "as long as the address", "414"),
        bound("Text before the first part of a request with attachments", "8 KiB", "400"),
        bound("Boundary of a request with attachments", "70 characters", "400"),
        bound("Nesting of a document that is merged", thousands(MERGED_DEPTH_MAX), "400"),
        bound(
            "Unread body of a request without a known credential",
            "64 KiB are passed over",
            "the connection is closed behind the answer",
        ),
    ]
}

/// Those of what a request says, and of what is done with it.
fn inside() -> Vec<FixedBound> {
    vec![
        bound(
            "What a fault quotes",
            format!("{} characters", Fault::FOUND_CHARS_MAX),
            "it is cut off",
        ),
        bound(
            "Language ranges in `Accept-Language`",
            thousands(Languages::RANGES_MAX),
            "further ones are passed over",
        ),
        bound(
            "Keys whose wrong secrets are counted",
            thousands(Authenticator::FAILING_KEYS_MAX),
            "the counts start again",
        ),
        bound(
            "Keys without a credential that are remembered for a second",
            thousands(Authenticator::UNKNOWN_KEYS_MAX),
            "they are looked up again",
        ),
        // The queues are the engines' own, and only the binary names an engine.
        bound("Statements that wait to be written", "64 MiB or 200,000", "503 with Retry-After"),
        bound("Documents that wait to be written", "4,096 writes", "503 with Retry-After"),
        bound(
            "References followed from a statement",
            thousands(StatementQuery::CHAIN_MAX),
            "filters do not look further",
        ),
        bound(
            "Definitions filled into one page",
            format!("{} times `limits.page_bytes_max`", Service::FILLED_PAGES_MAX),
            "further ones stay as sent",
        ),
    ]
}

fn bound(what: &'static str, bound: impl Into<String>, over: &'static str) -> FixedBound {
    FixedBound { what, bound: bound.into(), over }
}

/// A count as in `10,000`.
fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let grouped = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    grouped.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_a_comma_before_each_three_digits() {
        let table =
            [(0, "0"), (64, "64"), (1000, "1,000"), (10_000, "10,000"), (1_234_567, "1,234,567")];
        for (count, expected) in table {
            assert_eq!(thousands(count), expected);
        }
    }
}
