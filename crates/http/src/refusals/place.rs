//! Places of faults without what clients have chosen.

/// What stands for a name that the specification does not know: it may be the name of a person.
const OTHER: &str = "*";

/// Longest index of an array that is reported, in digits.
const INDEX_DIGITS_MAX: usize = 6;

/// Most names that are reported of a place. Statements are nested no deeper than their faults are.
const NAMES_MAX: usize = 12;

/// The names of properties, parameters and headers that specifications define.
const NAMES: &[&str] = &[
    "account",
    "activity",
    "activityId",
    "actor",
    "agent",
    "ascending",
    "attachments",
    "authority",
    "category",
    "choices",
    "completion",
    "content",
    "content-encoding",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "contentType",
    "context",
    "contextActivities",
    "contextAgents",
    "contextGroups",
    "correctResponsesPattern",
    "cursor",
    "definition",
    "description",
    "display",
    "duration",
    "extensions",
    "fileUrl",
    "form",
    "format",
    "group",
    "grouping",
    "homePage",
    "host",
    "id",
    "if-match",
    "if-none-match",
    "instructor",
    "interactionType",
    "language",
    "length",
    "limit",
    "max",
    "mbox",
    "mbox_sha1sum",
    "member",
    "method",
    "min",
    "moreInfo",
    "name",
    "object",
    "objectType",
    "openid",
    "other",
    "parent",
    "platform",
    "profileId",
    "raw",
    "registration",
    "related_activities",
    "related_agents",
    "relevantTypes",
    "response",
    "result",
    "revision",
    "scale",
    "scaled",
    "score",
    "sha2",
    "since",
    "source",
    "stateId",
    "statement",
    "statementId",
    "steps",
    "stored",
    "success",
    "target",
    "team",
    "timestamp",
    "type",
    "until",
    "usageType",
    "verb",
    "version",
    "voidedStatementId",
    "x-experience-api-hash",
    "x-experience-api-version",
    // What clients write by mistake for one of them, as far as it is known.
    "agents",
    "contextActivity",
    "extension",
    "mbox_sha1",
    "members",
    "statements",
];

/// A JSON Pointer in which only indexes and known names are readable.
pub(super) fn known_pointer(pointer: &str) -> String {
    let mut known = String::new();
    for (count, name) in pointer.split('/').skip(1).enumerate() {
        known.push('/');
        if count == NAMES_MAX {
            known.push('…');
            break;
        }
        known.push_str(known_name(name));
    }
    known
}

/// The name, if it is an index or known.
pub(super) fn known_name(name: &str) -> &str {
    let is_index = (1..=INDEX_DIGITS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is_index || is_known { name } else { OTHER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indexes_and_known_names_are_readable() {
        let table = [
            ("", ""),
            ("/3/actor/mbox", "/3/actor/mbox"),
            ("/result/score/scaled", "/result/score/scaled"),
            ("/actor/Ada Lovelace", "/actor/*"),
            ("/context/extensions/https:~1~1ada.example~1me", "/context/extensions/*"),
            ("/verb/display/ada", "/verb/display/*"),
            ("/1234567/id", "/*/id"),
            ("/a/", "/*/*"),
            (
                "/object/object/object/object/object/object/object/object/object/object/object/id/x/y",
                "/object/object/object/object/object/object/object/object/object/object/object/id/…",
            ),
        ];
        for (pointer, expected) in table {
            assert_eq!(known_pointer(pointer), expected, "{pointer}");
        }
        assert_eq!(
            (known_name("stateId"), known_name("Content-Type")),
            ("stateId", "Content-Type")
        );
        assert_eq!((known_name("utm_ada"), known_name("")), ("*", "*"));
    }
}
