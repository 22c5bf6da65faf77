//! The route groups of this crate.

use std::sync::Arc;

use acta_http::problem::Problem;
use acta_http::route::{Gate, Route, RouteGroup, RouteTable, Sender};
use acta_http_admin::{AdminApiParts, Shared, admit, route_group};
use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use hyper::Method;

use crate::{console, pages, public_log};

/// The admin API, the pages, the published logs and the console, for [`acta_http::App::new`].
pub fn route_groups(http: acta_http::Shared, parts: AdminApiParts) -> Vec<Arc<dyn RouteGroup>> {
    let shared = Shared::new(http, parts);
    vec![
        route_group(&shared),
        Arc::new(Pages { shared: shared.clone(), table: pages::table() }),
        // Before the console, which has the paths beside theirs.
        Arc::new(PublicLogs),
        Arc::new(Console { shared, table: console::table() }),
    ]
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
