//! The value of every key, and the errors of values.

use std::fmt;
use std::path::PathBuf;

use crate::key::Key;
use crate::value_spec::ValueSpec;

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// This file.
    File(PathBuf),
    /// The environment variable of the key.
    Environment,
    /// The environment variable of the key with `_FILE`, which names a file.
    EnvironmentFile,
    /// The command line.
    Flag,
}

impl Origin {
    /// How specific the source is: a more specific one overrides the others.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment | Self::EnvironmentFile => 2,
            Self::Flag => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment | Self::EnvironmentFile => f.write_str("environment"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// A key with its effective value.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// The value as text; none if unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// The key, set by a more specific source, that takes the place of this one: the value is not
    /// used.
    pub replaced_by: Option<&'static str>,
}

impl Setting {
    /// The value for output; secrets are hidden.
    pub fn shown(&self) -> &str {
        match &self.value {
            _ if self.replaced_by.is_some() => "(not used)",
            None => "(unset)",
            Some(_) if self.key.is_secret => "***",
            Some(value) => value,
        }
    }
}

/// Why a configuration is not valid. Each error names what to correct.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system reports.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not valid TOML")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// There is no such key.
    #[error("{origin}: there is no key `{name}`{}", suggestion(*.similar))]
    UnknownKey {
        /// The name that was set.
        name: String,
        /// Where.
        origin: String,
        /// A key with a similar name.
        similar: Option<&'static str>,
    },
    /// The value is not valid for the key.
    #[error("{name} = {value:?} ({origin}): {reason}")]
    BadValue {
        /// The key.
        name: &'static str,
        /// What was set, or `***`.
        value: String,
        /// Where.
        origin: Origin,
        /// What is expected.
        reason: String,
    },
    /// A key requires another one.
    #[error("{name} is set, but {missing} is not; set both or neither")]
    Incomplete {
        /// What is set.
        name: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// Two keys of one source exclude each other.
    #[error("{one} and {other} are both set ({origin}); set only one of them")]
    Contradiction {
        /// One of the keys.
        one: &'static str,
        /// The other.
        other: &'static str,
        /// Where both are set.
        origin: Origin,
    },
}

fn suggestion(similar: Option<&str>) -> String {
    similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Every key with its effective value.
pub(crate) struct Settings(pub(crate) Vec<Setting>);

impl Settings {
    fn setting(&self, name: &str) -> &Setting {
        let setting = self.0.iter().find(|setting| setting.key.name == name);
        #[expect(clippy::expect_used, reason = "sections read and check keys that are declared")]
        setting.expect("the key is declared")
    }

    /// The value as text, if there is one that is used.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let setting = self.setting(name);
        setting.value.as_deref().filter(|_| setting.replaced_by.is_none())
    }

    /// The value; none if it is required and not set.
    pub(crate) fn find<T>(
        &self,
        name: &'static str,
        spec: &ValueSpec<T>,
    ) -> Result<Option<T>, ConfigError> {
        match self.text(name) {
            Some(text) => (spec.parse)(text).map(Some).map_err(|reason| self.refusal(name, reason)),
            None => Ok(spec.unset.map(|value| value())),
        }
    }

    /// The value of a key that has a default or is optional.
    pub(crate) fn need<T>(
        &self,
        name: &'static str,
        spec: &ValueSpec<T>,
    ) -> Result<T, ConfigError> {
        self.find(name, spec)?.ok_or_else(|| self.refusal(name, "expected a value"))
    }

    /// An error: the value is not valid.
    pub(crate) fn refusal(&self, name: &'static str, reason: impl Into<String>) -> ConfigError {
        let setting = self.setting(name);
        ConfigError::BadValue {
            name,
            value: setting.shown().to_owned(),
            origin: setting.origin.clone(),
            reason: reason.into(),
        }
    }

    /// Checks that `other` is set if `name` is.
    pub(crate) fn check_beside(
        &self,
        name: &'static str,
        other: &'static str,
    ) -> Result<(), ConfigError> {
        match (self.text(name), self.text(other)) {
            (Some(_), None) => Err(ConfigError::Incomplete { name, missing: other }),
            (Some(_), Some(_)) | (None, _) => Ok(()),
        }
    }

    /// Checks that both are set or neither is.
    pub(crate) fn check_both(
        &self,
        one: &'static str,
        other: &'static str,
    ) -> Result<(), ConfigError> {
        self.check_beside(one, other)?;
        self.check_beside(other, one)
    }
}
