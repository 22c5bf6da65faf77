//! Sign-in with a password and, if the account has one, a second factor.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::time::Duration;

use acta_ambient::Timestamp;
use acta_auth::{
    Attempt, HashingError, Password, PasswordHash, PasswordVerdict, RecoveryCode, SignInFailures,
    TotpSecret,
};
use acta_service::ServiceError;
use acta_storage::directory::{self, Account, EmailAddress, Failures, Recorded, Versioned};
use acta_storage::{
    AuditOutcome, Change, Committed, Expected, NewAuditEntry, RecordKind, RecordWrite, Who,
};
use acta_xapi::Sha2;
use serde_json::json;

use crate::audit_entry::account_target;
use crate::people::sessions::SessionStart;
use crate::people::signed_in::SignedIn;
use crate::{Admin, AdminError, Requester};

/// The data of a sign-in.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// The e-mail address of the account.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// A code of the second factor, or a recovery code.
    pub code: Option<&'a str>,
    /// The address of the client.
    pub from: &'a str,
}

impl fmt::Debug for SignIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Failures from all addresses count less than failures from one address, by this factor: a few
/// attempts of others lock nobody out.
const ALL_ADDRESSES_DIVISOR: u32 = 10;

/// The longest delay after failures from all addresses: guessing from very many addresses slows the
/// owner down, but does not lock the owner out.
const ALL_ADDRESSES_DELAY_MAX: Duration = Duration::from_secs(30);

/// How long failures are kept.
const FAILURES_LIFETIME: Duration = Duration::from_hours(24);

impl Admin {
    /// Starts a session for a person with the password of an account and its second factor.
    ///
    /// Every attempt is counted before it is checked, so that parallel attempts are as slow as
    /// sequential ones. Before that, the attempts of one place are limited, and few go on at a
    /// time, the trustworthy ones first. No response reveals whether an account exists.
    ///
    /// # Errors
    ///
    /// - [`AdminError::NotSignedIn`]: the e-mail address, password or code is wrong.
    /// - [`AdminError::CodeNeeded`]: the password is correct, and a code was not sent.
    /// - [`AdminError::Delayed`]: too many attempts have failed.
    /// - [`AdminError::Service`].
    pub async fn sign_in(&self, sign_in: &SignIn<'_>) -> Result<SignedIn, AdminError> {
        let place = place_of(sign_in.from);
        let admitted = self.admission.admit(&place);
        let admitted = admitted.map_err(|retry_after| AdminError::Delayed { retry_after })?;
        let turn = self.turns.wait(&place, sign_in.from).await;
        let turn = turn.map_err(|retry_after| ServiceError::Busy { retry_after })?;
        let signed_in = self.sign_in_admitted(sign_in).await;
        // A correct password without a code was no guess.
        if matches!(signed_in, Ok(_) | Err(AdminError::CodeNeeded)) {
            admitted.succeed();
            turn.succeed();
        }
        signed_in
    }

    async fn sign_in_admitted(&self, sign_in: &SignIn<'_>) -> Result<SignedIn, AdminError> {
        let email: Option<EmailAddress> = sign_in.email.parse().ok();
        let lower = sign_in.email.to_lowercase();
        let counted = self.count_attempt(&lower, sign_in.from).await?;
        let found: Option<Versioned<Account>> = match &email {
            Some(email) => directory::find_by_name(&*self.storage, email.as_str()).await?,
            None => None,
        };
        let verdict = self.check_password(found.as_ref(), sign_in.password).await?;
        let is_open = found.as_ref().is_some_and(|found| !found.value.is_disabled);
        let (Some(found), true, true) = (found, is_open, verdict != PasswordVerdict::Wrong) else {
            return Err(self.audit_failure(sign_in, email.as_ref(), "password").await);
        };
        let outdated = verdict == PasswordVerdict::RightButOutdated;
        let renewed = if outdated { Some(self.hash(sign_in.password).await?) } else { None };
        let known = found.value.password.clone();
        let mut found = Some(found);
        for _ in 0..Self::TRIES {
            // The password may have been changed since it was checked.
            let unchanged = found
                .take()
                .filter(|found| found.value.password == known && !found.value.is_disabled);
            let Some(checked) = unchanged else { break };
            let id = checked.value.id;
            if let Some(signed_in) =
                self.try_start_session(sign_in, checked, renewed.as_deref(), &counted).await?
            {
                return Ok(signed_in);
            }
            found = self.find_account(id).await?;
        }
        Err(self.audit_failure(sign_in, email.as_ref(), "password").await)
    }

    /// Starts the session of an account with a correct password; none if the account changed at the
    /// same time, for example by another sign-in.
    async fn try_start_session(
        &self,
        sign_in: &SignIn<'_>,
        found: Versioned<Account>,
        renewed: Option<&str>,
        counted: &[String; 2],
    ) -> Result<Option<SignedIn>, AdminError> {
        let mut after = found.value.clone();
        let is_strong = match self.check_code(&mut after, sign_in.code) {
            CodeVerdict::NotNeeded => false,
            CodeVerdict::Right => true,
            CodeVerdict::Missing => {
                // A correct password is not a guess. Earlier failures stay counted, so that
                // omitting the code now and then gives no further guesses at codes.
                self.take_back_attempt(counted).await?;
                return Err(AdminError::CodeNeeded);
            }
            CodeVerdict::Wrong => {
                return Err(self.audit_failure(sign_in, Some(&after.email), "code").await);
            }
        };
        if let Some(renewed) = renewed {
            after.password = Some(renewed.to_owned());
        }
        after.last_signed_in = Some(self.clock.now());
        let mut change = Change { writes: vec![found.write(&after)], entries: Vec::new() };
        change.writes.extend(counted.iter().cloned().map(removal));
        let by = if is_strong { "password and code" } else { "password" };
        let start = SessionStart { account: &after, from: sign_in.from, is_strong, by };
        let begun = self.begin_session(start, &mut change).await?;
        let (session, token) = begun;
        Ok(match self.storage.commit(&change).await? {
            Committed::Done => {
                let [here, _] = counted;
                self.turns.trust(here);
                Some(SignedIn { account: after, session, token })
            }
            Committed::Stale(_) | Committed::NameTaken(_) | Committed::LimitReached(_) => None,
        })
    }

    /// Takes one counted attempt back.
    async fn take_back_attempt(&self, [here, everywhere]: &[String; 2]) -> Result<(), AdminError> {
        // Where the owner signed in, only the attempts from there are counted.
        let everywhere = (!self.turns.trusts(here)).then_some(everywhere);
        for id in std::iter::once(here).chain(everywhere) {
            let mut tries = 0..Self::TRIES;
            while tries.next().is_some() && !self.take_one_back(id).await? {}
        }
        Ok(())
    }

    /// Takes one failure back; false if another one was counted at the same time.
    async fn take_one_back(&self, id: &str) -> Result<bool, AdminError> {
        let found: Option<Versioned<Failures>> = directory::find(&*self.storage, id).await?;
        let Some(found) = found else { return Ok(true) };
        let count = found.value.count.saturating_sub(1);
        let write = found.write(&Failures { count, ..found.value.clone() });
        let change = Change { writes: vec![write], entries: Vec::new() };
        Ok(self.storage.commit(&change).await? == Committed::Done)
    }

    /// Counts an attempt as failed until it succeeds. Where the owner of the account signed in
    /// before, failures elsewhere cause no delay. Returns the ids of the counters.
    pub(crate) async fn count_attempt(
        &self,
        email: &str,
        from: &str,
    ) -> Result<[String; 2], AdminError> {
        let ids = counts_of(email, from);
        let [here, everywhere] = &ids;
        for _ in 0..Self::TRIES {
            let mut writes = vec![self.one_failure_more(here, 1).await?];
            if !self.turns.trusts(here) {
                writes.push(self.one_failure_more(everywhere, ALL_ADDRESSES_DIVISOR).await?);
            }
            let change = Change { writes, entries: Vec::new() };
            if self.storage.commit(&change).await? == Committed::Done {
                return Ok(ids);
            }
        }
        // Very many attempts at the same time.
        Err(AdminError::Delayed { retry_after: Duration::from_secs(1) })
    }

    /// What counts one failure more, unless the next attempt must wait.
    async fn one_failure_more(&self, id: &str, part: u32) -> Result<RecordWrite, AdminError> {
        let found: Option<Versioned<Failures>> = directory::find(&*self.storage, id).await?;
        let now = self.clock.now();
        let known = found.as_ref().map_or(SignInFailures::default(), |found| SignInFailures {
            count: found.value.count,
            last: found.value.last,
        });
        let weighed = SignInFailures { count: known.count / part, ..known };
        let latest = known.last.saturating_add(delay_max_of(part));
        if let Attempt::Delayed { until } = weighed.decide(now)
            && now < latest
        {
            let until = until.min(latest);
            return Err(AdminError::Delayed { retry_after: span(now, until) });
        }
        let SignInFailures { count, last } = known.and_one(now);
        let expires = now.saturating_add(FAILURES_LIFETIME);
        let failures = Failures { id: id.to_owned(), count, last, expires };
        Ok(found.map_or_else(|| failures.create(), |found| found.write(&failures)))
    }

    pub(crate) async fn reset_attempts(&self, ids: &[String; 2]) -> Result<(), AdminError> {
        let writes = ids.iter().cloned().map(removal).collect();
        self.commit(&Change { writes, entries: Vec::new() }).await
    }

    /// Checks the password of an account. It takes the same time without an account.
    pub(crate) async fn check_password(
        &self,
        found: Option<&Versioned<Account>>,
        password: &str,
    ) -> Result<PasswordVerdict, AdminError> {
        let Ok(password) = Password::presented(password) else {
            return Ok(PasswordVerdict::Wrong);
        };
        let text = found.and_then(|found| found.value.password.as_deref());
        let known: Option<PasswordHash> = text.and_then(|text| text.parse().ok());
        let verdict = self.hasher.verify(&password, known.as_ref()).await;
        verdict.map_err(hashing_failed)
    }

    /// The hash of an accepted password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AdminError> {
        let password = Password::presented(password)
            .map_err(|error| AdminError::fault("/password", error.to_string()))?;
        let hash = self.hasher.hash(&password).await.map_err(hashing_failed)?;
        Ok(hash.to_text())
    }

    /// Checks a code, and marks it as used in the account.
    pub(crate) fn check_code(&self, account: &mut Account, code: Option<&str>) -> CodeVerdict {
        let Some(factor) = account.second_factor.as_mut().filter(|factor| factor.is_confirmed)
        else {
            return CodeVerdict::NotNeeded;
        };
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
            return CodeVerdict::Missing;
        };
        let secret = TotpSecret::parse(&factor.secret).ok();
        let now = self.clock.now();
        let step = secret.and_then(|secret| secret.verify(code, now, factor.last_step));
        if step.is_some() {
            factor.last_step = step;
            return CodeVerdict::Right;
        }
        match RecoveryCode::parse(code) {
            Ok(code) if code.use_up(&mut factor.recovery) => CodeVerdict::Right,
            Ok(_) | Err(_) => CodeVerdict::Wrong,
        }
    }

    /// Records a failed sign-in in the audit of the server and, if there is such an account, of its
    /// tenants.
    async fn audit_failure(
        &self,
        sign_in: &SignIn<'_>,
        email: Option<&EmailAddress>,
        wrong: &'static str,
    ) -> AdminError {
        let recorded = self.try_audit_failure(sign_in, email, wrong).await;
        match recorded {
            Ok(()) => AdminError::NotSignedIn,
            Err(error) => error,
        }
    }

    async fn try_audit_failure(
        &self,
        sign_in: &SignIn<'_>,
        email: Option<&EmailAddress>,
        wrong: &'static str,
    ) -> Result<(), AdminError> {
        let found: Option<Versioned<Account>> = match email {
            Some(email) => directory::find_by_name(&*self.storage, email.as_str()).await?,
            None => None,
        };
        let mut tenants = vec![None];
        let mut target = String::new();
        if let Some(found) = &found {
            target = account_target(found.value.id);
            let roles = self.roles_of(found.value.id).await?;
            tenants.extend(roles.into_iter().map(|role| Some(role.tenant)));
        }
        let requester = Requester::anonymous(sign_in.from);
        // The input is not recorded: it may be a password in the wrong field.
        let detail = json!({ "wrong": wrong });
        let entry = || NewAuditEntry {
            outcome: AuditOutcome::Refused,
            who: Who::Anonymous,
            ..self.entry_with(&requester, "session.refused", target.clone(), &detail)
        };
        let entries = tenants.into_iter().map(|tenant| (tenant, entry())).collect();
        self.commit(&Change { writes: Vec::new(), entries }).await
    }
}

/// The result of checking the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeVerdict {
    /// The account has none.
    NotNeeded,
    /// The code is correct.
    Right,
    /// No code was sent.
    Missing,
    /// The code is wrong, or was used before.
    Wrong,
}

pub(crate) fn hashing_failed(error: HashingError) -> AdminError {
    match error {
        HashingError::Busy { retry_after } => {
            AdminError::Service(ServiceError::Busy { retry_after })
        }
        HashingError::Failed(_) | HashingError::Aborted(_) => {
            let source = std::io::Error::other(error);
            let act = "hashing a password";
            AdminError::from(acta_storage::StorageError::Io { act, source })
        }
    }
}

/// The counters of an account: attempts from one place, and from all places.
fn counts_of(email: &str, from: &str) -> [String; 2] {
    let hash = |text: &str| Sha2::sha256(text.as_bytes()).as_str().to_owned();
    [hash(&format!("{}\n{email}", place_of(from))), hash(&format!("\n{email}"))]
}

/// The writes that reset the counters of an account, for one place and for all places.
pub(crate) fn reset_failures(email: &EmailAddress, from: &str) -> [RecordWrite; 2] {
    counts_of(email.as_str(), from).map(removal)
}

/// The place of an address. For IPv6 it is the network, in which one host has very many addresses.
pub(crate) fn place_of(from: &str) -> Cow<'_, str> {
    match from.parse::<Ipv6Addr>() {
        Ok(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64").into()
        }
        Err(_other) => from.into(),
    }
}

/// The longest delay after failures of this weight.
const fn delay_max_of(part: u32) -> Duration {
    if part == 1 { Duration::MAX } else { ALL_ADDRESSES_DELAY_MAX }
}

fn removal(id: String) -> RecordWrite {
    let expected = Expected::Anything;
    RecordWrite { kind: RecordKind::Failures, id, expected, content: None }
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    let micros = to.unix_micros().saturating_sub(from.unix_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
