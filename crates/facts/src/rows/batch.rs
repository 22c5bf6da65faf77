//! Statements flattened into rows, before their texts have codes.

use acta_access::Defines;
use acta_ambient::Timestamp;
use acta_storage::TransferredStatement;
use acta_xapi::json::{self, JsonLimits, Kind, Value};
use acta_xapi::{Ifi, Iri, Mbox, StatementId, StatementTimestamp, Uuid, Version, scalar};

use super::fields::{NumberColumn, ObjectKind};

/// Longest text of a response or an extension that has a column, in bytes. Longer ones are cut.
const TEXT_BYTES_MAX: usize = 512;
/// Longest name of an activity or a person, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// The language of names that comes before others.
const ENGLISH: &str = "en";
/// Most activities of one kind in the context of a statement that are looked at.
const ACTIVITIES_MAX: usize = 100;
/// Most extensions of a statement that are looked at.
const EXTENSIONS_MAX: usize = 100;

/// The extensions that hold the session of a statement: of cmi5 and of Open edX.
const SESSIONS: [&str; 2] = [
    "https://w3id.org/xapi/cmi5/context/extensions/sessionid",
    "https://w3id.org/xapi/openedx/extensions/session-id",
];

/// A statement of which a fact is made.
#[derive(Clone, Copy, Debug)]
pub struct SourceStatement<'t> {
    /// Its position in the tenant's log, from 1.
    pub sequence: u64,
    /// Its id.
    pub id: StatementId,
    /// When it was stored.
    pub stored: Timestamp,
    /// The version of the request that it came with.
    pub version: Version,
    /// Its text, which may have no `stored` and no `timestamp` that equals it.
    pub text: &'t str,
    /// The statement that it voids.
    pub voids: Option<StatementId>,
    /// What becomes known by it of activities and persons.
    pub defines: Defines,
}

impl<'t> From<&'t TransferredStatement> for SourceStatement<'t> {
    fn from(statement: &'t TransferredStatement) -> Self {
        Self {
            sequence: statement.sequence,
            id: statement.id,
            stored: statement.stored,
            version: statement.version,
            text: &statement.text.text,
            voids: statement.target.filter(|_| statement.is_voiding),
            defines: statement.defines,
        }
    }
}

/// A piece of the texts of a batch. Empty means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// Whether there is no text.
    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A run of items of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    start: u32,
    count: u32,
}

impl Run {
    /// Its items.
    pub(crate) fn of<T>(self, items: &[T]) -> &[T] {
        let start = self.start as usize;
        items.get(start..start + self.count as usize).unwrap_or_default()
    }
}

/// What a statement says about an activity, a verb or a person, apart from its id.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Description {
    pub(crate) id: Span,
    pub(crate) name: Span,
    pub(crate) kind: Span,
    pub(crate) interaction: Span,
}

/// A value of an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension {
    /// `context:` or `result:` and the IRI.
    pub(crate) place: Span,
    pub(crate) value: ExtensionValue,
}

/// What an extension holds, if it is no list and no object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ExtensionValue {
    Text(Span),
    Number(f64),
}

/// One statement.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) sequence: u64,
    pub(crate) id: u128,
    pub(crate) stored: i64,
    pub(crate) timestamp: i64,
    pub(crate) version: u32,
    pub(crate) actor: Description,
    pub(crate) verb: Description,
    pub(crate) object_kind: Option<ObjectKind>,
    pub(crate) object: Span,
    pub(crate) activities: [Run; 4],
    pub(crate) registration: Option<u128>,
    pub(crate) session: Span,
    pub(crate) platform: Span,
    pub(crate) language: Span,
    pub(crate) authority: Span,
    pub(crate) source: Span,
    pub(crate) success: u32,
    pub(crate) completion: u32,
    pub(crate) response: Span,
    pub(crate) numbers: [f64; NumberColumn::EVERY.len()],
    pub(crate) extensions: Run,
    /// The statement that this one voids.
    pub(crate) voids: Option<u128>,
}

/// Rows in the order of the log, and their texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) rows: Vec<Row>,
    /// The activities of contexts, by [`Row::activities`].
    pub(crate) activities: Vec<Span>,
    /// By [`Row::extensions`].
    pub(crate) extensions: Vec<Extension>,
    /// Activities with definitions, each with the index of its row.
    pub(crate) definitions: Vec<Description>,
    /// The last record, whether it has a row or not.
    pub(crate) last: Option<LastRecord>,
    texts: String,
    /// The language of names; English if it is empty.
    language: Box<str>,
}

/// A record of the log up to which there are facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastRecord {
    pub(crate) sequence: u64,
    /// The id of its statement; 0 if that was erased.
    pub(crate) id: u128,
    /// When it was stored, in microseconds since 1970.
    pub(crate) stored: i64,
}

/// Members of an actor that identify it.
#[derive(Default)]
struct ActorParts {
    key: String,
    name: Span,
    account_name: Span,
}

impl Batch {
    /// Without rows, for names in a language; in English if it is empty.
    pub(crate) fn in_language(language: &str) -> Self {
        Self { language: language.into(), ..Self::default() }
    }

    /// The text of a span.
    pub(crate) fn text(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.texts.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// Adds a statement.
    pub(crate) fn push(&mut self, statement: &SourceStatement<'_>) {
        let parsed = json::parse(statement.text.as_bytes(), &JsonLimits::STORED);
        let mut row = Row::empty(statement);
        // What is stored was accepted, so it is JSON.
        if let Ok(json) = &parsed {
            self.read(json.root(), statement, &mut row);
        }
        self.last = Some(LastRecord { sequence: row.sequence, id: row.id, stored: row.stored });
        self.rows.push(row);
    }

    /// Adds what is left of an erased statement: nothing but its place in the log.
    pub(crate) fn push_erased(&mut self, sequence: u64, stored: i64) {
        self.last = Some(LastRecord { sequence, id: 0, stored });
    }

    fn read(&mut self, root: Value<'_, '_>, statement: &SourceStatement<'_>, row: &mut Row) {
        let defines = statement.defines;
        for (key, value) in root.members() {
            match &*key.unescaped() {
                "actor" => {
                    let parts = self.actor(value);
                    let name = Some(parts.name).filter(|_| defines == Defines::All);
                    row.actor.id = self.span(&parts.key);
                    row.actor.name = name.unwrap_or_default();
                }
                "verb" => {
                    row.verb.id = self.member(value, "id");
                    let display = value.member("display");
                    row.verb.name = display.map_or(Span::default(), |map| self.name(map));
                }
                "object" => self.object(value, defines, row),
                "result" => self.result(value, row),
                "context" => self.context(value, defines, row),
                "timestamp" => {
                    let text = value.as_str().unwrap_or_default();
                    row.timestamp = micros_of(&text).unwrap_or(row.timestamp);
                }
                "authority" => {
                    let parts = self.actor(value);
                    row.authority = self.span(&parts.key);
                    row.source = parts.account_name;
                }
                _ => {}
            }
        }
        row.voids = statement.voids.map(|target| target.0.as_u128());
        row.numbers[NumberColumn::Credit.index()] = credit(row);
    }

    fn object(&mut self, value: Value<'_, '_>, defines: Defines, row: &mut Row) {
        let kind = value.member("objectType").and_then(Value::as_str);
        let kind = kind.as_deref().unwrap_or(ObjectKind::Activity.name());
        let kind = ObjectKind::EVERY.into_iter().find(|known| known.name() == kind);
        row.object_kind = kind;
        row.object = match kind {
            Some(ObjectKind::Activity) => self.activity(value, defines != Defines::Nothing),
            Some(ObjectKind::Agent | ObjectKind::Group) => {
                let parts = self.actor(value);
                self.span(&parts.key)
            }
            Some(ObjectKind::StatementRef | ObjectKind::SubStatement) | None => Span::default(),
        };
    }

    fn result(&mut self, value: Value<'_, '_>, row: &mut Row) {
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "success" => row.success = flag(member),
                "completion" => row.completion = flag(member),
                "response" => {
                    let text = member.as_str().unwrap_or_default();
                    row.response = self.span(cut(&text, TEXT_BYTES_MAX));
                }
                "duration" => {
                    let duration = member.as_str().and_then(|text| text.parse().ok());
                    let seconds = duration.map(|duration: scalar::Duration| duration.seconds());
                    row.numbers[NumberColumn::Duration.index()] = seconds.unwrap_or(f64::NAN);
                }
                "score" => read_score(member, row),
                "extensions" => self.add_extensions("result:", member, row),
                _ => {}
            }
        }
    }

    fn context(&mut self, value: Value<'_, '_>, defines: Defines, row: &mut Row) {
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "registration" => {
                    let text = member.as_str().unwrap_or_default();
                    row.registration = text.parse::<Uuid>().ok().map(Uuid::as_u128);
                }
                "platform" => row.platform = self.short_text(member),
                "language" => row.language = self.short_text(member),
                "contextActivities" => self.context_activities(member, defines, row),
                "extensions" => {
                    self.add_extensions("context:", member, row);
                    let session = SESSIONS.into_iter().find_map(|iri| member.member(iri));
                    row.session = session.map_or(Span::default(), |text| self.short_text(text));
                }
                _ => {}
            }
        }
    }

    fn context_activities(&mut self, value: Value<'_, '_>, defines: Defines, row: &mut Row) {
        for (key, list) in value.members() {
            let index = match &*key.unescaped() {
                "parent" => 0,
                "grouping" => 1,
                "category" => 2,
                "other" => 3,
                _ => continue,
            };
            let mut found = Vec::new();
            let single = (list.kind() == Kind::Object).then_some(list);
            for activity in single.into_iter().chain(list.elements()).take(ACTIVITIES_MAX) {
                found.push(self.activity(activity, defines == Defines::All));
            }
            let start = number_of(self.activities.len());
            row.activities[index] = Run { start, count: number_of(found.len()) };
            self.activities.append(&mut found);
        }
    }

    /// The id of an activity, and what its definition says, if it may define.
    fn activity(&mut self, value: Value<'_, '_>, may_define: bool) -> Span {
        let id = self.member(value, "id");
        if let Some(definition) = value.member("definition").filter(|_| may_define) {
            let name = definition.member("name").map_or(Span::default(), |map| self.name(map));
            let kind = self.member(definition, "type");
            let interaction = self.member(definition, "interactionType");
            self.definitions.push(Description { id, name, kind, interaction });
        }
        id
    }

    fn actor(&mut self, value: Value<'_, '_>) -> ActorParts {
        let mut parts = ActorParts::default();
        let mut ifi = None;
        for (key, member) in value.members() {
            match &*key.unescaped() {
                "name" => parts.name = self.short_name(member),
                "mbox" => {
                    ifi = member.as_str().and_then(|text| text.parse::<Mbox>().ok()).map(Ifi::Mbox);
                }
                "mbox_sha1sum" => {
                    let digits = member.as_str().unwrap_or_default().to_ascii_lowercase();
                    ifi = Some(Ifi::MboxSha1(digits.into()));
                }
                "openid" => {
                    ifi =
                        member.as_str().and_then(|text| text.parse::<Iri>().ok()).map(Ifi::OpenId);
                }
                "account" => {
                    let name = member.member("name").and_then(Value::as_str).unwrap_or_default();
                    let home = member.member("homePage").and_then(Value::as_str);
                    parts.account_name = self.span(cut(&name, TEXT_BYTES_MAX));
                    ifi = home
                        .and_then(|home| home.parse::<Iri>().ok())
                        .map(|home_page| Ifi::Account { home_page, name: name.into() });
                }
                // The authority of three-legged OAuth is a group, whose first member is the client.
                "member" if parts.account_name.is_empty() => {
                    let first = member.elements().next();
                    let account = first.and_then(|agent| agent.member("account"));
                    let name = account.and_then(|account| account.member("name"));
                    parts.account_name = name.map_or(Span::default(), |name| self.short_text(name));
                }
                _ => {}
            }
        }
        parts.key = ifi.map(|ifi| ifi.to_key()).unwrap_or_default();
        parts
    }

    fn add_extensions(&mut self, place: &str, value: Value<'_, '_>, row: &mut Row) {
        let start = if row.extensions.count == 0 {
            number_of(self.extensions.len())
        } else {
            row.extensions.start
        };
        for (key, member) in value.members().take(EXTENSIONS_MAX) {
            let value = match member.kind() {
                Kind::Number => ExtensionValue::Number(finite(member)),
                Kind::String => ExtensionValue::Text(self.short_text(member)),
                Kind::True | Kind::False => ExtensionValue::Text(self.span(member.raw())),
                Kind::Null | Kind::Array | Kind::Object => continue,
            };
            let iri = key.unescaped();
            let place = self.joined(place, cut(&iri, TEXT_BYTES_MAX));
            self.extensions.push(Extension { place, value });
        }
        let count = number_of(self.extensions.len()) - start;
        row.extensions = Run { start, count };
    }

    /// One text of a map of languages: that of the language, or else the English one, or else the
    /// first.
    fn name(&mut self, map: Value<'_, '_>) -> Span {
        let of = |language: &str| {
            let tags = || map.members().map(|(key, text)| (key.unescaped(), text));
            let same = tags().find(|(tag, _)| tag.eq_ignore_ascii_case(language));
            same.or_else(|| tags().find(|(tag, _)| is_below(tag, language))).map(|(_, text)| text)
        };
        let general = self.language.split_once('-').map_or(&*self.language, |(start, _)| start);
        let wanted = [&*self.language, general].into_iter().filter(|it| !it.is_empty());
        let found = wanted.chain([ENGLISH]).find_map(of);
        let found = found.or_else(|| map.members().next().map(|(_, text)| text));
        found.map_or(Span::default(), |text| self.short_name(text))
    }

    fn member(&mut self, value: Value<'_, '_>, name: &str) -> Span {
        let text = value.member(name).and_then(Value::as_str).unwrap_or_default();
        self.span(&text)
    }

    fn short_text(&mut self, value: Value<'_, '_>) -> Span {
        let text = value.as_str().unwrap_or_default();
        self.span(cut(&text, TEXT_BYTES_MAX))
    }

    fn short_name(&mut self, value: Value<'_, '_>) -> Span {
        let text = value.as_str().unwrap_or_default();
        self.span(cut(&text, NAME_BYTES_MAX))
    }

    fn span(&mut self, text: &str) -> Span {
        self.joined(text, "")
    }

    fn joined(&mut self, first: &str, second: &str) -> Span {
        let start = number_of(self.texts.len());
        self.texts.push_str(first);
        self.texts.push_str(second);
        Span { start, len: number_of(first.len() + second.len()) }
    }
}

/// Whether a language tag is that of a language with more to be said, as `en-GB` is of `en`.
fn is_below(tag: &str, language: &str) -> bool {
    let start = tag.get(..language.len()).filter(|it| it.eq_ignore_ascii_case(language));
    start.is_some() && tag.as_bytes().get(language.len()) == Some(&b'-')
}

impl Row {
    fn empty(statement: &SourceStatement<'_>) -> Self {
        let stored = statement.stored.unix_micros();
        Self {
            sequence: statement.sequence,
            id: statement.id.0.as_u128(),
            stored,
            timestamp: stored,
            version: match statement.version {
                Version::V1_0_3 => 1,
                Version::V2_0_0 => 2,
            },
            actor: Description::default(),
            verb: Description::default(),
            object_kind: None,
            object: Span::default(),
            activities: [Run::default(); 4],
            registration: None,
            session: Span::default(),
            platform: Span::default(),
            language: Span::default(),
            authority: Span::default(),
            source: Span::default(),
            success: 0,
            completion: 0,
            response: Span::default(),
            numbers: [f64::NAN; NumberColumn::EVERY.len()],
            extensions: Run::default(),
            voids: None,
        }
    }
}

fn read_score(score: Value<'_, '_>, row: &mut Row) {
    for (key, number) in score.members() {
        let column = match &*key.unescaped() {
            "scaled" => NumberColumn::Scaled,
            "raw" => NumberColumn::Raw,
            "min" => NumberColumn::Min,
            "max" => NumberColumn::Max,
            _ => continue,
        };
        row.numbers[column.index()] = finite(number);
    }
}

/// The one score: `scaled`, or else `raw` between `min` and `max`, or else success as 0 or 1.
fn credit(row: &Row) -> f64 {
    let of = |column: NumberColumn| row.numbers[column.index()];
    let scaled = of(NumberColumn::Scaled);
    if !scaled.is_nan() {
        return scaled;
    }
    let (raw, min, max) = (of(NumberColumn::Raw), of(NumberColumn::Min), of(NumberColumn::Max));
    let share = (raw - min) / (max - min);
    match row.success {
        _ if share.is_finite() => share,
        1 => 0.0,
        2 => 1.0,
        _ => f64::NAN,
    }
}

/// 1 for false, 2 for true.
fn flag(value: Value<'_, '_>) -> u32 {
    value.as_bool().map_or(0, |is_true| 1 + u32::from(is_true))
}

fn finite(value: Value<'_, '_>) -> f64 {
    value.as_f64().filter(|number| number.is_finite()).unwrap_or(f64::NAN)
}

fn micros_of(text: &str) -> Option<i64> {
    let timestamp: StatementTimestamp = text.parse().ok()?;
    i64::try_from(timestamp.unix_nanos().div_euclid(1_000)).ok()
}

/// The beginning of a text, at most `bytes_max` long.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// A length within a batch, whose texts are limited by the page that it was read from.
fn number_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
