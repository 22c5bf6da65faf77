//! Reads typed values from parsed JSON and records every fault.
//!
//! A function that reads a value returns none exactly if it has recorded a fault. Places are
//! only computed for faults, so that a valid statement costs nothing but its own types.

mod extension_values;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::str::FromStr;

use crate::json::{Kind, Value};
use crate::limits::ParseLimits;
use crate::scalar::{has_scheme, is_language_tag};
use crate::statement::layout::Layout;
use crate::{Attachment, Fault, Iri, Rule, StatementId, Version};
pub(crate) use extension_values::list_misplaced;

/// The state of reading one body.
pub(crate) struct Reader<'a, 't> {
    /// The version whose rules apply.
    pub(crate) version: Version,
    /// Where the properties of the store are in the current statement.
    pub(crate) layout: Layout,
    /// Attachments of the current statement, those of a substatement included.
    pub(crate) attachments: Vec<Attachment>,
    /// The ids of the batch that were read; none for a single statement.
    ids: Option<HashSet<StatementId>>,
    /// The value that pointers are relative to.
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
    /// Most elements for which memory is reserved before they are read.
    const CAPACITY_MAX: usize = 256;

    /// A reader of `root`, whose duplicate keys and lone surrogates it notes at once.
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
        for (value, rule) in list_misplaced(root) {
            reader.fault(value, rule);
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
    /// if not, that is recorded, and the list should not be read.
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
            self.record(list, rule, &format!("{count} {noun}, where {most} are the most"));
        }
        count <= most
    }

    /// Records the id, and a fault at `value` if an earlier statement of the batch has it.
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

    /// The capacity to reserve for a list of `value`'s elements: never large, because a long
    /// array may contain no valid element.
    pub(crate) fn capacity_for(value: Value<'a, 't>) -> usize {
        value.count().min(Self::CAPACITY_MAX)
    }

    /// Whether the limit of faults is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.faults.len() >= self.limits.faults_max.max(1)
    }

    /// Whether any fault was recorded.
    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Every recorded fault, in order of appearance if known.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    fn record(&mut self, value: Value<'a, 't>, rule: Rule, found: &str) {
        if !self.is_full() {
            let pointer = self.root.json().pointer(self.root, value);
            self.faults.push(Fault::new(pointer, rule, found));
        }
    }

    /// Records that `value` breaks `rule`.
    pub(crate) fn fault(&mut self, value: Value<'a, 't>, rule: Rule) {
        self.record(value, rule, value.raw());
    }

    /// Records that `value` has the wrong type. There is a separate rule for null.
    pub(crate) fn wrong_type(&mut self, value: Value<'a, 't>, rule: Rule) {
        let rule = if value.kind() == Kind::Null { Rule::Null } else { rule };
        self.fault(value, rule);
    }

    /// Records that `object` lacks `name`.
    pub(crate) fn missing(&mut self, object: Value<'a, 't>, name: &str, rule: Rule) {
        if !self.is_full() {
            self.record(object, rule, &format!("no `{name}`"));
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

    /// Records that the key of `member` breaks `rule`.
    pub(crate) fn fault_key(&mut self, key: &str, member: Value<'a, 't>, rule: Rule) {
        self.record(member, rule, key);
    }

    /// Records a key that is none of the `known` ones.
    pub(crate) fn unknown(&mut self, key: &str, member: Value<'a, 't>, known: &[&str]) {
        self.unknown_or(key, member, known, Rule::UnknownProperty);
    }

    /// The same, with a separate rule for keys that differ in more than case.
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

    /// Records a text that is not `allowed`.
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

    /// A string, copied.
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

    /// An IRI. There is a separate rule for one without a scheme.
    pub(crate) fn iri(&mut self, value: Value<'a, 't>, rule: Rule) -> Option<Iri> {
        let text = self.string(value, rule)?;
        let iri = Iri::parse(&text, self.limits.iris).ok();
        if iri.is_none() {
            self.fault(value, rule_of_bad_iri(&text, rule));
        }
        iri
    }

    /// Checks an IRI without returning it.
    pub(crate) fn check_iri(&mut self, value: Value<'a, 't>, rule: Rule) {
        if let Some(text) = self.string(value, rule)
            && !Iri::is_valid_by(&text, self.limits.iris)
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
            if !Iri::is_valid_by(&iri, self.limits.iris) {
                let rule = rule_of_bad_iri(&iri, Rule::ExtensionKey);
                self.fault_key(&iri, extension, rule);
            }
        }
    }
}

/// The rule that a text breaks if it should be an IRI and is none.
fn rule_of_bad_iri(text: &str, rule: Rule) -> Rule {
    if has_scheme(text) || text.is_empty() { rule } else { Rule::IriScheme }
}
