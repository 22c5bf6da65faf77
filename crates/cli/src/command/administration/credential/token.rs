//! `acta credential token`: a browser token, so that content does not hold the secret of a
//! credential.

use acta_access::Scope;
use acta_config::Span;
use anyhow::Result;
use serde_json::{Value, json};

use super::authority::object;
use super::{CredentialArg, names};
use crate::admin::{Client, Output, fields};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    one: CredentialArg,
    /// The learner: a mailbox, or an agent as JSON.
    #[arg(long, value_name = "mailto:…|JSON", value_parser = agent)]
    agent: Value,
    /// The launched activity; can be repeated, for an activity with several ids. Without this
    /// option: any activity.
    #[arg(long = "activity", value_name = "IRI")]
    activities: Vec<String>,
    /// The registration.
    #[arg(long, value_name = "UUID")]
    registration: Option<String>,
    /// The origin of the content, such as `https://a.example`.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// A scope; can be repeated. Without this option: everything that content does for a learner.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<Scope>,
    /// The lifetime; at most 24h [default: `tokens.lifetime`].
    #[arg(long, value_name = "TIME")]
    lifetime: Option<Span>,
}

/// A mailbox, or an agent as JSON.
fn agent(text: &str) -> Result<Value, String> {
    if text.starts_with("mailto:") { Ok(json!({ "mbox": text })) } else { object(text) }
}

/// Issues the token.
pub(super) async fn issue(client: &mut Client, arguments: &Arguments) -> Result<Output> {
    let mut body = json!({ "agent": arguments.agent });
    let texts = [("registration", &arguments.registration), ("origin", &arguments.origin)];
    for (name, text) in texts {
        if let Some(text) = text {
            body[name] = text.as_str().into();
        }
    }
    if !arguments.activities.is_empty() {
        body["activities"] = arguments.activities.clone().into();
    }
    if !arguments.scopes.is_empty() {
        body["scopes"] = names(&arguments.scopes);
    }
    if let Some(lifetime) = arguments.lifetime {
        body["lifetime_seconds"] = lifetime.0.as_secs().into();
    }
    let address = arguments.one.below(client, "tokens").await?;
    let made = client.post(&address, Some(&body)).await?;
    let mut lines = vec!["Save the token now: it cannot be shown again.".to_owned(), String::new()];
    lines.extend(fields(&made, &["token", "basic", "scopes", "expires"]));
    Ok(Output::new(made, lines))
}
