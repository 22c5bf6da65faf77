//! What was found, reported so that a person can act.

use std::fmt;

use acta_access::TenantId;
use acta_xapi::StatementId;

/// Something that a verification has noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, below the directory of the store.
    pub file: String,
    /// Where in the file, in bytes, if that is known.
    pub offset: Option<u64>,
    /// What is wrong, in words.
    pub what: String,
    /// The statements that cannot be read for it, as far as they are known.
    pub statements: Vec<LostStatement>,
    /// What to do.
    pub advice: Advice,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Bytes are not what was written.
    Damage,
    /// Nothing is wrong, but it may help to know.
    Note,
}

/// What to do about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// What is lost is nowhere else.
    Restore,
    /// It can be rebuilt from the log.
    Reindex,
    /// Nothing is lost, and the next start sees to it.
    Harmless,
}

impl Advice {
    /// In a word, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Reindex => "reindex",
            Self::Harmless => "harmless",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restore => "restore it from a backup",
            Self::Reindex => "run `acta reindex`",
            Self::Harmless => "harmless",
        })
    }
}

/// A statement that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostStatement {
    /// Its place among all statements of the store, from 0.
    pub position: u64,
    /// The tenant that owns it, if the index knows.
    pub tenant: Option<TenantId>,
    /// Its place among the tenant's statements, from 1, if the index knows.
    pub sequence: Option<u64>,
    /// Its id, if the index knows. It does not of one that was erased.
    pub id: Option<StatementId>,
}

impl Finding {
    pub(super) fn damage(file: &str, what: impl Into<String>, advice: Advice) -> Self {
        Self { severity: Severity::Damage, advice, ..Self::note(file, what) }
    }

    pub(super) fn note(file: &str, what: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            file: file.to_owned(),
            offset: None,
            what: what.into(),
            statements: Vec::new(),
            advice: Advice::Harmless,
        }
    }

    pub(super) fn at(self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self }
    }
}
