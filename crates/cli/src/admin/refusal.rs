//! Error responses of the admin API as text for people.

use std::fmt;

use serde_json::Value;

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
            let place = text(fault, "pointer").filter(|pointer| !pointer.is_empty());
            let place = text(fault, "parameter").or(place).unwrap_or_else(|| "body".to_owned());
            let member = |name| text(fault, name).unwrap_or_default();
            format!("{place}: {}, found {}", member("message"), member("found"))
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

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
                        /name: expected a text, found 7\n  \
                        limit: expected a number, found x";
        assert_eq!(Refusal::read(400, problem.as_bytes()).to_string(), expected);
    }

    #[test]
    fn other_error_responses_are_reported_by_status() {
        let refusal = Refusal::read(502, b"<html>");
        assert_eq!(refusal.to_string(), "the server responded with status 502");
    }
}
