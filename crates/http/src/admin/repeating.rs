//! Requests that may be sent again: the key that makes both one.

use acta_xapi::Rule;
use axum::extract::FromRequestParts;
use hyper::header::HeaderName;
use hyper::http::request::Parts;

use crate::problem::{FaultView, Problem};

/// The header that names the request.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The name that a client has given its request, if it has: a second request of the same name
/// and content gets the answer of the first, and does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl IdempotencyKey {
    /// Longest key, in bytes.
    const BYTES_MAX: usize = 255;
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let (Some(value), more) = (values.next(), values.next()) else { return Ok(Self(None)) };
        let is_key = (1..=Self::BYTES_MAX).contains(&value.len())
            && value.as_bytes().iter().all(u8::is_ascii_graphic);
        let text = value.to_str().unwrap_or("other characters");
        if !is_key || more.is_some() {
            let most = Self::BYTES_MAX;
            let message = format!("expected one key of 1 to {most} visible ASCII characters");
            let fault = FaultView::in_parameter(HEADER.as_str(), Rule::Header, &message, text);
            return Err(Problem::faulty(vec![fault]));
        }
        Ok(Self(Some(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    #[tokio::test]
    async fn a_key_is_one_short_visible_text() {
        let (longest, longer) = ("k".repeat(255), "k".repeat(256));
        let table: [(&[&str], Option<Option<&str>>); 7] = [
            (&[], Some(None)),
            (&["8e03978e-40d5"], Some(Some("8e03978e-40d5"))),
            (&[&longest], Some(Some(&longest))),
            (&[&longer], None),
            (&[""], None),
            (&["a b"], None),
            (&["a", "a"], None),
        ];
        for (sent, expected) in table {
            let request = Request::builder();
            let request = sent.iter().fold(request, |all, value| all.header(HEADER, *value));
            let mut parts = request.body(()).unwrap().into_parts().0;
            let read = IdempotencyKey::from_request_parts(&mut parts, &()).await;
            let expected = expected.map(|key| IdempotencyKey(key.map(str::to_owned)));
            assert_eq!(read.ok(), expected, "{sent:?}");
        }
    }
}
