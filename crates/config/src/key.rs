//! A row of the reference.

use crate::value_spec::ValueSpec;

/// One thing that can be set.
#[derive(Clone, Debug)]
pub struct Key {
    /// The name in the file, as in `limits.page_count_max`.
    pub name: &'static str,
    /// The value when nothing is set; none for what may stay unset.
    pub default: Option<&'static str>,
    /// What a value looks like.
    pub kind: String,
    /// What it does, for people, in one or two sentences.
    pub help: &'static str,
    /// Whether the value must not be shown.
    pub is_secret: bool,
    /// What happens to whoever is over it, if it is a limit.
    pub answer: Option<&'static str>,
}

impl Key {
    pub(crate) fn new<T>(name: &'static str, help: &'static str, spec: ValueSpec<T>) -> Self {
        let ValueSpec { kind, default, is_secret, answer, .. } = spec;
        Self { name, default, kind, help, is_secret, answer }
    }

    /// The environment variable, as in `ACTA_LIMITS_PAGE_COUNT_MAX`.
    pub fn variable(&self) -> String {
        format!("ACTA_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}
