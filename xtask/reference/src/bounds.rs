//! The limits that are not configurable, for `docs/operate/limits.md`.

use acta_access::Restrictions;
use acta_auth::{Authenticator, PAYLOAD_BYTES_MAX, SignInAdmission, SignInTurns};
use acta_config::FixedBound;
use acta_service::Service;
use acta_storage::directory::{CourseRule, JoinedPerson, PersonGroup, PersonRules};
use acta_storage::{Person, REMOVALS_MAX, StatementQuery};
use acta_xapi::{DEFINITION_BYTES_MAX, Fault, Languages, MERGED_DEPTH_MAX};

/// All of them, in the order of the page.
pub(crate) fn fixed() -> Vec<FixedBound> {
    [at_the_door(), inside(), at_sign_in(), of_tenants(), of_questions()].concat()
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
            "Connections to the listener for monitoring (`metrics.listen`)",
            "64",
            "the connection that has been idle for the longest time is closed",
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
            "Removals of documents remembered for the times of lists",
            format!("{REMOVALS_MAX} for each tenant"),
            "they are forgotten, and all lists of the tenant get the time of the last one",
        ),
    ]
}

/// Those of people who sign in.
fn at_sign_in() -> Vec<FixedBound> {
    vec![
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

/// Those of what an administrator of a tenant sets.
fn of_tenants() -> Vec<FixedBound> {
    let (pages, lists) = (PersonRules::HOME_PAGES_MAX, PersonRules::LISTS_MAX);
    let (prefixes, origins) = (Restrictions::PREFIXES_MAX, Restrictions::ORIGINS_MAX);
    vec![
        bound("Identifiers of a person", thousands(JoinedPerson::IDENTIFIERS_MAX), "400"),
        bound("Attributes of a person", thousands(JoinedPerson::ATTRIBUTES_MAX), "400"),
        bound(
            "Names of attributes of all persons of a tenant",
            thousands(JoinedPerson::ATTRIBUTE_NAMES_MAX),
            "409",
        ),
        bound(
            "Columns of an import of persons",
            thousands(2 + 5 * JoinedPerson::IDENTIFIERS_MAX + JoinedPerson::ATTRIBUTE_NAMES_MAX),
            "400",
        ),
        bound(
            "Name or attribute of a person",
            format!("{} characters", JoinedPerson::TEXT_CHARS_MAX),
            "400",
        ),
        bound(
            "Memberships of a person in groups, each time counted",
            thousands(JoinedPerson::MEMBERSHIPS_MAX),
            "400",
        ),
        bound("Levels of groups", thousands(PersonGroup::LEVELS_MAX), "400"),
        bound("Rules of persons by home pages", format!("{lists} lists of {pages}"), "400"),
        bound(
            "Steps and types of the rule for courses",
            format!("10 and {}", CourseRule::TYPES_MAX),
            "400",
        ),
        bound(
            "Prefixes of activities and origins of a credential",
            format!("{prefixes} and {origins}"),
            "400",
        ),
        bound(
            "Agent, registration, activities and origin of a browser token",
            format!("{} KiB together", PAYLOAD_BYTES_MAX >> 10),
            "400",
        ),
        bound("Form of a page for people", "16 KiB", "413"),
    ]
}

/// Those of questions and analyses, whose constants the crates of facts keep to themselves.
fn of_questions() -> Vec<FixedBound> {
    vec![
        bound("Measures and dimensions of a question", "50 and 8", "400"),
        bound("Conditions of a question", "500, nested 16 deep", "400"),
        bound(
            "Conditions that search texts, and those about persons, groups or lists",
            "10 and 100",
            "400",
        ),
        bound("Values of a condition", "5,000", "400"),
        bound("Formula of a measure", "200 parts, nested 32 deep", "400"),
        bound("Rows of an answer", "100,000", "400"),
        bound("Tiles of a dashboard", "24", "400"),
        bound("Answers of the tiles of a dashboard", "16 MiB together", "422 for the tile"),
        bound("Answer for a KPI", "64 KiB", "422 for the tile"),
        bound("Steps of a funnel, and groups that are compared", "20 and 10", "400"),
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
