//! Requests drawn at random from a grammar of what may be costly: every parser, index and follower
//! is given the worst inputs within the limits, and some beyond, alone and together.

mod administration;
mod answers;
mod documents;
mod drawn;
mod people;
mod questions;
mod statements;

use std::io::Write as _;
use std::sync::OnceLock;

use acta_ambient::{Entropy, SeededEntropy};
use acta_tests::multipart;
use flate2::Compression;
use flate2::write::GzEncoder;

pub(crate) use drawn::Drawn;

use crate::bodies::{id, list, reference, signature, statement, with_attachments, with_signature};

/// Bytes of a body from which no more statements are added.
const BODY_BYTES: usize = 2 << 20;

/// Requests that are drawn before the first is sent: to draw them takes longer than to send them.
const POOL_COUNT: usize = 250;

/// The same of requests to the admin API.
const ADMINISTRATION_COUNT: usize = 250;

/// Activities, persons and documents are few, so that they meet again.
const NAMES: usize = 50;

/// The requests to xAPI of a seed. All calls of a process have the same seed.
pub(crate) fn pool(seed: u64) -> &'static [Drawn] {
    static POOL: OnceLock<Vec<Drawn>> = OnceLock::new();
    POOL.get_or_init(|| {
        let grammar = Grammar::new(seed);
        (0..POOL_COUNT).map(|_| grammar.request()).collect()
    })
}

/// The requests of a seed to the admin API. All calls of a process have the same seed.
pub(crate) fn administration_pool(seed: u64) -> &'static [Drawn] {
    static POOL: OnceLock<Vec<Drawn>> = OnceLock::new();
    POOL.get_or_init(|| {
        let grammar = Grammar::new(seed);
        (0..ADMINISTRATION_COUNT).map(|_| grammar.administration()).collect()
    })
}

/// Draws requests. The same seed draws the same ones.
pub(crate) struct Grammar {
    random: SeededEntropy,
}

impl Grammar {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { random: SeededEntropy::new(seed) }
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) >> 1).unwrap() % end.max(1)
    }

    /// Whether one of `count` equal chances came.
    fn is_one_in(&self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// A size up to `max`: each order of magnitude is as likely as any other.
    fn size(&self, max: usize) -> usize {
        1 + (max >> self.below(max.ilog2() as usize + 1)).saturating_sub(self.below(2))
    }

    fn one_of(&self, choices: &[&'static str]) -> &'static str {
        choices[self.below(choices.len())]
    }

    fn activity(&self) -> String {
        format!("http://example.org/{}", self.below(NAMES))
    }

    fn agent(&self) -> String {
        let number = self.below(NAMES);
        match self.below(3) {
            0 => format!(r#"{{"mbox":"mailto:{number}@example.org","name":"{}"}}"#, self.text()),
            1 => format!(
                r#"{{"account":{{"homePage":"http://example.org","name":"{}"}}}}"#,
                self.text()
            ),
            _ => format!(r#"{{"openid":"http://example.org/{number}"}}"#),
        }
    }

    /// The inside of a JSON string.
    fn text(&self) -> String {
        let unit =
            self.one_of(&["x", r"\u00e9", r"\ud83d\ude00", "é", r"\\", r"\u0000", " ", "😀"]);
        unit.repeat(self.size(if self.is_one_in(20) { 100_000 } else { 200 }))
    }

    /// Any JSON value.
    fn value(&self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => format!("\"{}\"", self.text()),
            1 => format!("{}e{}", "9".repeat(self.size(1_000)), self.below(400)),
            2 => self.one_of(&["null", "true", "-0", "1e-999", "[]", "{}"]).to_owned(),
            3 => format!("[{}]", list(self.size(2_000), |number| number.to_string())),
            4 => format!("[{}]", list(self.below(4), |_| self.value(depth - 1))),
            5 => {
                let nested = self.size(100);
                format!("{}{}", "[".repeat(nested), "]".repeat(nested))
            }
            _ => format!(
                "{{{}}}",
                list(self.size(50), |number| format!(r#""{number}":{}"#, self.value(0)))
            ),
        }
    }

    fn language_map(&self) -> String {
        let count = self.size(if self.is_one_in(10) { 5_000 } else { 5 });
        let one = |number| {
            format!(
                r#""en-x-a{number}":"{}""#,
                if number == 0 { self.text() } else { String::new() }
            )
        };
        format!("{{{}}}", list(count, one))
    }

    fn definition(&self) -> String {
        let parts = [
            format!(r#""name":{}"#, self.language_map()),
            format!(r#""description":{}"#, self.language_map()),
            format!(
                r#""interactionType":"choice","choices":[{}]"#,
                list(self.size(1_000), |number| format!(r#"{{"id":"{number}"}}"#))
            ),
            format!(r#""extensions":{{"{}":{}}}"#, self.activity(), self.value(3)),
        ];
        let wanted: Vec<String> = parts.into_iter().filter(|_| self.is_one_in(2)).collect();
        format!("{{{}}}", wanted.join(","))
    }

    /// One property of a statement, from the comma before it.
    fn section(&self) -> String {
        let activities = |max| {
            let seed = self.below(1_000_000);
            list(self.size(max), |number| {
                format!(r#"{{"id":"http://example.org/{seed}/{number}"}}"#)
            })
        };
        match self.below(12) {
            0 => format!(
                r#","actor":{{"objectType":"Group","member":[{}]}}"#,
                list(self.size(900), |_| self.agent())
            ),
            1 => {
                let kind = self.one_of(&["parent", "grouping", "category", "other"]);
                format!(
                    r#","context":{{"contextActivities":{{"{kind}":[{}]}}}}"#,
                    activities(1_000)
                )
            }
            2 => format!(
                r#","context":{{"contextAgents":[{}]}}"#,
                list(self.size(300), |_| format!(
                    r#"{{"objectType":"contextAgent","agent":{}}}"#,
                    self.agent()
                ))
            ),
            3 => format!(r#","result":{{"response":"{}"}}"#, self.text()),
            4 => {
                format!(r#","result":{{"extensions":{{"{}":{}}}}}"#, self.activity(), self.value(3))
            }
            5 => format!(
                r#","object":{{"id":"{}","definition":{}}}"#,
                self.activity(),
                self.definition()
            ),
            6 => {
                let inner = statement("");
                format!(r#","object":{{"objectType":"SubStatement",{}"#, &inner[1..])
            }
            7 => format!(r#","id":"{}""#, id(self.below(1_000))),
            8 => format!(
                r#","timestamp":"{}""#,
                self.one_of(&[
                    "2020-02-30T00:00:00Z",
                    "9999-12-31T23:59:59.999999999+14:00",
                    "0001-01-01T00:00:00Z"
                ])
            ),
            9 => list(self.size(2_000), |number| format!(r#","p{number}":1"#)).replace(",,", ","),
            10 => format!(r#","result":{{"score":{{"raw":{}}}}}"#, self.value(0)),
            _ => String::new(),
        }
    }

    fn one_statement(&self) -> String {
        match self.below(10) {
            0 => reference(self.below(5_000), self.below(5_000)),
            1 => "{}".to_owned(),
            _ => statement(&self.section()),
        }
    }

    fn statements(&self) -> String {
        let (count, mut body) = (self.size(3_000), String::from("["));
        let same = self.is_one_in(2).then(|| self.one_statement());
        for number in 0..count {
            if BODY_BYTES < body.len() {
                break;
            }
            body.push_str(if number == 0 { "" } else { "," });
            match &same {
                Some(same) => body.push_str(same),
                None => body.push_str(&self.one_statement()),
            }
        }
        body + "]"
    }

    /// The same with some bytes lost or changed, at times.
    fn damaged(&self, mut body: Vec<u8>) -> Vec<u8> {
        match self.below(12) {
            0 => body.truncate(self.below(body.len())),
            1 => {
                for _ in 0..self.size(100) {
                    let place = self.below(body.len());
                    body[place] = u8::try_from(self.below(256)).unwrap();
                }
            }
            2 => body.splice(0..0, "[".repeat(self.size(1 << 20)).into_bytes()).for_each(drop),
            _ => {}
        }
        body
    }

    fn packed(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn store(&self) -> Drawn {
        let call = Drawn::new("POST", "/xapi/statements");
        match self.below(6) {
            0 => {
                let texts = (0..self.size(200)).map(|number| format!("{number}{}", self.below(9)));
                let body = self.damaged(with_attachments(texts));
                call.body(multipart::content_type(), body)
            }
            1 => {
                let (signature, attachment) = signature(self.size(200_000));
                let one = statement(&format!(r#","attachments":[{attachment}]"#));
                let statements = format!("[{}]", list(self.size(200), |_| one.clone()));
                let body = self.damaged(with_signature(&statements, &signature));
                call.body(multipart::content_type(), body)
            }
            2 => {
                let body = Self::packed(&self.damaged(self.statements().into_bytes()));
                call.body("application/json", self.damaged(body)).header("Content-Encoding", "gzip")
            }
            _ => call.body("application/json", self.damaged(self.statements().into_bytes())),
        }
    }

    fn find(&self) -> Drawn {
        let mut call = Drawn::new("GET", "/xapi/statements");
        let agent = format!("{{{}}}", self.identified());
        let activity = if self.is_one_in(2) { self.activity() } else { self.related_activity() };
        let limit = self.size(1_000).to_string();
        let choices = [
            ("agent", agent.as_str()),
            ("activity", &activity),
            ("verb", "http://example.org/v"),
            ("registration", "00000000-0000-4000-8000-000000000007"),
            ("related_agents", "true"),
            ("related_activities", "true"),
            ("since", "2001-01-01T00:00:00Z"),
            ("until", "2100-01-01T00:00:00Z"),
            ("ascending", "true"),
            ("attachments", "true"),
            ("format", self.one_of(&["ids", "exact", "canonical"])),
            ("limit", &limit),
        ];
        for (name, value) in choices {
            if self.is_one_in(3) {
                call = call.query(name, value);
            }
        }
        let languages = list(self.size(300), |number| format!("a{number};q=0.{}", number % 10));
        call.header("Accept-Encoding", self.one_of(&["gzip", "identity"]))
            .header("Accept-Language", languages)
    }

    fn entity(&self) -> Drawn {
        if self.is_one_in(2) {
            let activity =
                if self.is_one_in(2) { self.activity() } else { self.related_activity() };
            return Drawn::new("GET", "/xapi/activities").query("activityId", activity);
        }
        Drawn::new("GET", "/xapi/agents").query("agent", format!("{{{}}}", self.identified()))
    }

    /// The same with one parameter more, at times: unknown, repeated, long or broken.
    fn with_parameter(&self, drawn: Drawn) -> Drawn {
        if !drawn.expects(400) || !self.is_one_in(6) {
            return drawn;
        }
        let name = self.one_of(&["limit", "agent", "since", "cursor", "search", "a%00b", "", "é"]);
        let value = match self.below(6) {
            0 => "9".repeat(self.size(5_000)),
            1 => self.value(2).chars().take(2_000).collect(),
            2 => "[".repeat(self.size(5_000)),
            3 => "2026-01-01T00:00:00Z".repeat(self.below(3)),
            4 => "\u{0}\u{7f}\u{202e}".to_owned(),
            _ => "%".repeat(self.below(200)),
        };
        drawn.query(name, value)
    }

    /// The next request to xAPI, or about what was stored by it.
    fn request(&self) -> Drawn {
        let drawn = match self.below(16) {
            0..=3 => self.store(),
            4..=6 => self.stored(),
            7..=8 => self.find(),
            9 => self.read_one(),
            10..=12 => self.document(),
            13 => self.entity(),
            14 => self.known_question(),
            _ => self.stream(),
        };
        self.with_parameter(drawn)
    }
}
