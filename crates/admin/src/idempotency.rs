//! Idempotent acts: a repeated request is performed once.

use std::time::Duration;

use acta_storage::directory::{self, Answer, Recorded, Versioned};
use acta_storage::{Change, Committed};

use crate::{Admin, AdminError};

/// How long an idempotency key is remembered.
const ANSWER_LIFETIME: Duration = Duration::from_hours(24);

/// Identifies a repeated request by the requester and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// A hash of the requester and the key.
    pub id: String,
    /// A hash of the request.
    pub request: [u8; 32],
}

/// The idempotency of a request.
pub struct Idempotency<'a, T> {
    /// Identifies the request; none if no key was sent.
    pub key: Option<&'a RequestKey>,
    /// Encodes the answer to store, without secrets.
    pub encode: &'a (dyn Fn(&T) -> String + Send + Sync),
}

impl<T> Clone for Idempotency<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Idempotency<'_, T> {}

impl<T> std::fmt::Debug for Idempotency<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idempotency").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The result of an idempotent request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotent<T> {
    /// It was performed now.
    Performed(T),
    /// It was performed before; this is its stored answer, without secrets.
    Replayed(String),
}

/// The result of one attempt to create something.
pub(crate) enum Attempt {
    /// It was done.
    Done,
    /// Another change came first.
    Stale,
    /// A name is taken.
    NameTaken,
    /// A limit is reached.
    LimitReached,
    /// The same request was performed before; this is its stored answer.
    Replayed(String),
}

impl Admin {
    /// The stored answer of a request, if it was performed before.
    ///
    /// # Errors
    ///
    /// [`AdminError::KeyReused`]: the key belongs to a different request.
    pub(crate) async fn find_answer(
        &self,
        key: Option<&RequestKey>,
    ) -> Result<Option<String>, AdminError> {
        let Some(key) = key else { return Ok(None) };
        let found: Option<Versioned<Answer>> = directory::find(&*self.storage, &key.id).await?;
        match found {
            Some(found) if self.clock.now() < found.value.expires => {
                if found.value.request == key.request {
                    Ok(Some(found.value.answer))
                } else {
                    Err(AdminError::KeyReused)
                }
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Commits the change of an idempotent request once.
    pub(crate) async fn commit_once<T>(
        &self,
        mut change: Change,
        once: Idempotency<'_, T>,
        value: &T,
    ) -> Result<Attempt, AdminError> {
        let Some(key) = once.key else {
            return Ok(match self.storage.commit(&change).await? {
                Committed::Done => Attempt::Done,
                Committed::Stale(_) => Attempt::Stale,
                Committed::NameTaken(_) => Attempt::NameTaken,
                Committed::LimitReached(_) => Attempt::LimitReached,
            });
        };
        let answer = Answer {
            id: key.id.clone(),
            request: key.request,
            answer: (once.encode)(value),
            expires: self.clock.now().saturating_add(ANSWER_LIFETIME),
        };
        let before: Option<Versioned<Answer>> = directory::find(&*self.storage, &key.id).await?;
        let index = change.writes.len();
        change.writes.push(match &before {
            // An expired answer is replaced.
            Some(before) => before.write(&answer),
            None => answer.create(),
        });
        Ok(match self.storage.commit(&change).await? {
            Committed::Done => Attempt::Done,
            Committed::Stale(stale) if stale == index => match self.find_answer(Some(key)).await? {
                Some(answer) => Attempt::Replayed(answer),
                None => Attempt::Stale,
            },
            Committed::Stale(_) => Attempt::Stale,
            Committed::NameTaken(_) => Attempt::NameTaken,
            Committed::LimitReached(_) => Attempt::LimitReached,
        })
    }
}
