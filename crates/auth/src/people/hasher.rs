//! Password hashing, which is slow and needs much memory on purpose.
//!
//! The number of concurrent computations is limited by memory, and they run outside of the request
//! threads. Some more wait, and the rest are refused, so that many attempts cannot exhaust the
//! server.
//!
//! Spec: RFC 9106; OWASP ASVS 5.0, 11.4.2; OWASP Password Storage Cheat Sheet.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::Entropy;
use acta_storage::spawn_blocking;
use argon2::password_hash::{self, phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::task::JoinError;

use crate::Password;

/// Memory for one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over the memory.
const PASSES: u32 = 2;

/// Degree of parallelism.
const LANES: u32 = 1;

/// Bytes of a salt.
const SALT_BYTES: usize = 16;

/// Bytes of a hash.
const OUTPUT_BYTES: usize = 32;

/// Most bytes of a hash in the PHC format.
const OUTPUT_BYTES_MAX: usize = 64;

/// The largest accepted parameters of a stored hash: 256 MiB, and so on. A manipulated hash in the
/// store cannot exhaust the server.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 32;
const LANES_MAX: u32 = 16;

/// When to retry if too many wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The hash of a password, as stored: a text in the PHC format that names algorithm, version,
/// parameters and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

/// The text is not a supported password hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an Argon2id hash in the PHC format with parameters within bounds")]
pub struct NotAPasswordHash;

impl FromStr for PasswordHash {
    type Err = NotAPasswordHash;

    fn from_str(text: &str) -> Result<Self, NotAPasswordHash> {
        let hash = phc::PasswordHash::new(text).map_err(|_invalid| NotAPasswordHash)?;
        let is_argon2id = hash.algorithm.as_str() == Algorithm::Argon2id.as_str();
        let is_newest = hash.version == Some(Version::V0x13.into());
        if !is_argon2id || !is_newest || hash.salt.is_none() || hash.hash.is_none() {
            return Err(NotAPasswordHash);
        }
        let params = Params::try_from(&hash).map_err(|_invalid| NotAPasswordHash)?;
        let is_bounded = params.m_cost() <= MEMORY_KIB_MAX
            && params.t_cost() <= PASSES_MAX
            && params.p_cost() <= LANES_MAX
            && params.keyid().is_empty()
            && params.data().is_empty();
        if is_bounded { Ok(Self(hash)) } else { Err(NotAPasswordHash) }
    }
}

impl PasswordHash {
    /// The text to store.
    pub fn to_text(&self) -> String {
        self.0.to_string()
    }

    fn input(&self) -> Result<Input, password_hash::Error> {
        let params = Params::try_from(&self.0)?;
        let salt = self.0.salt.as_ref().ok_or(password_hash::Error::SaltInvalid)?;
        Ok(Input { params, salt: salt.to_vec() })
    }

    /// Compares in constant time.
    fn is_same(&self, other: &Self) -> bool {
        let outputs = (self.0.hash.as_ref(), other.0.hash.as_ref());
        let (Some(ours), Some(theirs)) = outputs else { return false };
        bool::from(ours.as_bytes().ct_eq(theirs.as_bytes()))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The result of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// It is correct.
    Right,
    /// It is correct, but its hash has outdated parameters. Store a new hash of it.
    RightButOutdated,
    /// It is wrong, or there is no account.
    Wrong,
}

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many are waiting. Retry later.
    #[error("too many passwords are being hashed")]
    Busy {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// It could not be computed, for example for lack of memory.
    #[error("could not compute a password hash")]
    Failed(#[source] password_hash::Error),
    /// The process is shutting down, or the computation panicked.
    #[error("the computation of a password hash was aborted")]
    Aborted(#[source] JoinError),
}

/// The limits of a [`PasswordHasher`].
#[derive(Clone, Copy, Debug)]
pub struct PasswordHasherOptions {
    /// Most concurrent computations. Each needs 19 MiB and one processor.
    pub running_count_max: NonZeroUsize,
    /// Most waiting computations.
    pub waiting_count_max: usize,
}

/// Hashes passwords and verifies them.
#[derive(Debug)]
pub struct PasswordHasher {
    entropy: Arc<dyn Entropy>,
    running: Arc<Semaphore>,
    memory: Arc<MemoryPool>,
    /// Permits for running and waiting computations.
    places: Semaphore,
}

impl PasswordHasher {
    /// A hasher that takes its salts from `entropy`.
    pub fn new(entropy: Arc<dyn Entropy>, options: PasswordHasherOptions) -> Self {
        let running = options.running_count_max.get().min(Semaphore::MAX_PERMITS);
        let places = running.saturating_add(options.waiting_count_max).min(Semaphore::MAX_PERMITS);
        Self {
            entropy,
            running: Arc::new(Semaphore::new(running)),
            memory: Arc::default(),
            places: Semaphore::new(places),
        }
    }

    /// The hash of `password` with a new salt and today's parameters.
    ///
    /// # Errors
    ///
    /// [`HashingError`]: see its variants.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, HashingError> {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        self.compute(password, Input { params: current()?, salt: salt.to_vec() }).await
    }

    /// Checks `password` against the stored hash `known` of an account.
    ///
    /// Without an account the same work is done, so that the time does not reveal which accounts
    /// exist.
    ///
    /// # Errors
    ///
    /// [`HashingError`]: see its variants.
    pub async fn verify(
        &self,
        password: &Password,
        known: Option<&PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        let current = current()?;
        let input = match known {
            Some(known) => known.input().map_err(HashingError::Failed)?,
            None => Input { params: current.clone(), salt: vec![0; SALT_BYTES] },
        };
        let is_outdated = input.params != current;
        let computed = self.compute(password, input).await?;
        let is_right = known.is_some_and(|known| known.is_same(&computed));
        Ok(match (is_right, is_outdated) {
            (true, false) => PasswordVerdict::Right,
            (true, true) => PasswordVerdict::RightButOutdated,
            (false, _) => PasswordVerdict::Wrong,
        })
    }

    async fn compute(
        &self,
        password: &Password,
        input: Input,
    ) -> Result<PasswordHash, HashingError> {
        let busy = HashingError::Busy { retry_after: RETRY_AFTER };
        let Ok(_place) = self.places.try_acquire() else { return Err(busy) };
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&self.running).acquire_owned().await else { return Err(busy) };
        let (password, memory) = (password.clone(), Arc::clone(&self.memory));
        let work = move || {
            // The memory is in use until the end, even if the caller has gone.
            let _permit = permit;
            memory.compute(password.as_bytes(), &input)
        };
        let computed = spawn_blocking(work).await.map_err(HashingError::Aborted)?;
        computed.map(PasswordHash).map_err(HashingError::Failed)
    }
}

/// The memory of hashes, reused: a hash that took it from the allocator each time would leave as
/// much behind on every thread that ever computed one.
#[derive(Debug, Default)]
struct MemoryPool(Mutex<Vec<Vec<Block>>>);

impl MemoryPool {
    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compute(
        &self,
        password: &[u8],
        input: &Input,
    ) -> Result<phc::PasswordHash, password_hash::Error> {
        let count = input.params.block_count();
        let mut blocks = self.lock().pop().unwrap_or_default();
        blocks.resize(count.max(blocks.len()), Block::new());
        let salt = phc::Salt::new(&input.salt)?;
        let mut output = [0; OUTPUT_BYTES_MAX];
        let output_bytes = input.params.output_len().unwrap_or(OUTPUT_BYTES);
        let output = output.get_mut(..output_bytes).ok_or(password_hash::Error::OutputSize)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, input.params.clone())
            .hash_password_into_with_memory(
                password,
                &salt,
                output,
                blocks.get_mut(..count).unwrap_or_default(),
            )?;
        // Only memory of the usual size is kept.
        if count <= MEMORY_KIB as usize {
            self.lock().push(blocks);
        }
        Ok(phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(&input.params)?,
            salt: Some(salt),
            hash: Some(phc::Output::new(output)?),
        })
    }
}

/// The inputs of a hash besides the password.
struct Input {
    params: Params,
    salt: Vec<u8>,
}

/// Today's parameters.
fn current() -> Result<Params, HashingError> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES))
        .map_err(|error| HashingError::Failed(error.into()))
}

#[cfg(test)]
mod tests {
    use acta_ambient::{SeededEntropy, SystemEntropy};

    use super::*;

    /// What another implementation, argon2-cffi, makes of "pæssword of Ada" with the salt
    /// "0123456789abcdef": with today's parameters, and with lesser ones.
    const TODAYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ZUS+mDBKY4lG78h4Jbf5d9hMUGlXFPoDRwpvNzOkonU";
    const EARLIER: &str = "$argon2id$v=19$m=1024,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$bjTB+TF4RpY/R/Ulzq6awwGJWplJatxxJcNUNs+Bj9U";

    fn hasher(waiting_count_max: usize) -> PasswordHasher {
        let running_count_max = NonZeroUsize::MIN;
        let options = PasswordHasherOptions { running_count_max, waiting_count_max };
        PasswordHasher::new(Arc::new(SeededEntropy::new(1)), options)
    }

    fn password(text: &str) -> Password {
        Password::presented(text).unwrap()
    }

    #[tokio::test]
    async fn distinguishes_right_from_wrong() {
        let table = [
            ("pæssword of Ada", Some(TODAYS), PasswordVerdict::Right),
            ("pæssword of Ada", Some(EARLIER), PasswordVerdict::RightButOutdated),
            ("pæssword of Ada ", Some(TODAYS), PasswordVerdict::Wrong),
            ("Pæssword of Ada", Some(EARLIER), PasswordVerdict::Wrong),
            ("", Some(TODAYS), PasswordVerdict::Wrong),
            ("pæssword of Ada", None, PasswordVerdict::Wrong),
        ];
        let hasher = hasher(0);
        for (text, known, expected) in table {
            let known = known.map(|text| text.parse().unwrap());
            let verdict = hasher.verify(&password(text), known.as_ref()).await.unwrap();
            assert_eq!(verdict, expected, "{text:?} against {known:?}");
        }
    }

    #[tokio::test]
    async fn verifies_what_it_hashed_and_was_stored() {
        let (hasher, password) = (hasher(0), password("blue otters juggle"));
        let first = hasher.hash(&password).await.unwrap().to_text();
        let second = hasher.hash(&password).await.unwrap().to_text();
        assert_ne!(first, second, "each has a salt of its own");
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        let stored = first.parse().unwrap();
        let verdict = hasher.verify(&password, Some(&stored)).await.unwrap();
        assert_eq!(verdict, PasswordVerdict::Right);
    }

    #[tokio::test]
    async fn refuses_when_the_queue_is_full() {
        let password = password("any");
        let alone = hasher(0);
        let (first, second) = tokio::join!(alone.hash(&password), alone.hash(&password));
        assert!(first.is_ok());
        assert!(matches!(second, Err(HashingError::Busy { .. })), "{second:?}");
        assert!(alone.hash(&password).await.is_ok(), "the place is free again");

        let patient = hasher(1);
        let (first, second) = tokio::join!(patient.hash(&password), patient.hash(&password));
        assert!(first.is_ok() && second.is_ok());
    }

    #[tokio::test]
    async fn a_dropped_request_frees_its_permit() {
        let password = password("any");
        let options =
            PasswordHasherOptions { running_count_max: NonZeroUsize::MIN, waiting_count_max: 0 };
        let hasher = PasswordHasher::new(Arc::new(SystemEntropy), options);
        tokio::select! {
            biased;
            _ = hasher.hash(&password) => panic!("it takes a while"),
            () = std::future::ready(()) => {}
        }
        assert!(hasher.hash(&password).await.is_ok());
    }

    #[test]
    fn refuses_invalid_hashes_and_excessive_parameters() {
        assert_eq!(TODAYS.parse::<PasswordHash>().unwrap().to_text(), TODAYS);
        let table = [
            String::new(),
            "password".to_owned(),
            TODAYS.replace("argon2id", "argon2i"),
            TODAYS.replace("argon2id", "scrypt"),
            TODAYS.replace("v=19", "v=16"),
            TODAYS.replace("$v=19", ""),
            TODAYS.replace("m=19456", "m=262145"),
            TODAYS.replace("t=2", "t=33"),
            TODAYS.replace("p=1", "p=17"),
            TODAYS.replace("p=1", "p=1,keyid=YWJj"),
            TODAYS.replace("t=2", "t=0"),
            TODAYS.replace("$ZUS+mDBKY4lG78h4Jbf5d9hMUGlXFPoDRwpvNzOkonU", ""),
        ];
        for text in table {
            assert_eq!(text.parse::<PasswordHash>(), Err(NotAPasswordHash), "{text}");
        }
    }
}
