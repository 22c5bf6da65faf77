//! How values of analyses are shown.

use serde_json::Value;

/// The values of a list in an answer.
pub(super) fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    answer[name].as_array().into_iter().flatten()
}

/// What is said of an analysis with figures that are withheld.
pub(super) fn withheld(answer: &Value) -> Option<String> {
    let text = "some figures are withheld, since they are about too few learners";
    (answer["withheld"] == true).then(|| text.to_owned())
}

/// A number with one digit after the point, and its unit.
pub(super) fn figure(value: &Value, unit: &str) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.1}{unit}"))
}

/// A percentage with one digit after the point.
pub(super) fn percent(value: &Value) -> String {
    figure(value, " %")
}

/// A value as it stands in a cell.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Seconds as hours, minutes and seconds.
pub(super) fn duration(value: &Value) -> String {
    let Some(seconds) = value.as_f64() else { return "-".to_owned() };
    let (hours, rest) = ((seconds / 3_600.0).floor(), seconds % 3_600.0);
    format!("{hours}:{:02}:{:02}", (rest / 60.0).floor(), (rest % 60.0).floor())
}

/// A time of RFC 3339 to the minute.
pub(super) fn minute(time: &Value) -> String {
    let text = time.as_str().and_then(|time| time.get(..16));
    text.map_or_else(|| "-".to_owned(), |time| time.replace('T', " "))
}

/// The name of something, or its id if it has none.
pub(super) fn name(of: &Value) -> String {
    text(if of["name"].is_string() { &of["name"] } else { &of["id"] })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_shown_in_hours_minutes_and_seconds() {
        assert_eq!(
            (duration(&json!(3_725.4)), duration(&Value::Null)),
            ("1:02:05".into(), "-".into())
        );
    }
}
