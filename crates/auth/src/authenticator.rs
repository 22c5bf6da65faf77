//! Who sends a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_access::Principal;
use acta_ambient::{Clock, Entropy};
use acta_storage::{Credential, Storage, StorageError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::Secret;
use crate::basic;
use crate::cache::{Cache, Lookup};
use crate::failures::{Failures, Verdict};
use crate::issue::SEED_BYTES_MAX;

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
    /// The same, and wrong secrets were presented for this key too often. A right one is let
    /// in at any time.
    #[error("wrong secrets were presented for this key too often")]
    Exhausted {
        /// How many a minute are tolerated.
        count_max: usize,
        /// When they are forgotten.
        retry_after: Duration,
    },
    /// Storage could not be asked. Retry later.
    #[error("could not look up the credentials")]
    Storage(#[source] StorageError),
}

/// What an [`Authenticator`] can be told to do differently.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Wrong secrets for one key that are tolerated within a minute.
    pub failures_count_max: usize,
}

/// Tells who sends a request, and issues credentials.
pub struct Authenticator {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) cache: Cache,
    failures: Failures,
    options: Options,
    /// Keyed, before any input.
    mac: Hmac<Sha256>,
    /// How often secrets were compared.
    #[cfg(test)]
    comparison_count: std::sync::atomic::AtomicUsize,
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
        options: Options,
    ) -> Result<Self, StorageError> {
        let mut proposed = [0; 32];
        entropy.fill(&mut proposed);
        let key = storage.settle_secret(KEY_NAME, proposed).await?;
        // HMAC itself fills a short key up with zeros to the length of a block.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(&key);
        let mac = Hmac::new(&block.into());
        let failures = Failures::new(options.failures_count_max);
        let cache = Cache::default();
        Ok(Self {
            storage,
            clock,
            entropy,
            cache,
            failures,
            options,
            mac,
            #[cfg(test)]
            comparison_count: std::sync::atomic::AtomicUsize::new(0),
        })
    }

    /// The principal behind the value of a request's `Authorization` header.
    ///
    /// # Errors
    ///
    /// - [`AuthError::Missing`], [`AuthError::UnsupportedScheme`], [`AuthError::Refused`],
    ///   [`AuthError::Exhausted`]: it has none.
    /// - [`AuthError::Storage`]: nobody knows.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 4.1; RFC 7617.
    pub async fn authenticate(&self, authorization: Option<&[u8]>) -> Result<Principal, AuthError> {
        let presented = basic::parse(authorization.ok_or(AuthError::Missing)?)?;
        let credential = self.find(&presented.key).await?;
        let is_right = self.is_right(credential.as_deref(), &presented.secret);
        match credential {
            Some(credential) if is_right => {
                Ok(Principal::new(credential.tenant, presented.key, credential.scopes))
            }
            Some(_) | None => Err(self.refuse(&presented.key)),
        }
    }

    /// Whether `secret` belongs to `credential`.
    ///
    /// For an unknown key the same is computed and compared, so that time does not tell which
    /// keys there are.
    fn is_right(&self, credential: Option<&Credential>, secret: &Secret) -> bool {
        #[cfg(test)]
        self.comparison_count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let expected = credential.map_or(&[0; 32], |known| &known.secret_mac);
        bool::from(self.mac_of(secret).ct_eq(expected))
    }

    /// Counts a wrong secret. The same for keys that are known and for others.
    fn refuse(&self, key: &str) -> AuthError {
        let count_max = self.options.failures_count_max;
        let retry_after = match self.failures.count(key, self.clock.elapsed()) {
            Verdict::Tolerated => return AuthError::Refused,
            Verdict::Crossed(left) => {
                tracing::warn!("more than {count_max} wrong secrets were presented for one key");
                left
            }
            Verdict::Excessive(left) => left,
        };
        AuthError::Exhausted { count_max, retry_after }
    }

    async fn find(&self, key: &str) -> Result<Option<Arc<Credential>>, AuthError> {
        if SEED_BYTES_MAX < key.len() {
            // There is no such key, and it is not worth remembering.
            return Ok(None);
        }
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
