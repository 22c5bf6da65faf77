//! A row of the reference.

use crate::value_spec::ValueSpec;

/// A configuration key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The name in the file, such as `limits.page_count_max`.
    pub name: &'static str,
    /// The default value; none if the key is optional.
    pub default: Option<&'static str>,
    /// The form of the value.
    pub kind: String,
    /// The help text, in one or two sentences.
    pub help: &'static str,
    /// Whether the value is secret.
    pub is_secret: bool,
    /// What happens above the limit, if it is one.
    pub answer: Option<&'static str>,
}

impl Key {
    pub(crate) fn new<T>(name: &'static str, help: &'static str, spec: ValueSpec<T>) -> Self {
        let ValueSpec { kind, default, is_secret, answer, .. } = spec;
        Self { name, default, kind, help, is_secret, answer }
    }

    /// The environment variable, such as `ACTA_LIMITS_PAGE_COUNT_MAX`.
    pub fn variable(&self) -> String {
        format!("ACTA_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}
