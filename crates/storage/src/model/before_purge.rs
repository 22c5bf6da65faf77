//! What a test does while a tenant is being removed.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

/// What others do while a tenant is being removed.
pub(super) type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is done before the data of the next tenant is removed.
#[derive(Default)]
pub(super) struct BeforePurge(Mutex<Option<Act>>);

impl fmt::Debug for BeforePurge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeforePurge")
    }
}

impl BeforePurge {
    /// Sets what is done the next time, once.
    pub(super) fn set(&self, act: impl Future<Output = ()> + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(act));
    }

    /// What is to be done now.
    pub(super) fn take(&self) -> Option<Act> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
