//! The id of a resource in its address.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use hyper::http::request::Parts;

use crate::problem::Problem;

/// The last part of the address, as the id that it stands for. What is no id names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "for nouns that people change")]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        let Ok(Path(text)) = text else { return Err(Problem::not_found()) };
        text.parse().map(Self).map_err(|_not_an_id| Problem::not_found())
    }
}
