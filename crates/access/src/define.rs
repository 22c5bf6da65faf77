//! What becomes known of activities and persons by a statement.

use acta_xapi::{Object, Statement};

use crate::{Principal, Scope};

/// Which activities and persons a statement defines, by the rights of who wrote it. What it
/// does not define is stored with it, and changes nothing that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Defines {
    /// Every activity with a definition and every agent with a name.
    #[default]
    All,
    /// Only the activity that is its object.
    Object,
    /// Nothing.
    Nothing,
}

impl Defines {
    /// Its number in stores.
    pub const fn number(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Object => 1,
            Self::Nothing => 2,
        }
    }

    /// The one with this number.
    pub const fn of_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::All),
            1 => Some(Self::Object),
            2 => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// What `statement` defines when `principal` writes it.
///
/// It takes the scope `define` or `all`. A credential that is restricted to activities or
/// bound to an agent defines only the object of its statements, and only if that activity is
/// in its reach.
///
/// Spec: xAPI 1.0.3, Part Three, 4.1 (scope `define`).
pub fn defines(principal: &Principal, statement: &Statement) -> Defines {
    let restrictions = &principal.restrictions;
    if !principal.scopes.contains_any(&[Scope::Define, Scope::All]) {
        return Defines::Nothing;
    }
    if !restrictions.narrows_content() {
        return Defines::All;
    }
    match &statement.object {
        Object::Activity(activity)
            if restrictions.permit_writing_activity(&activity.id).is_ok() =>
        {
            Defines::Object
        }
        Object::Activity(_)
        | Object::Actor(_)
        | Object::StatementRef(_)
        | Object::SubStatement(_) => Defines::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use acta_xapi::{ParseLimits, Version, parse_statement};

    use super::*;
    use crate::{Binding, Restrictions, TenantId};

    fn statement(object: &str) -> Statement {
        let text = format!(
            r#"{{"actor":{{"mbox":"mailto:ada@example.org"}},"verb":{{"id":"http://example.org/v"}},"object":{object}}}"#
        );
        parse_statement(text.as_bytes(), Version::V2_0_0, &ParseLimits::default()).unwrap()
    }

    #[test]
    fn only_the_scope_to_define_lets_a_statement_define() {
        let statement = statement(r#"{"id":"https://a.example/c/1"}"#);
        let table = [
            ("all", Defines::All),
            ("statements/write define", Defines::All),
            ("statements/write", Defines::Nothing),
            ("statements/write state profile all/read", Defines::Nothing),
        ];
        for (scopes, expected) in table {
            let principal = Principal::new(TenantId::FIRST, "a", scopes.parse().unwrap());
            assert_eq!(defines(&principal, &statement), expected, "{scopes}");
        }
    }

    #[test]
    fn a_restricted_credential_defines_objects_in_its_reach() {
        let within = statement(r#"{"id":"https://a.example/c/1"}"#);
        let beside = statement(r#"{"id":"https://a.example/d"}"#);
        let agent = statement(r#"{"objectType":"Agent","mbox":"mailto:bob@example.org"}"#);
        let prefixes = Restrictions {
            activity_prefixes: vec!["https://a.example/c".parse().unwrap()],
            ..Restrictions::default()
        };
        let bound = |activity: Option<&str>| Restrictions {
            binding: Some(Binding {
                agent: within.actor.ifi.clone().unwrap(),
                registration: None,
                activities: activity.map(|id| id.parse().unwrap()).into_iter().collect(),
            }),
            ..Restrictions::default()
        };
        let table = [
            (prefixes, [Defines::Object, Defines::Nothing, Defines::Nothing]),
            (
                bound(Some("https://a.example/c")),
                [Defines::Object, Defines::Nothing, Defines::Nothing],
            ),
            (bound(None), [Defines::Nothing; 3]),
        ];
        for (restrictions, expected) in table {
            let mut principal = Principal::new(TenantId::FIRST, "a", "all".parse().unwrap());
            principal.restrictions = Arc::new(restrictions);
            let found = [&within, &beside, &agent].map(|it| defines(&principal, it));
            assert_eq!(found, expected, "{principal:?}");
        }
    }
}
