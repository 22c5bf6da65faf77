//! The authority of a credential, as given on the command line.

use serde_json::{Value, json};

/// The authority of statements that are written with the credential. If none of these options is
/// given, it is an account made from the key.
#[derive(Debug, clap::Args)]
pub(super) struct AuthorityArguments {
    /// Use this agent, as JSON, as the authority.
    #[arg(long, value_name = "JSON", value_parser = object, group = "authority-source")]
    authority: Option<Value>,
    /// Use the agent with this mailbox as the authority.
    #[arg(long, value_name = "mailto:…", group = "authority-source")]
    authority_mbox: Option<String>,
    /// Use this account as the authority: the home page of its system, and its name there.
    #[arg(long, num_args = 2, value_names = ["HOME_PAGE", "NAME"], group = "authority-source")]
    authority_account: Option<Vec<String>>,
    /// The display name of that agent.
    #[arg(long, value_name = "TEXT", requires = "authority-source")]
    authority_name: Option<String>,
}

impl AuthorityArguments {
    /// The agent; none if no option was given.
    pub(super) fn to_json(&self) -> Option<Value> {
        let account = self.authority_account.as_deref().unwrap_or_default();
        let mut agent = match (&self.authority, &self.authority_mbox, account) {
            (Some(agent), _, _) => agent.clone(),
            (None, Some(mbox), _) => json!({ "mbox": mbox }),
            (None, None, [home_page, name]) => {
                json!({ "account": { "homePage": home_page, "name": name } })
            }
            (None, None, _) => return None,
        };
        if let Some(name) = &self.authority_name {
            agent["name"] = name.as_str().into();
        }
        Some(agent)
    }
}

/// Parses a JSON object.
pub(super) fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() { Ok(value) } else { Err("expected a JSON object".to_owned()) }
}
