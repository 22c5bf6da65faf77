//! Creating credentials.

use std::sync::Arc;

use acta_access::{Scope, Scopes, TenantId};
use acta_storage::directory::{CredentialSecret, Recorded};
use acta_storage::{AuditOutcome, Change, Committed, Credential, NewAuditEntry, StorageError, Who};
use acta_xapi::Uuid;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::credential_audit;
use crate::credential_header::{SEED_BYTES_MAX, TOKEN_USER};
use crate::readable::readable;
use crate::{Authenticator, Secret};

/// The number of letters of a key, five bits each.
const KEY_LETTERS: usize = 16;

/// The name of the secret from which the first key of a store is derived.
const FIRST_KEY_NAME: &str = "first-key";

/// Why a credential could not be seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The key cannot be sent in Basic authentication. Choose another one.
    #[error("expected a key of 1 to {SEED_BYTES_MAX} bytes without colons and control characters")]
    UnusableKey,
    /// The secret cannot be sent in Basic authentication. Choose another one.
    #[error("expected a secret of 1 to {SEED_BYTES_MAX} bytes without control characters")]
    UnusableSecret,
    /// It could not be stored.
    #[error("could not store the credential")]
    Storage(#[source] StorageError),
}

impl Authenticator {
    /// A new random key.
    pub fn new_key(&self) -> String {
        let mut chance = [0; KEY_LETTERS];
        self.entropy.fill(&mut chance);
        key_of(&chance)
    }

    /// A new secret of 256 random bits, and its stored hash.
    pub fn new_secret(&self) -> (Secret, [u8; 32]) {
        let mut chance = [0; 32];
        self.entropy.fill(&mut chance);
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(chance));
        let mac = self.mac_of(&secret);
        (secret, mac)
    }

    /// Creates the first credential of a store, with a new key and a new secret. Of concurrent
    /// calls on any number of nodes, only one creates it; the others return none.
    ///
    /// The secret is returned only here.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::SecretStore::get_or_create_secret`] and
    /// [`acta_storage::RecordStore::commit`].
    pub async fn create_first_credential(
        &self,
        tenant: TenantId,
        scopes: Scopes,
    ) -> Result<Option<(Credential, Secret)>, StorageError> {
        let (secret, mac) = self.new_secret();
        // All nodes agree on the key, so that only one can create it. The key does not reveal the
        // secret.
        let mut proposed = [0; 32];
        self.entropy.fill(&mut proposed);
        let stored = self.storage.get_or_create_secret(FIRST_KEY_NAME, proposed).await?;
        let first = self.new_credential(key_of(&stored), "first", mac);
        let credential = Credential { tenant, scopes, ..first };
        let is_first = self.insert(&credential, "first start").await?;
        Ok(is_first.then_some((credential, secret)))
    }

    fn new_credential(&self, key: String, label: &str, mac: [u8; 32]) -> Credential {
        let created = self.clock.now();
        Credential {
            key,
            tenant: TenantId::FIRST,
            label: label.to_owned(),
            secrets: vec![CredentialSecret { mac, created, expires: None }],
            scopes: Scopes::from_iter([Scope::All]),
            restrictions: Arc::default(),
            authority: None,
            created,
            expires: None,
        }
    }

    /// Stores a credential with a given key and secret, and the scope [`Scope::All`]. Returns
    /// `false`, and changes nothing, if the key is taken.
    ///
    /// # Errors
    ///
    /// [`SeedError::UnusableKey`], [`SeedError::UnusableSecret`] or [`SeedError::Storage`].
    pub async fn seed_credential(
        &self,
        tenant: TenantId,
        key: &str,
        secret: &Secret,
    ) -> Result<bool, SeedError> {
        if !is_sendable(key) || key.contains(':') || key == TOKEN_USER {
            return Err(SeedError::UnusableKey);
        }
        if !is_sendable(secret.expose()) {
            return Err(SeedError::UnusableSecret);
        }
        let seeded = self.new_credential(key.to_owned(), "seeded", self.mac_of(secret));
        let credential = Credential { tenant, ..seeded };
        self.insert(&credential, "configuration").await.map_err(SeedError::Storage)
    }

    /// Stores a credential that no person has created, with an audit entry that says why.
    async fn insert(&self, credential: &Credential, by: &str) -> Result<bool, StorageError> {
        let entry = self.entry_of(credential, by);
        let entries = vec![(Some(credential.tenant), entry)];
        let change = Change { writes: vec![credential.create()], entries };
        let committed = self.storage.commit(&change).await;
        // A request may have used the key before it existed.
        self.forget(&credential.key);
        Ok(committed? == Committed::Done)
    }

    fn entry_of(&self, credential: &Credential, by: &str) -> NewAuditEntry {
        let mut id = [0; 16];
        self.entropy.fill(&mut id);
        let mut detail = credential_audit::detail(credential);
        detail["by"] = by.into();
        NewAuditEntry {
            id: Uuid::from_random(id),
            at: credential.created,
            who: Who::Server,
            from: String::new(),
            act: credential_audit::CREATED.into(),
            target: credential_audit::target(&credential.key),
            outcome: AuditOutcome::Done,
            detail: detail.to_string(),
        }
    }
}

/// The key made from the first bytes of `chance`.
fn key_of(chance: &[u8]) -> String {
    readable(&chance[..KEY_LETTERS.min(chance.len())])
}

/// Whether `text` can be part of Basic credentials.
///
/// Spec: RFC 7617, 2.
fn is_sendable(text: &str) -> bool {
    (1..=SEED_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control)
}
