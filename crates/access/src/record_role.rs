//! Roles of people who read the records of some learners only: advisors those of their groups,
//! and learners their own.
//!
//! The other roles, [`Role`](crate::Role), read everything in a tenant or no data of persons. These
//! are bound to persons, so they permit nothing by themselves: what they reach is data of the
//! person who has the role.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use acta_xapi::{Actor, Ifi, Object, Statement, Uuid};

/// A role that is bound to the records of some learners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordRole {
    /// Reads the records of the learners in some groups.
    Advisor,
    /// Reads the own record.
    Learner,
}

/// The text is not the name of a role that is bound to records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: expected advisor or learner")]
pub struct UnknownRecordRole(String);

impl RecordRole {
    /// Every role, the one that can reach more first.
    pub const EVERY: [Self; 2] = [Self::Advisor, Self::Learner];

    /// The name, such as `advisor`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advisor => "advisor",
            Self::Learner => "learner",
        }
    }

    /// A description of the role, as a verb phrase.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Advisor => "reads the records of the learners in the groups that it is bound to",
            Self::Learner => "reads the own record",
        }
    }
}

impl fmt::Display for RecordRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RecordRole {
    type Err = UnknownRecordRole;

    fn from_str(text: &str) -> Result<Self, UnknownRecordRole> {
        let named = Self::EVERY.into_iter().find(|role| role.as_str() == text);
        named.ok_or_else(|| UnknownRecordRole(text.to_owned()))
    }
}

/// The id of a group of learners in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub Uuid);

/// What a role of a person is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordBinding {
    /// An advisor, to these groups.
    Advisor {
        /// The groups; without any, nothing is in reach.
        groups: BTreeSet<GroupId>,
    },
    /// A learner, to these identifiers of the same person.
    Learner {
        /// The identifiers; without any, nothing is in reach.
        identifiers: Vec<Ifi>,
    },
}

/// A learner whose record is requested.
#[derive(Clone, Copy, Debug)]
pub struct RecordOwner<'a> {
    /// The identifier by which the record is requested.
    pub identifier: &'a Ifi,
    /// The groups in which the learner is now.
    pub groups: &'a BTreeSet<GroupId>,
}

impl RecordBinding {
    /// The role.
    pub const fn role(&self) -> RecordRole {
        match self {
            Self::Advisor { .. } => RecordRole::Advisor,
            Self::Learner { .. } => RecordRole::Learner,
        }
    }

    /// Decides whether the person may read the record of `owner`.
    pub fn reaches(&self, owner: RecordOwner<'_>) -> bool {
        match self {
            Self::Advisor { groups } => !groups.is_disjoint(owner.groups),
            Self::Learner { identifiers } => identifiers.contains(owner.identifier),
        }
    }

    /// Decides whether the person may read a statement in the record of `owner`.
    ///
    /// It must be about this learner alone: a statement of a group with members, or with another
    /// agent as its object, is also in the record of somebody else.
    pub fn reaches_statement(&self, owner: RecordOwner<'_>, statement: &Statement) -> bool {
        self.reaches(owner)
            && is_only(&statement.actor, owner.identifier)
            && names_only(&statement.object, owner.identifier)
    }
}

/// Whether an actor is exactly this person.
fn is_only(actor: &Actor, identifier: &Ifi) -> bool {
    actor.ifi.as_ref() == Some(identifier) && actor.members.is_empty()
}

/// Whether an object names no other person.
fn names_only(object: &Object, identifier: &Ifi) -> bool {
    match object {
        Object::Activity(_) | Object::StatementRef(_) => true,
        Object::Actor(actor) => is_only(actor, identifier),
        Object::SubStatement(sub) => {
            is_only(&sub.actor, identifier) && names_only(&sub.object, identifier)
        }
    }
}

#[cfg(test)]
mod tests {
    use acta_xapi::{ParseLimits, Version, parse_statement};

    use super::*;

    fn ifi(name: &str) -> Ifi {
        Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap())
    }

    fn groups(ids: &[u128]) -> BTreeSet<GroupId> {
        ids.iter().map(|id| GroupId(Uuid::from_u128(*id))).collect()
    }

    fn agent(name: &str) -> String {
        format!(r#"{{"objectType":"Agent","mbox":"mailto:{name}@example.org"}}"#)
    }

    #[test]
    fn prints_and_parses_alike() {
        for role in RecordRole::EVERY {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert!(role.as_str().parse::<crate::Role>().is_err(), "the other roles differ");
        }
        assert_eq!("Advisor".parse::<RecordRole>(), Err(UnknownRecordRole("Advisor".to_owned())));
    }

    #[test]
    fn an_advisor_reaches_the_learners_of_the_own_groups() {
        // Groups of the advisor and of the learner, and whether they have one in common.
        let table: [(&[u128], &[u128], bool); 6] = [
            (&[1], &[1], true),
            (&[1, 2], &[2, 3], true),
            (&[1], &[2], false),
            (&[1], &[], false),
            (&[], &[1], false),
            (&[], &[], false),
        ];
        for (own, of, expected) in table {
            let advisor = RecordBinding::Advisor { groups: groups(own) };
            let (identifier, of) = (ifi("ada"), groups(of));
            let owner = RecordOwner { identifier: &identifier, groups: &of };
            assert_eq!(advisor.reaches(owner), expected, "{own:?} {of:?}");
            assert_eq!(advisor.role(), RecordRole::Advisor);
        }
    }

    #[test]
    fn a_learner_reaches_the_own_record_alone() {
        let learner = RecordBinding::Learner { identifiers: vec![ifi("ada"), ifi("ada.l")] };
        let all = groups(&[1, 2]);
        for (name, expected) in [("ada", true), ("ada.l", true), ("bob", false)] {
            let owner = RecordOwner { identifier: &ifi(name), groups: &all };
            assert_eq!(learner.reaches(owner), expected, "{name}");
        }
        let nobody = RecordBinding::Learner { identifiers: Vec::new() };
        assert!(!nobody.reaches(RecordOwner { identifier: &ifi("ada"), groups: &all }));
        assert_eq!(learner.role(), RecordRole::Learner);
    }

    #[test]
    fn a_record_contains_no_statement_about_somebody_else() {
        let (ada, bob) = (agent("ada"), agent("bob"));
        let activity = r#"{"id":"https://example.org/course"}"#.to_owned();
        let reference =
            r#"{"objectType":"StatementRef","id":"00000000-0000-4000-8000-00000000000a"}"#;
        let sub = |actor: &str, object: &str| {
            format!(
                r#"{{"objectType":"SubStatement","actor":{actor},"verb":{{"id":"http://example.org/v"}},"object":{object}}}"#
            )
        };
        let group = r#"{"objectType":"Group","mbox":"mailto:ada@example.org","member":[{"mbox":"mailto:bob@example.org"}]}"#;
        let table = [
            (ada.as_str(), activity.clone(), true),
            (&ada, reference.to_owned(), true),
            (&ada, ada.clone(), true),
            (&ada, sub(&ada, &activity), true),
            (&bob, activity.clone(), false),
            (group, activity.clone(), false),
            (&ada, bob.clone(), false),
            (&ada, sub(&bob, &activity), false),
            (&ada, sub(&ada, &bob), false),
        ];
        let (identifier, of) = (ifi("ada"), groups(&[1]));
        let owner = RecordOwner { identifier: &identifier, groups: &of };
        let advisor = RecordBinding::Advisor { groups: groups(&[1]) };
        let other = RecordBinding::Advisor { groups: groups(&[2]) };
        let learner = RecordBinding::Learner { identifiers: vec![ifi("ada")] };
        for (actor, object, expected) in table {
            let text = format!(
                r#"{{"actor":{actor},"verb":{{"id":"http://example.org/v"}},"object":{object}}}"#
            );
            let limits = ParseLimits::default();
            let parsed = parse_statement(text.as_bytes(), Version::V2_0_0, &limits).unwrap();
            assert_eq!(advisor.reaches_statement(owner, &parsed), expected, "{text}");
            assert_eq!(learner.reaches_statement(owner, &parsed), expected, "{text}");
            assert!(!other.reaches_statement(owner, &parsed), "{text}");
        }
    }
}
