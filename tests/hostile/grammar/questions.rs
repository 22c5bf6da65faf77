//! Questions about facts that are understood, with as much in them as there may be, analyses and
//! event streams: what reads that which followers make of statements.

use super::administration::path;
use super::{Drawn, Grammar, NAMES};
use crate::attacks::ANALYSES;
use crate::bodies::list;

/// The answers to a question that is understood: one that needs too much memory is refused, and so
/// is one that would wait too long.
const ANSWERED: &[u16] = &[200, 422, 503];

/// The answers to a stream, which ends when the client leaves.
const STREAMED: &[u16] = &[200, 400, 404, 414, 429];

/// Fields of single texts.
const TEXTS: [&str; 12] = [
    "actor",
    "person",
    "person.name",
    "verb",
    "object",
    "object.name",
    "course",
    "registration",
    "platform",
    "language",
    "success",
    "response",
];

/// Fields that are dimensions as well, of which a statement may have many values.
const LISTS: [&str; 3] = ["parent", "grouping", "other"];

const NUMBERS: [&str; 3] = ["score.raw", "credit", "duration"];

/// Longest body of a request to the admin API.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Most values of one condition within the body of a question.
const VALUES: usize = 1_200;

impl Grammar {
    fn known_condition(&self, depth: usize) -> String {
        let parts = || list(self.size(6), |_| self.known_condition(depth - 1));
        if depth != 0 && self.is_one_in(2) {
            return match self.below(3) {
                0 => format!(r#"{{"and":[{}]}}"#, parts()),
                1 => format!(r#"{{"or":[{}]}}"#, parts()),
                _ => format!(r#"{{"not":{}}}"#, self.known_condition(depth - 1)),
            };
        }
        match self.below(5) {
            0 => {
                let values =
                    list(self.size(VALUES), |number| format!(r#""http://example.org/{number}""#));
                let field = self.one_of(&["object", "parent", "other", "verb"]);
                format!(r#"{{"field":"{field}","in":[{values}]}}"#)
            }
            1 => r#"{"field":"timestamp","from":"2026-01-01","to":"2026-12-31"}"#.to_owned(),
            2 => format!(
                r#"{{"field":"{}","from":{},"to":{}}}"#,
                self.one_of(&NUMBERS),
                self.below(50),
                self.below(100)
            ),
            3 => format!(
                r#"{{"field":"person","is":"{{\"mbox\":\"mailto:{}@example.org\"}}"}}"#,
                self.below(NAMES)
            ),
            _ => format!(r#"{{"field":"{}","exists":true}}"#, self.one_of(&TEXTS)),
        }
    }

    fn known_measure(&self, number: usize) -> String {
        let text = self.one_of(&TEXTS);
        let field = self.one_of(&NUMBERS);
        let measure = match self.below(8) {
            0 => format!(r#""distinct","of":"{text}""#),
            1 => format!(r#""sum","of":"{field}""#),
            2 => format!(r#""mean","of":"{field}""#),
            3 => format!(r#""median","of":"{field}""#),
            4 => format!(r#""percentile","of":"{field}","at":{}"#, 1 + self.below(98)),
            5 => format!(r#""last","of":"{field}""#),
            6 if number != 0 => {
                let parts = list(self.size(150), |_| "m0".to_owned()).replace(',', " + ");
                format!(r#""formula","formula":"{parts}""#)
            }
            _ => r#""count""#.to_owned(),
        };
        let filter = if self.is_one_in(4) {
            format!(r#","where":{}"#, self.known_condition(0))
        } else {
            String::new()
        };
        format!(r#"{{"measure":{measure},"name":"m{number}"{filter}}}"#)
    }

    /// Different dimensions.
    fn known_dimensions(&self) -> String {
        let first = self.below(TEXTS.len());
        let mut dimensions: Vec<String> = (0..self.below(6))
            .map(|number| format!("\"{}\"", TEXTS[(first + number) % TEXTS.len()]))
            .collect();
        if self.is_one_in(2) {
            dimensions.push(format!("\"{}\"", self.one_of(&LISTS)));
        }
        if self.is_one_in(2) {
            let by = self.one_of(&["hour", "day", "week", "month", "year"]);
            dimensions.push(format!(r#"{{"field":"timestamp","by":"{by}"}}"#));
        }
        dimensions.join(",")
    }

    /// A question that is understood, or one of the analyses.
    pub(super) fn known_question(&self) -> Drawn {
        if self.is_one_in(3) {
            let (name, body) = ANALYSES[self.below(ANALYSES.len())];
            return Drawn::new("POST", path(&format!("/analyses/{name}")))
                .body("application/json", body.as_bytes().to_vec())
                .answered(ANSWERED);
        }
        let measures = list(self.size(49), |number| self.known_measure(number));
        let dimensions = self.known_dimensions();
        let filter = self.known_condition(2);
        let limit = self.size(9_999);
        let body = format!(
            r#"{{"measures":[{measures}],"dimensions":[{dimensions}],"where":{filter},"limit":{limit},"totals":{}}}"#,
            self.is_one_in(2)
        );
        // Many values in many conditions are longer than a body may be.
        let answers: &[u16] = if BODY_BYTES_MAX < body.len() { &[0, 413] } else { ANSWERED };
        Drawn::new("POST", path("/query"))
            .body("application/json", body.into_bytes())
            .answered(answers)
    }

    /// A stream of statements or of figures, from the first statement or from where somebody says
    /// that it was.
    pub(super) fn stream(&self) -> Drawn {
        if self.is_one_in(4) {
            return Drawn::new("GET", path("/stream/summary")).streamed().answered(STREAMED);
        }
        let mut call = Drawn::new("GET", path("/stream/statements"));
        let (agent, activity) = (format!("{{{}}}", self.identified()), self.related_activity());
        let languages = list(self.size(200), |number| format!("a{number};q=0.{}", number % 10));
        let after = match self.below(4) {
            0 => self.below(5_000).to_string(),
            1 => "9".repeat(self.size(400)),
            2 => self.text().chars().take(200).collect(),
            _ => "0".to_owned(),
        };
        let choices = [
            ("agent", agent.as_str()),
            ("activity", &activity),
            ("verb", "http://example.org/v"),
            ("related_agents", "true"),
            ("related_activities", "true"),
            ("language", &languages),
            ("after", &after),
        ];
        for (name, value) in choices {
            if self.is_one_in(3) {
                call = call.query(name, value);
            }
        }
        if self.is_one_in(6) {
            call = call.header("Last-Event-ID", self.below(5_000).to_string());
        }
        call.streamed().answered(STREAMED)
    }
}
