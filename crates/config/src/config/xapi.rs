//! Settings for clients of xAPI.

use acta_xapi::ProfilePrecondition;

use crate::section::section;
use crate::value_spec::{ValueSpec, one_of};

/// The parameters that have a meaning, which therefore cannot be ignored.
const PARAMETERS: [&str; 19] = [
    "activity",
    "activityId",
    "agent",
    "ascending",
    "attachments",
    "cursor",
    "format",
    "limit",
    "method",
    "profileId",
    "registration",
    "related_activities",
    "related_agents",
    "since",
    "stateId",
    "statementId",
    "until",
    "verb",
    "voidedStatementId",
];

section! {
    /// Settings for clients of xAPI.
    #[derive(Clone, Debug)]
    pub struct Xapi in "xapi." {
        /// Query parameters that requests below `/xapi` may have although xAPI does not define
        /// them, such as `lang utm_*`: they are ignored. A name that ends with `*` stands for all
        /// names that begin with it. All other unknown parameters get 400. Set it for content
        /// that sends the parameters of its own address with each request.
        pub ignored_parameters: Vec<String> = ignored_parameters().default(""),
        /// Whether the PUT of a new profile under xAPI 1.0.3 needs `If-Match` or `If-None-Match`.
        /// `required` refuses it without them with 400, as the official conformance suite tests
        /// it; `optional` stores it, because many clients send neither. An existing profile is
        /// never replaced without them.
        pub profile_precondition: ProfilePrecondition = one_of([
            ("optional", ProfilePrecondition::Optional),
            ("required", ProfilePrecondition::Required),
        ])
        .default("optional"),
    }
}

fn ignored_parameters() -> ValueSpec<Vec<String>> {
    ValueSpec::new("names separated by spaces", |text| {
        text.split_whitespace().map(ignored_parameter).collect()
    })
}

fn ignored_parameter(text: &str) -> Result<String, String> {
    let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |name| (name, true));
    let stands_for =
        |known: &&&str| if is_prefix { known.starts_with(name) } else { **known == name };
    if name.is_empty() || name.contains('*') {
        return Err(format!("expected names such as `lang` or `utm_*`, not {text:?}"));
    }
    match PARAMETERS.iter().find(stands_for) {
        Some(known) => Err(format!("{text:?} stands for `{known}`, which is a parameter of xAPI")),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = ignored_parameter(text);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "input: {text:?}");
    }

    #[test]
    fn parameters_of_xapi_cannot_be_ignored() {
        let table = [
            ("lang", Ok("lang")),
            ("utm_*", Ok("utm_*")),
            ("activity_id", Ok("activity_id")),
            ("verb", Err("\"verb\" stands for `verb`, which is a parameter of xAPI")),
            ("act*", Err("\"act*\" stands for `activity`, which is a parameter of xAPI")),
            ("*", Err("expected names such as `lang` or `utm_*`, not \"*\"")),
            ("a*b", Err("expected names such as `lang` or `utm_*`, not \"a*b\"")),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }
}
