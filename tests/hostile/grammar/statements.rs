//! Statements that are all accepted, each with as much in it as there may be: every index and
//! every follower has work with them.

use acta_tests::{make, multipart};
use serde_json::{Value, json};

use super::drawn::{Drawn, FRESH, STORED};
use super::{BODY_BYTES, Grammar, NAMES};
use crate::bodies::list;

/// Most statements of a batch.
const STATEMENTS: usize = 400;

/// Deepest nesting of a value in an extension, so that the statement is within
/// `limits.json_depth_max`.
const DEPTH: usize = 90;

/// Batches of which the numbers in fresh ids are guessed.
const GUESSED: usize = 300;

const VERSION: &str = "X-Experience-API-Version";
const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";

/// Types of interactions, each with the properties that list components.
const INTERACTIONS: [(&str, &[&str]); 10] = [
    ("true-false", &[]),
    ("choice", &["choices"]),
    ("fill-in", &[]),
    ("long-fill-in", &[]),
    ("matching", &["source", "target"]),
    ("performance", &["steps"]),
    ("sequencing", &["choices"]),
    ("likert", &["scale"]),
    ("numeric", &[]),
    ("other", &[]),
];

/// The id of a statement of a batch, which is another one each time the batch is sent.
fn fresh_id(number: usize) -> String {
    format!("{FRESH}-0000-4000-8000-{number:012x}")
}

/// What an object is, which decides what a context may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ObjectKind {
    Activity,
    Other,
}

impl Grammar {
    /// A person or a group by one of the four kinds of identifiers.
    pub(super) fn identified(&self) -> String {
        let number = self.below(NAMES);
        match self.below(4) {
            0 => format!(r#""mbox":"mailto:{number}@example.org""#),
            1 => format!(r#""mbox_sha1sum":"{number:040x}""#),
            2 => format!(r#""openid":"http://example.org/{number}""#),
            _ => format!(
                r#""account":{{"homePage":"http://example.org/{}","name":"{number}"}}"#,
                number % 3
            ),
        }
    }

    /// A member of a group: many different ones, and some that are everywhere.
    fn member(&self, number: usize) -> String {
        if number.is_multiple_of(3) {
            return format!("{{{}}}", self.identified());
        }
        let seed = self.below(NAMES);
        format!(r#"{{"mbox":"mailto:{number}.{seed}@example.org","name":"{number} {FRESH}"}}"#)
    }

    /// A group with members, or a single person.
    fn some_actor(&self, members_max: usize) -> String {
        match self.below(4) {
            0 => {
                let members = list(self.size(members_max), |number| self.member(number));
                format!(r#"{{"objectType":"Group","member":[{members}]}}"#)
            }
            1 => {
                let members = list(self.size(members_max), |number| self.member(number));
                format!(r#"{{"objectType":"Group",{},"member":[{members}]}}"#, self.identified())
            }
            _ => format!(r#"{{{},"name":"{FRESH}"}}"#, self.identified()),
        }
    }

    /// A language map whose first text is new each time.
    fn languages(&self, count_max: usize) -> String {
        let more = list(self.size(count_max), |number| format!(r#""en-x-a{number}":"{number}""#));
        format!(r#"{{"en":"{FRESH}",{more}}}"#)
    }

    /// A value of an extension: deep, wide, or both.
    fn extension(&self) -> String {
        match self.below(4) {
            0 => {
                let depth = self.size(DEPTH - 1);
                format!("{}{}", r#"{"a":"#.repeat(depth) + "1", "}".repeat(depth))
            }
            1 => format!("[{}]", list(self.size(3_000), |number| number.to_string())),
            2 => format!(
                "{{{}}}",
                list(self.size(1_000), |number| format!(r#""{number}":{{"a":[{number}]}}"#))
            ),
            _ => format!("\"{}\"", "é\\n".repeat(self.size(1_000))),
        }
    }

    fn extensions(&self) -> String {
        let first = self.extension();
        let more = list(self.size(300), |number| {
            format!(r#""http://example.org/x/{number}":{}"#, number % 7)
        });
        format!(r#"{{"http://example.org/{}":{first},{more}}}"#, self.below(NAMES))
    }

    /// An interaction with components and patterns.
    fn interaction(&self) -> String {
        let (name, lists) = INTERACTIONS[self.below(INTERACTIONS.len())];
        let count = self.size(500);
        let components = list(count, |number| {
            format!(r#"{{"id":"{number}","description":{{"en":"{number}"}}}}"#)
        });
        let lists: Vec<String> =
            lists.iter().map(|list| format!(r#","{list}":[{components}]"#)).collect();
        let lists = lists.concat();
        let patterns = list(self.size(300), |_| format!("\"{}\"", self.response()));
        format!(r#""interactionType":"{name}","correctResponsesPattern":[{patterns}]{lists}"#)
    }

    /// What was answered, or could be, in an interaction.
    fn response(&self) -> String {
        match self.below(4) {
            0 => {
                (0..self.size(100)).map(|number| number.to_string()).collect::<Vec<_>>().join("[,]")
            }
            1 => (0..self.size(50))
                .map(|number| format!("{number}[.]{number}"))
                .collect::<Vec<_>>()
                .join("[,]"),
            2 => format!("{{lang=en}}{{case_matters=true}}{}", "[,]a".repeat(self.size(50))),
            _ => format!("{}[:]{}", self.below(10), self.below(1_000)),
        }
    }

    fn full_definition(&self) -> String {
        let kind = self.one_of(&[
            "http://adlnet.gov/expapi/activities/course",
            "http://adlnet.gov/expapi/activities/cmi.interaction",
            "https://w3id.org/xapi/video/activity-type/video",
        ]);
        let mut parts = vec![format!(r#""type":"{kind}""#)];
        if self.is_one_in(2) {
            parts.push(format!(r#""name":{}"#, self.languages(1_000)));
        }
        if self.is_one_in(3) {
            parts.push(format!(r#""description":{}"#, self.languages(1_000)));
        }
        if self.is_one_in(4) {
            parts.push(format!(r#""extensions":{}"#, self.extensions()));
        }
        if self.is_one_in(3) {
            parts.push(self.interaction());
        }
        format!("{{{}}}", parts.join(","))
    }

    /// The IRI of an activity of a context, of which there are many.
    pub(super) fn related_activity(&self) -> String {
        format!("http://example.org/{}/{}", self.below(NAMES), self.below(1_000))
    }

    /// So many activities of a context, all of one seed.
    fn activities(&self, count: usize) -> String {
        let seed = self.below(NAMES);
        list(count, |number| format!(r#"{{"id":"http://example.org/{seed}/{number}"}}"#))
    }

    /// A context with up to so many activities, spread over its four lists.
    fn context(&self, activities_max: usize, version: &str, object: ObjectKind) -> String {
        let mut parts = vec![format!(r#""registration":"{}""#, crate::bodies::id(self.below(9)))];
        let count = self.size(activities_max / 4 - 1);
        let lists = ["parent", "grouping", "category", "other"];
        let activities: Vec<String> = lists
            .into_iter()
            .filter(|_| self.is_one_in(2))
            .map(|name| format!(r#""{name}":[{}]"#, self.activities(count)))
            .collect();
        parts.push(format!(r#""contextActivities":{{{}}}"#, activities.join(",")));
        if self.is_one_in(4) {
            parts.push(format!(r#""extensions":{}"#, self.extensions()));
        }
        if self.is_one_in(6) {
            let members = list(self.size(500), |number| self.member(number));
            parts.push(format!(r#""team":{{"objectType":"Group","member":[{members}]}}"#));
            parts.push(format!(r#""instructor":{{{}}}"#, self.identified()));
        }
        if self.is_one_in(6) {
            let id = fresh_id(self.below(STATEMENTS));
            parts.push(format!(r#""statement":{{"objectType":"StatementRef","id":"{id}"}}"#));
        }
        if object == ObjectKind::Activity && self.is_one_in(4) {
            parts.push(format!(r#""platform":"{}","revision":"{FRESH}""#, self.below(5)));
        }
        if version == "2.0.0" && self.is_one_in(4) {
            parts.push(self.context_agents());
        }
        format!("{{{}}}", parts.join(","))
    }

    fn context_agents(&self) -> String {
        let agents = list(self.size(400), |number| {
            let agent = self.member(number);
            format!(
                r#"{{"objectType":"contextAgent","agent":{agent},"relevantTypes":["http://example.org/{number}"]}}"#
            )
        });
        let groups = list(self.size(20), |number| {
            let member = self.member(number);
            format!(
                r#"{{"objectType":"contextGroup","group":{{"objectType":"Group","member":[{member}]}}}}"#
            )
        });
        format!(r#""contextAgents":[{agents}],"contextGroups":[{groups}]"#)
    }

    fn outcome(&self) -> String {
        let score = self.below(100);
        let mut parts = vec![
            format!(r#""score":{{"scaled":0.{score:02},"raw":{score},"min":0,"max":100}}"#),
            format!(r#""response":"{}""#, self.response()),
            format!(r#""success":{},"completion":true"#, score.is_multiple_of(2)),
            format!(r#""duration":"P{}DT{}H59M0.12S""#, self.below(400), self.below(24)),
        ];
        if self.is_one_in(4) {
            parts.push(format!(r#""extensions":{}"#, self.extensions()));
        }
        format!("{{{}}}", parts.join(","))
    }

    fn verb(&self) -> String {
        let verb = self.one_of(&[
            "http://example.org/v",
            "http://adlnet.gov/expapi/verbs/answered",
            "http://adlnet.gov/expapi/verbs/completed",
            "https://w3id.org/xapi/video/verbs/played",
        ]);
        format!(r#"{{"id":"{verb}","display":{}}}"#, self.languages(20))
    }

    /// The object of a statement; `activities_max` of those that a substatement may relate to.
    fn object(&self, activities_max: usize, version: &str) -> (String, ObjectKind) {
        match self.below(8) {
            0 => {
                let (actor, verb) = (self.some_actor(300), self.verb());
                let context = self.context(activities_max, version, ObjectKind::Activity);
                let object = format!(r#"{{"id":"{}","definition":{{}}}}"#, self.related_activity());
                let inner = format!(
                    r#""actor":{actor},"verb":{verb},"object":{object},"context":{context}"#
                );
                (format!(r#"{{"objectType":"SubStatement",{inner}}}"#), ObjectKind::Other)
            }
            1 => {
                let members = list(self.size(1_000), |number| self.member(number));
                let group = format!(r#"{{"objectType":"Group","member":[{members}]}}"#);
                (group, ObjectKind::Other)
            }
            2 => (format!(r#"{{"objectType":"Agent",{}}}"#, self.identified()), ObjectKind::Other),
            3 => (format!(r#"{{"id":"{}"}}"#, self.related_activity()), ObjectKind::Activity),
            _ => {
                let (id, definition) = (self.activity(), self.full_definition());
                (format!(r#"{{"id":"{id}","definition":{definition}}}"#), ObjectKind::Activity)
            }
        }
    }

    /// Attachments whose content is elsewhere.
    fn elsewhere(&self) -> String {
        let attachments = list(self.size(300), |number| {
            let sum = number * 7 + self.below(3);
            format!(
                r#"{{"usageType":"http://example.org/u","display":{{"en":"a"}},"contentType":"a/b","length":1,"sha2":"{sum:064x}","fileUrl":"http://example.org/{number}"}}"#
            )
        });
        format!("[{attachments}]")
    }

    /// A statement that refers to one before it in the batch: the last one, so that there is a
    /// chain, or any, and perhaps voids it.
    fn referring(&self, number: usize) -> String {
        let last = number.saturating_sub(1);
        let target = if self.is_one_in(2) { last } else { self.below(number) };
        let verb = if self.is_one_in(2) { format!(r#"{{"id":"{VOIDED}"}}"#) } else { self.verb() };
        format!(
            r#"{{"id":"{}","actor":{{{}}},"verb":{verb},"object":{{"objectType":"StatementRef","id":"{}"}}}}"#,
            fresh_id(number),
            self.identified(),
            fresh_id(target)
        )
    }

    /// A statement of a batch, which is valid in this version.
    fn valid_statement(&self, number: usize, version: &str) -> String {
        if number != 0 && self.is_one_in(4) {
            return self.referring(number);
        }
        let (object, kind) = self.object(400, version);
        let mut parts = vec![
            format!(r#""id":"{}""#, fresh_id(number)),
            format!(
                r#""actor":{},"verb":{},"object":{object}"#,
                self.some_actor(2_000),
                self.verb()
            ),
        ];
        if self.is_one_in(2) {
            parts.push(format!(r#""result":{}"#, self.outcome()));
        }
        if self.is_one_in(2) {
            let activities_max = if kind == ObjectKind::Activity { 1_000 } else { 500 };
            parts.push(format!(r#""context":{}"#, self.context(activities_max, version, kind)));
        }
        if self.is_one_in(8) {
            parts.push(format!(r#""attachments":{}"#, self.elsewhere()));
        }
        if self.is_one_in(3) {
            let time = self.one_of(&[
                "9999-12-31T23:59:59.999999999Z",
                "1000-01-01T00:00:00Z",
                "2026-03-01T09:30:00.123456+14:00",
            ]);
            parts.push(format!(r#""timestamp":"{time}""#));
        }
        format!("{{{}}}", parts.join(","))
    }

    /// Statements of all kinds in one batch, which are stored.
    fn valid_batch(&self) -> Drawn {
        let version = self.one_of(&["1.0.3", "2.0.0"]);
        let mut body = String::from("[");
        for number in 0..self.size(STATEMENTS) {
            if BODY_BYTES < body.len() {
                break;
            }
            body.push_str(if number == 0 { "" } else { "," });
            body.push_str(&self.valid_statement(number, version));
        }
        body.push(']');
        Drawn::new("POST", "/xapi/statements").header(VERSION, version).fresh_body(&body)
    }

    /// Statements that all name the same attachments, which are there once.
    fn valid_attachments(&self) -> Drawn {
        let seed = self.below(NAMES);
        let contents: Vec<Vec<u8>> = (0..self.size(100))
            .map(|number| format!("{seed} {number} ").repeat(self.size(500)).into_bytes())
            .collect();
        let attachments: Vec<Value> =
            contents.iter().map(|content| make::attachment("text/plain", content)).collect();
        let mut one = make::statement();
        one["attachments"] = json!(attachments);
        let one = one.to_string();
        let count = self.size(100).min(1 + BODY_BYTES / one.len());
        let statements = format!("[{}]", list(count, |_| one.clone()));
        let first = multipart::Part::statements(&statements);
        let others = contents.iter().map(|content| {
            multipart::Part::attachment("text/plain", &make::sha256_hex(content), content)
        });
        let parts: Vec<multipart::Part> = std::iter::once(first).chain(others).collect();
        let call = Drawn::new("POST", "/xapi/statements");
        call.body(multipart::content_type(), multipart::write(&parts))
    }

    /// A request that stores everything in it.
    pub(super) fn stored(&self) -> Drawn {
        let drawn = if self.is_one_in(5) { self.valid_attachments() } else { self.valid_batch() };
        drawn.answered(STORED)
    }

    /// The id of a statement that may have been stored.
    pub(super) fn stored_id(&self) -> String {
        let batch = self.below(GUESSED);
        fresh_id(self.below(5)).replace(FRESH, &format!("{batch:08x}"))
    }

    /// Reads one statement by its id.
    pub(super) fn read_one(&self) -> Drawn {
        let name = self.one_of(&["statementId", "voidedStatementId"]);
        let call = Drawn::new("GET", "/xapi/statements").query(name, self.stored_id());
        call.query("format", self.one_of(&["ids", "exact", "canonical"]))
            .query("attachments", self.one_of(&["true", "false"]))
    }
}
