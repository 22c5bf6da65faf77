//! Audit entries of credentials.

use acta_storage::Credential;
use serde_json::{Value, json};

/// The act of an entry about a new credential.
pub const CREATED: &str = "credential.created";

/// The target of an entry about the credential with this key.
pub fn target(key: &str) -> String {
    format!("credential:{key}")
}

/// The properties of a credential in an entry, without its secrets.
pub fn detail(credential: &Credential) -> Value {
    let restrictions = &credential.restrictions;
    let prefixes: Vec<String> =
        restrictions.activity_prefixes.iter().map(ToString::to_string).collect();
    let origins: Vec<String> = restrictions.origins.iter().map(ToString::to_string).collect();
    json!({
        "label": credential.label,
        "scopes": credential.scopes.to_string(),
        "is_read_only": restrictions.is_read_only,
        "activity_prefixes": prefixes,
        "origins": origins,
        "authority": credential.authority.as_ref().map(|authority| authority.json().to_owned()),
        "expires": credential.expires.map(|expires| expires.to_string()),
    })
}
