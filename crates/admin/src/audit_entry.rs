//! Audit entries.

use std::borrow::Cow;

use acta_access::TenantId;
use acta_storage::directory::AccountId;
use acta_storage::{AuditOutcome, NewAuditEntry};
use serde_json::{Map, Value, json};

use crate::{Admin, Requester};

/// The target of an entry about a tenant.
pub(crate) fn tenant_target(id: TenantId) -> String {
    format!("tenant:{id}")
}

pub(crate) fn account_target(id: AccountId) -> String {
    format!("account:{id}")
}

/// An act with its details, for an audit entry.
#[derive(Clone, Copy)]
pub(crate) struct AuditEvent<'a> {
    pub(crate) act: &'static str,
    pub(crate) detail: &'a Value,
}

impl Admin {
    /// An entry for an act that is done now.
    pub(crate) fn entry(
        &self,
        requester: &Requester,
        act: impl Into<Cow<'static, str>>,
        target: String,
    ) -> NewAuditEntry {
        NewAuditEntry {
            id: self.new_id(),
            at: self.clock.now(),
            who: requester.who.clone(),
            from: requester.from.clone(),
            act: act.into(),
            target,
            outcome: AuditOutcome::Done,
            detail: "{}".to_owned(),
        }
    }

    /// As [`Admin::entry`], with details.
    pub(crate) fn entry_with(
        &self,
        requester: &Requester,
        act: impl Into<Cow<'static, str>>,
        target: String,
        detail: &Value,
    ) -> NewAuditEntry {
        NewAuditEntry { detail: detail.to_string(), ..self.entry(requester, act, target) }
    }
}

/// The differences between two values: the old and the new value of each property.
pub(crate) fn differences(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return json!({});
    };
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    let differing: Map<String, Value> = changed
        .map(|(name, value)| {
            let old = before.get(name).cloned().unwrap_or(Value::Null);
            (name.clone(), json!({ "from": old, "to": value }))
        })
        .collect();
    json!({ "changes": differing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differences_are_recorded() {
        let before = json!({ "a": 1, "b": "x", "c": null });
        let after = json!({ "a": 2, "b": "x", "c": [1] });
        let expected = json!({ "changes": {
            "a": { "from": 1, "to": 2 },
            "c": { "from": null, "to": [1] },
        } });
        assert_eq!(differences(&before, &after), expected);
        assert_eq!(differences(&before, &before), json!({ "changes": {} }));
    }
}
