//! `GET` and `PUT /api/v1/tenants/{tenant}/person-rules`: which identifiers are one by a rule.

use acta_access::TenantId;
use acta_http::edge::{NoParams, Query};
use acta_storage::directory::PersonRules;
use acta_xapi::Iri;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::json::{Json, view};
use crate::api::path::Id;
use crate::api::values::Parsed;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Rules by which identifiers are one without being listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PersonRules)]
pub(crate) struct RulesView {
    /// Lists of home pages: accounts with the same name on home pages of one list are one.
    #[schema(example = json!([["https://lms.example", "https://video.example"]]))]
    home_pages: Vec<Vec<String>>,
    /// Whether a mailbox and its SHA-1 are one.
    mailbox_sha1: bool,
}

impl RulesView {
    fn of(rules: &PersonRules) -> Self {
        let texts = |pages: &Vec<Iri>| pages.iter().map(|page| page.as_str().to_owned()).collect();
        Self {
            home_pages: rules.home_pages.iter().map(texts).collect(),
            mailbox_sha1: rules.mailbox_sha1,
        }
    }
}

/// Rules to set. What is missing is no rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPersonRules {
    /// Lists of home pages: accounts with the same name on home pages of one list are one.
    #[serde(default)]
    #[schema(
        value_type = Vec<Vec<String>>,
        required = false,
        max_items = 20,
        example = json!([["https://lms.example", "https://video.example"]])
    )]
    home_pages: Vec<Vec<Parsed<Iri>>>,
    /// Whether a mailbox and its SHA-1 are one.
    #[serde(default)]
    #[schema(required = false)]
    mailbox_sha1: bool,
}

/// Read the rules of persons
///
/// Returns which identifiers are one by a rule.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/person-rules",
    operation_id = "read_person_rules",
    tag = "persons",
    responses((status = 200, description = "The rules.", body = RulesView)),
)]
pub(crate) async fn read_person_rules(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    Ok(view(&RulesView::of(&shared.admin.read_person_rules(&requester, tenant).await?)))
}

/// Set the rules of persons
///
/// Replaces all rules. They apply to identifiers that belong to no person: these belong to the
/// person that has one of the others, or are a person together.
#[utoipa::path(
    put,
    path = "/tenants/{tenant}/person-rules",
    operation_id = "set_person_rules",
    tag = "persons",
    request_body = NewPersonRules,
    responses((status = 200, description = "The rules.", body = RulesView)),
)]
pub(crate) async fn set_person_rules(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(NoParams): Query<NoParams>,
    Json(NewPersonRules { home_pages, mailbox_sha1 }): Json<NewPersonRules>,
) -> Result<Response, AdminProblem> {
    let pages = |list: Vec<Parsed<Iri>>| list.into_iter().map(|Parsed(page)| page).collect();
    let rules =
        PersonRules { home_pages: home_pages.into_iter().map(pages).collect(), mailbox_sha1 };
    shared.admin.set_person_rules(&requester, tenant, &rules).await?;
    Ok(view(&RulesView::of(&rules)))
}
