//! Authentication of requests.

mod cache;
mod confirm;
pub(crate) mod credential_lookup;
mod failures;
mod named;
mod readings;
mod stream_token;
mod uses;

use std::fmt;
use std::sync::Arc;

use acta_access::{Authority, Principal, TenantId};
use acta_ambient::{Clock, Entropy, Timestamp};
use acta_storage::directory::Tenant;
use acta_storage::{Storage, StorageError, Who};
use acta_xapi::Iri;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::AuthError;
use crate::credential_header::{CredentialHeader, SEED_BYTES_MAX, TOKEN_USER};
use crate::oidc::{BearerVerifier, OidcError};
use crate::{CursorSealer, Sealer, Secret};
use cache::{Cache, Lookup};
pub use confirm::AuthInstant;
use credential_lookup::FoundCredential;
pub use credential_lookup::Identified;
use failures::{Failures, Verdict};
pub use named::NamedCredential;
use readings::{Reading, Readings};
pub use stream_token::{StreamReader, StreamTokenClaims};
use uses::Uses;

/// The name of the secret with the key for hashes of credentials.
const KEY_NAME: &str = "credential-mac";

/// The name of the secret for sealing browser tokens.
const SEAL_NAME: &str = "browser-token-seal";

/// The name of the secret for sealing cursors.
const CURSOR_NAME: &str = "cursor-seal";

/// The options of an [`Authenticator`].
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Wrong secrets for one key that are tolerated within a minute.
    pub failures_count_max: usize,
}

/// Authenticates requests, and issues credentials.
pub struct Authenticator {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) cache: Cache,
    uses: Uses,
    readings: Readings,
    pub(crate) sealer: Sealer,
    cursors: CursorSealer,
    /// Verifies access tokens.
    bearer: Option<Arc<BearerVerifier>>,
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
    /// Most keys with counted wrong secrets.
    pub const FAILING_KEYS_MAX: usize = failures::KEYS_MAX;

    /// Most unknown keys that are cached.
    pub const UNKNOWN_KEYS_MAX: usize = cache::ENTRIES_MAX;

    /// Opens an authenticator for the credentials in `storage`. It reads the key of the store, and
    /// creates it in a new store.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::get_or_create_secret`].
    pub async fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: Options,
    ) -> Result<Self, StorageError> {
        let key = get_or_create_secret(&*storage, &*entropy, KEY_NAME).await?;
        let sealer = Sealer::new(get_or_create_secret(&*storage, &*entropy, SEAL_NAME).await?);
        let cursors = get_or_create_secret(&*storage, &*entropy, CURSOR_NAME).await?;
        let cursors = CursorSealer::new(cursors);
        // HMAC itself pads a short key with zeros to the block size.
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
            uses: Uses::default(),
            readings: Readings::default(),
            sealer,
            cursors,
            bearer: None,
            failures,
            options,
            mac,
            #[cfg(test)]
            comparison_count: std::sync::atomic::AtomicUsize::new(0),
        })
    }

    /// Adds a verifier for access tokens.
    #[must_use]
    pub fn with_bearer(self, bearer: Option<Arc<BearerVerifier>>) -> Self {
        Self { bearer, ..self }
    }

    /// Seals the cursors of pages of statements.
    pub const fn cursors(&self) -> &CursorSealer {
        &self.cursors
    }

    /// Authenticates the value of a header `Authorization`.
    ///
    /// # Errors
    ///
    /// - [`AuthError::Missing`], [`AuthError::UnsupportedScheme`], [`AuthError::Refused`],
    ///   [`AuthError::Exhausted`]: authentication failed.
    /// - [`AuthError::Closed`]: the tenant is suspended or deleted.
    /// - [`AuthError::Storage`]: storage could not be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 4.1; RFC 7617; RFC 6750.
    pub async fn authenticate(
        &self,
        authorization: Option<&[u8]>,
    ) -> Result<Identified, AuthError> {
        let authorization = authorization.ok_or(AuthError::Missing)?;
        match CredentialHeader::parse(authorization)? {
            CredentialHeader::Basic { key, secret } if key == TOKEN_USER => {
                self.authenticate_token(&secret).await
            }
            CredentialHeader::Basic { key, secret } => self.authenticate_basic(key, &secret).await,
            CredentialHeader::Bearer(token) => self.authenticate_bearer(&token).await,
        }
    }

    /// The current moment. Take it before [`Authenticator::authenticate`].
    pub fn moment(&self) -> AuthInstant {
        AuthInstant::now(&self.cache, self.clock.elapsed())
    }

    /// Confirms that the value of a header `Authorization` still has the rights that it had at a
    /// moment. Call it when a body has arrived, which may take long, before anything is written:
    /// the credential may have been removed or changed, and the tenant suspended, meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Authenticator::authenticate`]; [`AuthError::Refused`] also if the rights have changed.
    pub async fn confirm(
        &self,
        authorization: &[u8],
        (principal, moment): (&Principal, AuthInstant),
    ) -> Result<(), AuthError> {
        if moment.is_current(&self.cache, self.clock.elapsed()) {
            return Ok(());
        }
        let now = self.authenticate(Some(authorization)).await?.principal;
        if now == *principal { Ok(()) } else { Err(AuthError::Refused) }
    }

    /// Records in the audit of a tenant that a credential or token reads statements, if the tenant
    /// has enabled this: before the first time in each hour, on each node. So nobody can read
    /// without a trace with a credential that is created for it and removed afterwards.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::RecordStore::commit`]. Nothing may be read then.
    pub async fn record_reading(
        &self,
        tenant: &Tenant,
        who: &Who,
        from: &str,
    ) -> Result<(), StorageError> {
        if !tenant.audits_reads {
            return Ok(());
        }
        let (at, now) = (self.clock.now(), self.clock.elapsed());
        let reading = Reading { tenant, who, from, at, now };
        self.readings.record(&*self.storage, &*self.entropy, reading).await
    }

    async fn authenticate_bearer(&self, token: &Secret) -> Result<Identified, AuthError> {
        if Self::is_token(token) {
            return self.authenticate_token(token).await;
        }
        let bearer = self.bearer.as_ref().ok_or(AuthError::Refused)?;
        let identity = bearer.verify(token.expose()).await.map_err(|error| match error {
            OidcError::Unavailable { .. } | OidcError::Setup(_) => AuthError::Issuer(error),
            OidcError::Declined(_) | OidcError::Stale | OidcError::Token(_) => AuthError::Refused,
        })?;
        let tenant = credential_lookup::find_tenant(&*self.storage, identity.tenant).await;
        let tenant = tenant.map_err(AuthError::Storage)?.ok_or(AuthError::Refused)?;
        credential_lookup::check_state(&tenant)?;
        let issuer: Option<Iri> = identity.issuer.parse().ok();
        let authority = issuer.map(|issuer| Authority::of_account(&issuer, &identity.subject));
        let principal = Principal {
            authority: authority.map(Arc::new),
            ..Principal::new(identity.tenant, identity.name(), identity.scopes)
        };
        let who = Who::Bearer(identity.name());
        Ok(Identified { principal, who, tenant: Arc::new(tenant) })
    }

    async fn authenticate_basic(
        &self,
        key: String,
        secret: &Secret,
    ) -> Result<Identified, AuthError> {
        let known = self.find(&key).await?;
        let is_right = self.is_right(known.as_deref(), secret);
        match known {
            Some(known) if is_right => {
                let identified = known.identify(self.clock.now())?;
                self.uses.note(&key, known.credential.tenant, self.clock.now());
                Ok(identified)
            }
            Some(_) | None => Err(self.refuse(&key)),
        }
    }

    /// Whether `secret` belongs to the credential.
    ///
    /// For an unknown key the same work is done, so that the time does not reveal which keys exist.
    fn is_right(&self, known: Option<&FoundCredential>, secret: &Secret) -> bool {
        #[cfg(test)]
        self.comparison_count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let now = self.clock.now();
        let mac = self.mac_of(secret);
        let mut is_right = mac.ct_eq(&[0; 32]) & Choice::from(0);
        for one in known.map(|known| &known.credential.secrets[..]).unwrap_or_default() {
            let is_valid = one.expires.is_none_or(|expires| now < expires);
            is_right |= mac.ct_eq(&one.mac) & Choice::from(u8::from(is_valid));
        }
        bool::from(is_right)
    }

    /// Counts a wrong secret, for known and unknown keys alike.
    fn refuse(&self, key: &str) -> AuthError {
        let count_max = self.options.failures_count_max;
        let retry_after = match self.failures.count(key, self.clock.elapsed()) {
            Verdict::Tolerated => return AuthError::Refused,
            Verdict::Crossed(left) => {
                tracing::warn!("more than {count_max} wrong secrets for one key within a minute");
                left
            }
            Verdict::Excessive(left) => left,
        };
        AuthError::Exhausted { count_max, retry_after }
    }

    /// Finds the credential of a key, with its tenant.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<Arc<FoundCredential>>, AuthError> {
        if SEED_BYTES_MAX < key.len() {
            // There is no such key, and it need not be cached.
            return Ok(None);
        }
        let asked = self.clock.elapsed();
        let generation = match self.cache.find(key, asked) {
            Lookup::Known(known) => return Ok(known),
            Lookup::Unknown(generation) => generation,
        };
        let found = FoundCredential::find(&*self.storage, key).await.map_err(AuthError::Storage)?;
        let found = found.map(Arc::new);
        self.cache.remember(key, found.clone(), generation, asked);
        Ok(found)
    }

    /// The credential that the value of a header `Authorization` names, by its key or by a token
    /// that was issued to it, also if the secret is wrong or the token has expired. None if there
    /// is no such credential, or storage cannot be read.
    pub async fn find_named(&self, authorization: &[u8]) -> Option<NamedCredential> {
        let key = match CredentialHeader::parse(authorization).ok()? {
            CredentialHeader::Basic { key, secret } if key == TOKEN_USER => {
                self.key_of_token(&secret)?
            }
            CredentialHeader::Basic { key, .. } => key,
            CredentialHeader::Bearer(token) => self.key_of_token(&token)?,
        };
        let found = self.find(&key).await.ok().flatten()?;
        Some(NamedCredential { key, tenant: found.credential.tenant })
    }

    /// Removes a key from the cache. Call it when its credential was changed or removed, so that
    /// the change applies to the next request and not only a second later.
    pub fn forget(&self, key: &str) {
        self.cache.forget(key);
    }

    /// Removes the credentials of a tenant from the cache. Call it when the tenant was changed.
    pub fn forget_tenant(&self, _tenant: TenantId) {
        // Tenants change rarely, and a look-up of a credential is fast.
        self.cache.forget_all();
    }

    /// When a credential was last used on this node, if this is not stored yet.
    pub fn last_used(&self, key: &str) -> Option<Timestamp> {
        self.uses.last_used(key)
    }

    /// Stores when credentials were last used.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::RecordStore::commit`]. Uses that were not stored are stored the next
    /// time.
    pub async fn save_uses(&self) -> Result<(), StorageError> {
        self.uses.save(&*self.storage).await
    }

    /// The hash under which a secret is stored.
    pub(crate) fn mac_of(&self, secret: &Secret) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(secret.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// Reads a secret of the store, and creates it if there is none.
async fn get_or_create_secret(
    storage: &dyn Storage,
    entropy: &dyn Entropy,
    name: &str,
) -> Result<[u8; 32], StorageError> {
    let mut proposed = [0; 32];
    entropy.fill(&mut proposed);
    storage.get_or_create_secret(name, proposed).await
}

#[cfg(test)]
mod tests;
