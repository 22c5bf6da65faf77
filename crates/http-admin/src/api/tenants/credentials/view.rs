//! Views of credentials.

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
    /// The public part of the credential: the user name of Basic authentication.
    #[schema(min_length = 1, example = "k7f2m9x4q8w3n6t1")]
    key: String,
    /// The display name.
    #[schema(max_length = 200, example = "LMS of the school")]
    label: String,
    /// The scopes of the credential.
    scopes: Vec<ScopeName>,
    /// Whether the credential is read-only, independent of its scopes.
    is_read_only: bool,
    /// The allowed prefixes of activity ids; all if empty.
    #[schema(example = json!(["https://course.example/"]))]
    activity_prefixes: Vec<String>,
    /// The allowed origins of pages; all if empty.
    #[schema(example = json!(["https://app.example"]))]
    origins: Vec<String>,
    /// The authority of statements that are written with it; null for an account made from the key.
    #[schema(required, value_type = Option<Agent>)]
    authority: Option<Value>,
    /// When it was created.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// When the credential expires.
    #[schema(required, format = DateTime, example = json!(null))]
    expires: Option<String>,
    /// When it was last used, to the minute or so.
    #[schema(required, format = DateTime, example = json!(null))]
    last_used: Option<String>,
    /// The state of its secrets, newest first: one, or two during a rotation.
    secrets: Vec<SecretView>,
}

/// The state of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CredentialSecret)]
pub(crate) struct SecretView {
    /// When it was created.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    created: String,
    /// When the secret expires because a newer one replaces it.
    #[schema(required, format = DateTime, example = json!(null))]
    expires: Option<String>,
}

/// A credential with a new secret.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CredentialWithSecret)]
pub(crate) struct IssuedView {
    #[serde(flatten)]
    pub(super) credential: CredentialView,
    /// The secret, which is returned only once; null in the response to a repeated request.
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
        // Stored texts were written by this code and are JSON.
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

/// A response with a credential.
pub(super) fn show(found: &ListedCredential) -> axum::response::Response {
    let version = found.credential.record.version;
    versioned(&CredentialView::listed(found), version)
}
