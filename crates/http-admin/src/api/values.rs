//! Values in bodies and parameters, parsed with a fault at their position.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::str::FromStr;

use acta_access::{Authority, NotAnAuthority, Scope, Scopes};
use acta_ambient::Timestamp;
use acta_http::edge::Params;
use acta_storage::{NotAWeight, Weight};
use acta_xapi::{Faults, StatementTimestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An object in a body. serde also accepts an array with the members in order; this type does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// A value that is sent as a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed<T>(pub(crate) T);

impl<'de, T> Deserialize<'de> for Parsed<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A member that may be missing, but not null.
pub(crate) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A whole number from 0. `1.0` is accepted for `1`: JSON has only one kind of number.
///
/// Spec: JSON Schema, Validation, 6.1.1 (`1.0` is an integer).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whole(pub(crate) u64);

impl Whole {
    /// The largest integer that every JSON parser reads exactly.
    const MAX: u64 = (1 << 53) - 1;
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let text = number.to_string();
        let whole = text.strip_suffix(".0").unwrap_or(&text).parse::<u64>().ok();
        let whole = whole.filter(|whole| *whole <= Self::MAX);
        whole
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected a whole number from 0 to 9007199254740991"))
    }
}

/// A number of at least 1, or null for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount<T>(pub(crate) Option<T>);

impl<T> Default for Amount<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: TryFrom<NonZeroU64>> Deserialize<'de> for Amount<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(Whole(number)) = Option::deserialize(deserializer)? else { return Ok(Self(None)) };
        let amount = NonZeroU64::new(number).and_then(|number| T::try_from(number).ok());
        let message = "expected a whole number from 1 to 9007199254740991";
        amount.map(|amount| Self(Some(amount))).ok_or_else(|| D::Error::custom(message))
    }
}

/// The weight of a tenant, or null for that of most tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WeightOrNull(pub(crate) Weight);

impl<'de> Deserialize<'de> for WeightOrNull {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(Whole(number)) = Option::deserialize(deserializer)? else {
            return Ok(Self::default());
        };
        let weight = NonZeroU64::new(number).ok_or(NotAWeight).and_then(Weight::try_from);
        weight.map(Self).map_err(D::Error::custom)
    }
}

/// A value, or null for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nullable<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

/// A timestamp as a string.
///
/// Spec: RFC 3339, 5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) Timestamp);

/// The text is not a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a timestamp of RFC 3339, such as `2026-03-01T09:30:00Z`")]
pub(crate) struct NotAnInstant;

impl FromStr for Instant {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        // xAPI permits more forms of a timestamp, also without a time zone.
        if !is_rfc_3339(text.as_bytes()) {
            return Err(NotAnInstant);
        }
        let timestamp: StatementTimestamp =
            text.parse().map_err(|_not_a_timestamp| NotAnInstant)?;
        let micros = i64::try_from(timestamp.unix_nanos().div_euclid(1000));
        let micros = micros.map_err(|_too_far| NotAnInstant)?;
        Ok(Self(Timestamp::from_unix_micros(micros)))
    }
}

/// Whether the separators are where RFC 3339 requires them, and a time zone follows.
fn is_rfc_3339(text: &[u8]) -> bool {
    let Some((time, rest)) = text.split_at_checked(19) else { return false };
    let is_plain = [4, 7].iter().all(|place| time.get(*place) == Some(&b'-'))
        && [13, 16].iter().all(|place| time.get(*place) == Some(&b':'));
    let zone = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.');
    let zone = zone.and_then(|start| rest.get(start..)).unwrap_or_default();
    let is_zone = matches!(zone, [b'Z' | b'z'] | [b'+' | b'-', _, _, b':', _, _]);
    is_plain && is_zone
}

/// Takes a timestamp from the parameters.
pub(crate) fn take_timestamp(params: &mut Params, name: &str) -> Option<Timestamp> {
    let text = params.text(name)?;
    // An unencoded `+` arrives as a space, and no timestamp contains one.
    let text = text.replace(' ', "+");
    let message = NotAnInstant.to_string();
    params.read(name, &text, &message, |text| text.parse().ok()).map(|Instant(moment)| moment)
}

/// Takes a value from the parameters that is sent as a string.
pub(crate) fn take<T>(params: &mut Params, name: &str, message: &str) -> Option<T>
where
    T: FromStr,
{
    let text = params.text(name)?;
    params.read(name, &text, message, |text| text.parse().ok())
}

/// The name of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeName(pub(crate) Scope);

impl<'de> Deserialize<'de> for ScopeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::<Scope>::deserialize(deserializer).map(|Parsed(scope)| Self(scope))
    }
}

impl Serialize for ScopeName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let names = Scope::EVERY.map(Scope::as_str);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names))
            .description(Some("The name of a scope."))
            .into()
    }
}

impl ToSchema for ScopeName {}

/// The set of scopes with these names.
pub(crate) fn scopes_of(names: &[ScopeName]) -> Scopes {
    names.iter().map(|name| name.0).collect()
}

/// The names of a set of scopes.
pub(crate) fn names_of(scopes: Scopes) -> Vec<ScopeName> {
    Scope::EVERY.into_iter().filter(|scope| scopes.contains(*scope)).map(ScopeName).collect()
}

/// An xAPI agent with an identifier, as a JSON object.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agent(pub(crate) Authority);

impl<'de> Deserialize<'de> for Agent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(members): Object<serde_json::Map<String, Value>> =
            Object::deserialize(deserializer)?;
        let read = Value::Object(members).to_string().parse();
        read.map(Self).map_err(|error| match error {
            NotAnAuthority::Group => D::Error::custom(error),
            NotAnAuthority::Faulty(faults) => D::Error::custom(text_of(&faults)),
        })
    }
}

/// A short description of the faults of an agent.
fn text_of(faults: &Faults) -> String {
    let messages = faults.0.iter().take(3).map(|fault| {
        let place = if fault.pointer.is_empty() { "the agent" } else { &fault.pointer };
        format!("{place}: {}", fault.rule.text())
    });
    messages.collect::<Vec<String>>().join("; ")
}

impl PartialSchema for Agent {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("An xAPI agent with exactly one identifier."))
            .examples([serde_json::json!({ "mbox": "mailto:ada@example.org" })])
            .into()
    }
}

impl ToSchema for Agent {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        let read = text.parse::<Instant>().ok().map(|Instant(moment)| moment.unix_micros());
        assert_eq!(read, expected, "input: {text:?}");
    }

    #[test]
    fn times_are_those_of_rfc_3339_with_a_zone() {
        let table = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01t00:00:00z", Some(0)),
            ("1970-01-01T00:00:00.0000019Z", Some(1)),
            ("1970-01-01T01:00:00+01:00", Some(0)),
            ("1969-12-31T23:59:59.999999Z", Some(-1)),
            ("1970-01-01T00:00:00", None),
            ("1970-01-01T00:00Z", None),
            ("19700101T000000Z", None),
            ("1970-01-01T00:00:00+01", None),
            ("1970-01-01T00:00:00,5Z", None),
            ("1970-01-01 00:00:00Z", None),
            ("1970-02-30T00:00:00Z", None),
            ("1970-01-01", None),
            ("0", None),
            ("", None),
            ("1970-01-01T00:00:00\u{e4}", None),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }

    #[test]
    fn a_whole_number_may_have_a_decimal_point() {
        let table = [
            ("0", Some(0)),
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("9007199254740992", None),
            ("7.5", None),
            ("-1", None),
            ("1e300", None),
            ("\"7\"", None),
            ("null", None),
        ];
        for (text, expected) in table {
            let read = serde_json::from_str::<Whole>(text).ok();
            assert_eq!(read, expected.map(Whole), "{text}");
        }
        let read = |text| serde_json::from_str::<Amount<std::num::NonZeroU32>>(text).ok();
        assert_eq!(read("null"), Some(Amount(None)));
        assert_eq!(read("7"), Some(Amount(std::num::NonZeroU32::new(7))));
        assert_eq!((read("0"), read("4294967296")), (None, None));
        let weight = |text| serde_json::from_str(text).ok().map(|WeightOrNull(it)| it.number());
        let table = [("null", Some(1)), ("1", Some(1)), ("100", Some(100)), ("4.0", Some(4))];
        for (text, expected) in table {
            assert_eq!(weight(text), expected, "{text}");
        }
        assert_eq!((weight("0"), weight("101"), weight("1.5")), (None, None, None));
    }

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        a: u8,
    }

    #[test]
    fn an_array_is_not_accepted_as_an_object() {
        let read = |value| serde_json::from_value::<Object<Inner>>(value);
        assert_eq!(read(json!({ "a": 7 })).unwrap(), Object(Inner { a: 7 }));
        for refused in [json!([7]), json!([]), json!(7), json!(null), json!({ "b": 7 })] {
            assert!(read(refused.clone()).is_err(), "{refused}");
        }
    }

    #[test]
    fn an_agent_has_one_identifier() {
        let read = |value: Value| serde_json::from_value::<Agent>(value);
        let agent = read(json!({ "mbox": "mailto:ada@example.org" })).unwrap();
        assert!(agent.0.json().contains("mailto:ada@example.org"));
        let table = [
            json!({}),
            json!([]),
            json!("mailto:ada@example.org"),
            json!({ "mbox": "ada" }),
            json!({ "objectType": "Group", "mbox": "mailto:all@example.org" }),
        ];
        for refused in table {
            assert!(read(refused.clone()).is_err(), "{refused}");
        }
    }
}
