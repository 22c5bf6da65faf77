//! The route groups of this crate.

use std::sync::Arc;

use acta_http::problem::Problem;
use acta_http::route::{Gate, Route, RouteGroup, RouteTable, Sender};
use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use hyper::Method;

use crate::caller::{admit, is_reading};
use crate::operations::BASE;
use crate::state::{AdminApiParts, Shared};
use crate::{api, console, pages, public_log};

/// The admin API, the pages, the published logs and the console, for [`acta_http::App::new`].
pub fn route_groups(http: acta_http::Shared, parts: AdminApiParts) -> Vec<Arc<dyn RouteGroup>> {
    let shared = Shared::new(http, parts);
    vec![
        Arc::new(AdminApi { shared: shared.clone(), table: api::table() }),
        Arc::new(Pages { shared: shared.clone(), table: pages::table() }),
        // Before the console, which has the paths beside theirs.
        Arc::new(PublicLogs),
        Arc::new(Console { shared, table: console::table() }),
    ]
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

/// The HTML pages.
struct Pages {
    shared: Shared,
    table: RouteTable<Shared>,
}

#[async_trait]
impl RouteGroup for Pages {
    fn find(&self, method: &Method, path: &str) -> Option<Route> {
        self.table.find(method, path)
    }

    fn router(&self) -> Router {
        self.table.router(self.shared.clone())
    }

    fn serves_operator(&self) -> bool {
        false
    }

    async fn admit(&self, request: &mut Request, gate: Gate) -> Result<Sender, Problem> {
        admit(&self.shared, request, gate).await
    }
}

/// The logs for proofs that tenants publish. Unlike files, their requests are counted.
struct PublicLogs;

#[async_trait]
impl RouteGroup for PublicLogs {
    fn find(&self, _: &Method, path: &str) -> Option<Route> {
        public_log::find(path)
    }

    /// Empty: the console has the handler, because a router cannot distinguish their paths.
    fn router(&self) -> Router {
        Router::new()
    }

    fn serves_operator(&self) -> bool {
        false
    }

    async fn admit(&self, _: &mut Request, _: Gate) -> Result<Sender, Problem> {
        Ok(Sender::Anonymous)
    }
}

/// The files of the web console, which are the same for everybody.
struct Console {
    shared: Shared,
    table: RouteTable<Shared>,
}

#[async_trait]
impl RouteGroup for Console {
    fn find(&self, method: &Method, path: &str) -> Option<Route> {
        self.table.find(method, path)
    }

    fn router(&self) -> Router {
        self.table.router(self.shared.clone())
    }

    fn serves_operator(&self) -> bool {
        false
    }

    fn serves_files(&self) -> bool {
        true
    }

    async fn admit(&self, _: &mut Request, _: Gate) -> Result<Sender, Problem> {
        Ok(Sender::Anonymous)
    }
}
