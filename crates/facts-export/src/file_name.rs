//! Names of exported files.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::month::Month;

/// The name of an exported file, such as `facts-2026-03.parquet`. Nothing else is one, so it names
/// a file in the folder of the export and none elsewhere, also if it comes from somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(Month);

/// The text is not the name of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of an exported file, such as facts-2026-03.parquet")]
pub struct NotAFileName;

impl FileName {
    /// The name of the file of a month.
    pub const fn of(month: Month) -> Self {
        Self(month)
    }

    /// The month whose facts it has.
    pub const fn month(self) -> Month {
        self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "facts-{}.parquet", self.0)
    }
}

impl FromStr for FileName {
    type Err = NotAFileName;

    fn from_str(text: &str) -> Result<Self, NotAFileName> {
        let month = text.strip_prefix("facts-").and_then(|text| text.strip_suffix(".parquet"));
        month.and_then(|month| month.parse().ok()).map(Self).ok_or(NotAFileName)
    }
}

impl Serialize for FileName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_of_a_month_has_a_name() {
        for text in ["facts-2026-03.parquet", "facts-earlier.parquet", "facts-later.parquet"] {
            assert_eq!(text.parse::<FileName>().map(|name| name.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "manifest.json",
            "/etc/passwd",
            "../facts-2026-03.parquet",
            "facts-../x.parquet",
            "facts-2026-3.parquet",
            "facts-2026-13.parquet",
            "facts-2026-03.parquet/..",
        ] {
            assert_eq!(text.parse::<FileName>(), Err(NotAFileName), "{text}");
            assert!(serde_json::from_value::<FileName>(text.into()).is_err(), "{text}");
        }
    }
}
