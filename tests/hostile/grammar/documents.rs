//! Documents, drawn at random: states and profiles that are large, many, merged and listed.

use super::{Drawn, Grammar, NAMES};
use crate::bodies::{id, list};

impl Grammar {
    /// A member of a document that is merged with others of the same few names.
    fn members(&self) -> String {
        let count = self.size(if self.is_one_in(8) { 100_000 } else { 5_000 });
        list(count, |number| format!(r#""k{number}":{}"#, self.below(10)))
    }

    /// The list that a document is in: few, so that they meet again.
    fn document_list(&self, method: &'static str) -> (Drawn, &'static str) {
        let activity = format!("http://example.org/{}", self.below(4));
        match self.below(3) {
            0 => {
                let call = Drawn::new(method, "/xapi/activities/profile");
                (call.query("activityId", activity), "profileId")
            }
            1 => {
                let agent = format!("{{{}}}", self.identified());
                (Drawn::new(method, "/xapi/agents/profile").query("agent", agent), "profileId")
            }
            _ => {
                let call = Drawn::new(method, "/xapi/activities/state")
                    .query("activityId", activity)
                    .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#);
                let is_registered = self.is_one_in(3);
                let call = if is_registered {
                    call.query("registration", id(self.below(3)))
                } else {
                    call
                };
                (call, "stateId")
            }
        }
    }

    /// The id of a document: one of a few that are large, or one of many.
    fn document_id(&self) -> String {
        match self.below(8) {
            0 => "é".repeat(self.size(600)),
            1..=2 => format!("many-{}", self.below(20 * NAMES)),
            _ => self.below(4).to_string(),
        }
    }

    /// A request for one document, or for the ids of a list.
    pub(super) fn document(&self) -> Drawn {
        let method = self.one_of(&["PUT", "POST", "POST", "GET", "GET", "GET", "DELETE"]);
        let (call, name) = self.document_list(method);
        let is_list = self.is_one_in(3);
        let call = match method {
            "GET" if is_list && self.is_one_in(2) => {
                let since = self.one_of(&[
                    "2001-01-01T00:00:00Z",
                    "2100-01-01T00:00:00Z",
                    "2026-13-01T00:00:00Z",
                ]);
                call.query("since", since)
            }
            "GET" | "DELETE" if is_list => call,
            _ => call.query(name, self.document_id()),
        };
        match method {
            "PUT" | "POST" => self.with_content(call),
            _ => call.header(
                self.one_of(&["If-Match", "If-None-Match"]),
                list(self.size(200), |number| format!("\"{number:040x}\"")),
            ),
        }
    }

    fn with_content(&self, call: Drawn) -> Drawn {
        // A PUT says of a profile whether it expects one.
        let call = match self.below(4) {
            0 => call.header("If-None-Match", "*"),
            1 => call,
            _ => call.header("If-Match", "*"),
        };
        match self.below(8) {
            0 => call.body("application/octet-stream", vec![7; self.size(2 << 20)]),
            1 => {
                let depth = self.size(12_000);
                let text = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
                call.body("application/json", text.into_bytes())
            }
            _ => {
                let object = format!("{{{}}}", self.members());
                call.body("application/json", self.damaged(object.into_bytes()))
            }
        }
    }
}
