//! Long work on facts, on threads that let requests for statements go first.

use acta_http::problem::Problem;
use tracing::Span;

/// How much lower the priority is than that of requests for statements, from 1 to 19.
const NICE: i32 = 10;

/// Begins work on a thread of its own.
///
/// # Errors
///
/// 500 if there can be no more threads.
pub(super) fn begin(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Problem> {
    let span = Span::current();
    let run = move || {
        acta_facts::lower_priority(NICE);
        span.in_scope(work);
    };
    match std::thread::Builder::new().name(name.to_owned()).spawn(run) {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::error!(%error, "a thread cannot be started");
            Err(Problem::internal())
        }
    }
}
