//! `acta account`: people who can sign in.

use std::path::Path;
use std::process::ExitCode;

use acta_access::Role;
use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::admin::{
    Address, Clearable, Client, Common, OfTenant, Output, Refusal, Switch, fields, table, whole,
};

/// Arguments of `acta account`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists all accounts.
    List,
    /// Creates an account, and a link for choosing a password.
    Create {
        #[command(flatten)]
        one: AccountArg,
        /// The display name of the person.
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// The role of the person in the tenant: owner, administrator, analyst, advisor, auditor,
        /// viewer or learner.
        #[arg(long, value_name = "ROLE")]
        role: Option<Role>,
        #[command(flatten)]
        of: OfTenant,
        /// Make the person an operator of the server, who manages tenants and accounts.
        #[arg(long)]
        operator: bool,
    },
    /// Shows an account.
    Show(AccountArg),
    /// Changes the role of a person in a tenant.
    Role {
        #[command(flatten)]
        one: AccountArg,
        /// The role: owner, administrator, analyst, advisor, auditor, viewer or learner; `none`
        /// removes it.
        role: Clearable<Role>,
        /// The id of a group about whose members an advisor may ask. May be given several times.
        #[arg(long = "group", value_name = "ID")]
        groups: Vec<String>,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Invites a person into a tenant with a link. The person may already have an account.
    Invite {
        #[command(flatten)]
        one: AccountArg,
        /// The role: owner, administrator, analyst, advisor, auditor, viewer or learner.
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// The id of a group about whose members an advisor may ask. May be given several times.
        #[arg(long = "group", value_name = "ID")]
        groups: Vec<String>,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Disables an account and ends its sessions.
    Disable(AccountArg),
    /// Enables a disabled account.
    Enable(AccountArg),
    /// Makes an account an operator of the server, or revokes this.
    Operator {
        #[command(flatten)]
        one: AccountArg,
        /// Whether it is an operator.
        runs: Switch,
    },
    /// Creates a password reset link.
    Reset(AccountArg),
    /// Removes the second factor of an account, for example after a phone was lost.
    RemoveFactor(AccountArg),
    /// Lists the identities at identity providers with which a person can sign in.
    Identities(AccountArg),
    /// Removes an identity of an account, and ends its sessions.
    RemoveIdentity {
        #[command(flatten)]
        one: AccountArg,
        /// The id of the identity, as `acta account identities` shows it.
        identity: String,
    },
    /// Removes an account.
    Remove(AccountArg),
}

/// The account.
#[derive(Debug, clap::Args)]
struct AccountArg {
    /// The e-mail address that the person signs in with.
    email: String,
}

impl AccountArg {
    /// Reads the account.
    async fn find(&self, client: &mut Client) -> Result<Value> {
        let address = Address::of(["accounts"]).with("email", Some(&self.email));
        let found = client.list(&address, 1).await?;
        let absent = || {
            Refusal::absent(format!("there is no account with the e-mail address {}", self.email))
        };
        Ok(found.into_iter().next().ok_or_else(absent)?)
    }

    async fn id(&self, client: &mut Client) -> Result<String> {
        let found = self.find(client).await?;
        Ok(found["id"].as_str().unwrap_or_default().to_owned())
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
    match act {
        Act::List => list(client).await,
        Act::Create { one, name, role, of, operator } => {
            let role = role.map(|role| (role, *of));
            create(client, one, name, role, *operator).await
        }
        Act::Show(one) => Ok(shown(one.find(client).await?)),
        Act::Role { one, role: Clearable(role), groups, of } => {
            change_role(client, one, *of, (*role, groups)).await
        }
        Act::Invite { one, role, groups, of } => invite(client, one, (*role, groups), *of).await,
        Act::Disable(one) => change(client, one, json!({ "is_disabled": true })).await,
        Act::Enable(one) => change(client, one, json!({ "is_disabled": false })).await,
        Act::Operator { one, runs } => {
            change(client, one, json!({ "is_operator": runs.is_on() })).await
        }
        Act::Reset(one) => reset(client, one).await,
        Act::RemoveFactor(one) => {
            remove(client, one, &["second-factor"], "the second factor of").await
        }
        Act::Identities(one) => identities(client, one).await,
        Act::RemoveIdentity { one, identity } => {
            remove(client, one, &["identities", identity], "an identity of").await
        }
        Act::Remove(one) => remove(client, one, &[], "the account").await,
    }
}

/// Removes an account, or what `part` names of it; `what` says it in front of the address.
async fn remove(
    client: &mut Client,
    one: &AccountArg,
    part: &[&str],
    what: &str,
) -> Result<Output> {
    let id = one.id(client).await?;
    let path = ["accounts", &id].into_iter().chain(part.iter().copied());
    client.delete(&Address::of(path)).await?;
    Ok(Output::done(format!("{what} {} was removed", one.email)))
}

async fn reset(client: &mut Client, one: &AccountArg) -> Result<Output> {
    let id = one.id(client).await?;
    let made = client.post(&Address::of(["accounts", &id, "reset"]), None).await?;
    let line = format!("created a password reset link for {}", one.email);
    Ok(with_link(client, (made, "reset"), vec![line]))
}

async fn create(
    client: &mut Client,
    one: &AccountArg,
    name: &str,
    role: Option<(Role, OfTenant)>,
    is_operator: bool,
) -> Result<Output> {
    let mut body = json!({ "email": one.email, "display_name": name, "is_operator": is_operator });
    if let Some((role, of)) = role {
        let tenant: u32 = client.tenant(of).await?.parse()?;
        body["roles"] = json!([{ "tenant": tenant, "role": role.as_str() }]);
    }
    let made = client.post(&Address::of(["accounts"]), Some(&body)).await?;
    let lines = one_account(&made["account"]);
    Ok(with_link(client, (made, "reset"), lines))
}

async fn invite(
    client: &mut Client,
    one: &AccountArg,
    (role, groups): (Role, &[String]),
    of: OfTenant,
) -> Result<Output> {
    let tenant = client.tenant(of).await?;
    let address = Address::of(["tenants", &tenant, "invitations"]);
    let mut body = json!({ "email": one.email, "role": role.as_str() });
    if !groups.is_empty() {
        body["groups"] = json!(groups);
    }
    let made = client.post(&address, Some(&body)).await?;
    let line = format!("invited {} as {role} in {tenant}", one.email);
    Ok(with_link(client, (made, "invitation"), vec![line]))
}

async fn list(client: &mut Client) -> Result<Output> {
    let accounts = client.list(&Address::of(["accounts"]), usize::MAX).await?;
    let columns = [
        ("EMAIL", "/email"),
        ("NAME", "/display_name"),
        ("OPERATOR", "/is_operator"),
        ("DISABLED", "/is_disabled"),
        ("SECOND FACTOR", "/has_second_factor"),
        ("LAST SIGNED IN", "/last_signed_in"),
        ("ROLES", "/roles"),
    ];
    let lines = table(&accounts, &columns);
    Ok(Output::new(whole(&accounts), lines))
}

async fn identities(client: &mut Client, one: &AccountArg) -> Result<Output> {
    let id = one.id(client).await?;
    let page = client.get(&Address::of(["accounts", &id, "identities"])).await?;
    let found: Vec<Value> = page["items"].as_array().cloned().unwrap_or_default();
    let lines = table(&found, &[("ID", "/id"), ("ISSUER", "/issuer"), ("SUBJECT", "/subject")]);
    Ok(Output::new(whole(&found), lines))
}

fn one_account(account: &Value) -> Vec<String> {
    fields(account, &["email", "display_name", "roles", "is_operator", "is_disabled"])
}

fn shown(account: Value) -> Output {
    let lines = one_account(&account);
    Output::new(account, lines)
}

async fn change(client: &mut Client, one: &AccountArg, body: Value) -> Result<Output> {
    let id = one.id(client).await?;
    client.patch(&Address::of(["accounts", &id]), &body).await?;
    Ok(shown(one.find(client).await?))
}

async fn change_role(
    client: &mut Client,
    one: &AccountArg,
    of: OfTenant,
    (role, groups): (Option<Role>, &[String]),
) -> Result<Output> {
    let (tenant, id) = (client.tenant(of).await?, one.id(client).await?);
    let address = Address::of(["tenants", &tenant, "people", &id]);
    let changed = match role {
        Some(role) => {
            let mut body = json!({ "role": role.as_str() });
            if !groups.is_empty() {
                body["groups"] = json!(groups);
            }
            client.patch(&address, &body).await?
        }
        None if !groups.is_empty() => bail!("--group goes with the role advisor"),
        None => client.delete(&address).await?,
    };
    let mut account = one.find(client).await?;
    if let Some(groups) = changed["groups"].as_array().filter(|groups| !groups.is_empty()) {
        account["groups"] = json!(groups);
    }
    Ok(shown(account))
}

/// A new link, after the other output.
fn with_link(client: &Client, (mut made, page): (Value, &str), mut lines: Vec<String>) -> Output {
    let link = client.link(&made, page).unwrap_or_default();
    let expires = made["expires"].as_str().unwrap_or_default();
    lines.extend([
        String::new(),
        format!(
            "Send this link to the person. It is shown only now, works once, and expires {expires}:"
        ),
        String::new(),
        format!("  {link}"),
    ]);
    made["link"] = link.into();
    Output::new(made, lines)
}
