//! Responses of the admin API as text for people.

use serde_json::{Map, Value};

use super::Table;

/// A column of a table: its header, and the pointer of its value in an item (RFC 6901).
pub(crate) type Column = (&'static str, &'static str);

/// A list as a table.
pub(crate) fn table(items: &[Value], columns: &[Column]) -> Vec<String> {
    let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
    let mut table = Table::new(&heads);
    for item in items {
        table.row(columns.iter().map(|(_, pointer)| {
            let name = pointer.rsplit('/').next().unwrap_or_default();
            item.pointer(pointer).map(|value| text(name, value)).unwrap_or_default()
        }));
    }
    table.lines()
}

/// An object: a line for each property, those in `first` before the others.
pub(crate) fn fields(thing: &Value, first: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    let Some(members) = thing.as_object() else { return vec![text("", thing)] };
    let known = first.iter().filter_map(|name| members.get_key_value(*name));
    let others = members.iter().filter(|(name, _)| !first.contains(&name.as_str()));
    for (name, value) in known.chain(others) {
        rows_of(name, value, &mut rows);
    }
    let mut table = Table::new(&["", ""]);
    for (name, text) in rows {
        table.row([name, text]);
    }
    table.lines().split_off(1)
}

/// The rows of a property. Nested objects are expanded once.
fn rows_of(name: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let label = name.replace('_', " ");
    let opened = value.as_object().filter(|_| !is_agent(value));
    let items = value.as_array().filter(|items| items.iter().any(Value::is_object));
    if let Some(inner) = opened {
        rows.extend(
            inner.iter().map(|(key, value)| {
                (format!("{label}: {}", key.replace('_', " ")), text(key, value))
            }),
        );
    } else if let Some(items) = items {
        rows.extend(items.iter().map(|item| (label.clone(), text(name, item))));
    } else {
        rows.push((label, text(name, value)));
    }
}

/// Whether it is an xAPI agent, which is shown as JSON.
fn is_agent(value: &Value) -> bool {
    ["mbox", "mbox_sha1sum", "openid", "account"].iter().any(|name| value.get(name).is_some())
}

/// A value as text; `name` is the name of its property.
fn text(name: &str, value: &Value) -> String {
    match value {
        Value::Null if name.starts_with("last_") => "never".to_owned(),
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => match number.as_u64() {
            Some(number) if name.contains("bytes") => size(number),
            _ => number.to_string(),
        },
        Value::String(text) => moment(text),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            items.iter().map(|item| text(name, item)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) if is_agent(value) => value.to_string(),
        Value::Object(members) => object(name, members),
    }
}

/// An object on one line; `name` is the name of its property.
fn object(name: &str, members: &Map<String, Value>) -> String {
    let member = |of: &str| members.get(of).map(|value| text(name, value));
    if let (Some(role), Some(tenant)) = (member("role"), member("tenant")) {
        return format!("{role} in {tenant}");
    }
    if let (Some(from), Some(to)) = (member("from"), member("to")) {
        return format!("from {from} to {to}");
    }
    let parts = members.iter().map(|(name, value)| {
        // The names are clear without the word "changed".
        let changes = value.as_object().filter(|_| name == "changes");
        let plain = || format!("{} {}", name.replace('_', " "), text(name, value));
        changes.map_or_else(plain, |changes| object(name, changes))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A timestamp without fractions of a second; any other text unchanged.
fn moment(text: &str) -> String {
    let is_long = text.len() == 27 && text.ends_with('Z') && text.as_bytes().get(19) == Some(&b'.');
    match text.get(..19) {
        Some(seconds) if is_long => format!("{seconds}Z"),
        _ => text.to_owned(),
    }
}

/// A size in the largest unit that gives a whole number.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.iter().find(|(_, bits)| bytes != 0 && bytes.trailing_zeros() >= *bits);
    unit.map_or(bytes.to_string(), |(unit, bits)| format!("{}{unit}", bytes >> bits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_shown_line_by_line() {
        let thing = json!({
            "audits_reads": false, "id": 2, "name": "Nordwind", "last_used": null,
            "created": "2026-11-24T16:23:21.123456Z",
            "limits": {"bytes_per_day": 10_737_418_240_u64, "statements_per_day": null},
            "roles": [{"role": "owner", "tenant": 1}, {"role": "viewer", "tenant": 2}],
            "authority": {"mbox": "mailto:a@example.org"}, "scopes": ["state", "define"],
        });
        let expected = [
            "id                          2",
            "name                        Nordwind",
            "audits reads                no",
            r#"authority                   {"mbox":"mailto:a@example.org"}"#,
            "created                     2026-11-24T16:23:21Z",
            "last used                   never",
            "limits: bytes per day       10GiB",
            "limits: statements per day  none",
            "roles                       owner in 1",
            "roles                       viewer in 2",
            "scopes                      state, define",
        ];
        assert_eq!(fields(&thing, &["id", "name"]), expected);
    }

    #[test]
    fn an_entry_of_the_audit_is_shown_on_one_line() {
        let detail = json!({ "changes": {
            "bytes_per_day": { "from": 1024, "to": null }, "name": { "from": "a", "to": "b" },
        } });
        let expected = "bytes per day from 1KiB to none, name from a to b";
        assert_eq!(text("detail", &detail), expected);
    }

    #[test]
    fn a_list_is_shown_as_a_table() {
        let items = [json!({"id": 1, "limits": {"bytes_per_day": 1536}}), json!({"id": 20})];
        let columns = [("ID", "/id"), ("BYTES/DAY", "/limits/bytes_per_day")];
        assert_eq!(table(&items, &columns), ["ID  BYTES/DAY", "1   1536", "20"]);
    }
}
