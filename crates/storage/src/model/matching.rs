//! Whether a parsed statement matches the filters of a query.
//!
//! Spec: xAPI 1.0.3, Part Three, 2.1.3; IEEE 9274.1.1, 4.1.6.1.

use std::collections::BTreeSet;

use acta_xapi::{Activity, ActivityId, Actor, Context, Ifi, Object, SubStatement};

use super::TenantData;
use super::log_record::{LogRecord, ParsedStatement};
use crate::{AgentFilter, StatementQuery};

impl TenantData {
    /// Whether the statement itself, or one that it refers to over any number of
    /// `StatementRef`s, matches all filters that are not about time or authority. The chain ends
    /// before a statement that the reader may not read.
    pub(super) fn matches_along_chain(&self, record: &LogRecord, query: &StatementQuery) -> bool {
        let mut seen = BTreeSet::new();
        let mut current = Some(record);
        while let Some(record) = current {
            // References may be circular.
            if !seen.insert(record.statement.id) {
                return false;
            }
            if matches(record, query) {
                return true;
            }
            let target = record.statement.target.and_then(|target| self.record(target));
            current = target.filter(|target| is_readable(target, query));
        }
        false
    }
}

/// Whether the reader may read a statement that another refers to.
fn is_readable(record: &LogRecord, query: &StatementQuery) -> bool {
    let statement = record.parsed.as_ref().map(|parsed| &parsed.statement);
    query.permits_authority(record.authority()) && query.permits_target(statement)
}

/// Whether the statement itself matches all filters that are not about time or authority.
fn matches(record: &LogRecord, query: &StatementQuery) -> bool {
    let Some(parsed) = &record.parsed else {
        return is_of_time_alone(query);
    };
    let statement = &parsed.statement;
    let context = statement.context.as_ref();
    let registration = context.and_then(|context| context.registration);
    query.agent.as_ref().is_none_or(|filter| is_about_agent(parsed, filter))
        && query.verb.as_ref().is_none_or(|verb| *verb == statement.verb.id)
        && query.registration.is_none_or(|wanted| Some(wanted) == registration)
        && query.activity.as_ref().is_none_or(|wanted| {
            is_about_activity(&statement.object, context, wanted, query.is_activity_related)
        })
}

/// Whether the query filters by nothing but stored time and authority.
fn is_of_time_alone(query: &StatementQuery) -> bool {
    query.agent.is_none()
        && query.verb.is_none()
        && query.registration.is_none()
        && query.activity.is_none()
}

fn is_about_agent(parsed: &ParsedStatement, filter: &AgentFilter) -> bool {
    let statement = &parsed.statement;
    if names_in_actor_or_object(&statement.actor, &statement.object, &filter.ifi) {
        return true;
    }
    filter.is_related
        && (parsed.authority == filter.ifi
            || names_in_context(statement.context.as_ref(), &filter.ifi)
            || names_in_substatement(&statement.object, &filter.ifi))
}

fn names_in_actor_or_object(actor: &Actor, object: &Object, ifi: &Ifi) -> bool {
    let in_object = match object {
        Object::Actor(actor) => names(actor, ifi),
        Object::Activity(_) | Object::StatementRef(_) | Object::SubStatement(_) => false,
    };
    in_object || names(actor, ifi)
}

fn names_in_context(context: Option<&Context>, ifi: &Ifi) -> bool {
    let Some(context) = context else { return false };
    let single = [&context.instructor, &context.team].into_iter().flatten();
    single.chain(&context.agents).chain(&context.groups).any(|actor| names(actor, ifi))
}

fn names_in_substatement(object: &Object, ifi: &Ifi) -> bool {
    substatement(object).is_some_and(|inner| {
        names_in_actor_or_object(&inner.actor, &inner.object, ifi)
            || names_in_context(inner.context.as_ref(), ifi)
    })
}

/// Whether `actor` has the identifier, or is a group with such a member.
fn names(actor: &Actor, ifi: &Ifi) -> bool {
    actor.ifi.as_ref() == Some(ifi) || actor.members.iter().any(|member| names(member, ifi))
}

fn is_about_activity(
    object: &Object,
    context: Option<&Context>,
    wanted: &ActivityId,
    is_related: bool,
) -> bool {
    let is_wanted = |activity: &Activity| activity.id == *wanted;
    if matches!(object, Object::Activity(activity) if is_wanted(activity)) {
        return true;
    }
    if !is_related {
        return false;
    }
    context.is_some_and(|context| context.activities.iter().any(is_wanted))
        || substatement(object).is_some_and(|inner| {
            is_about_activity(&inner.object, inner.context.as_ref(), wanted, true)
        })
}

fn substatement(object: &Object) -> Option<&SubStatement> {
    match object {
        Object::SubStatement(inner) => Some(inner),
        Object::Activity(_) | Object::Actor(_) | Object::StatementRef(_) => None,
    }
}
