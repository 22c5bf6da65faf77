//! `GET /api/v1/server`: what runs here.

use acta_http::edge::{ClientAddress, NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::Shared;

/// What runs here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Server {
    /// The name of the product.
    #[schema(example = "Acta")]
    name: &'static str,
    /// The release.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Where everything is kept: `embedded` is a directory, `postgres` a database.
    #[schema(example = "embedded")]
    engine: &'static str,
    /// Where this request comes from, as the server sees it: an address, or `local`. Behind a
    /// proxy it is the address of the proxy, unless `server.trusted_proxies` names that.
    #[schema(example = "192.0.2.7")]
    client_address: String,
}

/// Read what runs here
///
/// Tells the release and the engine, and from which address the request came. A credential
/// needs the scope `admin` or `admin/read`.
#[utoipa::path(
    get,
    path = "/server",
    operation_id = "read_server",
    tag = "server",
    responses(
        (status = 200, description = "What runs here.", body = Server),
        (status = 403, description = "A scope for administration is missing."),
    ),
)]
pub(crate) async fn read_server(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    client_address: ClientAddress,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.permit_reading_server(&requester).await?;
    Ok(view(&Server {
        name: "Acta",
        version: env!("CARGO_PKG_VERSION"),
        engine: shared.engine.as_str(),
        client_address: client_address.to_string(),
    }))
}
