//! Requests to the admin API, drawn at random: questions, analyses, persons, groups, settings and
//! lists, with bodies and parameters that are costly, wrong or broken.

use std::fmt::Write as _;

use super::drawn::OF_ADMINISTRATION;
use super::{Drawn, Grammar, NAMES};
use crate::attacks::TENANT;
use crate::bodies::{id, list};

/// Fields of facts, and one that there is not.
const FIELDS: [&str; 25] = [
    "actor",
    "actor.name",
    "person",
    "person.name",
    "person.unit",
    "verb",
    "object",
    "object.kind",
    "object.name",
    "parent",
    "grouping",
    "other",
    "course",
    "group",
    "registration",
    "platform",
    "language",
    "success",
    "response",
    "score.raw",
    "credit",
    "duration",
    "timestamp",
    "stored",
    "colour",
];

const MEASURES: [&str; 12] = [
    "count",
    "distinct",
    "sum",
    "mean",
    "median",
    "percentile",
    "first",
    "last",
    "rate",
    "formula",
    "running_total",
    "change",
];

const ANALYSES: [&str; 13] = [
    "activity",
    "compare",
    "courses",
    "findings",
    "funnel",
    "help",
    "items",
    "journey",
    "quality",
    "retention",
    "sources",
    "time",
    "video",
];

/// Columns of imports, and one that no import of groups has.
const COLUMNS: [&str; 11] = [
    "person",
    "name",
    "mbox",
    "mbox_sha1sum",
    "openid",
    "account.homePage",
    "account.name",
    "group",
    "kind",
    "from",
    "unit",
];

/// Lists and exports.
const LISTS: [&str; 14] = [
    "",
    "/audit",
    "/audit/export",
    "/audit/verify",
    "/credentials",
    "/facts",
    "/facts/export/manifest.json",
    "/groups",
    "/groups/export",
    "/persons",
    "/persons/export",
    "/person-rules",
    "/statements",
    "/usage",
];

pub(super) fn path(below: &str) -> String {
    format!("/api/v1/tenants/{TENANT}{below}")
}

impl Grammar {
    /// A JSON string.
    pub(super) fn json_text(&self) -> String {
        format!("\"{}\"", self.text())
    }

    fn field(&self) -> &'static str {
        self.one_of(&FIELDS)
    }

    /// A condition of a question.
    fn condition(&self, depth: usize) -> String {
        let parts = |count: usize| list(count, |_| self.condition(depth - 1));
        if depth != 0 && self.is_one_in(2) {
            let count = self.size(20);
            return match self.below(3) {
                0 => format!(r#"{{"and":[{}]}}"#, parts(count)),
                1 => format!(r#"{{"or":[{}]}}"#, parts(count)),
                _ => format!(r#"{{"not":{}}}"#, self.condition(depth - 1)),
            };
        }
        let test = match self.below(6) {
            0 => format!(r#""is":{}"#, self.value(1)),
            1 => format!(r#""in":[{}]"#, list(self.size(2_000), |number| number.to_string())),
            2 => format!(r#""contains":{}"#, self.json_text()),
            3 => r#""from":"2026-01-01","to":"2026-12-31""#.to_owned(),
            4 => format!(r#""from":{}"#, self.value(0)),
            _ => r#""exists":true"#.to_owned(),
        };
        format!(r#"{{"field":"{}",{test}}}"#, self.field())
    }

    fn measure(&self, number: usize) -> String {
        let (measure, field) = (self.one_of(&MEASURES), self.field());
        let more = match measure {
            "count" => String::new(),
            "formula" => {
                let formula = match self.below(3) {
                    0 => format!("{}m0{}", "(".repeat(self.size(100)), ")".repeat(self.size(100))),
                    1 => list(self.size(500), |_| "m0".to_owned()).replace(',', "+"),
                    _ => format!("m0 / {}", "9".repeat(self.size(400))),
                };
                format!(r#","formula":"{formula}""#)
            }
            "percentile" => format!(r#","of":"{field}","at":{}"#, self.below(120)),
            "running_total" | "change" => r#","of":"m0""#.to_owned(),
            _ => format!(r#","of":"{field}""#),
        };
        let filter = if self.is_one_in(4) {
            format!(r#","where":{}"#, self.condition(2))
        } else {
            String::new()
        };
        format!(r#"{{"measure":"{measure}","name":"m{number}"{more}{filter}}}"#)
    }

    fn dimension(&self) -> String {
        let field = self.field();
        match self.below(4) {
            0 => {
                let by = self.one_of(&["hour", "day", "week", "year", "weekday", "minute"]);
                format!(r#"{{"field":"timestamp","by":"{by}"}}"#)
            }
            1 => {
                let width = self.one_of(&["0.001", "1e-300", "1e300", "0", "-1", "7"]);
                format!(r#"{{"field":"{field}","width":{width}}}"#)
            }
            _ => format!("\"{field}\""),
        }
    }

    fn question(&self) -> Drawn {
        let measures = list(self.size(40), |number| self.measure(number));
        let dimensions = list(self.below(10), |_| self.dimension());
        let mut body = format!(r#"{{"measures":[{measures}],"dimensions":[{dimensions}]"#);
        if self.is_one_in(2) {
            write!(body, r#","where":{}"#, self.condition(4)).unwrap();
        }
        if self.is_one_in(3) {
            write!(body, r#","limit":{},"totals":true"#, self.size(200_000)).unwrap();
        }
        if self.is_one_in(4) {
            let zone = self.one_of(&["Europe/Zurich", "UTC", "Mars/Base", "../../etc/passwd"]);
            write!(body, r#","zone":"{zone}""#).unwrap();
        }
        body.push('}');
        self.json("POST", path("/query"), body)
    }

    fn analysis(&self) -> Drawn {
        let name = self.one_of(&ANALYSES);
        let condition = self.condition(2);
        let step = format!(r#"{{"name":{},"where":{condition}}}"#, self.json_text());
        let steps = list(self.size(30), |_| step.clone());
        let member = match name {
            "compare" => format!(r#""groups":[{steps}]"#),
            "funnel" => format!(r#""steps":[{steps}]"#),
            "help" => format!(r#""course":"{}""#, self.activity()),
            "items" => format!(r#""activity":"{}""#, self.activity()),
            "journey" => format!(r#""agent":{},"limit":{}"#, self.agent(), self.size(2_000)),
            "time" => format!(r#""by":"{}""#, self.field()),
            "courses" => r#""time":true"#.to_owned(),
            "retention" => r#""by":"day""#.to_owned(),
            _ => format!(r#""zone":{}"#, self.json_text()),
        };
        let filter =
            if self.is_one_in(2) { format!(r#","where":{condition}"#) } else { String::new() };
        self.json("POST", path(&format!("/analyses/{name}")), format!("{{{member}{filter}}}"))
    }

    /// A person or a group by its id, of which there is none.
    pub(super) fn record_id(&self) -> String {
        id(self.below(NAMES))
    }

    fn person(&self) -> Drawn {
        let identifiers = list(self.size(60), |_| self.agent());
        let attributes =
            list(self.size(40), |number| format!(r#""a{number}":{}"#, self.json_text()));
        let person = format!(
            r#"{{"name":{},"identifiers":[{identifiers}],"attributes":{{{attributes}}}}}"#,
            self.json_text()
        );
        let below = format!("/persons/{}", self.record_id());
        match self.below(6) {
            0 => self.json("PATCH", path(&below), person),
            1 => {
                let others = list(self.size(60), |_| format!("\"{}\"", self.record_id()));
                self.json(
                    "POST",
                    path(&format!("{below}/join")),
                    format!(r#"{{"persons":[{others}]}}"#),
                )
            }
            2 => self.json("POST", path(&format!("{below}/split")), person),
            3 => {
                let pages = list(self.size(30), |_| format!("\"{}\"", self.activity()));
                let lists = list(self.size(30), |_| format!("[{pages}]"));
                let rules = format!(r#"{{"home_pages":[{lists}],"mailbox_sha1":true}}"#);
                self.json("PUT", path("/person-rules"), rules)
            }
            _ => self.json("POST", path("/persons"), person),
        }
    }

    fn person_group(&self) -> Drawn {
        let periods = list(self.size(120), |number| {
            format!(r#"{{"from":"{number:04}-01-01","until":"{number:04}-02-01"}}"#)
        });
        let group = format!("/groups/{}", self.record_id());
        match self.below(4) {
            0 => {
                let body = format!(r#"{{"agent":{},"periods":[{periods}]}}"#, self.agent());
                self.json("POST", path(&format!("{group}/members")), body)
            }
            1 => {
                let member = format!("{group}/members/{}", self.record_id());
                self.json("PUT", path(&member), format!(r#"{{"periods":[{periods}]}}"#))
            }
            2 => self.json("PATCH", path(&group), format!(r#"{{"name":{}}}"#, self.json_text())),
            _ => {
                let parent = if self.is_one_in(3) {
                    format!(r#","parent":"{}""#, self.record_id())
                } else {
                    String::new()
                };
                let body = format!(r#"{{"name":{}{parent}}}"#, self.json_text());
                self.json("POST", path("/groups"), body)
            }
        }
    }

    /// Comma-separated values of persons or groups.
    fn import(&self) -> Drawn {
        let what = self.one_of(&["/persons/import", "/groups/import"]);
        let columns: Vec<&str> = (0..self.size(30)).map(|_| self.one_of(&COLUMNS)).collect();
        let mut text = columns.join(",");
        text.push('\n');
        for row in 0..self.size(12_000) {
            let cells = columns.iter().map(|column| self.cell(column, row));
            text.push_str(&cells.collect::<Vec<_>>().join(","));
            text.push('\n');
            if super::BODY_BYTES < text.len() {
                break;
            }
        }
        Drawn::new("POST", path(what))
            .query("dry_run", self.one_of(&["true", "false", "maybe"]))
            .body("text/csv", self.damaged(text.into_bytes()))
            .answered(OF_ADMINISTRATION)
    }

    fn cell(&self, column: &str, row: usize) -> String {
        if self.is_one_in(200) {
            let quotes = "\"".repeat(self.below(4));
            return format!("{quotes}=1+1\n{}{quotes}", "x".repeat(self.size(2_000)));
        }
        match column {
            "person" => id(row),
            "mbox" => format!("{row}@example.org"),
            "mbox_sha1sum" => format!("{row:040x}"),
            "openid" | "account.homePage" => format!("https://id.example/{row}"),
            "group" => "a/".repeat(self.below(20)) + "b",
            "from" => format!("{:04}-02-30", row % 10_000),
            _ => format!("{row}"),
        }
    }

    fn settings(&self) -> Drawn {
        let change = match self.below(6) {
            0 => format!(r#""language":{}"#, self.one_of(&["null", r#""de""#, r#""x""#])),
            1 => format!(r#""zone":{}"#, self.json_text()),
            2 => {
                let types = list(self.size(40), |_| format!("\"{}\"", self.activity()));
                let steps = list(self.size(15), |_| r#""parent""#.to_owned());
                format!(r#""course":{{"steps":[{steps}],"types":[{types}]}}"#)
            }
            3 => format!(r#""smallest_group":{}"#, self.value(0)),
            4 => format!(r#""course":{}"#, self.value(3)),
            _ => r#""zone":"Europe/Zurich""#.to_owned(),
        };
        let body = if self.is_one_in(4) {
            format!(r#"{{"name":{},"audits_reads":true}}"#, self.json_text())
        } else {
            format!(r#"{{"settings":{{{change}}}}}"#)
        };
        self.json("PATCH", path(""), body)
    }

    fn listing(&self) -> Drawn {
        let mut call = Drawn::new("GET", path(self.one_of(&LISTS)));
        let (limit, text) = (self.size(300).to_string(), self.text());
        let search: String = text.chars().take(300).collect();
        let choices = [
            ("limit", limit.as_str()),
            ("search", &search),
            ("act", "tenant."),
            ("target", "nothing"),
            ("since", "2001-01-01T00:00:00Z"),
            ("format", "csv"),
            ("related_activities", "true"),
            ("activity", "http://example.org/1"),
            ("cursor", "YQ"),
        ];
        for (name, value) in choices {
            if self.is_one_in(4) {
                call = call.query(name, value);
            }
        }
        call.header("Accept-Encoding", self.one_of(&["gzip", "identity"]))
            .answered(OF_ADMINISTRATION)
    }

    /// A request with a body of JSON, which is damaged at times.
    pub(super) fn json(
        &self,
        method: &'static str,
        path: impl Into<String>,
        body: String,
    ) -> Drawn {
        let drawn = Drawn::new(method, path).header("If-Match", "*").answered(OF_ADMINISTRATION);
        drawn.body("application/json", self.damaged(body.into_bytes()))
    }

    /// The next request to the admin API, or what gives it something to work with.
    pub(super) fn administration(&self) -> Drawn {
        let drawn = match self.below(20) {
            0..=2 => self.question(),
            3..=4 => self.analysis(),
            5..=6 => self.person(),
            7 => self.person_group(),
            8..=9 => self.import(),
            10 => self.settings(),
            11 => self.listing(),
            12 => self.stored(),
            13 => self.known_question(),
            14 => self.stream(),
            15 => self.credential(),
            16..=17 => self.page(),
            _ => self.of_people(),
        };
        self.with_parameter(drawn)
    }
}
