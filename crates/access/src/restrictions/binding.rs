//! The binding of a browser token: its agent, registration and activity.

use acta_xapi::{ActivityId, Actor, Context, Ifi, Statement, Uuid};

use crate::Restriction;

/// The binding of a browser token: its agent, registration and activity.
///
/// A statement is in reach if its actor is the agent, its registration is the bound one, and its
/// object or one of its context activities is the bound activity or below it.
///
/// An activity is below another one if its id begins with the other id, followed by `/`, `#` or
/// `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The learner.
    pub agent: Ifi,
    /// The registration; none means any.
    pub registration: Option<Uuid>,
    /// The activity; none means any.
    pub activity: Option<ActivityId>,
}

impl Binding {
    /// Permits a statement about `object`, if it is about an activity.
    pub(super) fn permit_statement(
        &self,
        statement: &Statement,
        object: Option<&ActivityId>,
    ) -> Result<(), Restriction> {
        if !self.is_agent(&statement.actor) {
            return Err(Restriction::Agent);
        }
        let context = statement.context.as_ref();
        let registration = context.and_then(|context| context.registration);
        if self.registration.is_some() && self.registration != registration {
            return Err(Restriction::Registration);
        }
        match &self.activity {
            Some(bound) if !is_about(bound, object, context) => Err(Restriction::Activity),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an actor is exactly the agent: a group would also speak for its members.
    fn is_agent(&self, actor: &Actor) -> bool {
        actor.ifi.as_ref() == Some(&self.agent) && actor.members.is_empty()
    }
}

/// Whether the object, or an activity in the context, is `bound` or below it.
fn is_about(bound: &ActivityId, object: Option<&ActivityId>, context: Option<&Context>) -> bool {
    let related = context.into_iter().flat_map(|context| context.activities.iter());
    let mut activities = object.into_iter().chain(related.map(|activity| &activity.id));
    activities.any(|activity| is_at_or_below(activity, bound))
}

/// Whether `activity` is `bound` or below it.
pub(super) fn is_at_or_below(activity: &ActivityId, bound: &ActivityId) -> bool {
    const ENDS: [char; 3] = ['/', '#', '?'];
    let bound = bound.as_str();
    match activity.as_str().strip_prefix(bound) {
        None => false,
        Some(rest) => rest.is_empty() || bound.ends_with(ENDS) || rest.starts_with(ENDS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_an_activity_is_what_goes_on_behind_it() {
        let table = [
            ("https://a.example/c", "https://a.example/c", true),
            ("https://a.example/c/1", "https://a.example/c", true),
            ("https://a.example/c#1", "https://a.example/c", true),
            ("https://a.example/c?1", "https://a.example/c", true),
            ("https://a.example/c/1", "https://a.example/c/", true),
            ("https://a.example/c1", "https://a.example/c", false),
            ("https://a.example/c", "https://a.example/c/", false),
            ("https://a.example/", "https://a.example/c", false),
            ("https://a.example.evil.example/", "https://a.example", false),
        ];
        for (activity, bound, expected) in table {
            let (activity, bound) = (activity.parse().unwrap(), bound.parse().unwrap());
            assert_eq!(is_at_or_below(&activity, &bound), expected, "{activity:?} {bound:?}");
        }
    }
}
