//! The authority of statements.

use std::str::FromStr;

use acta_xapi::json::write_string;
use acta_xapi::{ActorType, Faults, Ifi, Iri, Version, parse_actor};

/// The agent that is the authority of statements: its identifier, and its JSON text.
///
/// The text is always generated, so that one agent has one text.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    ifi: Ifi,
    json: String,
}

/// The text is not an agent with an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAuthority {
    /// It breaks rules of the specification.
    #[error("expected an agent as JSON")]
    Faulty(Faults),
    /// It is a group.
    #[error("expected an agent, not a group")]
    Group,
}

impl Authority {
    /// The agent with this identifier and name.
    pub fn new(ifi: Ifi, name: Option<&str>) -> Self {
        let key = ifi.to_key();
        let mut json = String::with_capacity(key.len() + 64);
        json.push_str(r#"{"objectType":"Agent","#);
        if let Some(name) = name {
            json.push_str(r#""name":"#);
            write_string(&mut json, name);
            json.push(',');
        }
        // The key is a JSON object with only the identifier.
        json.push_str(key.strip_prefix('{').unwrap_or(&key));
        Self { ifi, json }
    }

    /// The account `name` on the system with this home page, the default authority of a credential.
    pub fn of_account(home_page: &Iri, name: &str) -> Self {
        Self::new(Ifi::Account { home_page: home_page.clone(), name: name.into() }, None)
    }

    /// Its identifier.
    pub const fn ifi(&self) -> &Ifi {
        &self.ifi
    }

    /// The agent, as the JSON text that is put into statements.
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl FromStr for Authority {
    type Err = NotAnAuthority;

    /// Reads the JSON text of an agent.
    fn from_str(text: &str) -> Result<Self, NotAnAuthority> {
        let actor =
            parse_actor(text.as_bytes(), Version::V2_0_0).map_err(NotAnAuthority::Faulty)?;
        match (actor.actor_type, actor.ifi) {
            (ActorType::Agent, Some(ifi)) => Ok(Self::new(ifi, actor.name.as_deref())),
            (ActorType::Agent | ActorType::Group, _) => Err(NotAnAuthority::Group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_agent_has_one_text() {
        let table = [
            (
                r#"{"mbox": "mailto:lms@example.org"}"#,
                r#"{"objectType":"Agent","mbox":"mailto:lms@example.org"}"#,
            ),
            (
                r#"{"account":{"name":"a\u0022b","homePage":"https://a.example"},"name":"LMS"}"#,
                r#"{"objectType":"Agent","name":"LMS","account":{"homePage":"https://a.example","name":"a\"b"}}"#,
            ),
        ];
        for (text, expected) in table {
            let authority: Authority = text.parse().unwrap();
            assert_eq!(authority.json(), expected);
            assert_eq!(authority.json().parse(), Ok(authority));
        }
    }

    #[test]
    fn only_an_agent_can_be_an_authority() {
        let group = r#"{"objectType":"Group","mbox":"mailto:all@example.org"}"#;
        assert_eq!(group.parse::<Authority>(), Err(NotAnAuthority::Group));
        for text in ["", "{}", "[]", r#"{"name":"LMS"}"#, r#"{"mbox":"lms@example.org"}"#] {
            let refused = text.parse::<Authority>();
            assert!(matches!(refused, Err(NotAnAuthority::Faulty(_))), "{text}");
        }
    }
}
