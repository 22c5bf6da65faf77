//! The metadata of a provider.

use serde::Deserialize;

use super::transport::Endpoint;
use super::{FetchError, OidcError};

/// The used part of the metadata document.
#[derive(Debug, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The endpoints of a provider.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) keys: Endpoint,
    pub(crate) authorization: Option<Endpoint>,
    pub(crate) token: Option<Endpoint>,
    pub(crate) userinfo: Option<Endpoint>,
    pub(crate) client_proof: ClientProof,
    /// Whether responses of the provider always contain `iss`.
    pub(crate) names_itself: bool,
}

/// How a client authenticates with its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientProof {
    /// In the header `Authorization`.
    Basic,
    /// In the form.
    Form,
    /// By an unsupported method.
    Other,
}

impl Metadata {
    /// Parses the metadata of `issuer`, whose URL is `base`.
    ///
    /// # Errors
    ///
    /// - [`OidcError::Unavailable`]: it is not such a document.
    /// - [`OidcError::Setup`]: it is of another issuer, or contains a URL that is not permitted.
    pub(crate) fn parse(body: &[u8], issuer: &str, base: &Endpoint) -> Result<Self, OidcError> {
        let document: Document = serde_json::from_slice(body).map_err(|error| {
            let source = FetchError::Unreadable(error.to_string());
            OidcError::Unavailable { act: "discovery", source }
        })?;
        if document.issuer != issuer {
            let found = document.issuer.chars().take(200).collect::<String>();
            let reason =
                format!("the issuer is named {found:?} instead of {issuer:?} in its metadata");
            return Err(OidcError::Setup(reason));
        }
        let endpoint = |text: &str| {
            let endpoint = Endpoint::parse(text).filter(|endpoint| endpoint.is_as_safe_as(base));
            endpoint.ok_or_else(|| {
                OidcError::Setup(
                    "the metadata of the issuer contains a URL that is not https".to_owned(),
                )
            })
        };
        let optional = |text: &Option<String>| text.as_deref().map(endpoint).transpose();
        Ok(Self {
            keys: endpoint(&document.jwks_uri)?,
            authorization: optional(&document.authorization_endpoint)?,
            token: optional(&document.token_endpoint)?,
            userinfo: optional(&document.userinfo_endpoint)?,
            client_proof: ClientProof::of(document.token_endpoint_auth_methods_supported),
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }
}

impl ClientProof {
    /// Spec: OpenID Connect Discovery 1.0, 3: without a list, only Basic.
    fn of(methods: Option<Vec<String>>) -> Self {
        let Some(methods) = methods else { return Self::Basic };
        let has = |name: &str| methods.iter().any(|method| method == name);
        if has("client_secret_basic") {
            Self::Basic
        } else if has("client_secret_post") {
            Self::Form
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example.org/a";

    fn parse(text: &str) -> Result<Metadata, OidcError> {
        Metadata::parse(text.as_bytes(), ISSUER, &Endpoint::parse(ISSUER).unwrap())
    }

    #[test]
    fn accepts_only_the_metadata_of_the_issuer_itself() {
        let table = [
            ("https://id.example.org/a", true),
            ("https://id.example.org/a/", false),
            ("https://ID.example.org/a", false),
            ("https://id.example.org/{tenantid}", false),
        ];
        for (name, is_accepted) in table {
            let text = format!(r#"{{"issuer": "{name}", "jwks_uri": "https://keys.example.org"}}"#);
            assert_eq!(parse(&text).is_ok(), is_accepted, "issuer: {name}");
        }
    }

    #[test]
    fn refuses_to_go_from_https_to_less() {
        for address in ["http://127.0.0.1/token", "http://id.example.org/token", "token"] {
            let text = format!(
                r#"{{"issuer": "{ISSUER}", "jwks_uri": "https://keys.example.org",
                    "token_endpoint": "{address}"}}"#
            );
            let error = parse(&text).unwrap_err();
            assert!(matches!(error, OidcError::Setup(_)), "{address}: {error:?}");
        }
    }

    #[test]
    fn sends_the_secret_by_the_required_method() {
        let table = [
            ("null", ClientProof::Basic),
            (r#"["client_secret_post", "client_secret_basic"]"#, ClientProof::Basic),
            (r#"["client_secret_post", "none"]"#, ClientProof::Form),
            (r#"["private_key_jwt"]"#, ClientProof::Other),
        ];
        for (methods, expected) in table {
            let text = format!(
                r#"{{"issuer": "{ISSUER}", "jwks_uri": "https://keys.example.org",
                    "token_endpoint_auth_methods_supported": {methods}}}"#
            );
            assert_eq!(parse(&text).unwrap().client_proof, expected, "methods: {methods}");
        }
    }
}
