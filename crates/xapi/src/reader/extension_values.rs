//! The values of extensions, which may be any JSON: what they hold is no reason to refuse a
//! statement.

use std::ops::Range;

use crate::Rule;
use crate::json::{Key, Kind, Value};

/// What is refused everywhere but inside the values of extensions: properties that occur twice, and
/// lone surrogates; each with the rule that it breaks.
///
/// Spec: xAPI 1.0.3, Part Two, 4.1; IEEE 9274.1.1, 4.2.7.
pub(crate) fn list_misplaced<'a, 't>(root: Value<'a, 't>) -> Vec<(Value<'a, 't>, Rule)> {
    let json = root.json();
    let duplicates = json.duplicates().map(|value| (value, Rule::DuplicateKey));
    let lone = json.lone_surrogates().map(|value| (value, Rule::Json));
    let mut suspects = duplicates.chain(lone).peekable();
    if suspects.peek().is_none() {
        return Vec::new();
    }
    let extensions = ExtensionValues::of(root);
    suspects.filter(|(value, rule)| !extensions.permit(*value, *rule)).collect()
}

/// Where the values of extensions are, in order, without overlap.
struct ExtensionValues(Vec<Range<usize>>);

impl ExtensionValues {
    fn of(root: Value<'_, '_>) -> Self {
        let (mut found, mut open) = (Vec::new(), vec![root]);
        while let Some(value) = open.pop() {
            let are_extensions = |(key, member): &(Key<'_, '_>, Value<'_, '_>)| {
                key.is("extensions") && member.kind() == Kind::Object
            };
            let maps = value.members().filter(are_extensions);
            found.extend(maps.flat_map(|(_, map)| map.members()).map(|(_, it)| it.span()));
            let others = value.members().filter(|member| !are_extensions(member));
            open.extend(others.map(|(_, member)| member).chain(value.elements()));
        }
        found.sort_unstable_by_key(|span| span.start);
        Self(found)
    }

    /// Whether the value lies in that of an extension. Two extensions with one key are two
    /// properties of a statement: the second one itself does not.
    fn permit(&self, value: Value<'_, '_>, rule: Rule) -> bool {
        let span = value.span();
        let after = self.0.partition_point(|extension| extension.start <= span.start);
        let before = after.checked_sub(1).and_then(|index| self.0.get(index));
        before.is_some_and(|extension| {
            let is_whole = *extension == span;
            span.end <= extension.end && !(is_whole && rule == Rule::DuplicateKey)
        })
    }
}
