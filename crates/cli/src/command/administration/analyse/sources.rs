//! `acta analyse sources`: what sources send, and which are silent.

use serde_json::{Value, json};

use super::format::{figure, list, minute, name, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Sources {
    /// What is taken for the source: `platform`, `source` (the credential) or `authority`.
    #[arg(long, value_name = "FIELD", default_value = "platform",
        value_parser = ["platform", "source", "authority"])]
    by: String,
    /// The time at which silence is measured, such as `2026-03-01` [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Also show the verbs and the types of activities that are in use.
    #[arg(long)]
    words: bool,
}

impl Analyse for Sources {
    fn name(&self) -> &'static str {
        "sources"
    }

    fn request(&self) -> Value {
        json!({ "by": self.by, "at": self.at })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let mut table = Table::new(&[
            "SOURCE",
            "STATEMENTS",
            "LEARNERS",
            "LAST SEEN",
            "USUAL DAYS",
            "LONGEST",
            "QUIET",
            "SILENT",
        ]);
        for source in list(answer, "sources") {
            table.row([
                text(&source["source"]),
                text(&source["statements"]),
                text(&source["learners"]),
                minute(&source["last_seen"]),
                figure(&source["usual_days"], ""),
                text(&source["longest_days"]),
                text(&source["quiet_days"]),
                if source["is_silent"] == true { "yes".to_owned() } else { String::new() },
            ]);
        }
        let mut lines = table.lines();
        if self.words {
            lines.extend(words(answer));
        }
        lines
    }
}

fn words(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (title, of, count) in [("VERB", "verbs", "learners"), ("TYPE", "types", "activities")] {
        let mut table = Table::new(&[title, "STATEMENTS", &count.to_uppercase()]);
        for word in list(answer, of) {
            table.row([name(word), text(&word["statements"]), text(&word[count])]);
        }
        lines.push(String::new());
        lines.extend(table.lines());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_shown_with_their_silence() {
        let source = json!({
            "source": "Campus", "statements": 5, "learners": 2, "usual_days": 1.0,
            "last_seen": "2026-03-01T10:00:00.000000Z", "longest_days": 4,
            "quiet_days": 9, "is_silent": true,
        });
        let verb = json!({"id": "http://v/did", "name": "did", "statements": 5, "learners": 2});
        let answer = json!({"sources": [source], "verbs": [verb], "types": []});
        let sources = Sources { by: "platform".to_owned(), at: None, words: true };
        let expected = [
            "SOURCE  STATEMENTS  LEARNERS  LAST SEEN         USUAL DAYS  LONGEST  QUIET  SILENT",
            "Campus  5           2         2026-03-01 10:00  1.0         4        9      yes",
            "",
            "VERB  STATEMENTS  LEARNERS",
            "did   5           2",
            "",
            "TYPE  STATEMENTS  ACTIVITIES",
        ];
        assert_eq!(sources.lines(&answer), expected);
    }
}
