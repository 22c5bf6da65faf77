//! Persons who learn: identifiers that are joined, and what is known of the person.
//!
//! An identifier belongs to at most one person of a tenant: it has a record of its own, which
//! two persons cannot both create. Every change of persons also changes the one record of
//! [`PersonChanges`] of the tenant, so changes of persons are made one after the other, and a
//! reader that remembers how many there were finds those that it has missed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::{ActorType, Ifi, Iri, Uuid, Version, parse_actor};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::person_group::{GroupId, GroupMembership, MembershipBody};
use super::recorded::{Recorded, corrupt, moment, read_body, write_body};
use super::tenant::Tenant;
use crate::{Expected, Record, RecordContent, RecordKind, RecordWrite, StorageError};

/// The id of a person.
pub type PersonId = Uuid;

/// The name of an attribute of persons: a lower-case letter, then letters, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeName(Box<str>);

/// The text is not the name of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of an attribute: a lower-case letter, then lower-case letters, digits and \
     `_`, {} at most, and none of {}",
    AttributeName::LEN_MAX,
    AttributeName::RESERVED.join(", ")
)]
pub struct NotAnAttributeName;

impl AttributeName {
    /// Longest name, in characters.
    pub const LEN_MAX: usize = 40;

    /// Names that mean something else as a column or a field.
    pub const RESERVED: [&str; 6] = ["person", "name", "mbox", "mbox_sha1sum", "openid", "account"];

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AttributeName {
    type Err = NotAnAttributeName;

    fn from_str(text: &str) -> Result<Self, NotAnAttributeName> {
        let is_first = |byte: &u8| byte.is_ascii_lowercase();
        let is_other =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_name = text.len() <= Self::LEN_MAX
            && text.as_bytes().first().is_some_and(is_first)
            && text.bytes().all(is_other)
            && !Self::RESERVED.contains(&text);
        if is_name { Ok(Self(text.into())) } else { Err(NotAnAttributeName) }
    }
}

/// A person of a tenant: the identifiers that are one, and what is known of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinedPerson {
    /// The id of the person.
    pub id: PersonId,
    /// The tenant that the person belongs to.
    pub tenant: TenantId,
    /// The name, if one was given.
    pub name: Option<String>,
    /// The identifiers, at least one, none twice.
    pub identifiers: Vec<Ifi>,
    /// What else is known.
    pub attributes: BTreeMap<AttributeName, String>,
    /// When the person is a member of which group, in order; none of them overlap in one group.
    pub memberships: Vec<GroupMembership>,
    /// When the person was created.
    pub created: Timestamp,
}

impl fmt::Debug for JoinedPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinedPerson")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl JoinedPerson {
    /// Most identifiers of a person.
    pub const IDENTIFIERS_MAX: usize = 50;

    /// Longest identifier, in bytes of its JSON.
    pub const IDENTIFIER_BYTES_MAX: usize = 1_024;

    /// Most attributes of a person.
    pub const ATTRIBUTES_MAX: usize = 30;

    /// Most different names of attributes of all persons of a tenant.
    pub const ATTRIBUTE_NAMES_MAX: usize = 200;

    /// Longest name and longest attribute, in characters.
    pub const TEXT_CHARS_MAX: usize = 200;

    /// Most memberships of a person in groups, each time counted.
    pub const MEMBERSHIPS_MAX: usize = 100;

    /// The id of the record of a person.
    pub fn record_id_of(tenant: TenantId, id: PersonId) -> String {
        format!("{}.{id}", Tenant::record_id_of(tenant))
    }

    /// The writes of the records of the identifiers that this person has and `before` has not.
    pub fn identifier_writes<'p>(
        &'p self,
        before: &'p [Ifi],
    ) -> impl Iterator<Item = RecordWrite> + 'p {
        let new = self.identifiers.iter().filter(|identifier| !before.contains(identifier));
        new.map(|identifier| {
            let identifier = PersonIdentifier {
                tenant: self.tenant,
                identifier: identifier.clone(),
                person: self.id,
            };
            RecordWrite { expected: Expected::Anything, ..identifier.create() }
        })
    }
}

/// Reads the identifier of an agent from its JSON.
fn read_identifier(text: &str) -> Option<Ifi> {
    let actor = parse_actor(text.as_bytes(), Version::V2_0_0).ok()?;
    actor.ifi.filter(|_| actor.actor_type == ActorType::Agent)
}

#[derive(Serialize, Deserialize)]
struct PersonBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    identifiers: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<MembershipBody>,
    created: i64,
}

impl Recorded for JoinedPerson {
    const KIND: RecordKind = RecordKind::Person;

    fn record_id(&self) -> String {
        Self::record_id_of(self.tenant, self.id)
    }

    fn to_content(&self) -> RecordContent {
        let attributes = self.attributes.iter();
        let body = PersonBody {
            name: self.name.clone(),
            identifiers: self.identifiers.iter().map(Ifi::to_key).collect(),
            attributes: attributes.map(|(name, text)| (name.to_string(), text.clone())).collect(),
            groups: self.memberships.iter().map(MembershipBody::of).collect(),
            created: self.created.unix_micros(),
        };
        let (owner, name, expires) = (None, None, None);
        RecordContent { tenant: Some(self.tenant), owner, name, expires, body: write_body(&body) }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: PersonBody = read_body(record)?;
        let corrupt = || corrupt(record);
        let (_, id) = record.id.split_once('.').ok_or_else(corrupt)?;
        let identifiers: Option<Vec<Ifi>> =
            body.identifiers.iter().map(|text| read_identifier(text)).collect();
        let attributes =
            body.attributes.into_iter().map(|(name, text)| Some((name.parse().ok()?, text)));
        let memberships: Option<Vec<GroupMembership>> =
            body.groups.iter().map(MembershipBody::read).collect();
        Ok(Self {
            id: id.parse().map_err(|_not_an_id| corrupt())?,
            tenant: record.content.tenant.ok_or_else(corrupt)?,
            name: body.name,
            identifiers: identifiers.ok_or_else(corrupt)?,
            attributes: attributes.collect::<Option<_>>().ok_or_else(corrupt)?,
            memberships: memberships.ok_or_else(corrupt)?,
            created: moment(body.created),
        })
    }
}

/// An identifier and the person that it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonIdentifier {
    /// The tenant.
    pub tenant: TenantId,
    /// The identifier.
    pub identifier: Ifi,
    /// The person.
    pub person: PersonId,
}

impl fmt::Debug for PersonIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonIdentifier").field("person", &self.person).finish_non_exhaustive()
    }
}

impl PersonIdentifier {
    /// The id of the record of an identifier.
    pub fn record_id_of(tenant: TenantId, identifier: &Ifi) -> String {
        let hash = hex::encode(Sha256::digest(identifier.to_key()));
        format!("{}.{hash}", Tenant::record_id_of(tenant))
    }

    /// The name of the record of the mailbox with this SHA-1.
    pub fn record_name_of(tenant: TenantId, sha1: &str) -> String {
        format!("{}.{sha1}", Tenant::record_id_of(tenant))
    }

    /// The write that removes the record of an identifier.
    pub fn removal(tenant: TenantId, identifier: &Ifi) -> RecordWrite {
        let id = Self::record_id_of(tenant, identifier);
        let (kind, expected) = (RecordKind::PersonIdentifier, Expected::Anything);
        RecordWrite { kind, id, expected, content: None }
    }
}

#[derive(Serialize, Deserialize)]
struct IdentifierBody {
    identifier: String,
    person: String,
}

impl Recorded for PersonIdentifier {
    const KIND: RecordKind = RecordKind::PersonIdentifier;

    fn record_id(&self) -> String {
        Self::record_id_of(self.tenant, &self.identifier)
    }

    fn to_content(&self) -> RecordContent {
        let sha1 = match &self.identifier {
            Ifi::Mbox(mbox) => Some(mailbox_sha1(mbox.as_str())),
            Ifi::MboxSha1(_) | Ifi::OpenId(_) | Ifi::Account { .. } => None,
        };
        let body = IdentifierBody {
            identifier: self.identifier.to_key(),
            person: self.person.to_string(),
        };
        RecordContent {
            tenant: Some(self.tenant),
            owner: Some(JoinedPerson::record_id_of(self.tenant, self.person)),
            name: sha1.map(|sha1| Self::record_name_of(self.tenant, &sha1)),
            expires: None,
            body: write_body(&body),
        }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: IdentifierBody = read_body(record)?;
        Ok(Self {
            tenant: record.content.tenant.ok_or_else(|| corrupt(record))?,
            identifier: read_identifier(&body.identifier).ok_or_else(|| corrupt(record))?,
            person: body.person.parse().map_err(|_not_an_id| corrupt(record))?,
        })
    }
}

/// The SHA-1 of a mailbox IRI, as in `mbox_sha1sum`.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.2.3.
pub(crate) fn mailbox_sha1(mbox: &str) -> String {
    hex::encode(Sha1::digest(mbox))
}

/// Rules by which identifiers are one without being listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonRules {
    /// Lists of home pages: accounts with the same name on home pages of one list are one.
    pub home_pages: Vec<Vec<Iri>>,
    /// Whether a mailbox and its SHA-1 are one.
    pub mailbox_sha1: bool,
}

impl PersonRules {
    /// Most lists of home pages.
    pub const LISTS_MAX: usize = 20;

    /// Most home pages in a list.
    pub const HOME_PAGES_MAX: usize = 20;

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.home_pages.is_empty() && !self.mailbox_sha1
    }
}

/// What is common to the persons of a tenant, and which of them, and of their groups, have changed
/// lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChanges {
    /// The tenant.
    pub tenant: TenantId,
    /// How many persons there are.
    pub count: u64,
    /// How many times a person was created, changed or removed.
    pub changes: u64,
    /// Those of the last changes, the last one last.
    pub recent: Vec<PersonId>,
    /// The rules.
    pub rules: PersonRules,
    /// How many times a group was created, changed or removed.
    pub group_changes: u64,
    /// Those of the last changes, the last one last.
    pub recent_groups: Vec<GroupId>,
}

impl PersonChanges {
    /// Most changes in `recent` and in `recent_groups`.
    pub const RECENT_MAX: usize = 200;

    /// Before there was a person.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            count: 0,
            changes: 0,
            recent: Vec::new(),
            rules: PersonRules::default(),
            group_changes: 0,
            recent_groups: Vec::new(),
        }
    }

    /// Adds a change of each of these persons.
    pub fn add(&mut self, persons: impl IntoIterator<Item = PersonId>) {
        note(&mut self.changes, &mut self.recent, persons);
    }

    /// Adds a change of each of these groups.
    pub fn add_groups(&mut self, groups: impl IntoIterator<Item = GroupId>) {
        note(&mut self.group_changes, &mut self.recent_groups, groups);
    }

    /// The persons that have changed since there were so many changes; none if they are not all
    /// known any more.
    pub fn since(&self, changes: u64) -> Option<&[PersonId]> {
        missed(self.changes, &self.recent, changes)
    }

    /// The groups that have changed since there were so many changes of groups; none if they are
    /// not all known any more.
    pub fn groups_since(&self, changes: u64) -> Option<&[GroupId]> {
        missed(self.group_changes, &self.recent_groups, changes)
    }
}

fn note(changes: &mut u64, recent: &mut Vec<Uuid>, ids: impl IntoIterator<Item = Uuid>) {
    let before = recent.len();
    recent.extend(ids);
    *changes += (recent.len() - before) as u64;
    let excess = recent.len().saturating_sub(PersonChanges::RECENT_MAX);
    recent.drain(..excess);
}

fn missed(changes: u64, recent: &[Uuid], before: u64) -> Option<&[Uuid]> {
    let missed = usize::try_from(changes.checked_sub(before)?).ok()?;
    recent.get(recent.len().checked_sub(missed)?..)
}

#[derive(Serialize, Deserialize)]
struct ChangesBody {
    count: u64,
    changes: u64,
    recent: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    home_pages: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    mailbox_sha1: bool,
    #[serde(default)]
    group_changes: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recent_groups: Vec<String>,
}

impl Recorded for PersonChanges {
    const KIND: RecordKind = RecordKind::Persons;

    fn record_id(&self) -> String {
        Tenant::record_id_of(self.tenant)
    }

    fn to_content(&self) -> RecordContent {
        let texts = |pages: &Vec<Iri>| pages.iter().map(|page| page.as_str().to_owned()).collect();
        let body = ChangesBody {
            count: self.count,
            changes: self.changes,
            recent: self.recent.iter().map(ToString::to_string).collect(),
            home_pages: self.rules.home_pages.iter().map(texts).collect(),
            mailbox_sha1: self.rules.mailbox_sha1,
            group_changes: self.group_changes,
            recent_groups: self.recent_groups.iter().map(ToString::to_string).collect(),
        };
        let (owner, name, expires) = (None, None, None);
        RecordContent { tenant: Some(self.tenant), owner, name, expires, body: write_body(&body) }
    }

    fn from_record(record: &Record) -> Result<Self, StorageError> {
        let body: ChangesBody = read_body(record)?;
        let pages = |texts: &Vec<String>| texts.iter().map(|text| text.parse().ok()).collect();
        let home_pages: Option<Vec<Vec<Iri>>> = body.home_pages.iter().map(pages).collect();
        let ids = |texts: &[String]| -> Option<Vec<Uuid>> {
            texts.iter().map(|id| id.parse().ok()).collect()
        };
        let (recent, recent_groups) = (ids(&body.recent), ids(&body.recent_groups));
        Ok(Self {
            tenant: record.content.tenant.ok_or_else(|| corrupt(record))?,
            count: body.count,
            changes: body.changes,
            recent: recent.ok_or_else(|| corrupt(record))?,
            rules: PersonRules {
                home_pages: home_pages.ok_or_else(|| corrupt(record))?,
                mailbox_sha1: body.mailbox_sha1,
            },
            group_changes: body.group_changes,
            recent_groups: recent_groups.ok_or_else(|| corrupt(record))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::MembershipPeriod;

    fn person() -> JoinedPerson {
        JoinedPerson {
            id: Uuid::from_u128(7),
            tenant: TenantId::FIRST,
            name: Some("Ada".to_owned()),
            identifiers: vec![
                Ifi::Mbox("mailto:ada@example.org".parse().unwrap()),
                Ifi::Account {
                    home_page: "https://a.example".parse().unwrap(),
                    name: "\"7\"".into(),
                },
            ],
            attributes: [("unit".parse().unwrap(), "North".to_owned())].into(),
            memberships: vec![GroupMembership {
                group: Uuid::from_u128(3),
                period: MembershipPeriod { from: "2026-09-01".parse().ok(), until: None },
            }],
            created: Timestamp::from_unix_micros(5),
        }
    }

    fn stored<T: Recorded>(value: &T) -> Record {
        let (kind, id, content) = (T::KIND, value.record_id(), value.to_content());
        Record { kind, id, version: 1, content }
    }

    #[test]
    fn persons_and_identifiers_are_read_as_they_were_written() {
        let person = person();
        assert_eq!(JoinedPerson::from_record(&stored(&person)).unwrap(), person);
        let owned: Vec<RecordWrite> = person.identifier_writes(&person.identifiers[1..]).collect();
        let content = owned[0].content.clone().unwrap();
        assert_eq!(owned.len(), 1);
        assert_eq!(content.owner, Some(person.record_id()));
        // The example of RFC 3174 is not a mailbox; this one was computed by `sha1sum`.
        let name = content.name.clone().unwrap();
        assert!(name.starts_with("0000000001.") && name.len() == 11 + 40, "{name}");
        let record = Record { kind: owned[0].kind, id: owned[0].id.clone(), version: 1, content };
        let read = PersonIdentifier::from_record(&record).unwrap();
        assert_eq!((read.identifier, read.person), (person.identifiers[0].clone(), person.id));
    }

    #[test]
    fn changes_are_known_as_far_as_they_go() {
        let ids = |numbers: std::ops::Range<u128>| numbers.map(Uuid::from_u128).collect::<Vec<_>>();
        let mut changes = PersonChanges::new(TenantId::FIRST);
        changes.add(ids(0..3));
        assert_eq!(changes.since(0), Some(&ids(0..3)[..]));
        assert_eq!(changes.since(2), Some(&ids(2..3)[..]));
        assert_eq!(changes.since(3), Some(&[][..]));
        assert_eq!(changes.since(4), None);
        changes.add(ids(3..300));
        assert_eq!((changes.changes, changes.recent.len()), (300, PersonChanges::RECENT_MAX));
        assert_eq!(changes.since(99), None);
        assert_eq!(changes.since(100), Some(&ids(100..300)[..]));
        assert_eq!(changes.groups_since(0), Some(&[][..]));
        changes.add_groups(ids(7..9));
        assert_eq!((changes.groups_since(1), changes.changes), (Some(&ids(8..9)[..]), 300));
        changes.rules = PersonRules {
            home_pages: vec![vec!["https://a.example".parse().unwrap()]],
            mailbox_sha1: true,
        };
        assert_eq!(PersonChanges::from_record(&stored(&changes)).unwrap(), changes);
    }

    #[test]
    fn names_of_attributes_are_short_words() {
        for name in ["unit", "start_date", "a1"] {
            assert_eq!(
                name.parse::<AttributeName>().map(|name| name.to_string()),
                Ok(name.to_owned())
            );
        }
        let long = "a".repeat(AttributeName::LEN_MAX + 1);
        for name in ["", "1a", "Unit", "a b", "a.b", "name", "person", long.as_str()] {
            assert_eq!(name.parse::<AttributeName>(), Err(NotAnAttributeName), "{name}");
        }
    }
}
