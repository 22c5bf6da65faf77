//! Fields: the names that questions use, and where their values come from.

mod groups;
mod memo;

use std::cmp::Ordering;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use acta_storage::directory::{CoursePlace, CourseRule, CourseStep, PersonGroup};

use super::fault::QuestionFault;
use super::reader::BlockReader;
use super::time::Zone;
use crate::rows::fields::{CodeColumn, ColumnId, Domain, IntColumn, NumberColumn, ObjectKind};
use crate::tenant::{Attribute, PersonIndex, Texts};
pub(crate) use groups::{GroupChoice, GroupSets};
pub(crate) use memo::{Lists, Memo};

/// A field.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    /// One text, or another value out of few.
    Code(CodeField),
    /// Several activities.
    List(ColumnId),
    /// The groups of the person; none if there are no groups and persons.
    Groups(Option<Arc<GroupSets>>),
    /// A number.
    Number(ColumnId),
    /// A time.
    Time(IntColumn),
    /// The number of the statement, for conditions alone.
    Sequence,
    /// An extension, which may hold texts, numbers or both.
    Extension { text: CodeField, number: ColumnId },
}

/// A field of codes.
#[derive(Clone, Debug)]
pub(crate) struct CodeField {
    pub(crate) source: CodeSource,
    pub(crate) values: Values,
}

/// Where codes come from.
#[derive(Clone, Debug)]
pub(crate) enum CodeSource {
    Column(ColumnId),
    /// What a table says of the codes of another source; codes beyond its end have nothing.
    Mapped(Box<Self>, Arc<[u32]>),
    /// The course of a row: what the first of several tables finds for the code of its column.
    Course(Arc<[(CodeColumn, Arc<[u32]>)]>),
    /// The set of groups of the person at the time of the row.
    Groups(Arc<GroupSets>),
}

/// What is known when fields are looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'t> {
    pub(crate) texts: &'t Texts,
    /// Which actors are which person; none if every actor is one.
    pub(crate) persons: Option<&'t Arc<PersonIndex>>,
    /// What courses are.
    pub(crate) course: &'t CourseRule,
    /// The time zone in which days begin.
    pub(crate) zone: &'t Zone,
    pub(crate) memo: &'t Memo<Field>,
}

/// Texts of this question alone, and those of a dictionary.
#[derive(Debug)]
pub(crate) struct OwnTexts {
    /// By code less 1.
    own: Vec<Arc<str>>,
    /// The dictionary whose codes follow those.
    rest: Domain,
}

/// What codes stand for.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Text(Domain),
    /// A person.
    Person(Arc<PersonIndex>),
    /// A text of an attribute of persons.
    PersonText(Arc<PersonIndex>),
    /// A group: its index and 1.
    Group(Arc<PersonIndex>),
    Own(Arc<OwnTexts>),
    /// The 16 bytes of a UUID.
    Uuid(Domain),
    ObjectKind,
    Flag,
    Version,
}

impl Values {
    /// The code of a value as it is written in questions; none if no row has it.
    pub(crate) fn find(
        &self,
        texts: &Texts,
        value: &serde_json::Value,
    ) -> Result<Option<u32>, &'static str> {
        match self {
            Self::Person(index) => {
                let text = value.as_str().ok_or("expected a text")?;
                Ok(index.find(texts, text))
            }
            Self::PersonText(index) => {
                let text = value.as_str().ok_or("expected a text")?;
                Ok(index.persons.attribute_text(text).map(|place| place + 1))
            }
            Self::Group(index) => {
                let text = value.as_str().ok_or("expected a text")?;
                let id = text.parse().map_err(|_not| "expected the id of a group, a UUID")?;
                Ok(index.persons.groups().index_of(id).map(|place| place + 1))
            }
            Self::Own(own) => {
                let text = value.as_str().ok_or("expected a text")?;
                Ok(own.find(texts, text))
            }
            Self::Flag => {
                let is_true = value.as_bool().ok_or("expected true or false")?;
                Ok(Some(1 + u32::from(is_true)))
            }
            Self::Text(domain) => {
                let text = value.as_str().ok_or("expected a text")?;
                Ok(texts.of(*domain).find(text.as_bytes()))
            }
            Self::Uuid(domain) => {
                let text = value.as_str().ok_or("expected a UUID")?;
                let uuid: acta_xapi::Uuid = text.parse().map_err(|_not| "expected a UUID")?;
                Ok(texts.of(*domain).find(&uuid.as_u128().to_be_bytes()))
            }
            Self::ObjectKind => {
                let text = value.as_str().ok_or("expected a text")?;
                let kind = ObjectKind::EVERY.into_iter().find(|kind| kind.name() == text);
                let kind =
                    kind.ok_or("expected Activity, Agent, Group, StatementRef or SubStatement")?;
                Ok(Some(kind as u32))
            }
            Self::Version => match value.as_str() {
                Some("1.0.3") => Ok(Some(1)),
                Some("2.0.0") => Ok(Some(2)),
                _ => Err("expected \"1.0.3\" or \"2.0.0\""),
            },
        }
    }

    /// The value of a code as it is written in answers.
    pub(crate) fn value(&self, texts: &Texts, code: u32) -> serde_json::Value {
        if code == 0 {
            return serde_json::Value::Null;
        }
        if let Some(text) = self.text(texts, code) {
            return text.into();
        }
        match self {
            Self::Flag => (code == 2).into(),
            Self::Group(index) => group(index, code).map(|group| group.id.to_string()).into(),
            Self::Text(_) | Self::Person(_) | Self::PersonText(_) | Self::Own(_) => {
                serde_json::Value::Null
            }
            Self::Uuid(domain) => {
                let bytes = texts.of(*domain).bytes(code).first_chunk::<16>();
                let uuid =
                    bytes.map(|bytes| acta_xapi::Uuid::from_u128(u128::from_be_bytes(*bytes)));
                uuid.map(|uuid| uuid.to_string()).into()
            }
            Self::ObjectKind => {
                let kind = ObjectKind::EVERY.into_iter().find(|kind| *kind as u32 == code);
                kind.map(ObjectKind::name).into()
            }
            Self::Version => if code == 1 { "1.0.3" } else { "2.0.0" }.into(),
        }
    }

    /// The text of a code; none if the values are no texts.
    pub(crate) fn text<'t>(&'t self, texts: &'t Texts, code: u32) -> Option<&'t str> {
        match self {
            Self::Text(domain) => Some(texts.of(*domain).text(code)),
            Self::Person(index) => Some(index.text(texts, code)),
            Self::PersonText(index) => {
                let place = code.checked_sub(1)?;
                index.persons.attribute_texts().get(place as usize).map(|text| &**text)
            }
            Self::Own(own) => Some(own.text(texts, code)),
            Self::Uuid(_) | Self::Group(_) | Self::ObjectKind | Self::Flag | Self::Version => None,
        }
    }

    /// The order of what two codes stand for. Nothing comes last.
    pub(crate) fn compare(&self, texts: &Texts, one: u32, other: u32) -> Ordering {
        if one == other || one == 0 || other == 0 {
            return other.cmp(&one);
        }
        if let Self::Uuid(domain) = self {
            let dictionary = texts.of(*domain);
            return dictionary.bytes(one).cmp(dictionary.bytes(other));
        }
        if let Self::Group(index) = self {
            // By their names, as they are shown.
            let key = |code| group(index, code).map(|group| (&group.name, group.id));
            return key(one).cmp(&key(other));
        }
        match (self.text(texts, one), self.text(texts, other)) {
            (Some(one), Some(other)) => one.cmp(other),
            _ => one.cmp(&other),
        }
    }

    /// Whether they are texts.
    pub(crate) const fn is_text(&self) -> bool {
        match self {
            Self::Text(_) | Self::Person(_) | Self::PersonText(_) | Self::Own(_) => true,
            Self::Uuid(_) | Self::Group(_) | Self::ObjectKind | Self::Flag | Self::Version => false,
        }
    }

    /// Whether `wanted`, which is in lower case, is within the text of a code, in any case of
    /// letters; of a person, within any of its identifiers.
    pub(crate) fn contains(&self, texts: &Texts, code: u32, wanted: &str) -> bool {
        if let Self::Person(index) = self {
            return index.contains(texts, code, wanted);
        }
        self.text(texts, code).is_some_and(|text| text.to_lowercase().contains(wanted))
    }

    /// The name of what a code stands for.
    pub(crate) fn label<'t>(&'t self, texts: &'t Texts, code: u32) -> Option<&'t str> {
        if let Self::Person(index) = self {
            return index.name(texts, code);
        }
        if let Self::Group(index) = self {
            return group(index, code).map(|group| group.name.as_str());
        }
        let attribute = Attribute::name_of(self.named()?)?;
        let name = texts.attribute(attribute).get(code as usize).copied().unwrap_or_default();
        (name != 0).then(|| texts.of(attribute.domain()).text(name))
    }

    /// How many codes there are, and 0.
    pub(crate) fn domain_len(&self, texts: &Texts) -> usize {
        match self {
            Self::Person(index) => index.len(),
            Self::PersonText(index) => index.persons.attribute_texts().len() + 1,
            Self::Group(index) => index.persons.groups().len() as usize + 1,
            Self::Own(own) => own.own.len() + texts.of(own.rest).len() as usize + 1,
            Self::Text(domain) | Self::Uuid(domain) => texts.of(*domain).len() as usize + 1,
            Self::ObjectKind | Self::Flag | Self::Version => 8,
        }
    }

    /// The dictionary whose entries may have names.
    const fn named(&self) -> Option<Domain> {
        match self {
            Self::Text(domain @ (Domain::Actors | Domain::Verbs | Domain::Activities)) => {
                Some(*domain)
            }
            Self::Text(_)
            | Self::Person(_)
            | Self::PersonText(_)
            | Self::Group(_)
            | Self::Own(_)
            | Self::Uuid(_)
            | Self::ObjectKind
            | Self::Flag
            | Self::Version => None,
        }
    }
}

/// The group with a code.
fn group(index: &PersonIndex, code: u32) -> Option<&PersonGroup> {
    code.checked_sub(1).and_then(|place| index.persons.groups().get(place))
}

impl OwnTexts {
    fn beyond(&self) -> u32 {
        u32::try_from(self.own.len()).unwrap_or(u32::MAX)
    }

    fn text<'t>(&'t self, texts: &'t Texts, code: u32) -> &'t str {
        let own = code.checked_sub(1).and_then(|place| self.own.get(place as usize));
        own.map_or_else(
            || texts.of(self.rest).text(code.saturating_sub(self.beyond())),
            |text| &**text,
        )
    }

    fn find(&self, texts: &Texts, text: &str) -> Option<u32> {
        let own = (1..).zip(&self.own).find(|(_, own)| &***own == text).map(|(code, _)| code);
        own.or_else(|| texts.of(self.rest).find(text.as_bytes()).map(|it| it + self.beyond()))
    }
}

impl CodeField {
    /// Whether a row may get another value by later statements.
    pub(crate) const fn is_derived(&self) -> bool {
        !matches!(self.source, CodeSource::Column(_))
    }
}

impl CodeSource {
    fn memory_bytes(&self) -> usize {
        match self {
            Self::Column(_) => 0,
            Self::Mapped(inner, table) => inner.memory_bytes() + 4 * table.len(),
            Self::Course(steps) => steps.iter().map(|(_, table)| 4 * table.len()).sum(),
            Self::Groups(sets) => sets.memory_bytes(),
        }
    }

    /// The codes of the rows of a block.
    pub(crate) fn read(&self, reader: &mut BlockReader<'_>) -> io::Result<Rc<Vec<u32>>> {
        let of = |table: &[u32], code: u32| table.get(code as usize).copied().unwrap_or_default();
        match self {
            Self::Column(column) => reader.codes(*column),
            Self::Mapped(source, table) => {
                let codes = source.read(reader)?;
                Ok(Rc::new(codes.iter().map(|code| of(table, *code)).collect()))
            }
            Self::Course(steps) => {
                // Without branches, since which step it is cannot be foreseen.
                let or =
                    |code: u32, other: u32| code | other & u32::from(code != 0).wrapping_sub(1);
                let mut courses = vec![0; reader.len()];
                for (column, table) in steps.iter() {
                    let codes = reader.codes(ColumnId::code(*column))?;
                    let rows = courses.iter_mut().zip(&*codes);
                    rows.for_each(|(course, code)| *course = or(*course, of(table, *code)));
                }
                Ok(Rc::new(courses))
            }
            Self::Groups(sets) => sets.read(reader),
        }
    }
}

impl Field {
    /// The field with a name.
    pub(crate) fn find(name: &str, known: Known<'_>, place: &str) -> Result<Self, QuestionFault> {
        if let Some(field) = known.memo.field(name) {
            return Ok(field);
        }
        let field = Self::look_up(name, known, place)?;
        known.memo.charge(field.memory_bytes(), place)?;
        known.memo.note(name, &field);
        Ok(field)
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::Code(field) | Self::Extension { text: field, .. } => field.source.memory_bytes(),
            Self::Groups(sets) => sets.as_ref().map_or(0, |sets| sets.memory_bytes()),
            Self::List(_) | Self::Number(_) | Self::Time(_) | Self::Sequence => 0,
        }
    }

    fn look_up(name: &str, known: Known<'_>, place: &str) -> Result<Self, QuestionFault> {
        let Known { texts, persons, .. } = known;
        if let Some(member) =
            name.strip_prefix("person").filter(|it| it.is_empty() || it.starts_with('.'))
        {
            return person_field(member, known)
                .ok_or_else(|| QuestionFault::new(place, unknown_of_person(name, persons)));
        }
        if let Some(column) = number_column(name) {
            return Ok(Self::Number(ColumnId::number(column)));
        }
        for (place, prefix) in
            [("context:", "context.extensions."), ("result:", "result.extensions.")]
        {
            if let Some(iri) = name.strip_prefix(prefix) {
                return Ok(Self::extension(&format!("{place}{iri}"), texts));
            }
        }
        let list = |column| Ok(Self::List(ColumnId::code(column)));
        let code = |column: CodeColumn, values| {
            Ok(Self::Code(CodeField { source: CodeSource::Column(ColumnId::code(column)), values }))
        };
        let text = |column: CodeColumn| {
            let domain = column.domain().unwrap_or(Domain::Texts);
            code(column, Values::Text(domain))
        };
        let attribute = |source, attribute: Attribute| {
            let table = Arc::from(texts.attribute(attribute));
            let source = CodeSource::Mapped(Box::new(source), table);
            Ok(Self::Code(CodeField { source, values: Values::Text(attribute.domain()) }))
        };
        let column = |column| CodeSource::Column(ColumnId::code(column));
        match name {
            "actor" => text(CodeColumn::Actor),
            "actor.name" => attribute(column(CodeColumn::Actor), Attribute::ActorName),
            "verb" => text(CodeColumn::Verb),
            "verb.name" => attribute(column(CodeColumn::Verb), Attribute::VerbName),
            "object" => text(CodeColumn::Object),
            "object.kind" => code(CodeColumn::ObjectKind, Values::ObjectKind),
            "object.name" => attribute(column(CodeColumn::Object), Attribute::ActivityName),
            "object.type" => attribute(column(CodeColumn::Object), Attribute::ActivityType),
            "object.interaction" => {
                attribute(column(CodeColumn::Object), Attribute::ActivityInteraction)
            }
            "parent" => list(CodeColumn::Parent),
            "grouping" => list(CodeColumn::Grouping),
            "category" => list(CodeColumn::Category),
            "other" => list(CodeColumn::Other),
            "course" => Ok(Self::Code(CodeField {
                source: course(known),
                values: Values::Text(Domain::Activities),
            })),
            "course.name" => attribute(course(known), Attribute::ActivityName),
            "group" => Ok(Self::Groups(persons.map(|it| Arc::new(GroupSets::of(it, known.zone))))),
            "registration" => code(CodeColumn::Registration, Values::Uuid(Domain::Registrations)),
            "session" => text(CodeColumn::Session),
            "platform" => text(CodeColumn::Platform),
            "language" => text(CodeColumn::Language),
            "authority" => text(CodeColumn::Authority),
            "source" => text(CodeColumn::Source),
            "success" => code(CodeColumn::Success, Values::Flag),
            "completion" => code(CodeColumn::Completion, Values::Flag),
            "response" => text(CodeColumn::Response),
            "version" => code(CodeColumn::Version, Values::Version),
            "timestamp" => Ok(Self::Time(IntColumn::Timestamp)),
            "stored" => Ok(Self::Time(IntColumn::Stored)),
            "sequence" => Ok(Self::Sequence),
            _ => Err(QuestionFault::new(place, unknown(name))),
        }
    }

    fn extension(place: &str, texts: &Texts) -> Self {
        let code = texts.of(Domain::Extensions).find(place.as_bytes());
        // 0 is the column of no extension, in which there is nothing.
        let extension = code.and_then(|code| u16::try_from(code).ok()).unwrap_or_default();
        let source = CodeSource::Column(ColumnId::extension_text(extension));
        let text = CodeField { source, values: Values::Text(Domain::Texts) };
        Self::Extension { text, number: ColumnId::extension_number(extension) }
    }
}

/// The attributes of persons that may be asked for although no person has them yet.
const USUAL_ATTRIBUTES: [&str; 4] = ["job", "manager", "start_date", "unit"];

/// The field of a person with this name behind `person`.
fn person_field(member: &str, known: Known<'_>) -> Option<Field> {
    let texts = known.texts;
    let actors = CodeSource::Column(ColumnId::code(CodeColumn::Actor));
    let field = |source, values| Some(Field::Code(CodeField { source, values }));
    let mapped = |source, table: Arc<[u32]>| CodeSource::Mapped(Box::new(source), table);
    let Some(index) = known.persons else {
        return match member {
            "" => field(actors, Values::Text(Domain::Actors)),
            ".name" => {
                let names = texts.attribute(Attribute::ActorName);
                field(mapped(actors, names.into()), Values::Text(Domain::Names))
            }
            _ => {
                let attribute = member.strip_prefix('.')?;
                let is_usual = USUAL_ATTRIBUTES.contains(&attribute);
                is_usual.then(|| field(mapped(actors, [].into()), Values::Text(Domain::Texts)))?
            }
        };
    };
    let persons = mapped(actors, Arc::clone(&index.table));
    match member {
        "" => field(persons, Values::Person(Arc::clone(index))),
        ".name" => {
            let (own, names) = index.names(texts);
            let own = OwnTexts { own, rest: Domain::Names };
            field(mapped(persons, names.into()), Values::Own(Arc::new(own)))
        }
        _ => {
            let attribute = member.strip_prefix('.')?;
            let mut all = index.persons.attribute_names().chain(USUAL_ATTRIBUTES);
            let name = all.find(|name| *name == attribute)?;
            let values = Values::PersonText(Arc::clone(index));
            field(mapped(persons, index.attribute(name).into()), values)
        }
    }
}

fn unknown_of_person(name: &str, persons: Option<&Arc<PersonIndex>>) -> String {
    let known = persons.iter().flat_map(|index| index.persons.attribute_names());
    let mut names: Vec<&str> = known.chain(USUAL_ATTRIBUTES).collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<String> = names.iter().map(|name| format!("person.{name}")).collect();
    format!(
        "there is no field {name:?}; of persons there are person, person.name, {}",
        names.join(", ")
    )
}

/// The names of all fields but extensions.
const NAMES: [&str; 36] = [
    "actor",
    "actor.name",
    "authority",
    "category",
    "completion",
    "course",
    "course.name",
    "credit",
    "duration",
    "group",
    "grouping",
    "language",
    "object",
    "object.interaction",
    "object.kind",
    "object.name",
    "object.type",
    "other",
    "parent",
    "person",
    "person.name",
    "platform",
    "registration",
    "response",
    "score.max",
    "score.min",
    "score.raw",
    "score.scaled",
    "sequence",
    "session",
    "source",
    "stored",
    "success",
    "timestamp",
    "verb",
    "version",
];

fn unknown(name: &str) -> String {
    format!(
        "there is no field {name:?}; the fields are {}, context.extensions.IRI and \
         result.extensions.IRI",
        NAMES.join(", ")
    )
}

fn number_column(name: &str) -> Option<NumberColumn> {
    Some(match name {
        "score.scaled" => NumberColumn::Scaled,
        "score.raw" => NumberColumn::Raw,
        "score.min" => NumberColumn::Min,
        "score.max" => NumberColumn::Max,
        "credit" => NumberColumn::Credit,
        "duration" => NumberColumn::Duration,
        _ => return None,
    })
}

fn course(known: Known<'_>) -> CodeSource {
    let Known { texts, course, .. } = known;
    let types = texts.of(Domain::Types);
    let types: Vec<u32> =
        course.types().iter().filter_map(|course| types.find(course.as_bytes())).collect();
    let kinds = texts.attribute(Attribute::ActivityType);
    let is_typed =
        |activity: u32| kinds.get(activity as usize).is_some_and(|kind| types.contains(kind));
    let table = |step: &CourseStep| {
        let is_course = |activity: u32| activity != 0 && (step.takes_any || is_typed(activity));
        let column = match step.place {
            CoursePlace::Parent => CodeColumn::Parent,
            CoursePlace::Grouping => CodeColumn::Grouping,
            CoursePlace::Category => CodeColumn::Category,
            CoursePlace::Other => CodeColumn::Other,
            CoursePlace::Object => {
                let activities = texts.of(Domain::Activities);
                // Agents may be objects too; their identifiers are JSON.
                let is_course = |code| is_course(code) && !activities.text(code).starts_with('{');
                let codes = 0..=activities.len();
                let of_activity = codes.map(|code| if is_course(code) { code } else { 0 });
                return (CodeColumn::Object, of_activity.collect());
            }
        };
        let lists = 0..=texts.of(Domain::Lists).len();
        let of_list = lists.map(|list| texts.list(list).find(|code| is_course(*code)).unwrap_or(0));
        (column, of_list.collect())
    };
    CodeSource::Course(course.steps().iter().map(table).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_named_often_are_in_memory_once() {
        let mut texts = Texts::default();
        for number in 1..=100 {
            let activity = texts.code(Domain::Activities, &format!("http://x.org/{number}"));
            texts.set(Attribute::ActivityName, activity, 1);
        }
        let (memo, course) = (Memo::new(500), CourseRule::default());
        let zone = Zone::utc();
        let known =
            Known { texts: &texts, persons: None, course: &course, zone: &zone, memo: &memo };
        for _ in 0..100 {
            assert!(Field::find("object.name", known, "/place").is_ok());
        }
        assert_eq!(memo.bytes(), 404);
        let fault = Field::find("course.name", known, "/place").unwrap_err();
        let text = "the fields so far take more than 500 bytes of memory";
        assert_eq!((fault.place.as_str(), fault.text.as_str()), ("/place", text));
    }

    #[test]
    fn finds_every_field_that_it_names() {
        let (texts, memo, course) =
            (Texts::default(), Memo::new(usize::MAX), CourseRule::default());
        let zone = Zone::utc();
        let known =
            Known { texts: &texts, persons: None, course: &course, zone: &zone, memo: &memo };
        for name in NAMES {
            assert!(Field::find(name, known, "").is_ok(), "{name}");
        }
        let fault = Field::find("colour", known, "/measures/0/of").unwrap_err();
        assert_eq!(fault.place, "/measures/0/of");
        assert!(fault.text.starts_with("there is no field \"colour\"; the fields are actor, "));
    }
}
