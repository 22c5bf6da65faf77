//! Sessions.

use std::time::Duration;

use acta_access::TenantId;
use acta_auth::{Secret, Token, TokenKind};
use acta_storage::directory::{self, Account, Membership, Recorded, Session, Versioned};
use acta_storage::{Change, NewAuditEntry, RecordWrite};
use serde_json::json;

use crate::audit_entry::{AuditEvent, account_target};
use crate::people::accounts::unconditional;
use crate::{Admin, AdminError, Requester};

/// How often `last_used` of a session is updated.
const LAST_USED_INTERVAL: Duration = Duration::from_mins(1);

/// The parameters of a new session.
pub(crate) struct SessionStart<'a> {
    pub(crate) account: &'a Account,
    /// The address of the client.
    pub(crate) from: &'a str,
    /// Whether a second factor was used.
    pub(crate) is_strong: bool,
    /// The method of sign-in, for the audit.
    pub(crate) by: &'static str,
}

impl Admin {
    /// Starts a session: adds it to `change`, with its entries in the audit of the server and of
    /// every tenant in which the person has a role. If the account has the maximum number of
    /// sessions, the oldest end.
    ///
    /// Nobody else starts a session of the account at the same time: `change` creates the account,
    /// or replaces the version of it that was read before.
    pub(crate) async fn begin_session(
        &self,
        SessionStart { account, from, is_strong, by }: SessionStart<'_>,
        change: &mut Change,
    ) -> Result<(Session, Secret), AdminError> {
        let token = Token::new(TokenKind::Session, &*self.entropy);
        let now = self.clock.now();
        let ends = now.saturating_add(self.options.session_lifetime);
        let session = Session {
            id: token.id().as_str().to_owned(),
            account: account.id,
            created: now,
            last_used: now,
            ends,
            expires: ends.min(now.saturating_add(self.options.session_idle)),
            from: from.to_owned(),
            is_strong,
        };
        change.writes.push(session.create());
        let (ended, writes) = self.end_oldest_sessions(account).await?;
        change.writes.extend(writes);
        let requester = Requester::person(account.clone(), session.clone(), from);
        let mut detail = json!({ "by": by, "is_strong": is_strong });
        if 0 < ended {
            detail["ended_sessions"] = ended.into();
        }
        self.audit_everywhere(
            &requester,
            AuditEvent { act: "session.started", detail: &detail },
            change,
        )
        .await?;
        Ok((session, Secret::new(token.expose())))
    }

    /// The writes that remove the sessions for which a new one leaves no room: the oldest, and
    /// those that have ended. Also returns how many of them have not ended yet.
    async fn end_oldest_sessions(
        &self,
        account: &Account,
    ) -> Result<(usize, Vec<RecordWrite>), AdminError> {
        let sessions: Vec<Versioned<Session>> = self.owned_by(account.id).await?;
        if sessions.len() < self.options.sessions_max {
            return Ok((0, Vec::new()));
        }
        let now = self.clock.now();
        let (mut open, mut removed): (Vec<_>, Vec<_>) =
            sessions.into_iter().partition(|found| now < found.value.expires);
        // The newest first.
        open.sort_by_key(|found| std::cmp::Reverse((found.value.created, found.value.id.clone())));
        let stay = self.options.sessions_max.saturating_sub(1).min(open.len());
        let ended = open.split_off(stay);
        let ended_count = ended.len();
        removed.extend(ended);
        Ok((ended_count, removed.iter().map(Versioned::remove).map(unconditional).collect()))
    }

    /// Records an act of a person on their own account in the audit of the server and of every
    /// tenant in which they have a role.
    pub(crate) async fn audit_everywhere(
        &self,
        requester: &Requester,
        event: AuditEvent<'_>,
        change: &mut Change,
    ) -> Result<(), AdminError> {
        let Some(account) = requester.account() else { return Err(AdminError::NotFound) };
        let roles: Vec<Versioned<Membership>> = self.owned_by(account.id).await?;
        let tenants = roles.into_iter().map(|role| Some(role.value.tenant));
        for tenant in std::iter::once(None::<TenantId>).chain(tenants) {
            let entry: NewAuditEntry =
                self.entry_with(requester, event.act, account_target(account.id), event.detail);
            change.entries.push((tenant, entry));
        }
        Ok(())
    }

    /// Authenticates the token of a session.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotSignedIn`]: the session does not exist or has ended;
    /// [`AdminError::Service`]: it could not be read.
    pub async fn find_session(&self, token: &str, from: &str) -> Result<Requester, AdminError> {
        let token = Token::parse(TokenKind::Session, token);
        let token = token.map_err(|_not_a_token| AdminError::NotSignedIn)?;
        let (found, account) = self.load_session(token.id().as_str()).await?;
        let now = self.clock.now();
        if found.value.last_used.saturating_add(LAST_USED_INTERVAL) <= now {
            let touched = Session {
                last_used: now,
                expires: found.value.ends.min(now.saturating_add(self.options.session_idle)),
                ..found.value.clone()
            };
            // Another request may have updated it, or the session may have ended: both are fine.
            let writes = vec![found.write(&touched)];
            self.storage.commit(&Change { writes, entries: Vec::new() }).await?;
        }
        Ok(Requester::person(account, found.value, from))
    }

    /// The person of a session whose token was presented before. This does not count as a use of
    /// the session.
    ///
    /// # Errors
    ///
    /// As [`Admin::find_session`].
    pub async fn find_open_session(&self, id: &str, from: &str) -> Result<Requester, AdminError> {
        let (found, account) = self.load_session(id).await?;
        Ok(Requester::person(account, found.value, from))
    }

    /// A session that has not ended, and its account.
    async fn load_session(&self, id: &str) -> Result<(Versioned<Session>, Account), AdminError> {
        let found: Option<Versioned<Session>> = directory::find(&*self.storage, id).await?;
        let found = found.ok_or(AdminError::NotSignedIn)?;
        let now = self.clock.now();
        if found.value.expires <= now || found.value.ends <= now {
            return Err(AdminError::NotSignedIn);
        }
        let account = self.find_account(found.value.account).await?;
        let account = account.ok_or(AdminError::NotSignedIn)?.value;
        if account.is_disabled { Err(AdminError::NotSignedIn) } else { Ok((found, account)) }
    }

    /// The sessions of the requester, with the current one.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`]: the requester is not a person; [`AdminError::Service`].
    pub async fn list_sessions(&self, requester: &Requester) -> Result<Vec<Session>, AdminError> {
        let account = requester.account().ok_or(AdminError::NotFound)?;
        let now = self.clock.now();
        let sessions: Vec<Versioned<Session>> = self.owned_by(account.id).await?;
        let current = sessions.into_iter().map(|found| found.value);
        Ok(current.filter(|session| now < session.expires).collect())
    }

    /// Ends a session of the requester.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Service`].
    pub async fn end_session(&self, requester: &Requester, id: &str) -> Result<(), AdminError> {
        let account = requester.account().ok_or(AdminError::NotFound)?;
        let found: Option<Versioned<Session>> = directory::find(&*self.storage, id).await?;
        let found = found.filter(|found| found.value.account == account.id);
        let found = found.ok_or(AdminError::NotFound)?;
        let writes: Vec<RecordWrite> = vec![unconditional(found.remove())];
        let mut change = Change { writes, entries: Vec::new() };
        let is_own = requester.session().is_some_and(|session| session.id == id);
        let detail = json!({ "is_own": is_own });
        self.audit_everywhere(
            requester,
            AuditEvent { act: "session.ended", detail: &detail },
            &mut change,
        )
        .await?;
        self.commit(&change).await
    }
}
