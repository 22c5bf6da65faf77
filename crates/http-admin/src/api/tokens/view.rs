//! Browser tokens: the request and the view.

use std::time::Duration;

use acta_access::{Binding, Origin};
use acta_admin::{IssuedToken, NewToken};
use acta_xapi::{ActivityId, Uuid};
use axum::response::Response;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::view;
use crate::api::values::{Agent, Parsed, ScopeName, Whole, names_of, scopes_of};

/// A new browser token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub(crate) struct NewTokenBody {
    /// The agent that the token acts for.
    agent: Agent,
    /// The only registration that the token is valid for; if missing, any.
    #[schema(value_type = Option<String>, format = "uuid")]
    registration: Option<Parsed<Uuid>>,
    /// The only activities that the token is valid for, with those below them: IRIs; if missing,
    /// any. A unit of cmi5 has one id of the LMS and one of its publisher.
    #[schema(value_type = Option<Vec<String>>)]
    activities: Option<Vec<Parsed<ActivityId>>>,
    /// One activity more: the short form of `activities` with one element.
    #[schema(value_type = Option<String>, example = "https://course.example/1")]
    activity: Option<Parsed<ActivityId>>,
    /// The only origin of pages that may use the token; if missing, any that the credential allows.
    #[schema(value_type = Option<String>, example = "https://app.example")]
    origin: Option<Parsed<Origin>>,
    /// The scopes of the token; if missing, everything that content does for a learner.
    #[schema(min_items = 1)]
    scopes: Option<Vec<ScopeName>>,
    /// The lifetime in seconds: at most one day.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 86_400, example = 3_600)]
    lifetime_seconds: Option<Whole>,
}

impl From<NewTokenBody> for NewToken {
    fn from(body: NewTokenBody) -> Self {
        let Agent(agent) = body.agent;
        let activities = body.activities.unwrap_or_default().into_iter().chain(body.activity);
        Self {
            binding: Binding {
                agent: agent.ifi().clone(),
                registration: body.registration.map(|Parsed(id)| id),
                activities: activities.map(|Parsed(id)| id).collect(),
            },
            origin: body.origin.map(|Parsed(origin)| origin),
            scopes: body.scopes.map(|names| scopes_of(&names)),
            lifetime: body.lifetime_seconds.map(|Whole(seconds)| Duration::from_secs(seconds)),
        }
    }
}

/// A browser token, which cannot be retrieved later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// The token for the Bearer scheme.
    #[schema(format = Password)]
    token: String,
    /// The value of the header Authorization in the Basic scheme, for content that does not support
    /// Bearer tokens.
    #[schema(format = Password)]
    basic: String,
    /// The scopes of the token.
    scopes: Vec<ScopeName>,
    /// When the token expires.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    expires: String,
}

/// A response with a token.
pub(crate) fn show(issued: &IssuedToken) -> Response {
    let mut response = view(&TokenView {
        token: issued.token.expose().to_owned(),
        basic: issued.basic.expose().to_owned(),
        scopes: names_of(issued.scopes),
        expires: issued.expires.to_string(),
    });
    *response.status_mut() = StatusCode::CREATED;
    response
}
