//! The limits that are not configurable, for `docs/operate/limits.md`.

use acta_auth::{Authenticator, SignInAdmission, SignInTurns};
use acta_config::FixedBound;
use acta_service::Service;
use acta_storage::{Person, StatementQuery};
use acta_xapi::{DEFINITION_BYTES_MAX, Fault, Languages, MERGED_DEPTH_MAX};

/// All of them, in the order of the page.
pub(crate) fn fixed() -> Vec<FixedBound> {
    [at_the_door(), inside()].concat()
}

/// Those of connections and requests, whose constants `acta_http` keeps to itself.
fn at_the_door() -> Vec<FixedBound> {
    vec![
        bound("Headers of a request", "100", "431"),
        bound("Header `Authorization`", "8 KiB", "401"),
        bound("Body of a request to the admin API", "64 KiB", "413"),
        bound("Items on a page of the admin API", "200", "400"),
        bound("File of persons or groups that is imported", "4 MiB and 10,000 rows", "413 or 400"),
        bound(
            "Connections to the control socket",
            "16",
            "the connection that has been idle for \
                                                          the longest time is closed",
        ),
        bound(
            "Proxies between server and client in `Forwarded` or `X-Forwarded-For`",
            "32",
            "the last proxy is taken for the client",
        ),
        bound("JSON text of the parameter `agent`", "`limits.url_bytes_max`", "414"),
        bound("Text before the first part of a request with attachments", "8 KiB", "400"),
        bound("Boundary of a request with attachments", "70 characters", "400"),
        bound("Nesting depth of a document that is merged", thousands(MERGED_DEPTH_MAX), "400"),
        bound(
            "Body of a request without a valid credential",
            "64 KiB are read and discarded",
            "the connection is closed after the response",
        ),
    ]
}

/// Those of what a request says, and of what is done with it.
fn inside() -> Vec<FixedBound> {
    vec![
        bound(
            "Value quoted in a fault",
            format!("{} characters", Fault::FOUND_CHARS_MAX),
            "it is truncated",
        ),
        bound(
            "Language ranges in `Accept-Language`",
            thousands(Languages::RANGES_MAX),
            "further ones are ignored",
        ),
        bound(
            "Keys with counted wrong secrets",
            thousands(Authenticator::FAILING_KEYS_MAX),
            "the counts are reset",
        ),
        bound(
            "Unknown keys cached for one second",
            thousands(Authenticator::UNKNOWN_KEYS_MAX),
            "they are looked up again",
        ),
        // The queues are the engines' own, and only the binary names an engine.
        bound("Statements waiting to be written", "64 MiB or 200,000", "503 with Retry-After"),
        bound("Documents waiting to be written", "4,096 writes", "503 with Retry-After"),
        bound(
            "References followed from a statement",
            thousands(StatementQuery::CHAIN_MAX),
            "further references are not searched",
        ),
        bound(
            "Definitions added to one page",
            format!(
                "{} times `limits.page_bytes_max`, of {} activities",
                Service::FILLED_PAGES_MAX,
                Service::FILLED_COUNT_MAX
            ),
            "further ones are returned as sent",
        ),
        bound(
            "Stored definition of an activity",
            format!("{} KiB", DEFINITION_BYTES_MAX >> 10),
            "a longer one is ignored; if a merge would exceed it, the newer definition replaces \
             the older",
        ),
        bound(
            "Stored names of a person",
            format!("{} of {} bytes", Person::NAMES_COUNT_MAX, Person::NAME_BYTES_MAX),
            "longer names are ignored; the name used first is removed",
        ),
        bound(
            "Failed attempts to sign in from one network address",
            format!("{}, restored at one per second", SignInAdmission::BURST),
            "429 with Retry-After",
        ),
        bound(
            "Concurrent attempts to sign in from one network address",
            SignInAdmission::CONCURRENT_MAX.to_string(),
            "429 with Retry-After",
        ),
        bound(
            "Attempts to sign in that are checked at a time, and that wait",
            format!("{} and {}", SignInTurns::RUNNING_MAX, SignInTurns::WAITING_MAX),
            "503 with Retry-After, first for addresses from which attempts failed",
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
