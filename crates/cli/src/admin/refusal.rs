//! Error responses of the admin API as text for people.

use std::fmt;

use serde_json::Value;

use super::typed::typed;

/// An error response: the cause, and each part of the request that must be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status of the response.
    pub(crate) status: u16,
    detail: String,
    faults: Vec<String>,
}

impl Refusal {
    /// Reads a problem, or any other error response.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        let problem: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
        let detail = text(&problem, "detail")
            .unwrap_or_else(|| format!("the server responded with status {status}"));
        let faults = problem["faults"].as_array().into_iter().flatten().map(|fault| {
            let place = text(fault, "parameter").or(text(fault, "pointer")).unwrap_or_default();
            let member = |name| text(fault, name).unwrap_or_default();
            match (member("message"), member("found")) {
                // A fault in a file says itself where it is.
                (message, _) if place.is_empty() && message.starts_with("line ") => message,
                (message, found) if found.is_empty() || is_position(&found) => {
                    format!("{}: {message}", typed(&place))
                }
                (message, found) => format!("{}: {message}, found {found}", typed(&place)),
            }
        });
        Self { status, detail, faults: faults.collect() }
    }

    /// Whether the request is at fault, not the server: a retry would change nothing.
    pub(crate) fn is_final(&self) -> bool {
        (400..500).contains(&self.status)
    }

    /// An error for something that does not exist and has no path in the API.
    pub(crate) fn absent(detail: String) -> Self {
        Self { status: 404, detail, faults: Vec::new() }
    }
}

/// Whether what was found is only a place in the body, which nobody has typed.
fn is_position(found: &str) -> bool {
    found.starts_with("line ") && found.contains(", column ")
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.faults.as_slice() {
            return f.write_str(only);
        }
        f.write_str(&self.detail)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_own_line() {
        let problem = r#"{
            "detail": "2 faults were found; nothing was changed",
            "faults": [
                {"pointer": "/name", "message": "expected a text", "found": "7"},
                {"parameter": "limit", "message": "expected a number", "found": "x"}
            ]
        }"#;
        let expected = "2 faults were found; nothing was changed\n  \
                        the name: expected a text, found 7\n  \
                        the limit: expected a number, found x";
        assert_eq!(Refusal::read(400, problem.as_bytes()).to_string(), expected);
    }

    #[test]
    fn a_single_fault_is_reported_once() {
        let problem = r#"{
            "detail": "/label: expected 1 to 200 characters",
            "faults": [{"pointer": "/label", "message": "expected 1 to 200 characters"}]
        }"#;
        let expected = "the label: expected 1 to 200 characters";
        assert_eq!(Refusal::read(400, problem.as_bytes()).to_string(), expected);
    }

    #[test]
    fn other_error_responses_are_reported_by_status() {
        let refusal = Refusal::read(502, b"<html>");
        assert_eq!(refusal.to_string(), "the server responded with status 502");
    }
}
