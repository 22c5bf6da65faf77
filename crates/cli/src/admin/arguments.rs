//! Arguments of the command line: times, switches, limits.

use std::str::FromStr;
use std::time::Duration;

use acta_ambient::Clock;
use acta_config::Span;
use serde_json::Value;

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

impl Switch {
    /// Whether it is on.
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

/// A value to set, or `none` to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clearable<T>(pub(crate) Option<T>);

impl<T: FromStr> FromStr for Clearable<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|value| Self(Some(value))) }
    }
}

/// An expiry: a date, a timestamp, or a duration from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// A timestamp (RFC 3339).
    At(String),
    /// A duration from now.
    In(Duration),
}

/// The text is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a date such as 2027-03-31, a time such as 2027-03-31T18:00:00Z, or a duration such \
     as 90d"
)]
pub(crate) struct InvalidExpiry;

impl FromStr for Expiry {
    type Err = InvalidExpiry;

    fn from_str(text: &str) -> Result<Self, InvalidExpiry> {
        if let Ok(Span(span)) = text.parse() {
            return Ok(Self::In(span));
        }
        timestamp_of(text).map(Self::At).ok_or(InvalidExpiry)
    }
}

impl Expiry {
    /// The timestamp in the form of the admin API.
    pub(crate) fn to_json(&self, clock: &dyn Clock) -> Value {
        match self {
            Self::At(moment) => Value::from(moment.as_str()),
            Self::In(span) => clock.now().saturating_add(*span).to_string().into(),
        }
    }

    /// The timestamp of a duration ago.
    pub(crate) fn back(&self, clock: &dyn Clock) -> String {
        match self {
            Self::At(moment) => moment.clone(),
            Self::In(span) => {
                let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
                let now = clock.now().unix_micros();
                acta_ambient::Timestamp::from_unix_micros(now.saturating_sub(micros)).to_string()
            }
        }
    }
}

/// Completes a date to its midnight in UTC; a timestamp stays as it is.
fn timestamp_of(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let has_form = day.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    match text.get(10..) {
        Some("") if has_form => Some(format!("{day}T00:00:00Z")),
        Some(time) if has_form && time.starts_with(['T', 't']) => Some(text.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use acta_ambient::{ManualClock, Timestamp};

    use super::*;

    #[test]
    fn an_expiry_is_a_date_a_time_or_a_duration() {
        let clock = ManualClock::new(Timestamp::from_unix_micros(1_000_000));
        let table = [
            ("2027-03-31", Some("2027-03-31T00:00:00Z")),
            ("2027-03-31T18:00:00+01:00", Some("2027-03-31T18:00:00+01:00")),
            ("90d", Some("1970-04-01T00:00:01.000000Z")),
            ("1h", Some("1970-01-01T01:00:01.000000Z")),
            ("tomorrow", None),
            ("2027-3-31", None),
            ("2027-03-31 18:00", None),
            ("90", None),
        ];
        for (text, expected) in table {
            let end = text.parse::<Expiry>().ok().map(|end| end.to_json(&clock));
            assert_eq!(end, expected.map(Value::from), "input: {text}");
        }
        let ago = "1s".parse::<Expiry>().unwrap().back(&clock);
        assert_eq!(ago, "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_limit_is_set_or_removed() {
        assert_eq!("none".parse::<Clearable<u64>>(), Ok(Clearable(None)));
        assert_eq!("7".parse::<Clearable<u64>>(), Ok(Clearable(Some(7))));
        assert!("seven".parse::<Clearable<u64>>().is_err());
    }
}
