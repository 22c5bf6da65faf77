//! `acta tenant`: tenants, each with its own data.

use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;

use acta_access::TenantId;
use acta_config::ByteSize;
use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::admin::{Address, Clearable, Client, Common, Output, Switch, fields, table, whole};
use crate::terminal::say;

/// Arguments of `acta tenant`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists all tenants.
    List,
    /// Creates a tenant.
    Create {
        /// The display name.
        name: String,
        #[command(flatten)]
        limits: Limits,
    },
    /// Shows a tenant.
    Show(TenantArg),
    /// Renames a tenant.
    Rename {
        #[command(flatten)]
        one: TenantArg,
        /// The new name.
        name: String,
    },
    /// Sets the limits of a tenant. Options that are not given leave the limit unchanged.
    Limit {
        #[command(flatten)]
        one: TenantArg,
        #[command(flatten)]
        limits: Limits,
    },
    /// Sets whether the audit records which statements people read, and that credentials read.
    AuditReads {
        #[command(flatten)]
        one: TenantArg,
        /// Whether the audit records it.
        reads: Switch,
    },
    /// Changes the settings for questions. Options that are not given leave the setting unchanged.
    Settings {
        #[command(flatten)]
        one: TenantArg,
        #[command(flatten)]
        settings: QuestionSettings,
    },
    /// Suspends a tenant until it is resumed.
    Suspend(TenantArg),
    /// Resumes a suspended tenant.
    Resume(TenantArg),
    /// Deletes a tenant. It is closed at once, and its data is removed permanently after the
    /// waiting period (`tenants.deletion_wait`).
    Delete {
        #[command(flatten)]
        one: TenantArg,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Restores a deleted tenant during the waiting period.
    Restore(TenantArg),
    /// Shows the number of statements of a tenant, and what was stored today.
    Usage(TenantArg),
}

/// The tenant.
#[derive(Clone, Copy, Debug, clap::Args)]
struct TenantArg {
    /// The id of the tenant.
    id: TenantId,
}

impl TenantArg {
    fn address(self) -> Address {
        Address::of(["tenants", &self.id.to_string()])
    }

    fn below(self, name: &str) -> Address {
        Address::of(["tenants", &self.id.to_string(), name])
    }
}

/// Limits of a tenant, `none` to remove a limit, and its weight.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Limits {
    /// Requests per second on each node; `none` for no limit.
    #[arg(long, value_name = "N|none")]
    requests_per_second: Option<Clearable<u32>>,
    /// Bytes to store per day (UTC), such as 10GiB; `none` for no limit.
    #[arg(long, value_name = "SIZE|none")]
    bytes_per_day: Option<Clearable<ByteSize>>,
    /// Statements to store per day (UTC); `none` for no limit.
    #[arg(long, value_name = "N|none")]
    statements_per_day: Option<Clearable<u64>>,
    /// How much it gets of what tenants share, compared with others, from 1 to 100: while several
    /// want more than there is, a tenant with weight 4 gets four times as much as one with 1.
    #[arg(long, value_name = "N")]
    weight: Option<u64>,
}

impl Limits {
    /// The limits that were given.
    fn to_json(self) -> Option<Value> {
        let bytes = self.bytes_per_day.map(|Clearable(size)| json!(size.map(|size| size.0)));
        let named = [
            ("requests_per_second", self.requests_per_second.map(|Clearable(most)| json!(most))),
            ("bytes_per_day", bytes),
            ("statements_per_day", self.statements_per_day.map(|Clearable(most)| json!(most))),
            ("weight", self.weight.map(|weight| json!(weight))),
        ];
        let named: Map<String, Value> =
            named.into_iter().filter_map(|(name, most)| Some((name.to_owned(), most?))).collect();
        (!named.is_empty()).then_some(Value::Object(named))
    }
}

/// Settings of a tenant for questions.
#[derive(Clone, Debug, clap::Args)]
struct QuestionSettings {
    /// The time zone of days and dates where a question names none, such as Europe/Zurich; `none`
    /// for UTC.
    #[arg(long, value_name = "ZONE|none")]
    zone: Option<Clearable<String>>,
    /// The language of names where there are several, such as de; `none` for English. Facts are
    /// made again.
    #[arg(long, value_name = "TAG|none")]
    language: Option<Clearable<String>>,
    /// The smallest group of learners that answers show; `none` for all.
    #[arg(long, value_name = "N|none")]
    smallest_group: Option<Clearable<u32>>,
    /// Where the course of a statement is looked for, such as `parent,any_grouping,object`; `none`
    /// for what is usual.
    #[arg(long, value_name = "STEPS|none")]
    course: Option<Clearable<String>>,
    /// The types of activities that are courses, with commas between them; those that are usual if
    /// only --course is given.
    #[arg(long, value_name = "IRIS", value_delimiter = ',', requires = "course")]
    course_types: Vec<String>,
}

impl QuestionSettings {
    /// The settings that were given.
    fn to_json(&self) -> Option<Value> {
        let of_text =
            |given: &Option<Clearable<String>>| given.as_ref().map(|Clearable(text)| json!(text));
        let course = self.course.as_ref().map(|Clearable(steps)| {
            let steps = steps.as_ref().map(|steps| steps.split(',').map(str::trim));
            steps.map_or(Value::Null, |steps| self.course_json(&steps.collect::<Vec<_>>()))
        });
        let smallest = self.smallest_group.as_ref();
        let named = [
            ("zone", of_text(&self.zone)),
            ("language", of_text(&self.language)),
            ("smallest_group", smallest.map(|Clearable(smallest)| json!(smallest))),
            ("course", course),
        ];
        let named: Map<String, Value> =
            named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        (!named.is_empty()).then_some(Value::Object(named))
    }

    fn course_json(&self, steps: &[&str]) -> Value {
        let mut course = json!({ "steps": steps });
        if !self.course_types.is_empty() {
            course["types"] = json!(self.course_types);
        }
        course
    }
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    Client::run(file, &arguments.common, async |client| act(client, &arguments.act).await)
}

async fn act(client: &mut Client, act: &Act) -> Result<Output> {
    let shown = match act {
        Act::List => return list(client).await,
        Act::Delete { one, yes } => return delete(client, *one, *yes).await,
        Act::Usage(one) => {
            let usage = client.get(&one.below("usage")).await?;
            let lines = fields(&usage, &["statements"]);
            return Ok(Output::new(usage, lines));
        }
        Act::Create { name, limits } => {
            let mut body = json!({ "name": name });
            if let Some(limits) = limits.to_json() {
                body["limits"] = limits;
            }
            client.post(&Address::of(["tenants"]), Some(&body)).await?
        }
        Act::Show(one) => client.get(&one.address()).await?,
        Act::Rename { one, name } => client.patch(&one.address(), &json!({ "name": name })).await?,
        Act::Limit { one, limits } => {
            let Some(limits) = limits.to_json() else {
                bail!(
                    "no limit was given: add --requests-per-second, --bytes-per-day, \
                     --statements-per-day or --weight"
                );
            };
            client.patch(&one.address(), &json!({ "limits": limits })).await?
        }
        Act::AuditReads { one, reads } => {
            client.patch(&one.address(), &json!({ "audits_reads": reads.is_on() })).await?
        }
        Act::Settings { one, settings } => {
            let Some(settings) = settings.to_json() else {
                bail!("no setting was given: add --zone, --language, --smallest-group or --course");
            };
            client.patch(&one.address(), &json!({ "settings": settings })).await?
        }
        Act::Suspend(one) => client.post(&one.below("suspend"), None).await?,
        Act::Resume(one) => client.post(&one.below("resume"), None).await?,
        Act::Restore(one) => client.post(&one.below("restore"), None).await?,
    };
    let lines = one_tenant(&shown);
    Ok(Output::new(shown, lines))
}

fn one_tenant(tenant: &Value) -> Vec<String> {
    let names = ["id", "name", "state", "since", "purge", "created", "limits", "settings"];
    fields(tenant, &names)
}

async fn list(client: &mut Client) -> Result<Output> {
    let tenants = client.list(&Address::of(["tenants"]), usize::MAX).await?;
    let columns = [
        ("ID", "/id"),
        ("NAME", "/name"),
        ("STATE", "/state"),
        ("REQUESTS/S", "/limits/requests_per_second"),
        ("BYTES/DAY", "/limits/bytes_per_day"),
        ("STATEMENTS/DAY", "/limits/statements_per_day"),
        ("WEIGHT", "/limits/weight"),
        ("CREATED", "/created"),
    ];
    let lines = table(&tenants, &columns);
    Ok(Output::new(whole(&tenants), lines))
}

async fn delete(client: &mut Client, one: TenantArg, yes: bool) -> Result<Output> {
    let tenant = client.get(&one.address()).await?;
    let name = tenant["name"].as_str().unwrap_or_default();
    if !yes && !is_typed(one.id, name)? {
        let lines = vec!["nothing was deleted".to_owned()];
        return Ok(Output { json: json!({}), lines, is_success: false });
    }
    let deleted = client.delete(&one.address()).await?;
    let mut lines = one_tenant(&deleted);
    lines.push(String::new());
    let id = one.id;
    lines.push(format!(
        "Until its data is removed, `acta tenant restore {id}` restores the tenant."
    ));
    Ok(Output::new(deleted, lines))
}

/// Asks for the name of the tenant on the terminal, as a confirmation.
fn is_typed(id: TenantId, name: &str) -> Result<bool> {
    say(&format!(
        "Everything in tenant {id} will be removed: statements, documents, credentials, roles.\n\
         Type its name, {name}, to go on:"
    ));
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == name.trim())
}
