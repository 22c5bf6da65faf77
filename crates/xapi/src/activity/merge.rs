//! Merges the definitions of an activity from several statements.

use std::collections::HashMap;

use crate::json::{self, Json, JsonLimits, Key, Kind, LoneSurrogates, Value};

/// Longest definition that a store keeps of an activity, in bytes of JSON text. It is part of
/// what definitions merge to, so it is no setting: the same statements give the same
/// definition on every node and at every time.
pub const DEFINITION_BYTES_MAX: usize = 64 << 10;

/// The definition that results when `newer` arrives for an activity with the definition
/// `stored`.
///
/// As [`MergedDefinition`], for two.
pub fn merge_definitions(stored: Option<&str>, newer: &str) -> String {
    let mut merged = MergedDefinition::new(stored);
    merged.add(newer);
    merged.to_text().unwrap_or_default()
}

/// A definition to which newer ones are added, each at a cost in proportion to its own length.
///
/// Definitions are JSON objects that have passed validation. Languages of names and
/// descriptions and extensions are united, the newer winning; every other property is
/// replaced. When the interaction becomes one of another type, what belonged to the former
/// type goes.
///
/// A definition that is longer than [`DEFINITION_BYTES_MAX`] is ignored. One with which the
/// known one would become longer than that takes its place.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.4.1 (LRS requirements on activity definitions).
#[derive(Clone, Debug)]
pub struct MergedDefinition {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing is known.
    Empty,
    /// One definition, as it was sent, or one that is no JSON object.
    Verbatim(String),
    /// What several have come to.
    Merged(Members),
}

impl MergedDefinition {
    /// Begins with what is known.
    pub fn new(known: Option<&str>) -> Self {
        let state = known.map_or(State::Empty, |known| State::Verbatim(known.to_owned()));
        Self { state }
    }

    /// Adds a definition.
    pub fn add(&mut self, newer: &str) {
        if DEFINITION_BYTES_MAX < newer.len() {
            return;
        }
        if let State::Verbatim(known) = &self.state {
            if known == newer {
                return;
            }
            self.state = parse_object(known)
                .map_or(State::Empty, |known| State::Merged(Members::of(known.root())));
        }
        let is_added = match &mut self.state {
            State::Merged(members) => {
                parse_object(newer).is_some_and(|newer| members.add(newer.root()))
            }
            State::Empty | State::Verbatim(_) => false,
        };
        if !is_added {
            self.state = State::Verbatim(newer.to_owned());
        }
    }

    /// The JSON text; none if nothing is known.
    pub fn to_text(&self) -> Option<String> {
        match &self.state {
            State::Empty => None,
            State::Verbatim(text) => Some(text.clone()),
            State::Merged(members) => Some(members.to_text()),
        }
    }
}

/// The properties that describe an interaction.
const INTERACTION: [&str; 7] =
    ["interactionType", "correctResponsesPattern", "choices", "scale", "source", "target", "steps"];

/// The members of an object in order, each with its text.
#[derive(Clone, Debug, Default)]
struct Members {
    /// None where one was removed.
    list: Vec<Option<Member>>,
    /// Where each is in the list, by its folded name.
    places: HashMap<String, usize>,
    /// Bytes of the text of the whole object.
    len_bytes: usize,
}

#[derive(Clone, Debug)]
struct Member {
    /// As it is written, with quotes.
    key: Box<str>,
    value: MemberValue,
}

#[derive(Clone, Debug)]
enum MemberValue {
    /// A value that is replaced as a whole, as it is written.
    Text(Box<str>),
    /// An object whose members are united with those of newer ones.
    United(Members),
}

/// How the names of an object's members are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// As they are.
    Exact,
    /// Without case, as language tags are.
    Lowercase,
}

impl Fold {
    fn name(self, key: Key<'_, '_>) -> String {
        match self {
            Self::Exact => key.unescaped().into_owned(),
            Self::Lowercase => key.unescaped().to_ascii_lowercase(),
        }
    }
}

/// How the members of a property are united; none of one that is replaced as a whole.
fn fold_of(name: &str) -> Option<Fold> {
    match name {
        "name" | "description" => Some(Fold::Lowercase),
        "extensions" => Some(Fold::Exact),
        _ => None,
    }
}

impl Member {
    /// Bytes of its text with the comma or the brace behind it.
    fn len_bytes(&self) -> usize {
        self.key.len() + 2 + self.value.len_bytes()
    }
}

impl MemberValue {
    /// The value of a property of a definition.
    fn of_property(name: &str, value: Value<'_, '_>) -> Self {
        match fold_of(name) {
            Some(fold) if value.kind() == Kind::Object => {
                Self::United(Members::of_united(value, fold))
            }
            Some(_) | None => Self::Text(value.raw().into()),
        }
    }

    fn len_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::United(members) => members.len_bytes,
        }
    }
}

impl Members {
    fn of(root: Value<'_, '_>) -> Self {
        let mut members = Self { len_bytes: EMPTY_BYTES, ..Self::default() };
        for (key, value) in root.members() {
            let name = key.unescaped();
            members.put(name.clone().into_owned(), key, MemberValue::of_property(&name, value));
        }
        members
    }

    fn of_united(object: Value<'_, '_>, fold: Fold) -> Self {
        let mut members = Self { len_bytes: EMPTY_BYTES, ..Self::default() };
        members.unite(object, fold);
        members
    }

    /// Puts the members of `object` over those that are there.
    fn unite(&mut self, object: Value<'_, '_>, fold: Fold) {
        for (key, value) in object.members() {
            self.put(fold.name(key), key, MemberValue::Text(value.raw().into()));
        }
    }

    /// Replaces the member of the same name, or adds one at the end.
    fn put(&mut self, name: String, key: Key<'_, '_>, value: MemberValue) {
        let member = Member { key: key.value().raw().into(), value };
        self.len_bytes += member.len_bytes();
        if let Some(place) = self.places.get(&name).and_then(|place| self.list.get_mut(*place)) {
            let former = place.replace(member);
            self.len_bytes -= former.map_or(0, |former| former.len_bytes());
        } else {
            self.places.insert(name, self.list.len());
            self.list.push(Some(member));
        }
    }

    fn remove(&mut self, name: &str) {
        let place = self.places.remove(name).and_then(|place| self.list.get_mut(place));
        let removed = place.and_then(Option::take);
        self.len_bytes -= removed.map_or(0, |removed| removed.len_bytes());
    }

    fn find(&mut self, name: &str) -> Option<&mut Member> {
        self.places.get(name).and_then(|place| self.list.get_mut(*place))?.as_mut()
    }

    /// Adds a newer definition. Returns whether the whole is no longer than a definition may
    /// be; if it is, this must not be used any more.
    fn add(&mut self, newer: Value<'_, '_>) -> bool {
        if self.is_other_interaction(newer) {
            let gone = INTERACTION.into_iter().filter(|name| newer.member(name).is_none());
            gone.for_each(|name| self.remove(name));
        }
        for (key, value) in newer.members() {
            let name = key.unescaped();
            let fold = fold_of(&name).filter(|_| value.kind() == Kind::Object);
            let known = self.find(&name).map(|member| &mut member.value);
            if let (Some(fold), Some(MemberValue::United(known))) = (fold, known) {
                let before = known.len_bytes;
                known.unite(value, fold);
                let after = known.len_bytes;
                self.len_bytes = self.len_bytes + after - before;
            } else {
                let value = MemberValue::of_property(&name, value);
                self.put(name.clone().into_owned(), key, value);
            }
        }
        self.len_bytes <= DEFINITION_BYTES_MAX
    }

    fn is_other_interaction(&mut self, newer: Value<'_, '_>) -> bool {
        let newer = newer.member("interactionType").and_then(Value::as_str);
        let known = self.find("interactionType").and_then(|member| match &member.value {
            MemberValue::Text(text) => Some(text.clone()),
            MemberValue::United(_) => None,
        });
        let limits = JsonLimits::default();
        let known = known.as_deref().and_then(|text| json::parse(text.as_bytes(), &limits).ok());
        let known = known.as_ref().and_then(|known| known.root().as_str());
        newer.is_some_and(|newer| known != Some(newer))
    }

    fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.len_bytes);
        self.push_text(&mut text);
        text
    }

    fn push_text(&self, text: &mut String) {
        text.push('{');
        for (index, member) in self.list.iter().flatten().enumerate() {
            if index != 0 {
                text.push(',');
            }
            text.push_str(&member.key);
            text.push(':');
            match &member.value {
                MemberValue::Text(value) => text.push_str(value),
                MemberValue::United(members) => members.push_text(text),
            }
        }
        text.push('}');
    }
}

/// Bytes of an object without members, less the comma that the last member does not have. It
/// is one too few for one that stays empty.
const EMPTY_BYTES: usize = 1;

fn parse_object(text: &str) -> Option<Json<'_>> {
    let limits = JsonLimits {
        depth_max: usize::MAX,
        lone_surrogates: LoneSurrogates::Kept,
        ..JsonLimits::default()
    };
    json::parse(text.as_bytes(), &limits).ok().filter(|json| json.root().kind() == Kind::Object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(stored: &str, newer: &str, expected: &str) {
        let merged = merge_definitions(Some(stored), newer);
        assert_eq!(merged, expected, "stored {stored}, newer {newer}");
    }

    #[test]
    fn unites_languages_and_extensions() {
        let table = [
            (
                r#"{"name":{"en":"A","de":"B"},"type":"http://t.org/1"}"#,
                r#"{"name":{"en":"C","fr":"D"}}"#,
                r#"{"name":{"en":"C","de":"B","fr":"D"},"type":"http://t.org/1"}"#,
            ),
            // One language in two spellings is one language.
            (
                r#"{"description":{"en-US":"A"}}"#,
                r#"{"description":{"en-us":"B"}}"#,
                r#"{"description":{"en-us":"B"}}"#,
            ),
            (
                r#"{"extensions":{"http://x.org/a":{"k":1},"http://x.org/b":2}}"#,
                r#"{"extensions":{"http://x.org/a":{"l":1.0},"http://x.org/A":3}}"#,
                r#"{"extensions":{"http://x.org/a":{"l":1.0},"http://x.org/b":2,"http://x.org/A":3}}"#,
            ),
        ];
        for (stored, newer, expected) in table {
            check(stored, newer, expected);
        }
    }

    #[test]
    fn replaces_everything_else() {
        let table = [
            (
                r#"{"type":"http://t.org/1","moreInfo":"http://m.org/1"}"#,
                r#"{"type":"http://t.org/2"}"#,
                r#"{"type":"http://t.org/2","moreInfo":"http://m.org/1"}"#,
            ),
            (
                r#"{"interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}"#,
                r#"{"choices":[{"id":"b"}]}"#,
                r#"{"interactionType":"choice","choices":[{"id":"b"}],"correctResponsesPattern":["a"]}"#,
            ),
            // Another type of interaction: nothing of the former one stays.
            (
                r#"{"name":{"en":"A"},"interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}"#,
                r#"{"interactionType":"likert","scale":[]}"#,
                r#"{"name":{"en":"A"},"interactionType":"likert","scale":[]}"#,
            ),
            (r#"{"type":"http://t.org/1"}"#, "{}", r#"{"type":"http://t.org/1"}"#),
        ];
        for (stored, newer, expected) in table {
            check(stored, newer, expected);
        }
    }

    #[test]
    fn the_first_definition_is_taken_as_it_is() {
        let newer = r#"{ "name": {"en": "A"} }"#;
        assert_eq!(merge_definitions(None, newer), newer);
        assert_eq!(merge_definitions(Some("damaged"), newer), newer);
    }

    #[test]
    fn a_definition_stays_within_its_bound() {
        let extension = |number: usize, bytes: usize| {
            format!(r#"{{"extensions":{{"http://x.org/{number}":"{}"}}}}"#, "x".repeat(bytes))
        };
        let mut merged = MergedDefinition::new(None);
        for number in 0..5 {
            merged.add(&extension(number, 15 << 10));
            let text = merged.to_text().unwrap();
            assert!(text.len() <= DEFINITION_BYTES_MAX, "{} bytes", text.len());
            // The fifth does not fit with the others, and takes their place.
            assert_eq!(text.matches("http://x.org/").count(), 1 + number % 4);
        }
        let before = merged.to_text();
        merged.add(&extension(9, DEFINITION_BYTES_MAX));
        assert_eq!(merged.to_text(), before, "one that is too long is ignored");
        let mut first = MergedDefinition::new(None);
        first.add(&extension(9, DEFINITION_BYTES_MAX));
        assert_eq!(first.to_text(), None);
    }

    fn any_definition() -> impl Strategy<Value = String> {
        let languages = prop::collection::btree_map("(en|de|fr)", "[a-c]", 0..3);
        (languages.clone(), languages, "[a-c]?").prop_map(|(name, description, more)| {
            let map = |map: std::collections::BTreeMap<String, String>| {
                let list: Vec<_> = map.iter().map(|(k, v)| format!("\"{k}\":\"{v}\"")).collect();
                format!("{{{}}}", list.join(","))
            };
            format!(
                "{{\"name\":{},\"description\":{},\"moreInfo\":\"http://{more}/\"}}",
                map(name),
                map(description)
            )
        })
    }

    proptest! {
        #[test]
        fn merging_a_definition_twice_changes_nothing(
            a in any_definition(), b in any_definition(),
        ) {
            let once = merge_definitions(Some(&a), &b);
            prop_assert_eq!(merge_definitions(Some(&once), &b), once);
        }

        #[test]
        fn the_length_of_a_definition_is_known(
            all in prop::collection::vec(any_definition(), 2..6)
        ) {
            let mut merged = MergedDefinition::new(None);
            for definition in &all {
                merged.add(definition);
                if let State::Merged(members) = &merged.state {
                    let text = members.to_text();
                    // Each of the objects in it that is empty counts one byte too few.
                    let empty_count = text.matches("{}").count();
                    prop_assert_eq!(text.len(), members.len_bytes + empty_count);
                }
            }
        }

        #[test]
        fn merging_is_associative(
            a in any_definition(),
            b in any_definition(),
            c in any_definition()
        ) {
            let left = merge_definitions(Some(&merge_definitions(Some(&a), &b)), &c);
            let right = merge_definitions(Some(&a), &merge_definitions(Some(&b), &c));
            prop_assert_eq!(left, right);
        }
    }
}
