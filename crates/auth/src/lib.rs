//! Authenticates requests and people.
//!
//! Secrets of credentials are never stored, only their HMAC-SHA256 under a key of the store's own;
//! passwords are stored as Argon2id hashes, and random tokens as SHA-256. All are compared in
//! constant time. Permissions and responses are decided elsewhere.

mod authenticator;
mod browser_token;
pub mod credential_audit;
mod credential_header;
mod error;
mod issue;
mod mac;
pub mod oidc;
mod people;
mod readable;
mod sealed;
mod sealed_cursor;
mod secret;
mod token;

pub use authenticator::{
    AuthInstant, Authenticator, Identified, NamedCredential, Options, StreamReader,
    StreamTokenClaims,
};
pub use browser_token::{TokenClaims, TokenError};
pub use error::AuthError;
pub use issue::SeedError;
pub use people::admission::{Admitted, SignInAdmission};
pub use people::csrf::CsrfGuard;
pub use people::guessing::{Attempt, SignInFailures};
pub use people::hasher::{
    HashingError, NotAPasswordHash, PasswordHash, PasswordHasher, PasswordHasherOptions,
    PasswordVerdict,
};
pub use people::password::{
    Password, PasswordFault, PasswordRules, PasswordTooLong, UnusableMinimum,
};
pub use people::recovery::{NotARecoveryCode, RecoveryCode};
pub use people::totp::{NotATotpSecret, TotpLabel, TotpSecret};
pub use people::turns::{SignInTurns, Turn};
pub use sealed::{OpenError, PAYLOAD_BYTES_MAX, PayloadTooLong, Sealer};
pub use sealed_cursor::{CursorSealer, NotASealedCursor, SealedCursor};
pub use secret::Secret;
pub use token::{NotAToken, Token, TokenId, TokenKind};
