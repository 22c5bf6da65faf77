//! The versions of xAPI and the table of their differences.

pub(crate) mod http;

use std::str::FromStr;

/// A version of the specification that is supported completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// xAPI 1.0.3, and with it 1.0.0 to 1.0.2.
    V1_0_3,
    /// xAPI 2.0.0: IEEE 9274.1.1-2023.
    V2_0_0,
}

/// The text names no supported version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1.0, 1.0.x, 2.0 or 2.0.x")]
pub struct NotAVersion;

/// The differences between versions.
#[derive(Debug)]
struct Differences {
    /// The version's own name, patch level included.
    name: &'static str,
    /// Major and minor version in the header of requests; any patch level may follow.
    header: &'static str,
    /// The `version` of a statement that is sent without one.
    statement: &'static str,
    /// Major, or major and minor versions that the `version` of a statement may have.
    statements: &'static [StatementVersions],
    /// Whether a context may have `contextAgents` and `contextGroups`.
    has_context_agents: bool,
    /// Whether timestamps are converted to UTC when a statement is stored.
    converts_timestamps: bool,
    /// Whether statements with different timestamps are different statements.
    compares_timestamps: bool,
}

/// Versions that the `version` of a statement may have.
#[derive(Debug)]
enum StatementVersions {
    /// Every patch level of this minor version.
    Minor(&'static str),
    /// Every minor version of this major version.
    Major(&'static str),
}

static V1_0_3: Differences = Differences {
    name: "1.0.3",
    header: "1.0",
    statement: "1.0.0",
    statements: &[StatementVersions::Minor("1.0")],
    has_context_agents: false,
    converts_timestamps: false,
    compares_timestamps: true,
};

static V2_0_0: Differences = Differences {
    name: "2.0.0",
    header: "2.0",
    statement: "2.0.0",
    // A statement keeps the version it was made with, 1.0 statements are valid in 2.0, and a
    // statement that is otherwise valid should not be refused for its version.
    statements: &[StatementVersions::Major("2"), StatementVersions::Minor("1.0")],
    has_context_agents: true,
    converts_timestamps: true,
    compares_timestamps: false,
};

impl Version {
    /// Both, oldest first.
    pub const EVERY: [Self; 2] = [Self::V1_0_3, Self::V2_0_0];

    const fn differences(self) -> &'static Differences {
        match self {
            Self::V1_0_3 => &V1_0_3,
            Self::V2_0_0 => &V2_0_0,
        }
    }

    /// As sent in `X-Experience-API-Version`.
    pub const fn as_str(self) -> &'static str {
        self.differences().name
    }

    /// The `version` of a statement that is sent without one.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.4.10; IEEE 9274.1.1, 4.2.4.3.
    pub fn default_statement_version(self) -> &'static str {
        self.differences().statement
    }

    /// Whether a context may have `contextAgents` and `contextGroups`.
    ///
    /// Spec: IEEE 9274.1.1, 4.2.2.5.
    pub const fn has_context_agents(self) -> bool {
        self.differences().has_context_agents
    }

    /// Whether the timestamps of a statement sent in this version are converted to UTC.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 4.5; IEEE 9274.1.1, 4.2.7.
    pub const fn converts_timestamps(self) -> bool {
        self.differences().converts_timestamps
    }

    /// Whether a statement sent in this version with another timestamp is another statement.
    ///
    /// Spec: xAPI 1.0.3, Part Two, 2.3.1; IEEE 9274.1.1, 4.2.
    pub const fn compares_timestamps(self) -> bool {
        self.differences().compares_timestamps
    }

    /// Whether a statement sent in this version may have `text` as its `version`.
    ///
    /// Spec: XAPI-00101; xAPI 1.0.3, Part Two, 2.4.10; IEEE 9274.1.1, 4.2.4.2.
    pub fn accepts_statement_version(self, text: &str) -> bool {
        self.differences().statements.iter().any(|versions| match versions {
            StatementVersions::Minor(minor) => is_patch_of(text, minor),
            StatementVersions::Major(major) => is_minor_of(text, major),
        })
    }
}

/// Whether `text` is `major` with a minor version, and possibly a patch level.
fn is_minor_of(text: &str, major: &str) -> bool {
    let rest = text.strip_prefix(major).and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| rest.splitn(2, '.').all(is_patch_level))
}

/// Whether `text` is `minor`, or `minor` with a patch level in decimal digits.
fn is_patch_of(text: &str, minor: &str) -> bool {
    match text.strip_prefix(minor) {
        None => false,
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(is_patch_level),
    }
}

fn is_patch_level(digits: &str) -> bool {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && (digits == "0" || !digits.starts_with('0'))
}

impl FromStr for Version {
    type Err = NotAVersion;

    /// Reads the value of `X-Experience-API-Version`: a minor version stands for its first
    /// patch level, and future patch levels are treated like the existing ones.
    ///
    /// Spec: XAPI-00331; xAPI 1.0.3, Part Three, 3.3; IEEE 9274.1.1, 4.1.7.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        Self::EVERY
            .into_iter()
            .find(|version| is_patch_of(text, version.differences().header))
            .ok_or(NotAVersion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_header(text: &str, expected: Option<Version>) {
        assert_eq!(text.parse().ok(), expected, "input: {text:?}");
    }

    #[test]
    fn reads_the_version_of_a_request() {
        let table = [
            ("1.0", Some(Version::V1_0_3)),
            ("1.0.0", Some(Version::V1_0_3)),
            ("1.0.1", Some(Version::V1_0_3)),
            ("1.0.2", Some(Version::V1_0_3)),
            ("1.0.3", Some(Version::V1_0_3)),
            ("1.0.12", Some(Version::V1_0_3)),
            ("2.0", Some(Version::V2_0_0)),
            ("2.0.0", Some(Version::V2_0_0)),
            ("2.0.1", Some(Version::V2_0_0)),
            // Refused: other minor versions, other major versions, anything else.
            ("0.95", None),
            ("0.8", None),
            ("1", None),
            ("1.1.0", None),
            ("1.00", None),
            ("2", None),
            ("2.1.0", None),
            ("3.0.0", None),
            ("1.0.", None),
            ("1.0.x", None),
            ("1.0.03", None),
            ("1.0.3 ", None),
            ("", None),
            ("BAD", None),
        ];
        for (text, expected) in table {
            check_header(text, expected);
        }
    }

    #[test]
    fn a_version_reads_back_what_it_prints() {
        for version in Version::EVERY {
            check_header(version.as_str(), Some(version));
            assert!(version.accepts_statement_version(version.as_str()));
        }
    }

    #[test]
    fn statements_keep_the_version_they_were_made_with() {
        // Text, accepted in 1.0.3, accepted in 2.0.
        let table = [
            ("1.0", true, true),
            ("1.0.0", true, true),
            ("1.0.9", true, true),
            ("2.0.0", false, true),
            ("2.0", false, true),
            ("2.1.0", false, true),
            ("2.13", false, true),
            ("2", false, false),
            ("2.", false, false),
            ("2.1.", false, false),
            ("2.1.0.0", false, false),
            ("2.01.0", false, false),
            ("20.1.0", false, false),
            ("3.0.0", false, false),
            ("0.9.9", false, false),
            ("1.1.0", false, false),
            ("should fail", false, false),
            ("", false, false),
        ];
        for (text, first, second) in table {
            assert_eq!(Version::V1_0_3.accepts_statement_version(text), first, "input: {text:?}");
            assert_eq!(Version::V2_0_0.accepts_statement_version(text), second, "input: {text:?}");
        }
    }
}
