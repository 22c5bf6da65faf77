//! An answer on its way to the client, with what it holds.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::state::ConnectionState;
use crate::memory::Charge;

/// The body of an answer: pays for its memory, and tells its connection when it has ended.
///
/// hyper lets go of a body once it has taken all of it, long before all is sent, so the
/// connection goes on paying.
#[derive(Debug)]
pub(crate) struct Answered {
    body: Body,
    state: Arc<ConnectionState>,
    charge: Option<Arc<Charge>>,
}

impl Answered {
    /// Takes over what [`crate::App::answer`] has left with its answer.
    pub(crate) fn wrap(
        mut response: Response,
        state: Arc<ConnectionState>,
    ) -> hyper::Response<Self> {
        let charge = response.extensions_mut().remove::<Arc<Charge>>();
        response.map(|body| Self { body, state, charge })
    }
}

impl hyper::body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.state.on_answer(self.charge.take());
    }
}
