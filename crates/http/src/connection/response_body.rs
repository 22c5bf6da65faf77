//! The body of a response, with its memory charge.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::state::ConnectionState;
use crate::permit::memory::Charge;

/// The body of a response. It holds its memory charge, and notifies its connection when it ends.
///
/// hyper drops a body once it has read all of it, long before all is sent, so the connection keeps
/// the charge.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    body: Body,
    state: Arc<ConnectionState>,
    charge: Option<Arc<Charge>>,
}

impl ResponseBody {
    /// Takes the extensions that [`crate::App::answer`] has added to its response.
    pub(crate) fn wrap(
        mut response: Response,
        state: Arc<ConnectionState>,
    ) -> hyper::Response<Self> {
        let charge = response.extensions_mut().remove::<Arc<Charge>>();
        response.map(|body| Self { body, state, charge })
    }
}

impl hyper::body::Body for ResponseBody {
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

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.state.on_response(self.charge.take());
    }
}
