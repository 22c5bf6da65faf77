//! Activities as JSON text, made once and copied into statements.

use crate::text::string;

/// An activity, and what its statements say about its place in a course.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    /// The id.
    pub(crate) id: String,
    /// The value of `object`.
    pub(crate) object: String,
    /// The properties `parent` and `grouping` of `contextActivities`, without braces.
    pub(crate) relations: String,
}

impl Activity {
    /// An activity with its name and type.
    pub(crate) fn new(id: String, activity_type: &str, name: &str, language: &str) -> Self {
        let definition =
            format!(r#""name":{{"{language}":{}}},"type":"{activity_type}""#, string(name));
        Self::with_definition(id, &definition)
    }

    /// An activity with the properties of its definition.
    pub(crate) fn with_definition(id: String, definition: &str) -> Self {
        let object =
            format!(r#"{{"objectType":"Activity","id":"{id}","definition":{{{definition}}}}}"#);
        Self { id, object, relations: String::new() }
    }

    /// Sets the activities that it is part of: the closest, then all others.
    pub(crate) fn within(mut self, parent: &str, grouping: &[&str]) -> Self {
        self.relations = format!(r#""parent":[{parent}]"#);
        if !grouping.is_empty() {
            self.relations.push_str(r#","grouping":["#);
            self.relations.push_str(&grouping.join(","));
            self.relations.push(']');
        }
        self
    }
}

/// An activity as other statements name it: by its id and type.
pub(crate) fn mention(id: &str, activity_type: &str) -> String {
    format!(r#"{{"id":"{id}","definition":{{"type":"{activity_type}"}}}}"#)
}
