//! An issuer: its metadata and its keys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::Clock;

use super::cached::{Cached, Want};
use super::claims::Claims;
use super::jws::Jws;
use super::keys::KeySet;
use super::metadata::Metadata;
use super::transport::{Endpoint, Transport};
use super::{Algorithm, OidcError, TokenFault};

/// An issuer, with its cached metadata and keys.
pub(crate) struct Issuer {
    name: String,
    base: Endpoint,
    discovery: Endpoint,
    algorithms: Vec<Algorithm>,
    pub(crate) transport: Transport,
    pub(crate) clock: Arc<dyn Clock>,
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Issuer {
    /// The issuer `name`, whose responses may take `timeout`. It is not contacted yet.
    ///
    /// # Errors
    ///
    /// [`OidcError::Setup`]: its name is not an https URL.
    ///
    /// Spec: OpenID Connect Discovery 1.0, 4.1.
    pub(crate) fn new(
        name: String,
        algorithms: Vec<Algorithm>,
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OidcError> {
        let discovery = format!("{}/.well-known/openid-configuration", name.trim_end_matches('/'));
        let parsed = Endpoint::parse(&name).zip(Endpoint::parse(&discovery));
        let (base, discovery) = parsed
            .filter(|(base, _)| base.url().query().is_none())
            .ok_or_else(|| OidcError::Setup("expected an issuer as an https URL".to_owned()))?;
        let transport = Transport::new(timeout)
            .map_err(|source| OidcError::Unavailable { act: "setup", source })?;
        let (metadata, keys) = (Cached::new(), Cached::new());
        Ok(Self { name, base, discovery, algorithms, transport, clock, metadata, keys })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The metadata of the issuer.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let fetch = async || {
            let body = self
                .transport
                .find(&self.discovery, None)
                .await
                .map_err(|source| OidcError::Unavailable { act: "discovery", source })?;
            Metadata::parse(&body, &self.name, &self.base)
        };
        self.metadata.get(self.clock.elapsed(), Want::Current, fetch).await
    }

    /// Parses a token without verifying it.
    pub(crate) fn parse<'t>(&self, token: &'t str) -> Result<Jws<'t>, TokenFault> {
        Jws::parse(token, &self.algorithms)
    }

    /// Verifies the signature and the times of a token of this issuer, and returns its claims.
    ///
    /// For an unknown key, the keys are requested again, at a limited rate.
    pub(crate) async fn verify(&self, jws: &Jws<'_>) -> Result<Claims, OidcError> {
        let claims = jws.claims()?;
        if claims.text("iss") != Some(&self.name) {
            return Err(TokenFault::Issuer.into());
        }
        // An expired token causes no requests.
        claims.check_time(self.clock.now())?;
        let mut keys = self.keys(Want::Current).await?;
        if !keys.has_key_for(jws) {
            keys = self.keys(Want::Newer).await?;
        }
        keys.verify(jws)?;
        Ok(claims)
    }

    async fn keys(&self, want: Want) -> Result<Arc<KeySet>, OidcError> {
        let fetch = async || {
            let metadata = self.metadata().await?;
            let unavailable = |source| OidcError::Unavailable { act: "requesting keys", source };
            let body = self.transport.find(&metadata.keys, None).await.map_err(unavailable)?;
            KeySet::parse(&body).map_err(unavailable)
        };
        self.keys.get(self.clock.elapsed(), want, fetch).await
    }
}
