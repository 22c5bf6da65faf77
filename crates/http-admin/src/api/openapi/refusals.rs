//! Error responses in the document, derived from the access rule, the method and the parameters of
//! an operation. A description that the handler gives for a status takes precedence.

use acta_http::problem::ProblemForm;
use acta_http::route::Gate;
use hyper::Method;
use serde_json::{Value, json};

/// The properties of an operation that decide its error responses.
struct Taken<'a> {
    gate: Gate,
    is_change: bool,
    path: &'a str,
    /// Whether the operation declares that it needs no authentication.
    is_public: bool,
    has_body: bool,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Taken<'a> {
    fn of((method, path): (&Method, &'a str), gate: Gate, operation: &'a Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let text = |value: &'a Value| value.as_str().unwrap_or_default();
        let named = parameters.map(|found| (text(&found["in"]), text(&found["name"])));
        Self {
            gate,
            is_change: method != Method::GET,
            path,
            is_public: operation.get("security").is_some(),
            has_body: operation.get("requestBody").is_some(),
            parameters: named.collect(),
        }
    }

    fn has(&self, place: &str) -> bool {
        self.parameters.iter().any(|(known, _)| *known == place)
    }

    fn has_header(&self, name: &str) -> bool {
        self.parameters.contains(&("header", name))
    }

    /// The status and description of each error response.
    fn refusals(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let Self { is_change, has_body, .. } = *self;
        let (is_authenticated, is_guest) =
            (self.gate.needs_authentication(), self.gate == Gate::Guest);
        let has_parameters = self.has("query") || self.has("header");
        let in_tenant = is_change && self.path.starts_with("/tenants/{tenant}");
        let (if_match, key) = (self.has_header("If-Match"), self.has_header("Idempotency-Key"));
        let is_analysis = self.path.starts_with("/tenants/{tenant}/analyses/");
        [
            (has_parameters && has_body, "400", "A parameter or the body is not valid."),
            (has_parameters && !has_body, "400", "A parameter is not valid."),
            (!has_parameters && has_body, "400", "The body is not valid."),
            (is_authenticated || !self.is_public, "401", "Authentication required."),
            (is_authenticated, "403", "The required permission is missing."),
            (is_guest && is_change, "403", "The request came from a page of another origin."),
            (self.has("path"), "404", "Not found, or not visible to the requester."),
            (in_tenant, "409", "The tenant is suspended or deleted."),
            (if_match, "412", "The resource has changed since it was read."),
            (has_body, "413", "The body is too large."),
            (has_body, "415", "The Content-Type is not application/json."),
            (key, "422", "The Idempotency-Key was used for a different request."),
            (is_analysis, "422", "The analysis needs too much memory."),
            (if_match, "428", "The header If-Match is missing."),
            (
                is_authenticated,
                "429",
                "The tenant of the credential has exceeded its request rate.",
            ),
            (is_guest && has_body, "429", "Too many failed attempts."),
            (is_analysis, "503", "It took too long."),
        ]
        .into_iter()
        .filter_map(|(applies, status, text)| applies.then_some((status, text)))
    }
}

/// Adds the error responses of an operation, and those that every operation has.
pub(super) fn complete(place: (&Method, &str), gate: Gate, operation: &mut Value) {
    let refusals = Taken::of(place, gate, operation).refusals();
    let responses = &mut operation["responses"];
    let described = responses.as_object_mut().into_iter().flatten();
    for (_, refusal) in described.filter(|(status, _)| status.starts_with(['4', '5'])) {
        *refusal = problem(&refusal["description"]);
    }
    for (status, text) in refusals {
        if responses.get(status).is_none() {
            responses[status] = problem(&text.into());
        }
    }
    for status in ["4XX", "5XX"] {
        responses[status] = json!({ "$ref": PROBLEM });
    }
}

/// The reference to the common error response.
const PROBLEM: &str = "#/components/responses/Problem";

/// An error response with a description of its own.
fn problem(description: &Value) -> Value {
    json!({ "$ref": PROBLEM, "description": description })
}

/// The common error response.
pub(super) fn problem_response() -> Value {
    json!({
        "description": "The request was refused or the server failed; nothing was changed.",
        "content": {
            ProblemForm::Problem.content_type(): { "schema": { "$ref": "#/components/schemas/Problem" } },
        },
        "headers": {
            "Retry-After": {
                "description": "With 429 and 503, and with 409 where waiting helps: seconds to \
                    wait before the next request.",
                "schema": { "type": "integer", "minimum": 1 },
            },
            "WWW-Authenticate": {
                "description": "With 401: how to authenticate.",
                "schema": { "type": "string" },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: (&Method, &str), gate: Gate, mut operation: Value, expected: &[&str]) {
        complete(place, gate, &mut operation);
        let responses = operation["responses"].as_object().unwrap();
        let refused = responses.keys().map(String::as_str);
        let refused: Vec<&str> = refused.filter(|status| status.starts_with('4')).collect();
        assert_eq!(refused, [expected, &["4XX"]].concat(), "{place:?}");
    }

    #[test]
    fn refusals_follow_from_gate_method_and_parameters() {
        let bare = || json!({ "responses": {} });
        check((&Method::GET, "/server"), Gate::Authenticated, bare(), &["401", "403", "429"]);
        let signing_in = json!({ "security": [{}], "requestBody": {}, "responses": {} });
        let expected = ["400", "403", "413", "415", "429"];
        check((&Method::POST, "/session"), Gate::Guest, signing_in, &expected);
        let changing = json!({
            "parameters": [
                { "in": "path", "name": "tenant" },
                { "in": "header", "name": "If-Match" },
            ],
            "requestBody": {},
            "responses": {},
        });
        let expected = ["400", "401", "403", "404", "409", "412", "413", "415", "428", "429"];
        check((&Method::PATCH, "/tenants/{tenant}"), Gate::Authenticated, changing, &expected);
    }

    #[test]
    fn a_description_of_the_handler_takes_precedence() {
        let mut operation = json!({ "responses": { "403": { "description": "Operators only." } } });
        complete((&Method::GET, "/tenants"), Gate::Authenticated, &mut operation);
        assert_eq!(operation["responses"]["403"]["description"], "Operators only.");
        assert_eq!(operation["responses"]["403"]["$ref"], PROBLEM);
        assert_eq!(operation["responses"]["401"]["description"], "Authentication required.");
    }
}
