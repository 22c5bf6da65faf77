//! Acts that may be asked for twice and happen once.

use std::time::Duration;

use acta_storage::directory::{self, Answer, Recorded, Versioned};
use acta_storage::{Change, Committed};

use crate::{Admin, AdminError};

/// How long a key stands for its request.
const KEPT: Duration = Duration::from_hours(24);

/// How a request is known again: by who asks and a key of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatKey {
    /// A hash of who asks and of the key.
    pub id: String,
    /// A hash of what is asked.
    pub request: [u8; 32],
}

/// A request that may come again.
pub struct Idempotency<'a, T> {
    /// How it is known again; none if its sender does not care.
    pub key: Option<&'a RepeatKey>,
    /// What is told of what was made, without secrets.
    pub tell: &'a (dyn Fn(&T) -> String + Send + Sync),
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

/// What became of a request that may come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotent<T> {
    /// It was made now.
    Performed(T),
    /// It was made before; this was told of it then, without secrets.
    Replayed(String),
}

/// What an act that makes something has come to.
pub(crate) enum Attempt {
    /// It happened.
    Done,
    /// Somebody else was faster.
    Stale,
    /// A name is taken.
    NameTaken,
    /// The same request was carried out before, and this was told of it.
    Replayed(String),
}

impl Admin {
    /// What was told of the request before, if it was carried out.
    ///
    /// # Errors
    ///
    /// [`AdminError::KeyReused`]: the key stands for another request.
    pub(crate) async fn find_answer(
        &self,
        key: Option<&RepeatKey>,
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

    /// Makes a change of a request that may come again: once.
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
            });
        };
        let answer = Answer {
            id: key.id.clone(),
            request: key.request,
            answer: (once.tell)(value),
            expires: self.clock.now().saturating_add(KEPT),
        };
        let before: Option<Versioned<Answer>> = directory::find(&*self.storage, &key.id).await?;
        let index = change.writes.len();
        change.writes.push(match &before {
            // One that has expired makes room.
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
        })
    }
}
