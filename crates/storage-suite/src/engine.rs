//! What an engine implements to be tested.

use std::sync::Arc;

use acta_ambient::Clock;
use acta_storage::Storage;
use acta_storage::model::ModelStorage;
use async_trait::async_trait;

/// A store that a case may use as it likes, empty when opened.
#[async_trait]
pub trait EngineUnderTest: Send + Sync + Sized + 'static {
    /// Opens a new, empty store that takes the time from `clock`.
    async fn open(clock: Arc<dyn Clock>) -> Self;

    /// The store. A case drops every copy before it lets the engine reopen.
    fn storage(&self) -> Arc<dyn Storage>;

    /// Closes the store and opens it again from what it wrote. An engine that keeps nothing
    /// returns itself.
    async fn reopen(self) -> Self;
}

/// The model, held to its own suite.
#[derive(Debug)]
pub struct ModelUnderTest(Arc<ModelStorage>);

#[async_trait]
impl EngineUnderTest for ModelUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(ModelStorage::new(clock)))
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<ModelStorage>::clone(&self.0)
    }

    async fn reopen(self) -> Self {
        self
    }
}
