//! Questions that people save under a name, for themselves or for all who may ask, and dashboards
//! of them.
//!
//! A saved question gives no rights: it is answered with those of who asks it. One that is not
//! shared does not exist for anybody but its owner.

use acta_access::{Permission, TenantId};
use acta_storage::directory::{
    self, AccountId, QuestionId, QuestionKind, Recorded, SavedQuestion, Versioned,
};
use acta_storage::{Change, CountLimit, Group, RecordHolder};
use serde_json::{Value, json};

use crate::idempotency::Attempt;
use crate::people::accounts::unconditional;
use crate::tenants::{check_name, check_version};
use crate::{Admin, AdminError, Idempotency, Idempotent, ReachedLimit, RequestKey, Requester};

/// Records that are looked at together, to find those that the requester sees.
const TOGETHER_COUNT: usize = 16;

/// The part of the questions of a tenant that one person may have when it saves one for itself
/// alone: nobody else sees that, or could remove it.
const PART_OF_PERSON: usize = 10;

/// What a question or a dashboard that is saved is to be.
#[derive(Clone, Debug)]
pub struct QuestionDraft {
    /// The name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Whether it is for all who may ask questions about the tenant.
    pub is_shared: bool,
    /// In which language it is asked, or that it is a dashboard.
    pub kind: QuestionKind,
    /// The question as JSON, which was found to be one that can be asked; or the tiles.
    pub question: String,
}

/// What is saved under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// A question.
    Question,
    /// A dashboard.
    Dashboard,
}

impl Saved {
    fn of(kind: QuestionKind) -> Self {
        match kind {
            QuestionKind::Query | QuestionKind::Sql | QuestionKind::Analysis => Self::Question,
            QuestionKind::Dashboard => Self::Dashboard,
        }
    }

    /// The name in the audit.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Dashboard => "dashboard",
        }
    }

    /// The name of what it asks or shows.
    const fn content(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Dashboard => "tiles",
        }
    }

    const fn name_taken(self) -> &'static str {
        match self {
            Self::Question => "another saved question has this name",
            Self::Dashboard => "another dashboard has this name",
        }
    }
}

/// What is done to what is saved.
#[derive(Clone, Copy, Debug)]
enum SavedAct {
    Saved,
    Changed,
    Removed,
}

impl SavedAct {
    /// The act in the audit.
    const fn name(self, saved: Saved) -> &'static str {
        match (saved, self) {
            (Saved::Question, Self::Saved) => "question.saved",
            (Saved::Question, Self::Changed) => "question.changed",
            (Saved::Question, Self::Removed) => "question.removed",
            (Saved::Dashboard, Self::Saved) => "dashboard.saved",
            (Saved::Dashboard, Self::Changed) => "dashboard.changed",
            (Saved::Dashboard, Self::Removed) => "dashboard.removed",
        }
    }
}

impl Admin {
    /// Up to `count_max` of the saved questions of a tenant that the requester sees, by id, after
    /// `after`: the shared ones and its own. What each asks is left out: its `question` is empty.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotFound`], [`AdminError::Forbidden`], [`AdminError::Conflict`],
    /// [`AdminError::Service`].
    pub async fn list_questions(
        &self,
        requester: &Requester,
        tenant: TenantId,
        after: Option<QuestionId>,
        count_max: usize,
    ) -> Result<Vec<SavedQuestion>, AdminError> {
        self.list_saved(requester, tenant, Saved::Question, (after, count_max)).await
    }

    /// As [`Admin::list_questions`], of what is `saved`.
    pub(super) async fn list_saved(
        &self,
        requester: &Requester,
        tenant: TenantId,
        saved: Saved,
        (after, count_max): (Option<QuestionId>, usize),
    ) -> Result<Vec<SavedQuestion>, AdminError> {
        self.permit(requester, tenant, Permission::AskQuestions).await?;
        let mut after = after.map(|id| SavedQuestion::record_id_of(tenant, id));
        let (group, mut found) = (Group::OfTenant(tenant), Vec::new());
        while found.len() < count_max {
            let page: Vec<Versioned<SavedQuestion>> =
                directory::page(&*self.storage, &group, after.as_deref(), TOGETHER_COUNT).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.record.id.clone());
            let all = page.into_iter().map(|one| one.value);
            let seen = all.filter(|one| Saved::of(one.kind) == saved && sees(requester, one));
            found.extend(seen.map(|one| SavedQuestion { question: String::new(), ..one }));
        }
        found.truncate(count_max);
        Ok(found)
    }

    /// A saved question of a tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_questions`]; [`AdminError::NotFound`] also for one of somebody else that is
    /// not shared.
    pub async fn read_question(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: QuestionId,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        self.read_saved(requester, (tenant, id), Saved::Question).await
    }

    /// As [`Admin::read_question`], of what is `saved`.
    pub(super) async fn read_saved(
        &self,
        requester: &Requester,
        of: (TenantId, QuestionId),
        saved: Saved,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        self.permit(requester, of.0, Permission::AskQuestions).await?;
        self.seen(requester, of, saved).await
    }

    async fn seen(
        &self,
        requester: &Requester,
        (tenant, id): (TenantId, QuestionId),
        saved: Saved,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        let record = SavedQuestion::record_id_of(tenant, id);
        let found: Option<Versioned<SavedQuestion>> =
            directory::find(&*self.storage, &record).await?;
        let is_seen = |found: &Versioned<SavedQuestion>| {
            Saved::of(found.value.kind) == saved && sees(requester, &found.value)
        };
        found.filter(is_seen).ok_or(AdminError::NotFound)
    }

    /// Checks whether the requester may save questions and dashboards of a tenant. Returns the
    /// answer to the request if it was performed before with this key.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_questions`]; [`AdminError::KeyReused`].
    pub async fn permit_saving_questions(
        &self,
        requester: &Requester,
        tenant: TenantId,
        key: Option<&RequestKey>,
    ) -> Result<Option<String>, AdminError> {
        self.permit(requester, tenant, Permission::SaveQuestions).await?;
        self.find_answer(key).await
    }

    /// Checks whether the requester may change a saved question, which must have one of the
    /// versions `expected` if any are given.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_question`].
    pub async fn permit_changing_question(
        &self,
        requester: &Requester,
        of: (TenantId, QuestionId),
        expected: Option<&[u64]>,
    ) -> Result<(), AdminError> {
        self.own_version(requester, (of, Saved::Question), expected).await.map(drop)
    }

    /// What is `saved` and the requester may change, which must have one of the versions
    /// `expected` if any are given.
    pub(super) async fn own_version(
        &self,
        requester: &Requester,
        (of, saved): ((TenantId, QuestionId), Saved),
        expected: Option<&[u64]>,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        let found = self.own(requester, of, saved).await?;
        check_version(&found.record, expected)?;
        Ok(found)
    }

    /// Saves a question or a dashboard. It belongs to the requester, or to the tenant if that is no
    /// person.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_questions`]; [`AdminError::Faulty`]; [`AdminError::Conflict`] if the name
    /// is taken; [`AdminError::LimitReached`]: the tenant has the maximum number of saved
    /// questions and dashboards, or the requester that of those that are not shared;
    /// [`AdminError::KeyReused`].
    pub async fn save_question(
        &self,
        requester: &Requester,
        tenant: TenantId,
        draft: QuestionDraft,
        once: Idempotency<'_, SavedQuestion>,
    ) -> Result<Idempotent<SavedQuestion>, AdminError> {
        self.permit(requester, tenant, Permission::SaveQuestions).await?;
        let created = self.clock.now();
        let question = SavedQuestion {
            id: self.new_id(),
            tenant,
            name: draft.name,
            description: draft.description,
            owner: requester.account().map(|account| account.id),
            is_shared: draft.is_shared,
            kind: draft.kind,
            question: draft.question,
            created,
            changed: created,
        };
        check(requester, &question)?;
        if let Some(answer) = self.find_answer(once.key).await? {
            return Ok(Idempotent::Replayed(answer));
        }
        let limit = self.question_limit(question.is_shared);
        let detail = json!({ "kind": question.kind.as_str(), "shared": question.is_shared });
        let mut change = self.saved_change(requester, (SavedAct::Saved, &detail), &question);
        change.writes.push(question.create().within(limit));
        match self.commit_once(change, once, &question).await? {
            Attempt::Done => Ok(Idempotent::Performed(question)),
            Attempt::Replayed(answer) => Ok(Idempotent::Replayed(answer)),
            Attempt::NameTaken => Err(AdminError::Conflict(Saved::of(question.kind).name_taken())),
            Attempt::LimitReached => Err(limit_reached(limit)),
            Attempt::Stale => Err(AdminError::Stale),
        }
    }

    /// Replaces a saved question, or a dashboard if the draft is one, which must have one of the
    /// versions `expected` if any are given. It keeps its owner.
    ///
    /// # Errors
    ///
    /// As [`Admin::save_question`]; [`AdminError::Stale`]; [`AdminError::Forbidden`] if it belongs
    /// to somebody else, and the requester may not change the settings of the tenant either.
    pub async fn change_question(
        &self,
        requester: &Requester,
        of: (TenantId, QuestionId),
        draft: QuestionDraft,
        expected: Option<&[u64]>,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        let saved = Saved::of(draft.kind);
        let found = self.own_version(requester, (of, saved), expected).await?;
        let before = &found.value;
        let after = SavedQuestion {
            name: draft.name,
            description: draft.description,
            is_shared: draft.is_shared,
            kind: draft.kind,
            question: draft.question,
            ..before.clone()
        };
        check(requester, &after)?;
        if after == *before {
            return Ok(found);
        }
        if before.is_shared && !after.is_shared {
            self.check_own_count(requester).await?;
        }
        // What is asked for may name persons: only what has changed is recorded.
        let detail = json!({
            "name": after.name != before.name,
            "description": after.description != before.description,
            saved.content(): after.question != before.question,
            "kind": after.kind.as_str(),
            "shared_before": before.is_shared,
            "shared": after.is_shared,
        });
        let after = SavedQuestion { changed: self.clock.now(), ..after };
        let mut change = self.saved_change(requester, (SavedAct::Changed, &detail), &after);
        change.writes.push(found.write(&after));
        self.commit(&change).await?;
        self.seen(requester, of, saved).await
    }

    /// How many questions there may be when one is saved for all, or for a person alone.
    fn question_limit(&self, is_shared: bool) -> CountLimit {
        let of_tenant = self.options.questions_max;
        let (of, count_max) = if is_shared {
            (RecordHolder::Tenant, of_tenant)
        } else {
            (RecordHolder::Owner, of_tenant.div_ceil(PART_OF_PERSON))
        };
        CountLimit { of, count_max, unexpired_at: None }
    }

    /// Checks whether the requester may take one of its questions back for itself.
    async fn check_own_count(&self, requester: &Requester) -> Result<(), AdminError> {
        let Some(account) = requester.account() else { return Ok(()) };
        let owned: Vec<Versioned<SavedQuestion>> = self.owned_by(account.id).await?;
        let limit = self.question_limit(false);
        if limit.count_max < owned.len() { Err(limit_reached(limit)) } else { Ok(()) }
    }

    /// Removes a saved question. Who may ask questions may remove its own.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_question`].
    pub async fn remove_question(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: QuestionId,
    ) -> Result<(), AdminError> {
        self.remove_saved(requester, (tenant, id), Saved::Question).await
    }

    /// As [`Admin::remove_question`], of what is `saved`.
    pub(super) async fn remove_saved(
        &self,
        requester: &Requester,
        of: (TenantId, QuestionId),
        saved: Saved,
    ) -> Result<(), AdminError> {
        let found = match self.read_saved(requester, of, saved).await? {
            own if is_own(requester, &own.value) => own,
            _ => self.own(requester, of, saved).await?,
        };
        let detail = removed(&found.value);
        let mut change = self.saved_change(requester, (SavedAct::Removed, &detail), &found.value);
        change.writes.push(found.remove());
        self.commit(&change).await
    }

    /// What is saved and the requester may change: its own, or a shared one if it may change the
    /// settings of the tenant.
    async fn own(
        &self,
        requester: &Requester,
        of: (TenantId, QuestionId),
        saved: Saved,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        let tenant = of.0;
        self.permit(requester, tenant, Permission::SaveQuestions).await?;
        let found = self.seen(requester, of, saved).await?;
        let settings = Permission::ChangeSettings;
        if is_own(requester, &found.value) || self.may(requester, tenant, settings).await? {
            return Ok(found);
        }
        Err(self.refuse(requester, Some(tenant), settings.as_str()).await)
    }

    /// Adds to a change that an account is removed from a tenant, or from all of them: its shared
    /// questions and dashboards then belong to the tenant, and the others are removed. That its
    /// owner changes one at the same time does not hinder it.
    pub(crate) async fn leave_questions(
        &self,
        requester: &Requester,
        (account, of): (AccountId, Option<TenantId>),
        change: &mut Change,
    ) -> Result<(), AdminError> {
        let mut saved: Vec<Versioned<SavedQuestion>> = self.owned_by(account).await?;
        saved.retain(|found| of.is_none_or(|tenant| tenant == found.value.tenant));
        for found in saved {
            let question = &found.value;
            let (event, write) = if question.is_shared {
                let after = SavedQuestion { owner: None, ..question.clone() };
                ((SavedAct::Changed, json!({ "owner": null })), found.write(&after))
            } else {
                ((SavedAct::Removed, removed(question)), found.remove())
            };
            let (act, detail) = event;
            change.writes.push(unconditional(write));
            change.entries.extend(self.saved_change(requester, (act, &detail), question).entries);
        }
        Ok(())
    }

    /// The change of a question or a dashboard without its writes.
    fn saved_change(
        &self,
        requester: &Requester,
        (act, detail): (SavedAct, &Value),
        question: &SavedQuestion,
    ) -> Change {
        let saved = Saved::of(question.kind);
        let target = format!("{}:{}", saved.as_str(), question.id);
        let entry = self.entry_with(requester, act.name(saved), target, detail);
        Change { writes: Vec::new(), entries: vec![(Some(question.tenant), entry)] }
    }
}

fn limit_reached(limit: CountLimit) -> AdminError {
    let (holder, what) = match limit.of {
        RecordHolder::Tenant => ("the tenant", "saved questions and dashboards"),
        RecordHolder::Owner => {
            ("the person", "saved questions and dashboards, where some are not shared")
        }
    };
    let (count_max, key) = (limit.count_max, "tenants.questions_max");
    AdminError::LimitReached(ReachedLimit { holder, what, count_max, key })
}

/// What the audit records of what is removed.
fn removed(question: &SavedQuestion) -> Value {
    json!({ "kind": question.kind.as_str(), "shared": question.is_shared })
}

fn is_own(requester: &Requester, question: &SavedQuestion) -> bool {
    let account = requester.account().map(|account| account.id);
    account.is_some() && account == question.owner
}

fn sees(requester: &Requester, question: &SavedQuestion) -> bool {
    question.is_shared || is_own(requester, question)
}

/// Checks what a question is to be, apart from the question itself.
fn check(requester: &Requester, question: &SavedQuestion) -> Result<(), AdminError> {
    check_name("/name", &question.name)?;
    if question.name.trim() != question.name {
        return Err(AdminError::fault("/name", "expected no blanks at the ends"));
    }
    let most = SavedQuestion::DESCRIPTION_CHARS_MAX;
    let is_control = |letter: char| letter.is_control() && letter != '\n';
    let description = &question.description;
    if description.chars().nth(most).is_some() || description.contains(is_control) {
        let text = format!(
            "expected at most {most} characters, without control characters but line breaks"
        );
        return Err(AdminError::fault("/description", text));
    }
    let most = SavedQuestion::QUESTION_BYTES_MAX;
    if most < question.question.len() {
        let content = Saved::of(question.kind).content();
        return Err(AdminError::fault("", format!("expected {content} of at most {most} bytes")));
    }
    if !question.is_shared && !is_own(requester, question) {
        let text = "expected true: only a person has what is not shared, and only the \
                    owner takes a shared one back";
        return Err(AdminError::fault("/shared", text));
    }
    Ok(())
}
