//! Parameters in paths: those of one name are the same in every operation.

use serde_json::{Value, json};

/// The names in the paths of operations: what each is, and its schema.
fn described(name: &str) -> Option<(&'static str, Value)> {
    let uuid = || json!({ "type": "string", "format": "uuid" });
    let text = || json!({ "type": "string" });
    Some(match name {
        "tenant" => ("The tenant.", json!({ "type": "integer", "format": "int32", "minimum": 1 })),
        "account" => ("The id of the account.", uuid()),
        "follower" => ("The name of the follower.", text()),
        "group" => ("The group.", uuid()),
        "identity" => ("The id of the identity.", text()),
        "invitation" => ("The id of the invitation.", text()),
        "key" => ("The key of the credential.", json!({ "type": "string", "minLength": 1 })),
        "person" => ("The person.", uuid()),
        "session" => ("The id of the session.", text()),
        _ => return None,
    })
}

/// Adds the parameters in the path of an operation that it does not describe itself.
pub(super) fn complete(path: &str, operation: &mut Value) {
    let mut all: Vec<Value> = operation["parameters"].as_array().cloned().unwrap_or_default();
    let is_described = |all: &[Value], name: &str| {
        all.iter().any(|parameter| parameter["in"] == "path" && parameter["name"] == name)
    };
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut place = 0;
    for name in names {
        if is_described(&all, name) {
            place += 1;
        } else if let Some((description, schema)) = described(name) {
            let parameter = json!({
                "name": name,
                "in": "path",
                "description": description,
                "required": true,
                "schema": schema,
            });
            all.insert(place.min(all.len()), parameter);
            place += 1;
        }
    }
    if !all.is_empty() {
        operation["parameters"] = all.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, mut operation: Value) -> Vec<String> {
        complete(path, &mut operation);
        let all = operation["parameters"].as_array().cloned().unwrap_or_default();
        all.iter().map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn parameters_of_a_path_come_first_and_once() {
        let query = json!({ "name": "limit", "in": "query" });
        let own = json!({ "name": "person", "in": "path", "description": "Who stays." });
        let path = "/tenants/{tenant}/persons/{person}/join";
        let operation = json!({ "parameters": [own, query] });
        assert_eq!(names(path, operation), ["tenant", "person", "limit"]);
        assert_eq!(names("/server", json!({})), [""; 0]);
        assert_eq!(names("/log/{*path}", json!({})), [""; 0]);
    }
}
