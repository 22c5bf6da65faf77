//! `/xapi/activities/state`, `/xapi/activities/profile` and `/xapi/agents/profile`: three document
//! resources, which differ in the parameters that identify a document.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use acta_ambient::Timestamp;
use acta_service::{
    Document, DocumentKey, DocumentList, EtagMatch, Precondition, SentDocument, WriteRules, etag_of,
};
use acta_xapi::{Fault, IriRule, MediaType, Rule};
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderValue, LAST_MODIFIED};

use crate::edge::{
    Bound, Caller, Conditions, FromParams, Incoming, Params, Query, http_date, quote,
};
use crate::permit::RequestPermit;
use crate::problem::Problem;
use crate::reply::json;
use crate::state::Shared;

/// The properties of a document resource.
pub(crate) trait Resource: Debug + Send + 'static {
    /// The parameter with the id of a document.
    const NAME: &'static str;
    /// Whether a DELETE without an id removes all documents of the list.
    const DELETES_ALL: bool;

    /// Reads the list from the parameters.
    fn place(params: &mut Params) -> Option<DocumentList>;
}

/// States of an agent in an activity.
#[derive(Debug)]
pub(crate) struct States;

/// Profiles of activities.
#[derive(Debug)]
pub(crate) struct ActivityProfiles;

/// Profiles of agents.
#[derive(Debug)]
pub(crate) struct AgentProfiles;

impl Resource for States {
    const NAME: &'static str = "stateId";
    const DELETES_ALL: bool = true;

    fn place(params: &mut Params) -> Option<DocumentList> {
        params.require("activityId");
        params.require("agent");
        let activity = params.iri("activityId");
        let agent = params.agent_alone(IriRule::Strict);
        let registration = params.uuid("registration");
        Some(DocumentList::States { activity: activity?, agent: agent?.1, registration })
    }
}

impl Resource for ActivityProfiles {
    const NAME: &'static str = "profileId";
    const DELETES_ALL: bool = false;

    fn place(params: &mut Params) -> Option<DocumentList> {
        params.require("activityId");
        Some(DocumentList::ActivityProfiles { activity: params.iri("activityId")? })
    }
}

impl Resource for AgentProfiles {
    const NAME: &'static str = "profileId";
    const DELETES_ALL: bool = false;

    fn place(params: &mut Params) -> Option<DocumentList> {
        params.require("agent");
        Some(DocumentList::AgentProfiles { agent: params.agent_alone(IriRule::Strict)?.1 })
    }
}

/// The parameters of a request for one document.
#[derive(Debug)]
pub(crate) struct SingleDocument<R> {
    key: DocumentKey,
    resource: PhantomData<R>,
}

/// The parameters of a request for one document or a list.
#[derive(Debug)]
pub(crate) enum DocumentOrList<R> {
    One(SingleDocument<R>),
    All { list: DocumentList, since: Option<Timestamp> },
}

/// The parameters of a DELETE.
#[derive(Debug)]
pub(crate) enum Removed<R> {
    One(SingleDocument<R>),
    All(DocumentList),
}

impl<R: Resource> FromParams for SingleDocument<R> {
    fn from_params(params: &mut Params) -> Option<Self> {
        params.require(R::NAME);
        let list = R::place(params);
        let name = params.document_id(R::NAME);
        Some(Self { key: key_of(list?, name?), resource: PhantomData })
    }
}

impl<R: Resource> FromParams for DocumentOrList<R> {
    fn from_params(params: &mut Params) -> Option<Self> {
        if params.has(R::NAME) {
            if params.has("since") {
                let message = "`since` cannot be combined with the id of a document";
                params.fault("since", Rule::ParameterConflict, message, R::NAME);
                params.text("since");
            }
            return SingleDocument::from_params(params).map(Self::One);
        }
        let list = R::place(params);
        let since = params.nanos("since").map(timestamp_of);
        Some(Self::All { list: list?, since })
    }
}

impl<R: Resource> FromParams for Removed<R> {
    fn from_params(params: &mut Params) -> Option<Self> {
        if R::DELETES_ALL && !params.has(R::NAME) {
            return R::place(params).map(Self::All);
        }
        SingleDocument::from_params(params).map(Self::One)
    }
}

/// The methods of a resource.
pub(crate) fn methods<R: Resource>() -> MethodRouter<Shared> {
    get(get_documents::<R>)
        .put(put_document::<R>)
        .post(post_document::<R>)
        .delete(delete_documents::<R>)
}

/// `GET` of a document by its id, or of the ids in a list. The response has the `ETag` of its
/// content and the time of the last change. A list that has never changed has the time at
/// which the tenant was created.
///
/// # Errors
///
/// 400 for parameters, 403 without a scope, 404 if there is no such document.
///
/// Spec: xAPI 1.0.3, Part Three, 2.2, 2.3, 2.6, 2.7 and 3.1; IEEE 9274.1.1, 4.1.4.
async fn get_documents<R: Resource>(
    State(shared): State<Shared>,
    caller: Caller,
    Extension(permit): Extension<Arc<RequestPermit>>,
    Conditions(conditions): Conditions,
    Query(params): Query<DocumentOrList<R>>,
) -> Result<Response, Problem> {
    match params {
        DocumentOrList::One(SingleDocument { key, .. }) => {
            let _reading = permit.read_document()?;
            let share = shared.document_shares.acquire(caller.principal.tenant, 0).await;
            let document = shared.service.find_document(&caller.principal, &key).await?;
            share.charge(u64::try_from(document.content.len()).unwrap_or(u64::MAX));
            drop(share);
            permit.charge.hold(document.content.len())?;
            let unwanted = conditions.if_none_match;
            let is_known = unwanted.is_some_and(|etags| etags.is_met_by(Some(&document.etag)));
            Ok(document_answer(document, is_known))
        }
        DocumentOrList::All { list, since } => {
            let found = shared.service.list_documents(&caller.principal, &list, since).await?;
            permit.charge.hold(2 * found.names.iter().map(String::len).sum::<usize>())?;
            // A place without documents has been so since there is a tenant.
            let created = caller.tenant.created;
            let updated = found.updated.map_or(created, |updated| updated.max(created));
            let unwanted = conditions.if_none_match.as_ref();
            Ok(list_answer(&found.names, updated, unwanted))
        }
    }
}

/// `PUT` of a document, which replaces an existing one.
///
/// # Errors
///
/// 400 for parameters or a missing precondition, 403 without a scope, 409 if the document exists
/// and there is no precondition, 412 if the precondition fails, 413.
///
/// Spec: xAPI 1.0.3, Part Three, 2.2 and 3.1; IEEE 9274.1.1, 4.1.4.
async fn put_document<R: Resource>(
    State(shared): State<Shared>,
    caller: Caller,
    Conditions(conditions): Conditions,
    Query(params): Query<SingleDocument<R>>,
    incoming: Incoming,
) -> Result<StatusCode, Problem> {
    let sent = receive(&shared, incoming).await?;
    caller.confirm(&shared).await?;
    let rules = write_rules(&caller, conditions);
    shared.service.put_document(&caller.principal, &params.key, sent, rules).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn write_rules(caller: &Caller, precondition: Precondition) -> WriteRules<'_> {
    WriteRules { precondition, version: caller.version, limits: &caller.tenant.limits }
}

/// `POST` of a JSON document, which is merged into an existing one.
///
/// # Errors
///
/// 400 for parameters and if one of the documents is not a JSON object, 403 without a scope, 412 if
/// the precondition fails, 413.
///
/// Spec: XAPI-00183, XAPI-00184, XAPI-00229; xAPI 1.0.3, Part Three, 2.2.
async fn post_document<R: Resource>(
    State(shared): State<Shared>,
    caller: Caller,
    Conditions(conditions): Conditions,
    Query(params): Query<SingleDocument<R>>,
    incoming: Incoming,
) -> Result<StatusCode, Problem> {
    let sent = receive(&shared, incoming).await?;
    caller.confirm(&shared).await?;
    let rules = write_rules(&caller, conditions);
    shared.service.post_document(&caller.principal, &params.key, sent, rules).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE` of a document, or of all states of a list.
///
/// # Errors
///
/// 400 for parameters, 403 without a scope, 412 if the precondition fails.
///
/// Spec: xAPI 1.0.3, Part Three, 2.3, 2.6, 2.7; IEEE 9274.1.1, 4.1.4.
async fn delete_documents<R: Resource>(
    State(shared): State<Shared>,
    caller: Caller,
    Conditions(conditions): Conditions,
    Query(params): Query<Removed<R>>,
) -> Result<StatusCode, Problem> {
    caller.confirm(&shared).await?;
    match params {
        Removed::One(SingleDocument { key, .. }) => {
            shared.service.delete_document(&caller.principal, &key, &conditions).await?;
        }
        Removed::All(list) => {
            shared.service.delete_documents(&caller.principal, &list).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn receive(shared: &Shared, incoming: Incoming) -> Result<SentDocument, Problem> {
    let content_type = incoming.content_type.clone();
    if let Some(text) = content_type.as_deref().filter(|text| !MediaType::is_well_formed(text)) {
        let fault = Fault::new("/content-type", Rule::Header, text);
        return Err(Problem::faulty(vec![fault.into()]));
    }
    let (bytes_max, key) = (shared.options.bounds.document_bytes_max, "limits.document_bytes_max");
    let content = incoming.collect(Bound::new("a document", bytes_max, key)).await?;
    let content_type = content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    Ok(SentDocument { content, content_type })
}

/// The ids of a list as JSON, or 304 if the client has them.
fn list_answer(names: &[String], updated: Timestamp, unwanted: Option<&EtagMatch>) -> Response {
    let text = serde_json::json!(names).to_string();
    let etag = etag_of(text.as_bytes());
    let is_known = unwanted.is_some_and(|etags| etags.is_met_by(Some(&etag)));
    let mut response = if is_known { not_modified() } else { json(text) };
    for (name, value) in [(ETAG, quote(&etag)), (LAST_MODIFIED, http_date(updated))] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn not_modified() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

fn document_answer(document: Document, is_known: bool) -> Response {
    let mut response =
        if is_known { not_modified() } else { Response::new(Body::from(document.content)) };
    let headers = response.headers_mut();
    // Any client can store documents: a browser saves them instead of showing them.
    if !is_json(&document.content_type) {
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    let pairs = [
        (CONTENT_TYPE, document.content_type),
        (ETAG, quote(&document.etag)),
        (LAST_MODIFIED, http_date(document.updated)),
    ];
    for (name, value) in pairs {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

fn is_json(content_type: &str) -> bool {
    let media_type = MediaType::parse(content_type);
    media_type.is_some_and(|media_type| media_type.essence() == "application/json")
}

fn key_of(list: DocumentList, name: String) -> DocumentKey {
    match list {
        DocumentList::States { activity, agent, registration } => {
            DocumentKey::State { activity, agent, registration, state_id: name }
        }
        DocumentList::ActivityProfiles { activity } => {
            DocumentKey::ActivityProfile { activity, profile_id: name }
        }
        DocumentList::AgentProfiles { agent } => {
            DocumentKey::AgentProfile { agent, profile_id: name }
        }
    }
}

/// Rounds nanoseconds down to a microsecond. The order of documents stays the same.
fn timestamp_of(nanos: i128) -> Timestamp {
    let micros = nanos.div_euclid(1000);
    Timestamp::from_unix_micros(i64::try_from(micros).unwrap_or(if micros < 0 {
        i64::MIN
    } else {
        i64::MAX
    }))
}
