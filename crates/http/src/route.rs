//! Routes as data: name, access rule and methods of each in one table.
//!
//! The same table routes requests and gives their access rules, so that no route lacks a gate.

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::routing::MethodRouter;
use hyper::Method;

use crate::permit::party::Party;
use crate::problem::Problem;

/// The access rule of a route; a stricter rule is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// Anybody, for requests without a body.
    Open,
    /// Anybody: the request authenticates itself in the body, or does not need to.
    Guest,
    /// Only authenticated requests.
    Authenticated,
    /// Only authenticated requests, for event streams: a stream token in the address authenticates
    /// them too.
    Stream,
}

impl Gate {
    /// Whether only authenticated requests are admitted.
    pub fn needs_authentication(self) -> bool {
        match self {
            Self::Authenticated | Self::Stream => true,
            Self::Open | Self::Guest => false,
        }
    }
}

/// Whether the head of a request authenticates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// It has a valid header, and is counted for this party.
    Authenticated(Party),
    /// Not yet, or not at all.
    Anonymous,
}

/// The properties of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name in metrics and logs.
    pub name: &'static str,
    /// Its access rule.
    pub gate: Gate,
    /// Whether responses have the header `X-Experience-API-Consistent-Through`.
    pub(crate) sends_consistent_through: bool,
}

impl Route {
    /// A route with this name and access rule.
    pub const fn new(name: &'static str, gate: Gate) -> Self {
        Self { name, gate, sends_consistent_through: false }
    }

    /// Adds the header `X-Experience-API-Consistent-Through` to its responses.
    pub(crate) const fn with_consistent_through(self) -> Self {
        Self { sends_consistent_through: true, ..self }
    }
}

/// Routes by path: handlers and access rules.
#[derive(Clone, Debug)]
pub struct RouteTable<S> {
    router: Router<S>,
    /// Finds the index in `paths` in the same way as the router.
    matcher: matchit::Router<usize>,
    paths: Vec<PathRoutes>,
}

/// The routes of one path.
#[derive(Clone, Debug)]
struct PathRoutes {
    pattern: String,
    /// Each with its method; none means every method.
    routes: Vec<(Option<Method>, Route)>,
}

impl<S: Clone + Send + Sync + 'static> Default for RouteTable<S> {
    fn default() -> Self {
        Self { router: Router::new(), matcher: matchit::Router::new(), paths: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> RouteTable<S> {
    /// Adds a path, all of whose methods have the gate of `route`.
    ///
    /// # Panics
    ///
    /// If the path is there already.
    #[must_use]
    pub fn path(self, pattern: &str, route: Route, methods: MethodRouter<S>) -> Self {
        self.add(pattern, (None, route), methods)
    }

    /// Adds one method of a path with the gate of `route`.
    ///
    /// # Panics
    ///
    /// If the path has the method already.
    #[must_use]
    pub fn method(
        self,
        pattern: &str,
        method: Method,
        route: Route,
        handler: MethodRouter<S>,
    ) -> Self {
        self.add(pattern, (Some(method), route), handler)
    }

    fn add(
        mut self,
        pattern: &str,
        route: (Option<Method>, Route),
        methods: MethodRouter<S>,
    ) -> Self {
        self.router = self.router.route(pattern, methods);
        if let Some(known) = self.paths.iter_mut().find(|known| known.pattern == pattern) {
            known.routes.push(route);
            return self;
        }
        let inserted = self.matcher.insert(pattern, self.paths.len());
        assert!(inserted.is_ok(), "the router has accepted {pattern} with the same matcher");
        self.paths.push(PathRoutes { pattern: pattern.to_owned(), routes: vec![route] });
        self
    }

    /// The route of a request; none if no path of the table matches. A method that the path does
    /// not have gets the strictest of its gates.
    pub fn find(&self, method: &Method, path: &str) -> Option<Route> {
        let found = self.paths.get(*self.matcher.at(path).ok()?.value)?;
        // HEAD gets the answer of GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let is_of = |known: &Option<Method>| known.as_ref().is_none_or(|known| known == method);
        let own = found.routes.iter().find(|(known, _)| is_of(known));
        let narrowest = || found.routes.iter().max_by_key(|(_, route)| route.gate);
        own.or_else(narrowest).map(|(_, route)| *route)
    }

    /// Every route, with the pattern of its path.
    pub fn routes(&self) -> impl Iterator<Item = (&str, Route)> {
        self.paths
            .iter()
            .flat_map(|path| path.routes.iter().map(|(_, route)| (path.pattern.as_str(), *route)))
    }

    /// The router, which shares `state`.
    pub fn router(&self, state: S) -> Router {
        self.router.clone().with_state(state)
    }
}

/// A group of routes with its own rules of admission.
#[async_trait]
pub trait RouteGroup: Send + Sync {
    /// The route of a request; none if its path is not of this group. Every handler of the group
    /// must have a route here; a path without a handler may have one.
    fn find(&self, method: &Method, path: &str) -> Option<Route>;

    /// The router.
    fn router(&self) -> Router;

    /// Whether the group serves the operator of this machine, who needs no credentials.
    fn serves_operator(&self) -> bool;

    /// Whether its responses are files that are the same for everybody and cost next to nothing.
    /// Their requests are not counted.
    fn serves_files(&self) -> bool {
        false
    }

    /// Admits or refuses a request before its body is read, and passes the requester to the
    /// handler.
    ///
    /// # Errors
    ///
    /// 403 for a forbidden request, 401 when `gate` requires authentication and there is none, or
    /// the error that prevented it.
    async fn admit(&self, request: &mut Request, gate: Gate) -> Result<Sender, Problem>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};

    #[test]
    fn an_unknown_method_gets_the_strictest_gate_of_its_path() {
        let route = |gate| Route::new("thing", gate);
        let handler = || async {};
        let table = RouteTable::<()>::default()
            .method("/things", Method::GET, route(Gate::Open), get(handler))
            .method("/things", Method::POST, route(Gate::Authenticated), post(handler))
            .path("/things/{id}", route(Gate::Guest), get(handler));
        let rows = [
            (Method::GET, "/things", Some(Gate::Open)),
            (Method::HEAD, "/things", Some(Gate::Open)),
            (Method::POST, "/things", Some(Gate::Authenticated)),
            (Method::DELETE, "/things", Some(Gate::Authenticated)),
            (Method::DELETE, "/things/7", Some(Gate::Guest)),
            (Method::GET, "/things/", None),
            (Method::GET, "/things/7/8", None),
        ];
        for (method, path, expected) in rows {
            let found = table.find(&method, path).map(|route| route.gate);
            assert_eq!(found, expected, "{method} {path}");
        }
        assert_eq!(table.routes().count(), 3);
    }
}
