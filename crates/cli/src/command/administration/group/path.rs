//! The names of groups from the top down.

use std::collections::HashMap;

use serde_json::Value;

/// The path of each of several groups by its id, as far as the groups above it are among them.
pub(super) fn of_groups(groups: &[Value]) -> HashMap<String, String> {
    let text = |group: &Value, member: &str| group[member].as_str().map(str::to_owned);
    let known: HashMap<String, &Value> =
        groups.iter().filter_map(|group| Some((text(group, "id")?, group))).collect();
    let path = |id: &String| {
        let above = |group: &&Value| known.get(group["parent"].as_str()?).copied();
        let lineage = std::iter::successors(known.get(id).copied(), above).take(groups.len());
        let mut names: Vec<&str> = lineage.filter_map(|group| group["name"].as_str()).collect();
        names.reverse();
        names.join(" / ")
    };
    known.keys().map(|id| (id.clone(), path(id))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_has_the_names_from_the_top_down() {
        let groups = [
            json!({"id": "3", "name": "c", "parent": "2"}),
            json!({"id": "1", "name": "a", "parent": null}),
            json!({"id": "2", "name": "b", "parent": "1"}),
            json!({"id": "9", "name": "x", "parent": "8"}),
        ];
        let paths = of_groups(&groups);
        assert_eq!(
            ["1", "2", "3", "9"].map(|id| paths[id].as_str()),
            ["a", "a / b", "a / b / c", "x"]
        );
    }
}
