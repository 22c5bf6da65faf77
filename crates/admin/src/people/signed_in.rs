//! A new session.

use acta_auth::Secret;
use acta_storage::directory::{Account, Session};

/// A new session, and its token, which is returned only once.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account.
    pub account: Account,
    /// As it is stored.
    pub session: Session,
    /// The token for the cookie.
    pub token: Secret,
}
