//! Threads that let others go first.

/// Lowers the priority of this thread, where the system allows it: by more, the larger `nice` is,
/// from 1 to 19. It stays so until the thread ends.
pub fn lower(nice: i32) {
    if let Err(error) = rustix::process::nice(nice) {
        tracing::debug!(error = &error as &dyn std::error::Error, "the priority cannot be lowered");
    }
}
