//! Who sends a request.

use std::fmt;
use std::sync::Arc;

use acta_access::Principal;
use acta_ambient::{Clock, Entropy};
use acta_storage::{Credential, Storage, StorageError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::Secret;
use crate::basic;
use crate::cache::{Cache, Lookup};

/// The name of the secret in storage that keys the hashes of credentials.
const KEY_NAME: &str = "credential-mac";

/// Why a request has no principal.
///
/// Clients are told no more than that they must authenticate.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Nothing was presented.
    #[error("no credentials were presented")]
    Missing,
    /// Something other than Basic credentials was presented.
    #[error("the authentication scheme is not supported")]
    UnsupportedScheme,
    /// What was presented is malformed, unknown or wrong.
    #[error("the credentials are not valid")]
    Refused,
    /// Storage could not be asked. Retry later.
    #[error("could not look up the credentials")]
    Storage(#[source] StorageError),
}

/// Tells who sends a request, and issues credentials.
pub struct Authenticator {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) cache: Cache,
    /// Keyed, before any input.
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

impl Authenticator {
    /// An authenticator for the credentials in `storage`, whose key it reads or, in a new
    /// store, makes.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::CredentialStore::settle_secret`].
    pub async fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StorageError> {
        let mut proposed = [0; 32];
        entropy.fill(&mut proposed);
        let key = storage.settle_secret(KEY_NAME, proposed).await?;
        // HMAC itself fills a short key up with zeros to the length of a block.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(&key);
        let mac = Hmac::new(&block.into());
        Ok(Self { storage, clock, entropy, cache: Cache::default(), mac })
    }

    /// The principal behind the value of a request's `Authorization` header.
    ///
    /// # Errors
    ///
    /// - [`AuthError::Missing`], [`AuthError::UnsupportedScheme`], [`AuthError::Refused`]: it
    ///   has none.
    /// - [`AuthError::Storage`]: nobody knows.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 4.1; RFC 7617.
    pub async fn authenticate(&self, authorization: Option<&[u8]>) -> Result<Principal, AuthError> {
        let presented = basic::parse(authorization.ok_or(AuthError::Missing)?)?;
        let credential = self.find(&presented.key).await?;
        // For an unknown key the same is computed and compared, so that time does not tell
        // which keys there are.
        let expected = credential.as_ref().map_or(&[0; 32], |known| &known.secret_mac);
        let is_right = bool::from(self.mac_of(&presented.secret).ct_eq(expected));
        match credential {
            Some(credential) if is_right => Ok(Principal {
                tenant: credential.tenant,
                name: presented.key,
                scopes: credential.scopes,
            }),
            Some(_) | None => Err(AuthError::Refused),
        }
    }

    async fn find(&self, key: &str) -> Result<Option<Arc<Credential>>, AuthError> {
        let asked = self.clock.elapsed();
        let generation = match self.cache.find(key, asked) {
            Lookup::Known(credential) => return Ok(credential),
            Lookup::Unknown(generation) => generation,
        };
        let found = self.storage.find_credential(key).await.map_err(AuthError::Storage)?;
        let found = found.map(Arc::new);
        self.cache.remember(key, found.clone(), (generation, asked));
        Ok(found)
    }

    /// Forgets what was looked up of a key. To be called when its credential was changed or
    /// removed, so that this holds for the next request and not only a second later.
    pub fn forget(&self, key: &str) {
        self.cache.forget(key);
    }

    /// The hash under which a secret is stored.
    pub(crate) fn mac_of(&self, secret: &Secret) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(secret.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests;
