//! `GET /api/v1/server`: reads release and engine of the server.

use acta_http::edge::{ClientAddress, NoParams, Query};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::json::view;
use crate::caller::Administrator;
use crate::problem::AdminProblem;
use crate::state::{ClockReading, Shared};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Server {
    /// The name of the product.
    #[schema(example = "Acta")]
    name: &'static str,
    /// The release.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The storage engine: `embedded` stores in a directory, `postgres` in a database.
    #[schema(example = "embedded")]
    engine: &'static str,
    /// The address of the client as the server sees it; `local` for the operator of the machine,
    /// `unix` for a client of the Unix socket of whom the proxy names no address. Behind a proxy
    /// on the network it is the address of the proxy, unless `server.trusted_proxies` contains it.
    #[schema(example = "192.0.2.7")]
    client_address: String,
    /// How many seconds the clock of the machine has jumped ahead, if that jump is not followed;
    /// negative if it has jumped back, 0 if it has not jumped.
    #[schema(example = 0)]
    clock_jump_seconds: i64,
    /// How many seconds the latest `stored` is ahead of the clock, because the clock was set back;
    /// 0 if it is not.
    #[schema(example = 0)]
    stored_ahead_seconds: u64,
}

/// Read the server
///
/// Returns the release, the storage engine, the address of the client, and whether the clock has
/// jumped. A credential needs the
/// scope `admin` or `admin/read`.
#[utoipa::path(
    get,
    path = "/server",
    operation_id = "read_server",
    tag = "server",
    responses(
        (status = 200, description = "The server.", body = Server),
        (status = 403, description = "The credential has no scope for administration."),
    ),
)]
pub(crate) async fn read_server(
    State(shared): State<Shared>,
    Administrator(requester): Administrator,
    client_address: ClientAddress,
    Query(NoParams): Query<NoParams>,
) -> Result<Response, AdminProblem> {
    shared.admin.permit_reading_server(&requester).await?;
    let ClockReading { jump_micros, stored_lead } = shared.clock.read();
    Ok(view(&Server {
        name: "Acta",
        version: env!("CARGO_PKG_VERSION"),
        engine: shared.engine.as_str(),
        client_address: client_address.to_string(),
        clock_jump_seconds: jump_micros / MICROS_PER_SECOND,
        stored_ahead_seconds: stored_lead.as_secs(),
    }))
}
