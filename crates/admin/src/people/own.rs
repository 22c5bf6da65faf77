//! Changes of people to their own accounts.

use std::time::Duration;

use acta_auth::{PasswordVerdict, RecoveryCode, Secret, TotpLabel, TotpSecret};
use acta_storage::directory::{Account, AccountId, SecondFactor, Versioned};
use acta_storage::{AuditOutcome, Change, RecordWrite};
use serde_json::json;

use crate::audit_entry::AuditEvent;
use crate::tenants::check_name;
use crate::{Admin, AdminError, Requester};

/// A second factor that is not confirmed yet. It is returned only once.
#[derive(Clone, Debug)]
pub struct NewSecondFactor {
    /// The secret to enter in an authenticator app.
    pub secret: Secret,
    /// The URI for a QR code.
    pub uri: Secret,
}

/// Recovery codes, which are returned only once.
#[derive(Clone, Debug)]
pub struct RecoveryCodes(pub Vec<RecoveryCode>);

/// How long a new session confirms changes to an account without a password.
const RECENT_SESSION: Duration = Duration::from_mins(15);

/// The error for an older session.
const SIGN_IN_AGAIN: &str = "the account has no password, and you signed in more than 15 minutes \
                             ago: sign out, sign in again, and repeat the change";

/// The name of this service in apps.
const TOTP_ISSUER: &str = "Acta";

impl Admin {
    pub(super) async fn own_account(
        &self,
        requester: &Requester,
    ) -> Result<Versioned<Account>, AdminError> {
        let id = requester.account().ok_or(AdminError::NotFound)?.id;
        self.find_account(id).await?.ok_or(AdminError::NotFound)
    }

    /// Confirms that it is the person who changes how the account signs in, and not somebody else
    /// at an open session: by the current password or, for an account without one, by a session
    /// that has just started.
    ///
    /// Spec: OWASP ASVS 5.0, 7.5.1.
    pub(super) async fn confirm_own(
        &self,
        requester: &Requester,
        found: &Versioned<Account>,
        password: &str,
    ) -> Result<(), AdminError> {
        if found.value.password.is_none() {
            let started = requester.session().map(|session| session.created);
            let is_recent = started
                .is_some_and(|started| self.clock.now() < started.saturating_add(RECENT_SESSION));
            return if is_recent { Ok(()) } else { Err(AdminError::Conflict(SIGN_IN_AGAIN)) };
        }
        // With a session but without the password, attempts are limited in the same way as for
        // sign-in.
        let counted = self.count_attempt(found.value.email.as_str(), "account").await?;
        if self.check_password(Some(found), password).await? == PasswordVerdict::Wrong {
            self.audit_wrong_password(requester).await?;
            return Err(AdminError::fault("/current_password", "the password is wrong"));
        }
        self.reset_attempts(&counted).await
    }

    async fn audit_wrong_password(&self, requester: &Requester) -> Result<(), AdminError> {
        let mut change = Change { writes: Vec::new(), entries: Vec::new() };
        let event = AuditEvent { act: "account.password-refused", detail: &json!({}) };
        self.audit_everywhere(requester, event, &mut change).await?;
        for (_, entry) in &mut change.entries {
            entry.outcome = AuditOutcome::Refused;
        }
        self.commit(&change).await
    }

    pub(super) async fn change_own(
        &self,
        requester: &Requester,
        writes: Vec<RecordWrite>,
        event: AuditEvent<'_>,
    ) -> Result<(), AdminError> {
        let mut change = Change { writes, entries: Vec::new() };
        self.audit_everywhere(requester, event, &mut change).await?;
        self.commit(&change).await
    }

    /// Changes the display name of the requester.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`], [`AdminError::NotFound`], [`AdminError::Stale`].
    pub async fn rename_own(
        &self,
        requester: &Requester,
        name: &str,
    ) -> Result<Account, AdminError> {
        check_name("/display_name", name)?;
        let found = self.own_account(requester).await?;
        let after = Account { display_name: name.to_owned(), ..found.value.clone() };
        let event = AuditEvent { act: "account.renamed", detail: &json!({}) };
        self.change_own(requester, vec![found.write(&after)], event).await?;
        Ok(after)
    }

    /// The writes that end all other sessions of the requester, and the links for setting a
    /// password.
    pub(super) async fn end_others(
        &self,
        requester: &Requester,
        own: AccountId,
    ) -> Result<Vec<RecordWrite>, AdminError> {
        let session = requester.session().map(|session| session.id.as_str());
        let mut writes = self.end_sessions(own, session).await?;
        writes.extend(self.end_links(own).await?);
        Ok(writes)
    }

    /// Changes the password of the requester, or sets the first one, and ends all other sessions
    /// and the links for setting a password.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`]: the current password is wrong, or the new one is not accepted;
    /// [`AdminError::Conflict`]: there is none, and the person signed in too long ago;
    /// [`AdminError::Delayed`], [`AdminError::Stale`], [`AdminError::Service`].
    pub async fn change_password(
        &self,
        requester: &Requester,
        current: &str,
        new: &str,
    ) -> Result<(), AdminError> {
        let found = self.own_account(requester).await?;
        let about = [found.value.email.as_str(), &found.value.display_name];
        self.accept_password("/new_password", new, &about)?;
        self.confirm_own(requester, &found, current).await?;
        let after = Account {
            password: Some(self.hash(new).await?),
            password_changed: Some(self.clock.now()),
            ..found.value.clone()
        };
        let mut writes = self.end_others(requester, found.value.id).await?;
        writes.push(found.write(&after));
        let event = AuditEvent { act: "account.password-changed", detail: &json!({}) };
        self.change_own(requester, writes, event).await
    }

    /// Starts the set-up of a second factor for the requester. It takes effect once it is confirmed
    /// with a first code.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_password`]; [`AdminError::Conflict`]: a second factor exists.
    pub async fn begin_factor(
        &self,
        requester: &Requester,
        current_password: &str,
    ) -> Result<NewSecondFactor, AdminError> {
        let found = self.own_account(requester).await?;
        if found.value.second_factor.as_ref().is_some_and(|factor| factor.is_confirmed) {
            return Err(AdminError::Conflict("a second factor already exists: remove it first"));
        }
        self.confirm_own(requester, &found, current_password).await?;
        let secret = TotpSecret::new(&*self.entropy);
        let factor = SecondFactor {
            secret: secret.to_text().expose().to_owned(),
            is_confirmed: false,
            last_step: None,
            recovery: Vec::new(),
        };
        let after = Account { second_factor: Some(factor), ..found.value.clone() };
        let event = AuditEvent { act: "account.second-factor-begun", detail: &json!({}) };
        self.change_own(requester, vec![found.write(&after)], event).await?;
        let label = TotpLabel { issuer: TOTP_ISSUER, account: found.value.email.as_str() };
        Ok(NewSecondFactor { secret: secret.to_text(), uri: secret.uri(label) })
    }

    /// Confirms the second factor of the requester with a first code, and creates recovery codes.
    /// All other sessions and the links for setting a password end.
    ///
    /// # Errors
    ///
    /// [`AdminError::Faulty`]: the code is wrong; [`AdminError::Conflict`]: there is no unconfirmed
    /// one.
    pub async fn confirm_factor(
        &self,
        requester: &Requester,
        code: &str,
    ) -> Result<RecoveryCodes, AdminError> {
        let found = self.own_account(requester).await?;
        let waiting = found.value.second_factor.clone().filter(|factor| !factor.is_confirmed);
        let mut factor =
            waiting.ok_or(AdminError::Conflict("there is no unconfirmed second factor"))?;
        let secret = TotpSecret::parse(&factor.secret).ok();
        let step = secret.and_then(|secret| secret.verify(code, self.clock.now(), None));
        if step.is_none() {
            return Err(AdminError::fault("/code", "the code is wrong"));
        }
        let codes = RecoveryCode::make_set(&*self.entropy);
        factor.is_confirmed = true;
        factor.last_step = step;
        factor.recovery = codes.iter().map(RecoveryCode::hash).collect();
        let after = Account { second_factor: Some(factor), ..found.value.clone() };
        let mut writes = self.end_others(requester, found.value.id).await?;
        writes.push(found.write(&after));
        let event = AuditEvent { act: "account.second-factor-added", detail: &json!({}) };
        self.change_own(requester, writes, event).await?;
        Ok(RecoveryCodes(codes))
    }

    /// Removes the second factor of the requester, and ends all other sessions and the links for
    /// setting a password.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_password`].
    pub async fn remove_factor(
        &self,
        requester: &Requester,
        current_password: &str,
    ) -> Result<(), AdminError> {
        let found = self.own_account(requester).await?;
        self.confirm_own(requester, &found, current_password).await?;
        let after = Account { second_factor: None, ..found.value.clone() };
        let mut writes = self.end_others(requester, found.value.id).await?;
        writes.push(found.write(&after));
        let event = AuditEvent { act: "account.second-factor-removed", detail: &json!({}) };
        self.change_own(requester, writes, event).await
    }
}
