//! Agents and groups.

use crate::json::{Kind, Value, write_string};
use crate::reader::{Counted, Reader};
use crate::{Iri, Mbox, Rule};

/// An agent or a group: as actor, object, authority, instructor, team or member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Agent or group.
    pub actor_type: ActorType,
    /// The identifier; none for an anonymous group.
    pub ifi: Option<Ifi>,
    /// The display name, as sent.
    pub name: Option<Box<str>>,
    /// The members of a group; empty for agents.
    pub members: Vec<Actor>,
}

/// Whether an actor is one or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorType {
    /// One person or system.
    Agent,
    /// Several agents.
    Group,
}

/// The inverse functional identifier: what distinguishes an agent from every other one.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.2.3.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ifi {
    /// A mailbox.
    Mbox(Mbox),
    /// The SHA-1 of a mailbox IRI, 40 hexadecimal digits in lower case.
    MboxSha1(Box<str>),
    /// An OpenID.
    OpenId(Iri),
    /// An account on a system.
    Account {
        /// The system's home page.
        home_page: Iri,
        /// The account's name there.
        name: Box<str>,
    },
}

impl Ifi {
    /// One text for each identifier: two are equal exactly if these texts are.
    ///
    /// A key for indexes and tables. It is the JSON object of this identifier alone, as in
    /// `{"mbox":"mailto:ada@example.org"}` and `{"account":{"homePage":"…","name":"…"}}`.
    pub fn to_key(&self) -> String {
        let (start, text) = match self {
            Self::Mbox(mbox) => ("{\"mbox\":", mbox.as_str()),
            Self::MboxSha1(digits) => ("{\"mbox_sha1sum\":", &**digits),
            Self::OpenId(iri) => ("{\"openid\":", iri.as_str()),
            Self::Account { home_page, .. } => ("{\"account\":{\"homePage\":", home_page.as_str()),
        };
        let mut key = String::with_capacity(start.len() + text.len() + 32);
        key.push_str(start);
        write_string(&mut key, text);
        if let Self::Account { name, .. } = self {
            key.push_str(",\"name\":");
            write_string(&mut key, name);
            key.push('}');
        }
        key.push('}');
        key
    }
}

/// Which property an actor stands in: that decides who may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActorRole {
    /// The actor of a statement, or one given by itself.
    Actor,
    /// The object of a statement, whose `objectType` is known to fit.
    Object,
    /// The authority of a statement.
    Authority,
    /// Who taught.
    Instructor,
    /// Who took part.
    Team,
    /// One of a group.
    Member,
    /// The agent in one of `contextAgents`.
    ContextAgent,
    /// The group in one of `contextGroups`.
    ContextGroup,
}

impl ActorRole {
    /// The rule that something breaks which does not belong here.
    fn rule(self) -> Rule {
        match self {
            Self::Actor | Self::Object => Rule::DataType,
            Self::Authority => Rule::Authority,
            Self::Instructor => Rule::Instructor,
            Self::Team => Rule::Team,
            Self::Member => Rule::Members,
            Self::ContextAgent => Rule::ContextAgents,
            Self::ContextGroup => Rule::ContextGroups,
        }
    }

    fn takes(self, actor_type: ActorType) -> bool {
        match self {
            Self::Actor | Self::Object | Self::Authority | Self::Instructor => true,
            Self::Team | Self::ContextGroup => actor_type == ActorType::Group,
            Self::Member | Self::ContextAgent => actor_type == ActorType::Agent,
        }
    }
}

const ACTOR_KEYS: [&str; 7] =
    ["objectType", "name", "mbox", "mbox_sha1sum", "openid", "account", "member"];
const ACTOR_TYPES: [&str; 2] = ["Agent", "Group"];
const IFI_NAMES: &str = "mbox`, `mbox_sha1sum`, `openid` or `account";
const AUTHORITY_MEMBER_COUNT: usize = 2;
const SHA1_DIGIT_COUNT: usize = 40;

/// The members of an actor's JSON object.
#[derive(Default)]
struct ActorProperties<'a, 't> {
    object_type: Option<Value<'a, 't>>,
    name: Option<Value<'a, 't>>,
    ifis: [Option<Value<'a, 't>>; 4],
    member: Option<Value<'a, 't>>,
}

impl Actor {
    /// Every actor in this one that has both an identifier and a name, itself first.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&Ifi, &str)> {
        std::iter::once(self)
            .chain(&self.members)
            .filter_map(|actor| Some((actor.ifi.as_ref()?, actor.name.as_deref()?)))
    }

    /// Reads the agent or group that stands in `role`.
    pub(crate) fn read<'a, 't>(
        reader: &mut Reader<'a, 't>,
        value: Value<'a, 't>,
        role: ActorRole,
    ) -> Option<Self> {
        if !reader.is(value, Kind::Object, role.rule()) {
            return None;
        }
        let properties = ActorProperties::collect(reader, value);
        let actor_type = read_type(reader, value, properties.object_type, role)?;
        let name = match properties.name {
            Some(name) => Some(reader.text(name, Rule::ActorName)?),
            None => None,
        };
        let (ifi, members) = match actor_type {
            ActorType::Agent => (Some(properties.ifi_of_agent(reader, value)?), Vec::new()),
            ActorType::Group => properties.ifi_and_members_of_group(reader, value)?,
        };
        let actor = Self { actor_type, ifi, name, members };
        if role == ActorRole::Authority && actor_type == ActorType::Group {
            actor.check_authority_group(reader, value);
        }
        Some(actor)
    }

    /// A group is an authority only as the pair of an application and its user, the
    /// application being the one with an account.
    ///
    /// Spec: XAPI-00098, XAPI-00100; xAPI 1.0.3, Part Two, 2.4.9.
    fn check_authority_group<'a, 't>(&self, reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
        if self.ifi.is_some() || self.members.len() != AUTHORITY_MEMBER_COUNT {
            reader.fault(value, Rule::AuthorityGroup);
            return;
        }
        let has_account =
            self.members.iter().any(|member| matches!(member.ifi, Some(Ifi::Account { .. })));
        if !has_account {
            reader.fault(value, Rule::AuthorityConsumer);
        }
    }
}

fn read_type<'a, 't>(
    reader: &mut Reader<'a, 't>,
    actor: Value<'a, 't>,
    object_type: Option<Value<'a, 't>>,
    role: ActorRole,
) -> Option<ActorType> {
    let actor_type = match object_type {
        None => ActorType::Agent,
        Some(value) => match &*reader.string(value, Rule::ObjectTypeString)? {
            "Agent" => ActorType::Agent,
            "Group" => ActorType::Group,
            other => {
                reader.not_listed(other, value, &ACTOR_TYPES, Rule::ActorObjectType);
                return None;
            }
        },
    };
    if !role.takes(actor_type) {
        reader.fault(actor, role.rule());
        return None;
    }
    Some(actor_type)
}

impl<'a, 't> ActorProperties<'a, 't> {
    fn collect(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Self {
        let mut properties = Self::default();
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "objectType" => properties.object_type = Some(member),
                "name" => properties.name = Some(member),
                "mbox" => properties.ifis[0] = Some(member),
                "mbox_sha1sum" => properties.ifis[1] = Some(member),
                "openid" => properties.ifis[2] = Some(member),
                "account" => properties.ifis[3] = Some(member),
                "member" => properties.member = Some(member),
                other => reader.unknown(other, member, &ACTOR_KEYS),
            }
        }
        properties
    }

    fn ifi_count(&self) -> usize {
        self.ifis.iter().flatten().count()
    }

    /// The identifier. Of several, each is checked, and the first valid one is taken.
    fn read_ifis(&self, reader: &mut Reader<'a, 't>) -> Option<Ifi> {
        let [mbox, sha1, open_id, account] = self.ifis;
        let mbox = mbox.and_then(|value| reader.parsed(value, Rule::Mbox).map(Ifi::Mbox));
        let sha1 = sha1.and_then(|value| read_sha1(reader, value));
        let open_id = open_id.and_then(|value| reader.iri(value, Rule::OpenId).map(Ifi::OpenId));
        let account = account.and_then(|value| read_account(reader, value));
        mbox.or(sha1).or(open_id).or(account)
    }

    fn ifi_of_agent(&self, reader: &mut Reader<'a, 't>, agent: Value<'a, 't>) -> Option<Ifi> {
        if let Some(member) = self.member {
            reader.fault_key("member", member, Rule::MemberOfAgent);
        }
        match self.ifi_count() {
            0 => reader.missing(agent, IFI_NAMES, Rule::AgentIfi),
            1 => {}
            _ => reader.fault(agent, Rule::AgentIfi),
        }
        self.read_ifis(reader)
    }

    fn ifi_and_members_of_group(
        &self,
        reader: &mut Reader<'a, 't>,
        group: Value<'a, 't>,
    ) -> Option<(Option<Ifi>, Vec<Actor>)> {
        let is_anonymous = self.ifi_count() == 0;
        if self.ifi_count() > 1 {
            reader.fault(group, Rule::GroupIfi);
        }
        let ifi = self.read_ifis(reader);
        let members = match self.member {
            Some(member) => read_members(reader, member)?,
            None => Vec::new(),
        };
        if is_anonymous && members.is_empty() {
            match self.member {
                Some(member) => reader.fault(member, Rule::GroupIfi),
                None => reader.missing(group, "member", Rule::GroupIfi),
            }
            return None;
        }
        (is_anonymous || ifi.is_some()).then_some((ifi, members))
    }
}

fn read_members<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Vec<Actor>> {
    if !reader.is(value, Kind::Array, Rule::Members) || !reader.count(value, Counted::Agents) {
        return None;
    }
    let mut members = Vec::with_capacity(Reader::capacity_for(value));
    for element in value.elements() {
        members.extend(Actor::read(reader, element, ActorRole::Member));
    }
    (members.len() == value.count()).then_some(members)
}

fn read_sha1<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Ifi> {
    let digits = reader.string(value, Rule::MboxSha1)?;
    if digits.len() != SHA1_DIGIT_COUNT || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        reader.fault(value, Rule::MboxSha1);
        return None;
    }
    Some(Ifi::MboxSha1(digits.to_ascii_lowercase().into()))
}

fn read_account<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Ifi> {
    if !reader.is(value, Kind::Object, Rule::Account) {
        return None;
    }
    let (mut home_page, mut name) = (None, None);
    for (key, member) in value.members() {
        match &*key.unescaped() {
            "homePage" => home_page = Some(member),
            "name" => name = Some(member),
            other => reader.unknown(other, member, &["homePage", "name"]),
        }
    }
    let home_page = reader
        .required(home_page, value, "homePage", Rule::AccountHomePage)
        .and_then(|home_page| reader.iri(home_page, Rule::AccountHomePage));
    let name = reader
        .required(name, value, "name", Rule::AccountName)
        .and_then(|name| reader.text(name, Rule::AccountName));
    Some(Ifi::Account { home_page: home_page?, name: name? })
}

#[cfg(test)]
mod tests;
