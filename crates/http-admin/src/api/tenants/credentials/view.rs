//! What is shown of credentials.

use acta_admin::ListedCredential;
use acta_ambient::Timestamp;
use acta_storage::directory::{Credential, CredentialSecret};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::values::{Agent, ScopeName, names_of};
use crate::api::versioned::versioned;

/// An API credential, without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Credential)]
pub(crate) struct CredentialView {
    /// Its public part: the user name of Basic authentication.
    #[schema(min_length = 1, example = "k7f2m9x4q8w3n6t1")]
    key: String,
    /// Its name for people.
    #[schema(max_length = 200, example = "LMS of the school")]
    label: String,
    /// What it may be used for.
    scopes: Vec<ScopeName>,
    /// Whether it may change nothing, whatever its scopes.
    is_read_only: bool,
    /// Where the ids of activities must begin, if there are any: with one of these.
    #[schema(example = json!(["https://course.example/"]))]
    activity_prefixes: Vec<String>,
    /// The origins of the pages that may use it, if there are any.
    #[schema(example = json!(["https://app.example"]))]
    origins: Vec<String>,
    /// Who vouches for what is written with it; null for an account that is made of its key.
    #[schema(required, value_type = Option<Agent>)]
    authority: Option<Value>,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// From when on it is refused.
    #[schema(required, format = DateTime, example = json!(null))]
    expires: Option<String>,
    /// When it was last used, to the minute or so.
    #[schema(required, format = DateTime, example = json!(null))]
    last_used: Option<String>,
    /// What is known of its secrets, newest first: one, and another one while it is rotated.
    secrets: Vec<SecretView>,
}

/// What is known of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CredentialSecret)]
pub(crate) struct SecretView {
    /// When it was made.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// From when on it is refused, because a newer one takes its place.
    #[schema(required, format = DateTime, example = json!(null))]
    expires: Option<String>,
}

/// A credential with a secret that was made just now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CredentialWithSecret)]
pub(crate) struct IssuedView {
    #[serde(flatten)]
    pub(super) credential: CredentialView,
    /// The secret, which is told this once; null in the answer to a request that came before.
    #[schema(required, format = Password, example = "PpJj0Hh3xC6vB1nM5qW8eR2tY7uI4oP9")]
    pub(super) secret: Option<String>,
}

fn text_of(moment: Option<Timestamp>) -> Option<String> {
    moment.map(|moment| moment.to_string())
}

impl CredentialView {
    pub(super) fn of(credential: &Credential, last_used: Option<Timestamp>) -> Self {
        let restrictions = &credential.restrictions;
        let secret = |secret: &CredentialSecret| SecretView {
            created: secret.created.to_string(),
            expires: text_of(secret.expires),
        };
        // What is stored was written here, and is JSON.
        let authority = credential.authority.as_ref();
        let authority = authority.and_then(|found| serde_json::from_str(found.json()).ok());
        Self {
            key: credential.key.clone(),
            label: credential.label.clone(),
            scopes: names_of(credential.scopes),
            is_read_only: restrictions.is_read_only,
            activity_prefixes: texts_of(&restrictions.activity_prefixes),
            origins: texts_of(&restrictions.origins),
            authority,
            created: credential.created.to_string(),
            expires: text_of(credential.expires),
            last_used: text_of(last_used),
            secrets: credential.secrets.iter().map(secret).collect(),
        }
    }

    pub(super) fn listed(found: &ListedCredential) -> Self {
        Self::of(&found.credential.value, found.last_used)
    }
}

fn texts_of(values: &[impl ToString]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// The answer that shows a credential.
pub(super) fn show(found: &ListedCredential) -> axum::response::Response {
    let version = found.credential.record.version;
    versioned(&CredentialView::listed(found), version)
}
