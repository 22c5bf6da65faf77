//! `acta credential`: credentials of xAPI clients.

mod authority;
mod refusals;
mod token;

use std::path::Path;
use std::process::ExitCode;

use acta_access::Scope;
use acta_ambient::SystemClock;
use acta_config::Span;
use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::admin::{
    Address, Clearable, Client, Common, Expiry, OfTenant, Output, Switch, fields, table, whole,
};
use authority::AuthorityArguments;

/// The default scopes of a credential: those that the specification gives to a client that requests
/// none. It writes statements, and reads only its own.
///
/// Spec: xAPI 1.0.3, Part Three, 4.2.
const SCOPES: [Scope; 2] = [Scope::StatementsWrite, Scope::StatementsReadMine];

/// Arguments of `acta credential`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists the credentials of a tenant.
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Creates a credential and shows its secret. The secret cannot be shown again.
    Create(Box<Create>),
    /// Shows a credential, without its secret.
    Show(CredentialArg),
    /// Changes a credential. Options that are not given leave it unchanged.
    Change(Box<Change>),
    /// Gives a credential a new secret and shows it. The secret cannot be shown again.
    Rotate {
        #[command(flatten)]
        one: CredentialArg,
        /// How long the previous secret stays valid; at most 30d. `0s` ends it at once.
        #[arg(long, value_name = "TIME", default_value = "1d")]
        overlap: Span,
    },
    /// Shows why the last requests of a credential were refused, as far as the server remembers.
    Refusals(CredentialArg),
    /// Removes a credential. The credential and its tokens are refused at once.
    Remove(CredentialArg),
    /// Issues a browser token of the credential for one learner, and shows it. The token cannot be
    /// shown again.
    Token(Box<token::Arguments>),
}

/// The credential.
#[derive(Debug, clap::Args)]
struct CredentialArg {
    /// The key of the credential.
    key: String,
    #[command(flatten)]
    of: OfTenant,
}

impl CredentialArg {
    async fn address(&self, client: &mut Client) -> Result<Address> {
        let tenant = client.tenant(self.of).await?;
        Ok(Address::of(["tenants", &tenant, "credentials", &self.key]))
    }

    async fn below(&self, client: &mut Client, name: &str) -> Result<Address> {
        let tenant = client.tenant(self.of).await?;
        Ok(Address::of(["tenants", &tenant, "credentials", &self.key, name]))
    }
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    of: OfTenant,
    /// The display name.
    #[arg(long, value_name = "TEXT")]
    label: String,
    /// A scope; can be repeated or comma-separated [default:
    /// statements/write,statements/read/mine].
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// Make the credential read-only, independent of its scopes.
    #[arg(long)]
    read_only: bool,
    /// Restrict it to activities whose id begins with this prefix; can be repeated.
    #[arg(long = "activity-prefix", value_name = "IRI")]
    activity_prefixes: Vec<String>,
    /// Restrict it to pages of this origin, such as `https://a.example`; can be repeated.
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    #[command(flatten)]
    authority: AuthorityArguments,
    /// When it expires: a date, a time, or a duration from now such as 90d.
    #[arg(long, value_name = "DATE|90d")]
    expires: Option<Expiry>,
}

impl Create {
    fn body(&self) -> Value {
        let scopes = if self.scopes.is_empty() { &SCOPES[..] } else { &self.scopes };
        let mut body = json!({
            "label": self.label,
            "scopes": names(scopes),
            "is_read_only": self.read_only,
            "activity_prefixes": self.activity_prefixes,
            "origins": self.origins,
        });
        if let Some(authority) = self.authority.to_json() {
            body["authority"] = authority;
        }
        if let Some(expires) = &self.expires {
            body["expires"] = expires.to_json(&SystemClock::new());
        }
        body
    }
}

#[derive(Debug, clap::Args)]
struct Change {
    #[command(flatten)]
    one: CredentialArg,
    /// The display name.
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// A scope; can be repeated. Replaces all scopes.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// Whether the credential is read-only.
    #[arg(long, value_name = "on|off")]
    read_only: Option<Switch>,
    /// An activity prefix; can be repeated. Replaces all prefixes; `none` removes them.
    #[arg(long = "activity-prefix", value_name = "IRI|none")]
    activity_prefixes: Vec<Clearable<String>>,
    /// An allowed origin; can be repeated. Replaces all origins; `none` removes them.
    #[arg(long = "origin", value_name = "ORIGIN|none")]
    origins: Vec<Clearable<String>>,
    #[command(flatten)]
    authority: AuthorityArguments,
    /// Use an account made from the key as the authority.
    #[arg(long, conflicts_with = "authority-source")]
    own_authority: bool,
    /// When it expires: a date, a time, or a duration from now; `none` for never.
    #[arg(long, value_name = "DATE|90d|none")]
    expires: Option<Clearable<Expiry>>,
}

impl Change {
    fn body(&self) -> Option<Value> {
        let clock = SystemClock::new();
        let expires = self
            .expires
            .as_ref()
            .map(|Clearable(end)| end.as_ref().map_or(Value::Null, |end| end.to_json(&clock)));
        let own = self.own_authority.then_some(Value::Null);
        let changes = [
            ("label", self.label.clone().map(Value::from)),
            ("scopes", (!self.scopes.is_empty()).then(|| names(&self.scopes))),
            ("is_read_only", self.read_only.map(|switch| switch.is_on().into())),
            ("activity_prefixes", instead(&self.activity_prefixes)),
            ("origins", instead(&self.origins)),
            ("authority", self.authority.to_json().or(own)),
            ("expires", expires),
        ];
        let changes: Map<String, Value> = changes
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        (!changes.is_empty()).then_some(Value::Object(changes))
    }
}

fn names(scopes: &[Scope]) -> Value {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

/// A list that replaces another; none if no argument was given.
fn instead(named: &[Clearable<String>]) -> Option<Value> {
    (!named.is_empty()).then(|| named.iter().filter_map(|Clearable(text)| text.clone()).collect())
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
        Act::List { of } => list(client, *of).await,
        Act::Create(new) => {
            let tenant = client.tenant(new.of).await?;
            let address = Address::of(["tenants", &tenant, "credentials"]);
            let made = client.post(&address, Some(&new.body())).await?;
            Ok(with_secret(made))
        }
        Act::Show(one) => {
            let address = one.address(client).await?;
            let shown = client.get(&address).await?;
            Ok(one_credential(shown))
        }
        Act::Change(change) => {
            let Some(body) = change.body() else {
                bail!(
                    "no change was given: add an option such as --expires 90d; --help lists the \
                     options"
                )
            };
            let address = change.one.address(client).await?;
            Ok(one_credential(client.patch(&address, &body).await?))
        }
        Act::Rotate { one, overlap } => {
            let address = one.below(client, "rotate").await?;
            let body = json!({ "overlap_seconds": overlap.0.as_secs() });
            Ok(with_secret(client.post(&address, Some(&body)).await?))
        }
        Act::Refusals(one) => {
            refusals::check_served(client)?;
            let address = one.below(client, "refusals").await?;
            refusals::read(client, &address).await
        }
        Act::Remove(one) => {
            let address = one.address(client).await?;
            client.delete(&address).await?;
            Ok(Output::done("the credential was removed"))
        }
        Act::Token(arguments) => token::issue(client, arguments).await,
    }
}

async fn list(client: &mut Client, of: OfTenant) -> Result<Output> {
    let tenant = client.tenant(of).await?;
    let address = Address::of(["tenants", &tenant, "credentials"]);
    let credentials = client.list(&address, usize::MAX).await?;
    let columns = [
        ("KEY", "/key"),
        ("LABEL", "/label"),
        ("READ ONLY", "/is_read_only"),
        ("EXPIRES", "/expires"),
        ("LAST USED", "/last_used"),
        ("SCOPES", "/scopes"),
    ];
    let lines = table(&credentials, &columns);
    Ok(Output::new(whole(&credentials), lines))
}

fn members(credential: &Value) -> Vec<String> {
    fields(credential, &["key", "label", "scopes", "is_read_only", "activity_prefixes", "origins"])
}

fn one_credential(credential: Value) -> Output {
    let lines = members(&credential);
    Output::new(credential, lines)
}

/// A credential with a new secret.
fn with_secret(made: Value) -> Output {
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    let mut lines = vec![
        "Save the secret now: it cannot be shown again.".to_owned(),
        String::new(),
        format!("  key     {}", text("key")),
        format!("  secret  {}", text("secret")),
        String::new(),
    ];
    let mut rest = made.clone();
    if let Some(rest) = rest.as_object_mut() {
        rest.remove("secret");
    }
    lines.extend(members(&rest));
    Output::new(made, lines)
}
