//! The id of a resource in the request path.

use std::str::FromStr;

use acta_http::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use hyper::http::request::Parts;

/// The last segment of the path, parsed as an id. A segment that is not an id gives 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        let Ok(Path(text)) = text else { return Err(Problem::not_found()) };
        text.parse().map(Self).map_err(|_not_an_id| Problem::not_found())
    }
}

/// The two ids in the path of a resource that belongs to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let texts: Result<Path<(String, String)>, _> = Path::from_request_parts(parts, state).await;
        let Ok(Path((first, second))) = texts else { return Err(Problem::not_found()) };
        let ids = first.parse().ok().zip(second.parse().ok());
        ids.map(|(first, second)| Self(first, second)).ok_or_else(Problem::not_found)
    }
}

/// The three ids in the path of a resource that belongs to one that belongs to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreeIds<A, B, C>(pub(crate) A, pub(crate) B, pub(crate) C);

impl<A, B, C, S> FromRequestParts<S> for ThreeIds<A, B, C>
where
    A: FromStr,
    B: FromStr,
    C: FromStr,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let texts: Result<Path<(String, String, String)>, _> =
            Path::from_request_parts(parts, state).await;
        let Ok(Path((first, second, third))) = texts else { return Err(Problem::not_found()) };
        let ids = first.parse().ok().zip(second.parse().ok()).zip(third.parse().ok());
        ids.map(|((first, second), third)| Self(first, second, third))
            .ok_or_else(Problem::not_found)
    }
}
