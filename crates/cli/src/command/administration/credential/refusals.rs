//! `acta credential refusals`: why requests of a credential were refused.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::admin::{Address, Client, Output, Table};

/// Checks that a server answers, since refusals are in its memory alone.
///
/// # Errors
///
/// When the command has opened the store itself.
pub(super) fn check_served(client: &Client) -> Result<()> {
    if !client.is_served() {
        bail!(
            "refusals are in the memory of the server, and this command has opened the store \
             itself: ask the server with --url and --credential-file"
        );
    }
    Ok(())
}

/// Reads the refusals at this address.
///
/// # Errors
///
/// When the server refuses or does not answer.
pub(super) async fn read(client: &mut Client, address: &Address) -> Result<Output> {
    let found = client.get(address).await?;
    let lines = lines(&found);
    Ok(Output::new(found, lines))
}

fn lines(found: &Value) -> Vec<String> {
    let text = |name: &str| moment(found[name].as_str().unwrap_or("never"));
    let mut lines = vec![format!("last used  {}", text("last_used"))];
    lines.push(format!("kept since {}", text("since")));
    lines.push(String::new());
    let refusals = found["refusals"].as_array().map(Vec::as_slice).unwrap_or_default();
    if refusals.is_empty() {
        lines.push("no request was refused".to_owned());
        return lines;
    }
    let mut table = Table::new(&["LAST", "COUNT", "STATUS", "REQUEST", "WHY", "REQUEST ID"]);
    for refusal in refusals {
        let text = |name: &str| refusal[name].as_str().unwrap_or_default();
        table.row([
            moment(text("last")),
            refusal["count"].to_string(),
            refusal["status"].to_string(),
            format!("{} {}", text("method"), text("route")),
            why(refusal),
            text("request_id").to_owned(),
        ]);
    }
    lines.extend(table.lines());
    lines
}

/// The cause in a few words.
fn why(refusal: &Value) -> String {
    let problem = refusal["type"].as_str().and_then(|name| name.rsplit(':').next());
    let faults = refusal["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut words: Vec<String> = faults.iter().map(fault).collect();
    if let Some(restriction) = refusal["restriction"].as_str() {
        words.push(format!("restriction {restriction}"));
    }
    let scopes: Vec<&str> =
        refusal["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !scopes.is_empty() {
        words.push(format!("needs one of the scopes {}", scopes.join(", ")));
    }
    if words.is_empty() {
        words.push(problem.unwrap_or_default().to_owned());
    }
    words.join("; ")
}

fn fault(fault: &Value) -> String {
    let text = |name: &str| fault[name].as_str();
    let parameter = text("parameter").map(|name| format!("parameter {name}"));
    let place = match (parameter, text("pointer").filter(|pointer| !pointer.is_empty())) {
        (Some(parameter), pointer) => format!("{parameter}{}", pointer.unwrap_or_default()),
        (None, pointer) => pointer.unwrap_or("request").to_owned(),
    };
    match (text("message"), text("rule")) {
        (Some(message), Some(rule)) => format!("{place}: {message} ({rule})"),
        (_, _) => place,
    }
}

/// A time without fractions of a second.
fn moment(text: &str) -> String {
    match (text.get(..19), text.ends_with('Z')) {
        (Some(seconds), true) => format!("{seconds}Z"),
        (_, _) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_one_line_with_its_cause() {
        let found = json!({
            "last_used": null,
            "since": "2026-03-01T09:30:00.000000Z",
            "refusals": [
                {
                    "last": "2026-03-01T10:00:00.123456Z", "count": 3, "status": 400,
                    "method": "POST", "route": "statements", "type": "urn:acta:problem:faults",
                    "request_id": "one", "scopes": [], "restriction": null,
                    "faults": [
                        {
                            "rule": "XAPI-00001", "message": "must be so", "parameter": null,
                            "pointer": "/0/actor",
                        },
                        { "rule": null, "message": null, "parameter": "agent", "pointer": "/mbox" },
                    ],
                },
                {
                    "last": "2026-03-01T09:59:00.000000Z", "count": 1, "status": 403,
                    "method": "PUT", "route": "activities/state", "request_id": "two",
                    "type": "urn:acta:problem:forbidden", "restriction": null, "faults": [],
                    "scopes": ["state", "all"],
                },
                {
                    "last": "2026-03-01T09:58:00.000000Z", "count": 1, "status": 401,
                    "method": "GET", "route": "about", "request_id": "three", "scopes": [],
                    "type": "urn:acta:problem:unauthenticated", "restriction": null, "faults": [],
                },
            ],
        });
        let lines = lines(&found);
        assert_eq!(lines[..2], ["last used  never", "kept since 2026-03-01T09:30:00Z"]);
        for (line, expected) in [
            (4, "POST statements"),
            (4, "/0/actor: must be so (XAPI-00001); parameter agent/mbox"),
            (4, "2026-03-01T10:00:00Z  3"),
            (5, "needs one of the scopes state, all"),
            (6, "unauthenticated"),
        ] {
            assert!(lines[line].contains(expected), "{expected} is not in {:?}", lines[line]);
        }
        let none = json!({ "last_used": null, "since": "x", "refusals": [] });
        assert_eq!(super::lines(&none).last().unwrap(), "no request was refused");
    }
}
