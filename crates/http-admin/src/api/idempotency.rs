//! Idempotent requests: a request that is repeated with the same key is performed once.

use acta_admin::{Idempotent, RequestKey};
use acta_http::problem::{FaultView, Problem};
use acta_http::reply::json;
use acta_xapi::{Rule, Sha2};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use hyper::header::HeaderName;
use hyper::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::json::{collect, read};
use super::versioned::{created, placed};
use crate::caller::Administrator;
use crate::operations::BASE;
use crate::state::Shared;

/// The header that names the request.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The value of `Idempotency-Key`, if it was sent. A second request with the same key and content
/// gets the response of the first, and changes nothing.
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

/// The body of a request that creates something, with its idempotency key. It is the last argument
/// of a handler.
#[derive(Debug)]
pub(crate) struct IdempotentBody<T> {
    /// The parsed body.
    pub(crate) new: T,
    /// Identifies a repeated request; none if no key was sent.
    pub(crate) key: Option<RequestKey>,
}

impl<T: DeserializeOwned> FromRequest<Shared> for IdempotentBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let IdempotencyKey(key) = IdempotencyKey::from_request_parts(&mut parts, shared).await?;
        let Administrator(requester) =
            Administrator::from_request_parts(&mut parts, shared).await?;
        let who = requester.who().to_string();
        let path = parts.uri.path();
        let target = format!("{} {}", parts.method, path.strip_prefix(BASE).unwrap_or(path));
        let body = collect(Request::from_parts(parts, body), shared).await?;
        let key = key.map(|key| RequestKey {
            id: id_of([&who, &target, &key]),
            request: Sha256::digest(&body).into(),
        });
        Ok(Self { new: read(&body)?, key })
    }
}

/// A hash of texts, in hexadecimal. Each text is preceded by its length, so that different lists
/// never have the same encoding.
fn id_of(texts: [&str; 3]) -> String {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    Sha2::sha256(&bytes).as_str().to_owned()
}

/// The part of a response that is stored for a repeated request. It holds no secret.
#[derive(Deserialize, Serialize)]
struct StoredAnswer {
    path: String,
    /// The stored text of the response.
    view: String,
}

/// Encodes the stored part of a response: the path of the created resource below the API, and its
/// view, which must hold no secret.
pub(crate) fn encode_answer((path, view): (String, impl Serialize)) -> String {
    // Texts and numbers cannot fail to be written.
    let view = serde_json::to_string(&view).unwrap_or_default();
    serde_json::to_string(&StoredAnswer { path, view }).unwrap_or_default()
}

/// The response to a request that created something, now or when it was first sent: `show` returns
/// the path of the created resource below the API, and its view.
pub(crate) fn answer_created<T, V: Serialize>(
    made: &Idempotent<T>,
    show: impl Fn(&T) -> (String, V),
) -> Response {
    match made {
        Idempotent::Performed(value) => {
            let (path, view) = show(value);
            created(&view, FIRST_VERSION, &path)
        }
        Idempotent::Replayed(stored) => match serde_json::from_str::<StoredAnswer>(stored) {
            Ok(stored) => placed(json(stored.view), FIRST_VERSION, &stored.path),
            Err(error) => {
                tracing::error!(%error, "a stored response of an idempotent request cannot be \
                                         read");
                axum::response::IntoResponse::into_response(Problem::internal())
            }
        },
    }
}

/// The version of the resource that was just created.
const FIRST_VERSION: u64 = 1;

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
