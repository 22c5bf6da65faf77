//! Spans of the log: which request a line is about, or which work in the background.
//!
//! They have the level of errors, so that they are there whenever anything is logged at all.

use acta_access::TenantId;
use tokio::task::JoinHandle;
use tracing::Span;

/// A span of work in the background, of one tenant if it is of one alone.
pub fn background_span(work: &'static str, tenant: Option<TenantId>) -> Span {
    tracing::error_span!(parent: None, "background", work, tenant.id = tenant.map(TenantId::number))
}

/// The span of a part of some work that is about one tenant.
pub fn tenant_span(tenant: TenantId) -> Span {
    tracing::error_span!("tenant", tenant.id = tenant.number())
}

/// The span of work that is done for several requests at once: that of the request if there is
/// one, else one that says how many there are.
pub fn group_span<'a>(
    work: &'static str,
    requests: impl ExactSizeIterator<Item = &'a Span>,
) -> Span {
    let count = requests.len();
    match requests.last() {
        Some(only) if count == 1 => only.clone(),
        Some(_) | None => {
            tracing::error_span!(parent: None, "background", work, request.count = count)
        }
    }
}

/// Runs `work` on a thread for blocking work and in the span of the caller, so that what it logs
/// names the request that it is done for.
pub fn spawn_blocking<T, F>(work: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let span = Span::current();
    #[expect(clippy::disallowed_methods, reason = "the span goes along here")]
    tokio::task::spawn_blocking(move || span.in_scope(work))
}
