//! `acta group member`: who is a member of a group, and when.

use std::str::FromStr;

use acta_storage::directory::{Date, NotADate};
use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::GroupArg;
use crate::admin::{Client, Output, fields, table, whole};
use crate::command::administration::person::Identifier;

/// Arguments of `acta group member`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists those who are, were or will be members of a group.
    List {
        #[command(flatten)]
        one: GroupArg,
        /// The maximum number of members.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
    /// Sets when the person with an identifier is a member. An identifier that belongs to no person
    /// becomes a person of its own.
    Add {
        #[command(flatten)]
        one: GroupArg,
        /// An e-mail address, or an agent as JSON.
        #[arg(long, value_name = "ADDRESS|JSON")]
        identifier: Identifier,
        #[command(flatten)]
        when: When,
    },
    /// Sets when a person is a member.
    Set {
        #[command(flatten)]
        one: GroupArg,
        /// The id of the person.
        person: String,
        #[command(flatten)]
        when: When,
    },
    /// Removes a member from a group, with all times. The person is not removed.
    Remove {
        #[command(flatten)]
        one: GroupArg,
        /// The id of the person.
        person: String,
    },
}

/// When somebody is a member.
#[derive(Debug, clap::Args)]
struct When {
    /// From the first day to before the second one, each of which may be left out; can be repeated.
    /// Without it, always. Replaces the times that there are.
    #[arg(long = "period", value_name = "[DATE]..[DATE]")]
    periods: Vec<Period>,
}

/// From one day to before another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period {
    from: Option<Date>,
    until: Option<Date>,
}

/// The text is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected two dates such as 2026-09-01..2027-07-01, of which each may be left out: 2026-09-01.."
)]
struct NotAPeriod;

impl From<NotADate> for NotAPeriod {
    fn from(_: NotADate) -> Self {
        Self
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let (from, until) = text.split_once("..").ok_or(NotAPeriod)?;
        let date = |text: &str| (!text.is_empty()).then(|| text.parse()).transpose();
        Ok(Self { from: date(from)?, until: date(until)? })
    }
}

impl When {
    /// Adds the periods to the body of a request.
    fn with(&self, mut body: Value) -> Value {
        if !self.periods.is_empty() {
            let text = |date: Option<Date>| date.map(|date| date.to_string());
            let period = |it: &Period| json!({ "from": text(it.from), "until": text(it.until) });
            body["periods"] = self.periods.iter().map(period).collect();
        }
        body
    }
}

/// Runs the command.
///
/// # Errors
///
/// As the API refuses.
pub(super) async fn run(client: &mut Client, arguments: &Arguments) -> Result<Output> {
    match &arguments.act {
        Act::List { one, limit } => {
            let address = one.address(client, &["members"]).await?;
            let mut members = client.list(&address, *limit).await?;
            let json = whole(&members);
            for member in &mut members {
                member["periods"] = periods_of(member).into();
            }
            let columns = [
                ("PERSON", "/person"),
                ("NAME", "/name"),
                ("PERIODS", "/periods"),
                ("IDENTIFIERS", "/identifiers"),
            ];
            Ok(Output::new(json, table(&members, &columns)))
        }
        Act::Add { one, identifier, when } => {
            let address = one.address(client, &["members"]).await?;
            let body = when.with(json!({ "agent": identifier.to_json() }));
            Ok(one_member(client.post(&address, Some(&body)).await?))
        }
        Act::Set { one, person, when } => {
            let address = one.address(client, &["members", person]).await?;
            Ok(one_member(client.put(&address, &when.with(json!({}))).await?))
        }
        Act::Remove { one, person } => {
            let address = one.address(client, &["members", person]).await?;
            client.delete(&address).await?;
            Ok(Output::done("the person is not a member any more"))
        }
    }
}

/// The periods of a member, as they are written in arguments.
fn periods_of(member: &Value) -> String {
    let date = |period: &Value, name: &str| period[name].as_str().unwrap_or_default().to_owned();
    let periods = member["periods"].as_array().into_iter().flatten();
    let texts = periods.map(|it| match (date(it, "from"), date(it, "until")) {
        (from, until) if from.is_empty() && until.is_empty() => "always".to_owned(),
        (from, until) => format!("{from}..{until}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

fn one_member(member: Value) -> Output {
    let mut shown = member.clone();
    shown["periods"] = periods_of(&member).into();
    let lines = fields(&shown, &["person", "name", "identifiers", "periods"]);
    Output::new(member, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_two_dates_that_may_be_left_out() {
        let date = |text: &str| text.parse::<Date>().ok();
        let (from, until) = (date("2026-09-01"), date("2027-07-01"));
        for (text, expected) in [
            ("2026-09-01..2027-07-01", Ok(Period { from, until })),
            ("2026-09-01..", Ok(Period { from, until: None })),
            ("..2027-07-01", Ok(Period { from: None, until })),
            ("..", Ok(Period { from: None, until: None })),
            ("2026-09-01", Err(NotAPeriod)),
            ("2026-09..2027-07-01", Err(NotAPeriod)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        let when = When { periods: vec![Period { from, until: None }] };
        let expected = json!({"periods": [{"from": "2026-09-01", "until": null}]});
        assert_eq!(when.with(json!({})), expected);
        assert_eq!(periods_of(&expected), "2026-09-01..");
        assert_eq!(periods_of(&json!({"periods": [{"from": null, "until": null}]})), "always");
        assert_eq!(When { periods: Vec::new() }.with(json!({})), json!({}));
    }
}
