//! Identifiers and attributes as arguments.

use std::str::FromStr;

use serde_json::{Value, json};

/// An identifier: an e-mail address, or an agent as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Identifier(Value);

/// The text is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an e-mail address such as ada@example.org, or an agent as JSON, such as \
     {{\"account\":{{\"homePage\":\"https://lms.example\",\"name\":\"ada\"}}}}"
)]
pub(in super::super) struct NotAnIdentifier;

impl FromStr for Identifier {
    type Err = NotAnIdentifier;

    fn from_str(text: &str) -> Result<Self, NotAnIdentifier> {
        if text.starts_with('{') {
            return serde_json::from_str(text).map(Self).map_err(|_not_json| NotAnIdentifier);
        }
        let address = text.strip_prefix("mailto:").unwrap_or(text);
        if address.contains('@') {
            return Ok(Self(json!({ "mbox": format!("mailto:{address}") })));
        }
        Err(NotAnIdentifier)
    }
}

impl Identifier {
    /// The agent.
    pub(in super::super) fn to_json(&self) -> Value {
        self.0.clone()
    }
}

/// An attribute and its value; none to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// The text is no attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a name and a value, such as unit=North")]
pub(super) struct NotAnAttribute;

impl FromStr for Attribute {
    type Err = NotAnAttribute;

    fn from_str(text: &str) -> Result<Self, NotAnAttribute> {
        let (name, value) = text.split_once('=').ok_or(NotAnAttribute)?;
        let value = (!value.is_empty()).then(|| value.to_owned());
        Ok(Self { name: name.to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_an_address_or_json() {
        let mbox = json!({ "mbox": "mailto:ada@example.org" });
        for text in
            ["ada@example.org", "mailto:ada@example.org", r#"{"mbox":"mailto:ada@example.org"}"#]
        {
            assert_eq!(text.parse(), Ok(Identifier(mbox.clone())), "{text}");
        }
        for text in ["", "ada", "{"] {
            assert_eq!(text.parse::<Identifier>(), Err(NotAnIdentifier), "{text}");
        }
    }

    #[test]
    fn an_attribute_without_a_value_is_removed() {
        let attribute = |value: Option<&str>| {
            Ok(Attribute { name: "unit".to_owned(), value: value.map(str::to_owned) })
        };
        assert_eq!("unit=a=b".parse(), attribute(Some("a=b")));
        assert_eq!("unit=".parse(), attribute(None));
        assert_eq!("unit".parse::<Attribute>(), Err(NotAnAttribute));
    }
}
