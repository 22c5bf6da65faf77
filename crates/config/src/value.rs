//! Values for sizes, times and networks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

/// A size in bytes, written as `512`, `64KiB`, `256MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// A length of time, written as `500ms`, `30s`, `5m`, `1h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// The text is not a number with a known unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number with one of the units {0}")]
pub struct NotAValue(&'static str);

/// A network, written as `192.0.2.7`, `10.0.0.0/8` or `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub IpNet);

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected addresses or networks such as `127.0.0.1 10.0.0.0/8 fd00::/8`")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>());
        network.map(|network| Self(network.trunc())).map_err(|_error| NotANetwork)
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

impl FromStr for ByteSize {
    type Err = NotAValue;

    fn from_str(text: &str) -> Result<Self, NotAValue> {
        const UNITS: NotAValue = NotAValue("KiB, MiB, GiB, or none for bytes");
        let (number, unit) = split(text).ok_or(UNITS)?;
        let factor: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(UNITS),
        };
        number.checked_mul(factor).map(Self).ok_or(UNITS)
    }
}

impl FromStr for Span {
    type Err = NotAValue;

    fn from_str(text: &str) -> Result<Self, NotAValue> {
        const UNITS: NotAValue = NotAValue("ms, s, m, h, d");
        let (number, unit) = split(text).ok_or(UNITS)?;
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(UNITS),
        };
        number.checked_mul(millis).map(|ms| Self(Duration::from_millis(ms))).ok_or(UNITS)
    }
}

impl fmt::Display for Span {
    /// Writes it in the largest unit that gives a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u128, &str); 4] =
            [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
        let millis = self.0.as_millis();
        let whole = UNITS.iter().find(|(unit, _)| millis != 0 && millis.is_multiple_of(*unit));
        match whole {
            Some((unit, name)) => write!(f, "{}{name}", millis / unit),
            None => write!(f, "{millis}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_sizes() {
        let table = [
            ("0", Some(0)),
            ("512", Some(512)),
            ("64KiB", Some(65_536)),
            ("2 MiB", Some(2_097_152)),
            ("1GiB", Some(1_073_741_824)),
            ("64kb", None),
            ("MiB", None),
            ("-1", None),
            ("1.5MiB", None),
            ("99999999999GiB", None),
        ];
        for (text, bytes) in table {
            assert_eq!(text.parse().ok(), bytes.map(ByteSize), "input: {text:?}");
        }
    }

    #[test]
    fn parses_addresses_and_networks() {
        let table = [
            ("192.0.2.7", Some("192.0.2.7/32")),
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("::1", Some("::1/128")),
            ("fd00::/8", Some("fd00::/8")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("10.0.0.0/33", None),
            ("10.0.0", None),
            ("proxy.example", None),
            ("", None),
        ];
        for (text, expected) in table {
            let network = text.parse::<Network>().ok().map(|network| network.0.to_string());
            assert_eq!(network.as_deref(), expected, "input: {text:?}");
        }
    }

    #[test]
    fn parses_times() {
        let table = [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("7d", Some(604_800_000)),
            ("30", None),
            ("s", None),
            ("", None),
        ];
        for (text, millis) in table {
            let expected = millis.map(|ms| Span(Duration::from_millis(ms)));
            assert_eq!(text.parse().ok(), expected, "input: {text:?}");
            if let Some(span) = expected {
                assert_eq!(span.to_string(), text);
            }
        }
    }
}
