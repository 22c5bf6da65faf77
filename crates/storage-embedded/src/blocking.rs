//! Work that waits for the disk, beside the threads of the runtime.

use acta_storage::StorageError;

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    join(acta_storage::spawn_blocking(work)).await
}

/// Waits for work that was begun.
pub(crate) async fn join<T>(
    handle: tokio::task::JoinHandle<Result<T, StorageError>>,
) -> Result<T, StorageError> {
    match handle.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            // A panic in a request costs that request, as if it had not changed threads.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StorageError::Halted),
        },
    }
}
