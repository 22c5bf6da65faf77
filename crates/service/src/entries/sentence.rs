//! The parts of a sentence: who did what to what, as texts.

use std::collections::HashMap;

use acta_xapi::json::{JsonLimits, Value, parse};
use acta_xapi::{Ifi, Languages, Version, parse_actor};

/// Longest part of a sentence, in bytes; what is longer is cut.
const PART_BYTES_MAX: usize = 400;

/// Most members of a group that are named.
const MEMBERS_MAX: usize = 3;

/// What is known of activities and persons beside the statements.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The definitions of activities, by id.
    pub(super) definitions: HashMap<String, String>,
    /// The names of persons, by the key of their identifier.
    pub(super) persons: HashMap<String, String>,
}

/// The parts of a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) actor: String,
    pub(super) verb: String,
    pub(super) object: String,
}

/// Reads the sentences of statements.
pub(super) struct Reader<'n> {
    pub(super) names: &'n Names,
    /// The languages of the reader.
    pub(super) languages: &'n Languages,
    /// The version of the statement.
    pub(super) version: Version,
}

impl Reader<'_> {
    /// The sentence of a statement or substatement.
    pub(super) fn read(&self, statement: Value<'_, '_>) -> Sentence {
        let part = |name: &str, read: &dyn Fn(Value<'_, '_>) -> String| {
            cut(statement.member(name).map(read).unwrap_or_default())
        };
        Sentence {
            actor: part("actor", &|actor| self.actor(actor)),
            verb: part("verb", &|verb| self.verb(verb)),
            object: part("object", &|object| self.object(object)),
        }
    }

    /// The actor of a statement.
    pub(super) fn actor_of(&self, statement: Value<'_, '_>) -> String {
        cut(statement.member("actor").map(|actor| self.actor(actor)).unwrap_or_default())
    }

    /// What the verb of a statement is displayed as, if the statement says so.
    pub(super) fn display_of(&self, statement: Value<'_, '_>) -> Option<String> {
        choose_name(statement.member("verb")?.member("display")?, self.languages)
    }

    /// The object of a statement.
    pub(super) fn object_of(&self, statement: Value<'_, '_>) -> String {
        cut(statement.member("object").map(|object| self.object(object)).unwrap_or_default())
    }

    fn actor(&self, actor: Value<'_, '_>) -> String {
        if let Some(name) = text_of(actor, "name") {
            return name;
        }
        let parsed = parse_actor(actor.raw().as_bytes(), self.version).ok();
        let Some(ifi) = parsed.and_then(|parsed| parsed.ifi) else { return self.members(actor) };
        let known = self.names.persons.get(&ifi.to_key()).cloned();
        known.unwrap_or_else(|| short_of(&ifi))
    }

    /// The names of the first members of a group without an identifier.
    fn members(&self, group: Value<'_, '_>) -> String {
        let Some(members) = group.member("member") else { return String::new() };
        let named = members.elements().take(MEMBERS_MAX).map(|member| self.actor(member));
        let mut text = named.collect::<Vec<_>>().join(", ");
        if MEMBERS_MAX < members.count() {
            text.push_str(", …");
        }
        text
    }

    fn verb(&self, verb: Value<'_, '_>) -> String {
        let display = verb.member("display").and_then(|map| self.choose(map));
        display.unwrap_or_else(|| {
            let id = text_of(verb, "id").unwrap_or_default();
            let last = id.trim_end_matches('/').rsplit(['/', '#', ':']).next();
            last.map(str::to_owned).unwrap_or_default()
        })
    }

    fn object(&self, object: Value<'_, '_>) -> String {
        let kind = text_of(object, "objectType").unwrap_or_default();
        match kind.as_str() {
            "Agent" | "Group" => self.actor(object),
            "SubStatement" => {
                let Sentence { actor, verb, object } = self.read(object);
                format!("{actor} {verb} {object}")
            }
            "StatementRef" => text_of(object, "id").unwrap_or_default(),
            _ => self.activity(object),
        }
    }

    fn activity(&self, activity: Value<'_, '_>) -> String {
        let id = text_of(activity, "id").unwrap_or_default();
        let own = activity.member("definition").and_then(|it| self.choose(it.member("name")?));
        let stored = || {
            let json = parse(self.names.definitions.get(&id)?.as_bytes(), &JsonLimits::STORED);
            let json = json.ok()?;
            self.choose(json.root().member("name")?)
        };
        own.or_else(stored).unwrap_or(id)
    }

    fn choose(&self, map: Value<'_, '_>) -> Option<String> {
        choose(map, self.languages)
    }
}

/// The text of a language map that fits best, cut if it is long.
pub(crate) fn choose_name(map: Value<'_, '_>, languages: &Languages) -> Option<String> {
    choose(map, languages).map(cut)
}

/// The text of a language map that fits best, unless it is empty.
fn choose(map: Value<'_, '_>, languages: &Languages) -> Option<String> {
    let texts: Vec<(String, String)> = map
        .members()
        .filter_map(|(tag, text)| Some((tag.unescaped().into_owned(), text.as_str()?.into_owned())))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect();
    let chosen = languages.choose(texts.iter().map(|(tag, _)| tag.as_str()))?;
    texts.into_iter().nth(chosen).map(|(_, text)| text)
}

/// A member that is a text, unless it is empty.
pub(super) fn text_of(value: Value<'_, '_>, name: &str) -> Option<String> {
    let text = value.member(name)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.into_owned())
}

/// A short form of an identifier.
fn short_of(ifi: &Ifi) -> String {
    match ifi {
        Ifi::Mbox(mbox) => mbox.as_str().trim_start_matches("mailto:").to_owned(),
        Ifi::MboxSha1(digits) => (**digits).to_owned(),
        Ifi::OpenId(iri) => iri.as_str().to_owned(),
        Ifi::Account { name, .. } => (**name).to_owned(),
    }
}

fn cut(mut text: String) -> String {
    if PART_BYTES_MAX < text.len() {
        text.truncate(text.floor_char_boundary(PART_BYTES_MAX));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(languages: &str, statement: &str, expected: [&str; 3]) {
        let names = Names {
            definitions: [(
                "https://a.example/1".to_owned(),
                r#"{"name":{"en":"Fire safety","de":"Brandschutz"}}"#.to_owned(),
            )]
            .into(),
            persons: [(r#"{"mbox":"mailto:ada@example.org"}"#.to_owned(), "Ada".to_owned())].into(),
        };
        let json = parse(statement.as_bytes(), &JsonLimits::STORED).unwrap();
        let languages = Languages::parse(languages);
        let reader = Reader { names: &names, languages: &languages, version: Version::V2_0_0 };
        let Sentence { actor, verb, object } = reader.read(json.root());
        assert_eq!([actor.as_str(), verb.as_str(), object.as_str()], expected, "{statement}");
    }

    #[test]
    fn a_sentence_has_names_or_short_forms() {
        check(
            "de",
            r#"{"actor":{"mbox":"mailto:ada@example.org"},
                "verb":{"id":"http://v.example/passed","display":{"en":"passed","de":"bestand"}},
                "object":{"id":"https://a.example/1"}}"#,
            ["Ada", "bestand", "Brandschutz"],
        );
        check(
            "fr",
            r#"{"actor":{"name":"Ben","mbox":"mailto:ben@example.org"},
                "verb":{"id":"http://v.example/verbs/passed/"},
                "object":{"id":"https://a.example/1","definition":{"name":{"en":"Own name"}}}}"#,
            ["Ben", "passed", "Own name"],
        );
        check(
            "en",
            r#"{"actor":{"objectType":"Group","member":[{"name":"A","mbox":"mailto:a@x.example"},
                {"mbox":"mailto:b@x.example"},
                {"account":{"homePage":"https://x.example","name":"c"}},
                {"mbox":"mailto:d@x.example"}]},
                "verb":{"id":"urn:verb:asked","display":{"en":""}},
                "object":{"objectType":"SubStatement","actor":{"mbox":"mailto:ada@example.org"},
                "verb":{"id":"http://v.example#do"},"object":{"id":"https://b.example/2"}}}"#,
            ["A, b@x.example, c, …", "asked", "Ada do https://b.example/2"],
        );
    }

    #[test]
    fn a_long_part_is_cut_between_characters() {
        let text = cut("é".repeat(PART_BYTES_MAX));
        assert_eq!(text.chars().count(), PART_BYTES_MAX / 2 + 1);
        assert!(text.ends_with("é…"));
    }
}
