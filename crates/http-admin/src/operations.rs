//! Operations of the admin API: each with its handler, who comes through to it, its name in
//! metrics, and its part of the OpenAPI document.

use acta_http::route::{Gate, Route, RouteTable};
use hyper::Method;
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::state::Shared;

/// Where the API is.
pub(crate) const BASE: &str = "/api/v1";

/// Operations of one noun.
pub(crate) struct Operations {
    name: &'static str,
    all: Vec<Operation>,
}

/// Something that is done with one method at one path.
pub(crate) struct Operation {
    /// Its name in metrics, and who comes through.
    pub(crate) route: Route,
    /// Its handler, with what the document says of it.
    pub(crate) routes: UtoipaMethodRouter<Shared>,
}

impl Operations {
    /// None yet; `name` is the one in metrics and logs.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, all: Vec::new() }
    }

    /// The same with one more, to which those come through whom `gate` names.
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
    /// Its path below the API and its method; one pair, unless a handler has several.
    pub(crate) fn places(&self) -> Vec<(&str, Method)> {
        let (_, paths, _) = &self.routes;
        let of = |(path, item)| methods_of(item).map(move |method| (path, method));
        paths.paths.iter().map(|(path, item)| (path.as_str(), item)).flat_map(of).collect()
    }

    /// The table with this operation too.
    pub(crate) fn add_to(self, table: RouteTable<Shared>) -> RouteTable<Shared> {
        let route = self.route;
        let places: Vec<(String, Method)> =
            self.places().iter().map(|(path, method)| (at(path), method.clone())).collect();
        let (_, _, handler) = self.routes;
        places.into_iter().fold(table, |table, (path, method)| {
            table.method(&path, (method, route), handler.clone())
        })
    }
}

/// The whole path of one below the API.
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
