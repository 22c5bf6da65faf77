//! `GET /api/v1/tenants/{tenant}/persons`: the persons of a tenant.

use acta_access::TenantId;
use acta_admin::PersonSearch;
use acta_http::edge::{FromParams, Params, Query};
use acta_storage::directory::{JoinedPerson, Versioned};
use axum::extract::State;
use axum::response::Response;

use super::view::PersonView;
use crate::api::json::view;
use crate::api::paging::{Page, PageParams};
use crate::api::path::Id;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// Longest text that is searched for, in bytes.
const SEARCH_BYTES_MAX: usize = 200;

/// The search and the page of a list of persons or groups.
#[derive(Debug)]
pub(crate) struct PersonParams {
    pub(super) page: PageParams,
    pub(super) search: String,
}

impl FromParams for PersonParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let search = match params.text("search") {
            None => Some(String::new()),
            Some(text) => {
                let message = format!("expected at most {SEARCH_BYTES_MAX} bytes");
                params.read("search", &text, &message, |text| {
                    (text.len() <= SEARCH_BYTES_MAX).then(|| text.to_owned())
                })
            }
        };
        let page = PageParams::from_params(params);
        Some(Self { page: page?, search: search? })
    }
}

/// List persons
///
/// Lists the persons of a tenant by id, or those that a text is found in.
#[utoipa::path(
    get,
    path = "/tenants/{tenant}/persons",
    operation_id = "list_persons",
    tag = "persons",
    params(
        ("search" = Option<String>, Query, max_length = 200,
            description = "Only persons with this text in the name, an attribute or an identifier, \
                           in any case of letters."),
        PageParams,
    ),
    responses((status = 200, description = "A page of persons.", body = Page<PersonView>)),
)]
pub(crate) async fn list_persons(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    Id(tenant): Id<TenantId>,
    Query(PersonParams { page, search }): Query<PersonParams>,
) -> Result<Response, AdminProblem> {
    let search = PersonSearch { text: search, after: page.after()?, count_max: page.limit + 1 };
    let found = shared.admin.list_persons(&requester, tenant, &search).await?;
    let key_of = |found: &Versioned<JoinedPerson>| found.value.id.to_string();
    let show = |found: &Versioned<JoinedPerson>| PersonView::of(&found.value);
    Ok(view(&Page::of(found, page.limit, key_of).map(show)))
}
