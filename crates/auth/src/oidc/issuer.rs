//! One issuer: what it says of itself, and its keys.

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

/// An issuer and what is known of it.
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
    /// The issuer `name`, whose answers are waited for as long as `timeout`. Nobody is asked
    /// yet.
    ///
    /// # Errors
    ///
    /// [`OidcError::Setup`]: its name is no address that may be asked.
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

    /// What the issuer says of itself.
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

    /// Takes a token apart, of which nothing has been verified yet.
    pub(crate) fn parse<'t>(&self, token: &'t str) -> Result<Jws<'t>, TokenFault> {
        Jws::parse(token, &self.algorithms)
    }

    /// What a token of this issuer says, if its signature holds and its time has come and is
    /// not over.
    ///
    /// A key that is not known makes the keys be asked for again, now and then.
    pub(crate) async fn verify(&self, jws: &Jws<'_>) -> Result<Claims, OidcError> {
        let claims = jws.claims()?;
        if claims.text("iss") != Some(&self.name) {
            return Err(TokenFault::Issuer.into());
        }
        // Whatever is over by what it says itself costs no more.
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
