//! `acta statement list`: statements by conditions, a page at a time.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value};

use crate::admin::{Address, Client, OfTenant, Output, Table};
use crate::command::administration::query::question::{Test, condition};
use crate::command::administration::query::read_question;

/// Arguments of `acta statement list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    of: OfTenant,
    /// A file with the request as JSON, as the API takes it; `-` for standard input. Options are
    /// then not used.
    #[arg(
        id = "request",
        value_name = "FILE",
        conflicts_with_all = ["conditions", "order", "limit", "cursor", "language", "zone", "voided"]
    )]
    file: Option<PathBuf>,
    /// Which statements, such as `success=true`, `verb!=IRI`, `sequence>=1000`, `id=UUID` or
    /// `object.name~fire`; all that are given must hold.
    #[arg(long = "where", value_name = "TEST")]
    conditions: Vec<Test>,
    /// Which statements come first, by when they were stored [default: newest].
    #[arg(long, value_enum, value_name = "ORDER")]
    order: Option<Order>,
    /// The maximum number of statements, from 1 to 200 [default: 50].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Continue after the page that ended with this cursor.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// The languages of names, best first [default: that of the tenant].
    #[arg(long, value_name = "LANGUAGES")]
    language: Option<String>,
    /// The time zone of dates [default: that of the tenant].
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Also lists voided statements.
    #[arg(long)]
    voided: bool,
}

/// The order of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// What was stored last comes first.
    Newest,
    /// What was stored first comes first.
    Oldest,
}

impl List {
    /// Lists them.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub(super) async fn run(&self, client: &mut Client) -> Result<Output> {
        let request = self.request()?;
        let tenant = client.tenant(self.of).await?;
        let address = Address::of(["tenants", &tenant, "statements"]);
        let answer = client.post(&address, Some(&request)).await?;
        let lines = table(&answer);
        Ok(Output::new(answer, lines))
    }

    fn request(&self) -> Result<Value> {
        if let Some(file) = &self.file {
            return read_question(file);
        }
        let order = self.order.map(|order| match order {
            Order::Newest => "newest",
            Order::Oldest => "oldest",
        });
        let members = [
            ("where", condition(&self.conditions)),
            ("order", order.map(Value::from)),
            ("limit", self.limit.map(Value::from)),
            ("cursor", self.cursor.as_deref().map(Value::from)),
            ("language", self.language.as_deref().map(Value::from)),
            ("zone", self.zone.as_deref().map(Value::from)),
            ("with_voided", self.voided.then_some(Value::Bool(true))),
        ];
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(Value::Object(given.collect::<Map<_, _>>()))
    }
}

/// The statements as a table for people.
fn table(answer: &Value) -> Vec<String> {
    let mut table = Table::new(&["NUMBER", "STORED", "PERSON", "VERB", "OBJECT", "RESULT"]);
    for item in answer["items"].as_array().into_iter().flatten() {
        table.row([
            item["sequence"].to_string(),
            text_of(&item["stored"]),
            named(&item["person"]),
            named(&item["verb"]),
            named(&item["object"]),
            result_of(item),
        ]);
    }
    let mut lines = table.lines();
    if let Some(next) = answer["next"].as_str() {
        lines.push(format!("there are more: --cursor {next}"));
    }
    if answer["is_rebuilding"] == true {
        let last = &answer["sequence"];
        lines.push(format!("incomplete: the facts are being made, and go up to statement {last}"));
    }
    lines
}

/// The name of something, or else its id.
fn named(thing: &Value) -> String {
    let name = thing["name"].as_str().or(thing["id"].as_str()).or(thing["kind"].as_str());
    name.unwrap_or("-").to_owned()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// What came of it, in few words.
fn result_of(item: &Value) -> String {
    let result = &item["result"];
    let said = |flag: &Value, yes: &'static str, no: &'static str| {
        flag.as_bool().map(|is_so| if is_so { yes } else { no }.to_owned())
    };
    let scaled = result["score"]["scaled"].as_f64();
    let parts = [
        said(&result["success"], "success", "failure"),
        said(&result["completion"], "completed", "not completed"),
        scaled.map(|score| score.to_string()),
        (item["is_voided"] == true).then(|| "voided".to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statements_are_shown_as_a_table() {
        let answer = json!({
            "items": [
                {"sequence": 7, "stored": "T", "is_voided": false,
                    "person": {"id": "{}", "name": "Ada"}, "verb": {"id": "http://v", "name": null},
                    "object": {"kind": "SubStatement", "id": null, "name": null},
                    "result": {"success": true, "completion": null, "score": {"scaled": 0.5}}},
                {"sequence": 6, "stored": "S", "is_voided": true,
                    "person": {"id": null, "name": null}, "verb": {"id": "http://v", "name": "did"},
                    "object": {"kind": "Activity", "id": "http://a", "name": "Fire"},
                    "result": {"success": null, "completion": false, "score": {"scaled": null}}},
            ],
            "next": "abc",
            "is_rebuilding": false,
        });
        let lines = [
            "NUMBER  STORED  PERSON  VERB      OBJECT        RESULT",
            "7       T       Ada     http://v  SubStatement  success, 0.5",
            "6       S       -       did       Fire          not completed, voided",
            "there are more: --cursor abc",
        ];
        assert_eq!(table(&answer), lines);
    }
}
