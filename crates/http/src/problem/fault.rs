//! Faults as clients see them: where, which rule, and what was found.

use acta_xapi::{Fault, Rule};
use serde::Serialize;

/// A fault as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultView {
    /// The parameter in which it is, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The place in what was sent, as a JSON Pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The requirement of xAPI that it breaks, and where that stands.
    #[serde(flatten)]
    rule: Option<RuleView>,
    /// What is expected, for people.
    pub(super) message: String,
    /// What was sent, shortened.
    found: String,
}

/// A requirement of xAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct RuleView {
    #[serde(skip)]
    broken: Rule,
    rule: &'static str,
    section: &'static str,
}

impl From<Rule> for RuleView {
    fn from(rule: Rule) -> Self {
        Self { broken: rule, rule: rule.id(), section: rule.section() }
    }
}

impl FaultView {
    /// A fault at a position in a body, without a requirement of xAPI.
    pub fn at(pointer: &str, message: &str, found: &str) -> Self {
        let fault = Fault::new(pointer, Rule::Json, found);
        Self {
            parameter: None,
            pointer: Some(fault.pointer),
            rule: None,
            message: message.to_owned(),
            found: fault.found,
        }
    }

    /// The same fault of what is at `pointer`.
    pub(super) fn below(self, pointer: &str) -> Self {
        let place = self.pointer.map(|place| format!("{pointer}{place}"));
        Self { pointer: place, ..self }
    }

    /// Removes the requirement of xAPI, for requests that are not xAPI.
    pub(super) fn without_rule(self) -> Self {
        Self { rule: None, ..self }
    }

    /// A fault in the parameter `name`.
    pub fn in_parameter(name: &str, rule: Rule, message: &str, found: &str) -> Self {
        // `Fault` shortens what was found.
        let fault = Fault::new("", rule, found);
        Self {
            parameter: Some(name.to_owned()),
            pointer: None,
            rule: Some(rule.into()),
            message: message.to_owned(),
            found: fault.found,
        }
    }

    /// A fault inside the JSON value of the parameter `name`.
    pub(crate) fn inside_parameter(name: &str, fault: Fault) -> Self {
        Self { parameter: Some(name.to_owned()), ..Self::from(fault) }
    }

    /// The requirement of xAPI that is broken.
    pub(crate) fn rule(&self) -> Option<Rule> {
        self.rule.map(|view| view.broken)
    }

    /// The parameter and the place in what was sent, as far as it is in them.
    pub(crate) fn location(&self) -> (Option<&str>, Option<&str>) {
        (self.parameter.as_deref(), self.pointer.as_deref())
    }

    /// One line of text.
    pub(super) fn line(&self) -> String {
        let (place, message, found) = (self.place(), &self.message, &self.found);
        match self.rule {
            Some(RuleView { rule, section, .. }) => {
                format!("{place}: {message} ({rule}, {section}), found {found}")
            }
            None => format!("{place}: {message}, found {found}"),
        }
    }

    /// The position, as text.
    pub(super) fn place(&self) -> String {
        match (&self.parameter, &self.pointer) {
            (Some(parameter), None) => format!("parameter {parameter}"),
            (Some(parameter), Some(pointer)) => format!("parameter {parameter}{pointer}"),
            (None, Some(pointer)) if !pointer.is_empty() => pointer.clone(),
            (None, _) => "request".to_owned(),
        }
    }
}

impl From<Fault> for FaultView {
    fn from(fault: Fault) -> Self {
        Self {
            parameter: None,
            rule: Some(fault.rule.into()),
            message: with_key(fault.rule),
            pointer: Some(fault.pointer),
            found: fault.found,
        }
    }
}

/// The text of a rule, with the key of its limit if it has one.
fn with_key(rule: Rule) -> String {
    let keys = [
        (Rule::Size, "limits.json_values_max"),
        (Rule::Depth, "limits.json_depth_max"),
        (Rule::BatchLength, "limits.statements_count_max"),
        (Rule::ContextActivityCount, "limits.activities_count_max"),
        (Rule::AgentCount, "limits.agents_count_max"),
        (Rule::AttachmentCount, "limits.attachments_count_max"),
    ];
    let key = keys.into_iter().find(|(known, _)| *known == rule);
    key.map_or_else(|| rule.text().to_owned(), |(_, key)| format!("{} ({key})", rule.text()))
}
