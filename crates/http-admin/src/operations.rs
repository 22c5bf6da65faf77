//! Operations of the admin API: each with its handler, its access rule, its name in metrics, and
//! its part of the OpenAPI document.

use acta_http::route::{Gate, Route, RouteTable};
use hyper::Method;
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::state::Shared;

/// The base path of the API.
pub(crate) const BASE: &str = "/api/v1";

/// The operations of one resource.
pub(crate) struct Operations {
    name: &'static str,
    all: Vec<Operation>,
}

/// One method of one path.
pub(crate) struct Operation {
    /// Its name in metrics, and its access rule.
    pub(crate) route: Route,
    /// Its handler, with its description for the document.
    pub(crate) routes: UtoipaMethodRouter<Shared>,
}

impl Operations {
    /// An empty list; `name` is the one in metrics and logs.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, all: Vec::new() }
    }

    /// Adds an operation with the access rule `gate`.
    pub(crate) fn add(mut self, gate: Gate, routes: UtoipaMethodRouter<Shared>) -> Self {
        self.all.push(Operation { route: Route::new(self.name, gate), routes });
        self
    }
}

impl IntoIterator for Operations {
    type Item = Operation;
    type IntoIter = std::vec::IntoIter<Operation>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl Operation {
    /// Its paths and methods below the API; one pair, unless a handler has several.
    pub(crate) fn places(&self) -> Vec<(&str, Method)> {
        let (_, paths, _) = &self.routes;
        let of = |(path, item)| methods_of(item).map(move |method| (path, method));
        paths.paths.iter().map(|(path, item)| (path.as_str(), item)).flat_map(of).collect()
    }

    /// Adds this operation to the table.
    pub(crate) fn add_to(self, table: RouteTable<Shared>) -> RouteTable<Shared> {
        let route = self.route;
        let places: Vec<(String, Method)> =
            self.places().iter().map(|(path, method)| (at(path), method.clone())).collect();
        let (_, _, handler) = self.routes;
        places.into_iter().fold(table, |table, (path, method)| {
            table.method(&path, method, route, handler.clone())
        })
    }
}

/// The whole path of a path below the API.
fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

fn methods_of(item: &PathItem) -> impl Iterator<Item = Method> + use<> {
    let all = [
        (Method::GET, item.get.is_some()),
        (Method::POST, item.post.is_some()),
        (Method::PUT, item.put.is_some()),
        (Method::PATCH, item.patch.is_some()),
        (Method::DELETE, item.delete.is_some()),
    ];
    all.into_iter().filter_map(|(method, is_there)| is_there.then_some(method))
}
