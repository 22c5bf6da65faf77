//! Browser tokens: what is asked for, and what is shown of them.

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

/// A browser token to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub(crate) struct NewTokenBody {
    /// The agent that it acts for.
    agent: Agent,
    /// The registration in which, if in one alone.
    #[schema(value_type = Option<String>, format = "uuid")]
    registration: Option<Parsed<Uuid>>,
    /// The activity for which, and for those below it, if for one alone: an IRI.
    #[schema(value_type = Option<String>, example = "https://course.example/1")]
    activity: Option<Parsed<ActivityId>>,
    /// The origin of the pages that may use it, if of one alone.
    #[schema(value_type = Option<String>, example = "https://app.example")]
    origin: Option<Parsed<Origin>>,
    /// What it may be used for; all that content does for a learner if nothing is said.
    #[schema(min_items = 1)]
    scopes: Option<Vec<ScopeName>>,
    /// How many seconds: up to a day.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 86_400, example = 3_600)]
    lifetime_seconds: Option<Whole>,
}

impl From<NewTokenBody> for NewToken {
    fn from(body: NewTokenBody) -> Self {
        let Agent(agent) = body.agent;
        Self {
            binding: Binding {
                agent: agent.ifi().clone(),
                registration: body.registration.map(|Parsed(id)| id),
                activity: body.activity.map(|Parsed(id)| id),
            },
            origin: body.origin.map(|Parsed(origin)| origin),
            scopes: body.scopes.map(|names| scopes_of(&names)),
            lifetime: body.lifetime_seconds.map(|Whole(seconds)| Duration::from_secs(seconds)),
        }
    }
}

/// A browser token, which cannot be had later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// The token, as the Bearer scheme takes it.
    #[schema(format = Password)]
    token: String,
    /// The whole value of the header Authorization in the Basic scheme, for content that knows
    /// of no tokens.
    #[schema(format = Password)]
    basic: String,
    /// What it may be used for.
    scopes: Vec<ScopeName>,
    /// From when on it is refused.
    #[schema(format = DateTime, example = "2026-03-01T09:30:00.000000Z")]
    expires: String,
}

/// The answer that tells a token.
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
