//! The route group of this crate.

use std::sync::Arc;

use acta_http::problem::Problem;
use acta_http::route::{Gate, Route, RouteGroup, RouteTable, Sender};
use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use hyper::Method;

use crate::api;
use crate::caller::{admit, is_reading};
use crate::operations::BASE;
use crate::state::Shared;

/// The admin API, for [`acta_http::App::new`].
pub fn route_group(shared: &Shared) -> Arc<dyn RouteGroup> {
    Arc::new(AdminApi { shared: shared.clone(), table: api::table() })
}

/// The admin API, with everything below its path.
pub(crate) struct AdminApi {
    pub(crate) shared: Shared,
    pub(crate) table: RouteTable<Shared>,
}

impl AdminApi {
    /// The route of a path without a handler. It has the gate of its neighbours; without
    /// neighbours, reading gives 404 for anybody, and changes need authentication.
    fn nothing(&self, method: &Method, path: &str) -> Route {
        let noun = |path: &str| path.strip_prefix(BASE)?.split('/').nth(1).map(str::to_owned);
        let mut routes = self.table.routes();
        let beside = routes.find(|(pattern, route)| {
            route.gate != Gate::Open && noun(pattern).is_some_and(|known| noun(path) == Some(known))
        });
        match beside {
            Some((_, route)) => Route::new(route.name, Gate::Authenticated),
            None if is_reading(method) => Route::new("api/other", Gate::Open),
            None => Route::new("api/other", Gate::Authenticated),
        }
    }
}

#[async_trait]
impl RouteGroup for AdminApi {
    fn find(&self, method: &Method, path: &str) -> Option<Route> {
        let rest = path.strip_prefix(BASE)?;
        let is_below = rest.is_empty() || rest.starts_with('/');
        is_below
            .then(|| self.table.find(method, path).unwrap_or_else(|| self.nothing(method, path)))
    }

    fn router(&self) -> Router {
        self.table.router(self.shared.clone())
    }

    fn serves_operator(&self) -> bool {
        true
    }

    async fn admit(&self, request: &mut Request, gate: Gate) -> Result<Sender, Problem> {
        admit(&self.shared, request, gate).await
    }
}
