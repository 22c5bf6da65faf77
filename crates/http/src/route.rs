//! Routes as data: for each its name, who comes through, and its methods, in one table.
//!
//! The table that answers requests is the one that is asked who comes through, so that no route
//! is there without a gate.

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::routing::MethodRouter;
use hyper::Method;

use crate::problem::Problem;

/// Who comes through to a route; the more must be known of somebody, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// Anybody, without a body.
    Open,
    /// Anybody: whoever asks is about to become known, or does not need to.
    Guest,
    /// Those of whom it is known who they are.
    Known,
}

/// Whether the sender of a request is known, as far as its head tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// By a header that holds.
    Known,
    /// Not yet, or not at all.
    Anonymous,
}

/// A route as the edge sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name in metrics and logs.
    pub name: &'static str,
    /// Who comes through.
    pub gate: Gate,
    /// Whether answers tell through when reads are consistent.
    pub(crate) tells_consistency: bool,
}

impl Route {
    /// A route with this name, to which those come through.
    pub const fn new(name: &'static str, gate: Gate) -> Self {
        Self { name, gate, tells_consistency: false }
    }

    /// The same, whose answers tell through when reads are consistent.
    pub(crate) const fn telling_consistency(self) -> Self {
        Self { tells_consistency: true, ..self }
    }
}

/// Routes by path: what answers, and who comes through.
#[derive(Clone, Debug)]
pub struct RouteTable<S> {
    router: Router<S>,
    /// Finds the place in `paths` as the router does.
    matcher: matchit::Router<usize>,
    paths: Vec<PathRoutes>,
}

/// The routes of one path.
#[derive(Clone, Debug)]
struct PathRoutes {
    pattern: String,
    /// Each with its method; none for every method.
    routes: Vec<(Option<Method>, Route)>,
}

impl<S: Clone + Send + Sync + 'static> Default for RouteTable<S> {
    fn default() -> Self {
        Self { router: Router::new(), matcher: matchit::Router::new(), paths: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> RouteTable<S> {
    /// The same with one more path, whose methods are all behind the gate of `route`.
    ///
    /// # Panics
    ///
    /// If the path is there already.
    #[must_use]
    pub fn path(self, pattern: &str, route: Route, methods: MethodRouter<S>) -> Self {
        self.add(pattern, (None, route), methods)
    }

    /// The same with one more method of a path, which alone is behind the gate of `route`.
    ///
    /// # Panics
    ///
    /// If the path has the method already.
    #[must_use]
    pub fn method(
        self,
        pattern: &str,
        (method, route): (Method, Route),
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

    /// The route of a request; none if no path of the table matches. A method that the path
    /// does not have is behind the narrowest of its gates.
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

    /// What answers, which shares `state`.
    pub fn router(&self, state: S) -> Router {
        self.router.clone().with_state(state)
    }
}

/// Routes that let requests in by rules of their own.
#[async_trait]
pub trait RouteGroup: Send + Sync {
    /// The route of a request; none if its path is not of this group. What the group answers
    /// must have a route here, and what nothing answers may have one.
    fn find(&self, method: &Method, path: &str) -> Option<Route>;

    /// What answers.
    fn router(&self) -> Router;

    /// Whether the operator of this machine is served, who shows no credentials.
    fn serves_operator(&self) -> bool;

    /// Lets a request in, or not, before its body is read, and leaves who asks for the handler.
    ///
    /// # Errors
    ///
    /// 403 for what may not be asked, 401 when it is not known who asks and `gate` says that it
    /// must; or why it cannot be found out.
    async fn admit(&self, request: &mut Request, gate: Gate) -> Result<Sender, Problem>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};

    #[test]
    fn a_method_that_a_path_lacks_is_behind_the_narrowest_gate() {
        let route = |gate| Route::new("thing", gate);
        let handler = || async {};
        let table = RouteTable::<()>::default()
            .method("/things", (Method::GET, route(Gate::Open)), get(handler))
            .method("/things", (Method::POST, route(Gate::Known)), post(handler))
            .path("/things/{id}", route(Gate::Guest), get(handler));
        let rows = [
            (Method::GET, "/things", Some(Gate::Open)),
            (Method::HEAD, "/things", Some(Gate::Open)),
            (Method::POST, "/things", Some(Gate::Known)),
            (Method::DELETE, "/things", Some(Gate::Known)),
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
