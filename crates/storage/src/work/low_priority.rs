//! Long work, on threads that let small requests and the writers go first.

use std::{io, thread};

use tokio::sync::oneshot;
use tracing::Span;

/// From this many bytes on, work on a request is long.
pub const LONG_WORK_BYTES: usize = 1 << 20;

/// How much lower the priority of its threads is, from 1 to 19.
const NICE: i32 = 10;

/// Work that was begun by [`spawn_low_priority`].
#[derive(Debug)]
pub struct LowPriority<T>(oneshot::Receiver<T>);

/// Lowers the priority of this thread, where the system allows it: by more, the larger `nice` is,
/// from 1 to 19. It stays so until the thread ends.
pub fn lower_priority(nice: i32) {
    if let Err(error) = rustix::process::nice(nice) {
        tracing::debug!(error = &error as &dyn std::error::Error, "the priority cannot be lowered");
    }
}

/// Runs `work` on a thread of its own with a low priority, and in the span of the caller. It is
/// done even if nobody waits for it.
///
/// # Errors
///
/// There can be no more threads.
pub fn spawn_low_priority<T, F>(work: F) -> io::Result<LowPriority<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let span = Span::current();
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        lower_priority(NICE);
        // The caller may have gone.
        drop(sender.send(span.in_scope(work)));
    };
    thread::Builder::new().name("acta-long-work".to_owned()).spawn(run)?;
    Ok(LowPriority(receiver))
}

impl<T> LowPriority<T> {
    /// What it returned.
    ///
    /// # Errors
    ///
    /// It panicked.
    pub async fn join(self) -> io::Result<T> {
        self.0.await.map_err(|_panic| io::Error::other("the thread of long work panicked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_a_thread_with_a_lower_priority() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let during = spawn_low_priority(nice).unwrap().join().await.unwrap();
        assert_eq!((during, nice()), ((before + NICE).min(19), before));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_caller() {
        let work: LowPriority<()> = spawn_low_priority(|| panic!("of the work")).unwrap();
        let error = work.join().await.unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
    }
}
