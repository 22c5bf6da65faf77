//! From JSON to statements, reporting every fault.

use crate::actor::ActorRole;
use crate::context::{ContextObject, read_statement_ref_id};
use crate::json::{self, JsonError, JsonErrorKind, JsonLimits, Kind, LoneSurrogates, Value};
use crate::reader::Reader;
use crate::{
    Activity, Actor, Attachment, Context, Fault, Faults, Fingerprint, IriRule, Object, ParseLimits,
    Rule, Statement, StatementId, StatementResult, StatementTimestamp, SubStatement, Verb, Version,
};

/// Parses the body of a POST: one statement or an array of them.
///
/// # Errors
///
/// Every fault of every statement, up to the limit; pointers start at the body's root. An
/// id used twice in the array is a fault.
pub fn parse_statements(
    body: &[u8],
    version: Version,
    limits: &ParseLimits,
) -> Result<Vec<Statement>, Faults> {
    let json = json::parse(body, &of_statements(limits)).map_err(|error| json_fault(&error))?;
    let root = json.root();
    if root.kind() != Kind::Array {
        return read_one(root, version, limits).map(|statement| vec![statement]);
    }
    if root.count() > limits.statements_max {
        let found =
            format!("{} statements, where {} are the most", root.count(), limits.statements_max);
        return Err(Faults(vec![Fault::new("", Rule::BatchLength, &found)]));
    }
    let mut reader = Reader::new(root, version, limits);
    let mut statements = Vec::with_capacity(Reader::capacity_for(root));
    for element in root.elements() {
        if reader.is_full() {
            break;
        }
        statements.extend(Statement::read(&mut reader, element));
    }
    let faults = reader.into_faults();
    if faults.is_empty() { Ok(statements) } else { Err(Faults(faults)) }
}

/// Parses one statement: the body of a PUT, or a line of JSON Lines.
///
/// # Errors
///
/// Every fault, up to the limit.
pub fn parse_statement(
    text: &[u8],
    version: Version,
    limits: &ParseLimits,
) -> Result<Statement, Faults> {
    let json = json::parse(text, &of_statements(limits)).map_err(|error| json_fault(&error))?;
    read_one(json.root(), version, limits)
}

/// Parses an agent or group, as in the query parameter `agent`.
///
/// An anonymous group is not a fault: the caller decides whether it is allowed.
///
/// # Errors
///
/// Every fault; pointers start at the actor.
pub fn parse_actor(text: &[u8], version: Version) -> Result<Actor, Faults> {
    parse_actor_by(text, version, IriRule::Strict)
}

/// As [`parse_actor`], with a rule for IRIs in it: an agent of history may have old ones.
///
/// # Errors
///
/// As [`parse_actor`].
pub fn parse_actor_by(text: &[u8], version: Version, iris: IriRule) -> Result<Actor, Faults> {
    let limits = ParseLimits { iris, ..ParseLimits::default() };
    let json = json::parse(text, &limits.json).map_err(|error| json_fault(&error))?;
    let mut reader = Reader::new(json.root(), version, &limits);
    let actor = Actor::read(&mut reader, json.root(), ActorRole::Actor);
    finish(actor, reader.into_faults())
}

/// Lone surrogates are faults with a place, except in the values of extensions.
fn of_statements(limits: &ParseLimits) -> JsonLimits {
    JsonLimits { lone_surrogates: LoneSurrogates::Kept, ..limits.json }
}

fn read_one(
    root: Value<'_, '_>,
    version: Version,
    limits: &ParseLimits,
) -> Result<Statement, Faults> {
    let mut reader = Reader::new(root, version, limits);
    let statement = Statement::read(&mut reader, root);
    finish(statement, reader.into_faults())
}

/// The value that was read, if there are no faults.
fn finish<T>(value: Option<T>, faults: Vec<Fault>) -> Result<T, Faults> {
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        Some(_) | None => Err(Faults(faults)),
    }
}

fn json_fault(error: &JsonError) -> Faults {
    let rule = match error.kind {
        JsonErrorKind::NotUtf8 => Rule::Utf8,
        JsonErrorKind::TooLong(_) | JsonErrorKind::TooMany(_) => Rule::Size,
        JsonErrorKind::TooDeep(_) => Rule::Depth,
        JsonErrorKind::Expected(_)
        | JsonErrorKind::Ended(_)
        | JsonErrorKind::BadString(_)
        | JsonErrorKind::Trailing => Rule::Json,
    };
    Faults(vec![Fault::new("", rule, &error.to_string())])
}

const STATEMENT_KEYS: [&str; 11] = [
    "id",
    "actor",
    "verb",
    "object",
    "result",
    "context",
    "timestamp",
    "stored",
    "authority",
    "version",
    "attachments",
];

/// The properties that statements and substatements have in common.
#[derive(Default)]
struct CommonProperties<'a, 't> {
    actor: Option<Value<'a, 't>>,
    verb: Option<Value<'a, 't>>,
    object: Option<Value<'a, 't>>,
    result: Option<Value<'a, 't>>,
    context: Option<Value<'a, 't>>,
    timestamp: Option<Value<'a, 't>>,
}

/// Whether a statement is the outermost one or the object of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nesting {
    Statement,
    SubStatement,
}

impl<'a, 't> CommonProperties<'a, 't> {
    /// Takes a member if it is one of them.
    fn take(&mut self, reader: &mut Reader<'a, 't>, key: &str, member: Value<'a, 't>) -> bool {
        let place = match key {
            "actor" => &mut self.actor,
            "verb" => &mut self.verb,
            "object" => &mut self.object,
            "result" => &mut self.result,
            "context" => &mut self.context,
            "timestamp" => &mut self.timestamp,
            "attachments" => {
                Attachment::read_all(reader, member);
                return true;
            }
            _ => return false,
        };
        *place = Some(member);
        true
    }

    /// Reads the members that were taken from `statement`.
    fn read(
        self,
        reader: &mut Reader<'a, 't>,
        statement: Value<'a, 't>,
        nesting: Nesting,
    ) -> Option<SubStatement> {
        let actor = reader
            .required(self.actor, statement, "actor", Rule::ActorMissing)
            .and_then(|value| Actor::read(reader, value, ActorRole::Actor));
        let verb = reader
            .required(self.verb, statement, "verb", Rule::VerbMissing)
            .and_then(|value| Verb::read(reader, value));
        let object = reader
            .required(self.object, statement, "object", Rule::ObjectMissing)
            .and_then(|value| Object::read(reader, value, nesting));
        if let (Some(verb), Some(object), Some(value)) = (&verb, &object, self.object)
            && verb.id.as_str() == Verb::VOIDED
            && !matches!(object, Object::StatementRef(_))
        {
            reader.fault(value, Rule::Voiding);
        }
        let context_object = match object {
            // An object that could not be read has its own fault: no second one for it.
            Some(Object::Activity(_)) | None => ContextObject::Activity,
            Some(_) => ContextObject::Other,
        };
        let result = self.result.and_then(|value| StatementResult::read(reader, value));
        let context = self.context.and_then(|value| Context::read(reader, value, context_object));
        let timestamp = self.timestamp.and_then(|value| read_timestamp(reader, value));
        Some(SubStatement {
            actor: actor?,
            verb: verb?,
            object: object?,
            result,
            context,
            timestamp,
        })
    }
}

/// Reads a timestamp and, if the version asks for it, notes what it is in UTC.
fn read_timestamp<'a, 't>(
    reader: &mut Reader<'a, 't>,
    value: Value<'a, 't>,
) -> Option<StatementTimestamp> {
    let timestamp: StatementTimestamp = reader.parsed(value, Rule::StatementTimestamp)?;
    if reader.version.converts_timestamps()
        && let Some(in_utc) = timestamp.to_utc()
    {
        let span = reader.span(value);
        let text = span.start + 1..span.end - 1;
        reader.layout.timestamps_to_convert.push((text, in_utc.into()));
    }
    Some(timestamp)
}

/// The properties that substatements do not have.
#[derive(Default)]
struct StatementProperties {
    id: Option<StatementId>,
    authority: Option<Actor>,
}

impl StatementProperties {
    fn take<'a, 't>(
        &mut self,
        reader: &mut Reader<'a, 't>,
        key: &str,
        key_value: Value<'a, 't>,
        member: Value<'a, 't>,
    ) {
        match key {
            "id" => {
                if reader.is(member, Kind::String, Rule::StatementIdType) {
                    self.id = reader.parsed(member, Rule::StatementId);
                }
                if let Some(id) = self.id {
                    reader.register(id, member);
                }
                reader.layout.id = Some(reader.span(member));
            }
            "stored" => {
                let _: Option<StatementTimestamp> = reader.parsed(member, Rule::Stored);
                let span = reader.span(key_value).start..reader.span(member).end;
                reader.layout.stored = Some(span);
            }
            "authority" => {
                self.authority = Actor::read(reader, member, ActorRole::Authority);
                reader.layout.authority = Some(reader.span(member));
            }
            "version" => {
                check_version(reader, member);
                reader.layout.version = Some(reader.span(member));
            }
            other => reader.unknown(other, member, &STATEMENT_KEYS),
        }
    }
}

fn check_version<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) {
    if let Some(text) = reader.string(value, Rule::StatementVersion)
        && !reader.version.accepts_statement_version(&text)
    {
        reader.fault(value, Rule::StatementVersion);
    }
}

impl Statement {
    fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::DataType) {
            return None;
        }
        reader.begin(value);
        let mut common = CommonProperties::default();
        let mut own = StatementProperties::default();
        for (key, member) in value.members() {
            let name = key.unescaped();
            if !common.take(reader, &name, member) {
                own.take(reader, &name, key.value(), member);
            }
        }
        let parts = common.read(reader, value, Nesting::Statement)?;
        if reader.has_faults() {
            return None;
        }
        let mut layout = std::mem::take(&mut reader.layout);
        layout.single_context_activities.sort_unstable_by_key(|span| span.start);
        Some(Self {
            id: own.id,
            actor: parts.actor,
            verb: parts.verb,
            object: parts.object,
            result: parts.result,
            context: parts.context,
            timestamp: parts.timestamp,
            claimed_authority: own.authority,
            attachments: std::mem::take(&mut reader.attachments),
            fingerprint: Fingerprint::of(value),
            text: value.raw().into(),
            layout,
        })
    }
}

impl Verb {
    fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::DataType) {
            return None;
        }
        let mut id = None;
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "id" => id = Some(member),
                "display" => reader.language_map(member, Rule::VerbDisplay),
                other => reader.unknown(other, member, &["id", "display"]),
            }
        }
        let id = reader.required(id, value, "id", Rule::VerbId)?;
        Some(Self { id: reader.iri(id, Rule::VerbId)? })
    }
}

const OBJECT_TYPES: [&str; 5] = ["Activity", "Agent", "Group", "SubStatement", "StatementRef"];

impl Object {
    fn read<'a, 't>(
        reader: &mut Reader<'a, 't>,
        value: Value<'a, 't>,
        nesting: Nesting,
    ) -> Option<Self> {
        if !reader.is(value, Kind::Object, Rule::DataType) {
            return None;
        }
        let Some(object_type) = value.member("objectType") else {
            return Activity::read(reader, value, Rule::DataType).map(Self::Activity);
        };
        match &*reader.string(object_type, Rule::ObjectTypeString)? {
            "Activity" => Activity::read(reader, value, Rule::DataType).map(Self::Activity),
            "Agent" | "Group" => Actor::read(reader, value, ActorRole::Object).map(Self::Actor),
            "StatementRef" => read_statement_ref_id(reader, value).map(Self::StatementRef),
            "SubStatement" if nesting == Nesting::Statement => {
                SubStatement::read(reader, value).map(|sub| Self::SubStatement(Box::new(sub)))
            }
            "SubStatement" => {
                reader.fault(value, Rule::SubStatementNested);
                None
            }
            other => {
                reader.not_listed(other, object_type, &OBJECT_TYPES, Rule::ObjectType);
                None
            }
        }
    }
}

const SUBSTATEMENT_KEYS: [&str; 8] =
    ["objectType", "actor", "verb", "object", "result", "context", "timestamp", "attachments"];

impl SubStatement {
    fn read<'a, 't>(reader: &mut Reader<'a, 't>, value: Value<'a, 't>) -> Option<Self> {
        let mut common = CommonProperties::default();
        for (key, member) in value.members() {
            let name = key.unescaped();
            if common.take(reader, &name, member) {
                continue;
            }
            let rule = match &*name {
                "objectType" => continue,
                "id" => Rule::SubStatementId,
                "stored" => Rule::SubStatementStored,
                "version" => Rule::SubStatementVersion,
                "authority" => Rule::SubStatementAuthority,
                other => {
                    reader.unknown(other, member, &SUBSTATEMENT_KEYS);
                    continue;
                }
            };
            reader.fault_key(&name, member, rule);
        }
        common.read(reader, value, Nesting::SubStatement)
    }
}

#[cfg(test)]
mod tests;
