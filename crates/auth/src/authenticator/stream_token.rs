//! Stream tokens, with which a page opens event streams: browsers send no header `Authorization`
//! with them.
//!
//! A token stands in an address, so it is valid for minutes only and for the streams of one tenant.
//! It never permits more than the credential or the session that it was issued for does then. It is
//! not stored, but sealed with a key of the store.

use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AuthError, Authenticator, Identified, PayloadTooLong, Secret};

/// The prefix of its text, so that people and secret scanners recognise it.
const PREFIX: &str = "acta_s_";

/// The purpose of the seal.
const PURPOSE: &str = "stream-token";

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamReader {
    /// The credential with this key.
    #[serde(rename = "k")]
    Credential(String),
    /// The session with this id, which is the hash of its token.
    #[serde(rename = "s")]
    Session(String),
}

/// The claims of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamTokenClaims {
    /// The tenant whose streams it opens.
    pub tenant: TenantId,
    /// Whom it stands for.
    pub reader: StreamReader,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    t: u32,
    r: StreamReader,
}

impl Authenticator {
    /// The lifetime of a stream token: streams that it opened go on longer.
    pub const STREAM_TOKEN_LIFETIME: Duration = Duration::from_mins(5);

    /// Issues a token for streams, with the time at which it expires.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLong`]: the key of the credential is too long.
    pub fn issue_stream_token(
        &self,
        claims: &StreamTokenClaims,
    ) -> Result<(Secret, Timestamp), PayloadTooLong> {
        let expires = self.clock.now().saturating_add(Self::STREAM_TOKEN_LIFETIME);
        let payload = Payload { t: claims.tenant.number(), r: claims.reader.clone() };
        // Texts always serialise.
        let payload = serde_json::to_vec(&payload).unwrap_or_default();
        let sealed = self.sealer.seal(PURPOSE, &payload, expires)?;
        Ok((Secret::new(format!("{PREFIX}{}", sealed.expose())), expires))
    }

    /// The claims of a token that was presented.
    ///
    /// # Errors
    ///
    /// [`AuthError::Refused`]: it was not issued here, or has expired.
    pub fn open_stream_token(&self, presented: &str) -> Result<StreamTokenClaims, AuthError> {
        let sealed = presented.strip_prefix(PREFIX).ok_or(AuthError::Refused)?;
        let payload = self.sealer.open(PURPOSE, sealed, self.clock.now());
        let payload = payload.map_err(|_not_ours_or_expired| AuthError::Refused)?;
        let Payload { t, r } =
            serde_json::from_slice(&payload).map_err(|_other_release| AuthError::Refused)?;
        let tenant = TenantId::new(t).ok_or(AuthError::Refused)?;
        Ok(StreamTokenClaims { tenant, reader: r })
    }

    /// The present rights of the credential with this key, which has proved itself before.
    ///
    /// # Errors
    ///
    /// [`AuthError::Refused`] if it was removed or has expired, [`AuthError::Closed`] if its tenant
    /// is suspended or deleted, [`AuthError::Storage`].
    pub async fn identify_credential(&self, key: &str) -> Result<Identified, AuthError> {
        let known = self.find(key).await?.ok_or(AuthError::Refused)?;
        known.identify(self.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use acta_ambient::{SystemClock, SystemEntropy};
    use acta_storage::model::ModelStorage;

    use super::*;
    use crate::Options;

    async fn authenticator() -> Authenticator {
        let clock = Arc::new(SystemClock::new());
        let storage = Arc::new(ModelStorage::new(Arc::<SystemClock>::clone(&clock)));
        let options = Options { failures_count_max: 3 };
        Authenticator::open(storage, clock, Arc::new(SystemEntropy), options).await.unwrap()
    }

    #[tokio::test]
    async fn a_stream_token_opens_to_its_claims_and_nothing_else_does() {
        let authenticator = authenticator().await;
        let reader = StreamReader::Session("hash".to_owned());
        let claims = StreamTokenClaims { tenant: TenantId::FIRST, reader };
        let (token, _) = authenticator.issue_stream_token(&claims).unwrap();
        assert_eq!(authenticator.open_stream_token(token.expose()).unwrap(), claims);
        let other = self::authenticator().await.issue_stream_token(&claims).unwrap().0;
        let changed = format!("{}x", token.expose());
        for text in ["", "acta_s_", "acta_t_x", other.expose(), &changed, &token.expose()[7..]] {
            let opened = authenticator.open_stream_token(text);
            assert!(matches!(opened, Err(AuthError::Refused)), "{text}");
        }
    }

    #[tokio::test]
    async fn a_credential_that_is_not_there_has_no_rights() {
        let found = authenticator().await.identify_credential("nobody").await;
        assert!(matches!(found, Err(AuthError::Refused)));
    }
}
