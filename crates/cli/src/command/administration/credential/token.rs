//! `acta credential token`: a browser token, so that content holds no real secret.

use acta_access::Scope;
use acta_config::Span;
use anyhow::Result;
use serde_json::{Value, json};

use super::authority::object;
use super::{CredentialArg, names};
use crate::admin::{Client, Told, fields};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    one: CredentialArg,
    /// The learner: a mailbox, or an agent in JSON.
    #[arg(long, value_name = "mailto:…|JSON", value_parser = agent)]
    agent: Value,
    /// The activity that is launched.
    #[arg(long, value_name = "IRI")]
    activity: Option<String>,
    /// The registration.
    #[arg(long, value_name = "UUID")]
    registration: Option<String>,
    /// The origin of the content, as in `https://a.example`.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// What it may be used for; can be repeated. All that content does for a learner if not
    /// named.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// How long it is good for; at most 24h [default: `tokens.lifetime`].
    #[arg(long, value_name = "TIME")]
    lifetime: Option<Span>,
}

/// A mailbox, or the JSON text of an agent.
fn agent(text: &str) -> Result<Value, String> {
    if text.starts_with("mailto:") { Ok(json!({ "mbox": text })) } else { object(text) }
}

/// Makes the token.
pub(super) async fn issue(client: &mut Client, arguments: &Arguments) -> Result<Told> {
    let mut body = json!({ "agent": arguments.agent });
    let texts = [
        ("activity", &arguments.activity),
        ("registration", &arguments.registration),
        ("origin", &arguments.origin),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            body[name] = text.as_str().into();
        }
    }
    if !arguments.scopes.is_empty() {
        body["scopes"] = names(&arguments.scopes);
    }
    if let Some(lifetime) = arguments.lifetime {
        body["lifetime_seconds"] = lifetime.0.as_secs().into();
    }
    let address = arguments.one.below(client, "tokens").await?;
    let made = client.post(&address, Some(&body)).await?;
    let mut lines = vec!["The token is shown only now.".to_owned(), String::new()];
    lines.extend(fields(&made, &["token", "basic", "scopes", "expires"]));
    Ok(Told::new(made, lines))
}
