//! Reads typed values out of parsed JSON and notes every fault on the way.
//!
//! A function that reads a value returns none exactly if it has noted a fault. Places are
//! worked out only for faults, so that a valid statement costs nothing but its own types.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;

use crate::json::{Kind, Value};
use crate::scalar::is_language_tag;
use crate::statement::Layout;
use crate::{Attachment, Fault, Iri, ParseLimits, Rule, StatementId, Version};

/// What reading one body has come to so far.
pub(crate) struct Reader<'a, 't> {
    /// The version whose rules apply.
    pub(crate) version: Version,
    /// Where the store's own properties stand in the current statement.
    pub(crate) layout: Layout,
    /// Attachments of the current statement, those of a substatement included.
    pub(crate) attachments: Vec<Attachment>,
    /// The ids of a batch so far; none for a single statement.
    ids: Option<HashSet<StatementId>>,
    /// What pointers start at.
    root: Value<'a, 't>,
    /// Where the text of the current statement begins.
    start: usize,
    /// How many of each thing with a limit the current statement has.
    counts: Counts,
    limits: ParseLimits,
    faults: Vec<Fault>,
}

/// How many there are in a statement.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    activities: usize,
    agents: usize,
    attachments: usize,
}

/// What a statement may hold only so many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Context activities.
    Activities,
    /// Members of groups, context agents and context groups.
    Agents,
    /// Attachments.
    Attachments,
}

impl<'a, 't> Reader<'a, 't> {
    /// Most elements that room is made for before they are read.
    const ROOM_MAX: usize = 256;

    /// A reader of `root`, whose duplicate keys it notes at once.
    pub(crate) fn new(root: Value<'a, 't>, version: Version, limits: &ParseLimits) -> Self {
        let mut reader = Self {
            version,
            layout: Layout::default(),
            attachments: Vec::new(),
            ids: (root.kind() == Kind::Array).then(HashSet::new),
            root,
            start: 0,
            counts: Counts::default(),
            limits: *limits,
            faults: Vec::new(),
        };
        for value in root.json().duplicates() {
            reader.fault(value, Rule::DuplicateKey);
        }
        reader
    }

    /// Begins the statement `value`: its spans count from here.
    pub(crate) fn begin(&mut self, value: Value<'a, 't>) {
        self.start = value.span().start;
        self.layout = Layout::default();
        self.attachments = Vec::new();
        self.counts = Counts::default();
    }

    /// Counts the elements of `list`. Returns whether the current statement may have so many;
    /// if not, that is noted, and the list should not be read.
    pub(crate) fn count(&mut self, list: Value<'a, 't>, counted: Counted) -> bool {
        let (count, most, rule, noun) = match counted {
            Counted::Activities => (
                &mut self.counts.activities,
                self.limits.activities_max,
                Rule::ContextActivityCount,
                "context activities",
            ),
            Counted::Agents => {
                (&mut self.counts.agents, self.limits.agents_max, Rule::AgentCount, "agents")
            }
            Counted::Attachments => (
                &mut self.counts.attachments,
                self.limits.attachments_max,
                Rule::AttachmentCount,
                "attachments",
            ),
        };
        *count = count.saturating_add(list.count());
        let count = *count;
        if most < count {
            self.note(list, rule, &format!("{count} {noun}, where {most} are the most"));
        }
        count <= most
    }

    /// Notes the id at `value` if an earlier statement of the batch has it.
    pub(crate) fn register(&mut self, id: StatementId, value: Value<'a, 't>) {
        if self.ids.as_mut().is_some_and(|ids| !ids.insert(id)) {
            self.fault(value, Rule::DuplicateId);
        }
    }

    /// The bytes of `value`, counted from the beginning of the current statement.
    pub(crate) fn span(&self, value: Value<'a, 't>) -> Range<usize> {
        let span = value.span();
        span.start - self.start..span.end - self.start
    }

    /// How much room to make for a list of `value`'s elements: not more than a little, because
    /// an array may be long and yet hold nothing that is wanted.
    pub(crate) fn room_for(value: Value<'a, 't>) -> usize {
        value.count().min(Self::ROOM_MAX)
    }

    /// Whether no more faults are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.faults.len() >= self.limits.faults_max.max(1)
    }

    /// Whether any fault was noted.
    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Every fault noted, in order of appearance where that is known.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    fn note(&mut self, value: Value<'a, 't>, rule: Rule, found: &str) {
        if !self.is_full() {
            let pointer = self.root.json().pointer(self.root, value);
            self.faults.push(Fault::new(pointer, rule, found));
        }
    }

    /// Notes that `value` breaks `rule`.
    pub(crate) fn fault(&mut self, value: Value<'a, 't>, rule: Rule) {
        self.note(value, rule, value.raw());
    }

    /// Notes that `value` is of the wrong type. A null has a rule of its own.
    pub(crate) fn wrong_type(&mut self, value: Value<'a, 't>, rule: Rule) {
        let rule = if value.kind() == Kind::Null { Rule::Null } else { rule };
        self.fault(value, rule);
    }

    /// Notes that `object` lacks `name`.
    pub(crate) fn missing(&mut self, object: Value<'a, 't>, name: &str, rule: Rule) {
        if !self.is_full() {
            self.note(object, rule, &format!("no `{name}`"));
        }
    }

    /// The member `name` of `object`, which must have it.
    pub(crate) fn required(
        &mut self,
        member: Option<Value<'a, 't>>,
        object: Value<'a, 't>,
        name: &str,
        rule: Rule,
    ) -> Option<Value<'a, 't>> {
        if member.is_none() {
            self.missing(object, name, rule);
        }
        member
    }

    /// Notes that the key of `member` breaks `rule`.
    pub(crate) fn fault_key(&mut self, key: &str, member: Value<'a, 't>, rule: Rule) {
        self.note(member, rule, key);
    }

    /// Notes a key that stands beside `known` ones without being one of them.
    pub(crate) fn unknown(&mut self, key: &str, member: Value<'a, 't>, known: &[&str]) {
        self.unknown_or(key, member, known, Rule::UnknownProperty);
    }

    /// The same, with a rule of its own for keys that differ in more than case.
    pub(crate) fn unknown_or(
        &mut self,
        key: &str,
        member: Value<'a, 't>,
        known: &[&str],
        rule: Rule,
    ) {
        let is_miscased = known.iter().any(|name| name.eq_ignore_ascii_case(key));
        self.fault_key(key, member, if is_miscased { Rule::KeyCase } else { rule });
    }

    /// Notes a text that is none of those `allowed`.
    pub(crate) fn not_listed(
        &mut self,
        text: &str,
        value: Value<'a, 't>,
        allowed: &[&str],
        rule: Rule,
    ) {
        let is_miscased = allowed.iter().any(|name| name.eq_ignore_ascii_case(text));
        self.fault(value, if is_miscased { Rule::ValueCase } else { rule });
    }

    /// Whether `value` is of this kind.
    pub(crate) fn is(&mut self, value: Value<'a, 't>, kind: Kind, rule: Rule) -> bool {
        let holds = value.kind() == kind;
        if !holds {
            self.wrong_type(value, rule);
        }
        holds
    }

    /// A string.
    pub(crate) fn string(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<Cow<'t, str>> {
        let text = value.as_str();
        if text.is_none() {
            self.wrong_type(value, rule);
        }
        text
    }

    /// A string to be kept.
    pub(crate) fn text(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<Box<str>> {
        self.string(value, rule).map(Into::into)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<bool> {
        let boolean = value.as_bool();
        if boolean.is_none() {
            self.wrong_type(value, rule);
        }
        boolean
    }

    /// A number.
    pub(crate) fn number(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<f64> {
        let number = value.as_f64();
        if number.is_none() {
            self.wrong_type(value, rule);
        }
        number
    }

    /// A string with a format.
    pub(crate) fn parsed<T: FromStr>(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<T> {
        let parsed = self.string(value, rule)?.parse().ok();
        if parsed.is_none() {
            self.fault(value, rule);
        }
        parsed
    }

    /// An IRI. One without a scheme has a rule of its own.
    pub(crate) fn iri(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<Iri> {
        let text = self.string(value, rule)?;
        let iri = text.parse().ok();
        if iri.is_none() {
            self.fault(value, rule_of_bad_iri(&text, rule));
        }
        iri
    }

    /// Checks an IRI that need not be kept.
    pub(crate) fn check_iri(&mut self, value: Value<'a, 't>, rule: Rule) {
        if let Some(text) = self.string(value, rule)
            && !Iri::is_valid(&text)
        {
            self.fault(value, rule_of_bad_iri(&text, rule));
        }
    }

    /// Checks a map of language tags to strings.
    pub(crate) fn language_map(&mut self, value: Value<'a, 't>, rule: Rule) {
        if !self.is(value, Kind::Object, rule) {
            return;
        }
        for (key, text) in value.members() {
            let tag = key.unescaped();
            if !is_language_tag(&tag) {
                self.fault_key(&tag, text, Rule::LanguageTag);
            }
            if text.kind() != Kind::String {
                self.wrong_type(text, rule);
            }
        }
    }

    /// Checks a map of IRIs to anything.
    pub(crate) fn extensions(&mut self, value: Value<'a, 't>, rule: Rule) {
        if !self.is(value, Kind::Object, rule) {
            return;
        }
        for (key, extension) in value.members() {
            let iri = key.unescaped();
            if !Iri::is_valid(&iri) {
                let rule = rule_of_bad_iri(&iri, Rule::ExtensionKey);
                self.fault_key(&iri, extension, rule);
            }
        }
    }
}

/// The rule that a text breaks which should be an IRI.
fn rule_of_bad_iri(text: &str, rule: Rule) -> Rule {
    let has_scheme = text.find([':', '/', '?', '#']).is_some_and(|at| {
        let scheme = &text.as_bytes()[..at];
        text.as_bytes()[at] == b':'
            && scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    if has_scheme || text.is_empty() { rule } else { Rule::IriScheme }
}
