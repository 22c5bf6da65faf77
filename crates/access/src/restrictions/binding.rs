//! The binding of a browser token: its agent, registration and activities.

use acta_xapi::{ActivityId, Actor, Ifi, Statement, Uuid};

use crate::Restriction;

/// The binding of a browser token: its agent, registration and activities.
///
/// A statement is in reach if its actor is the agent, its registration is the bound one, and its
/// object or one of its context activities is a bound activity or below it.
///
/// An activity is below another one if its id begins with the other id, followed by `/`, `#` or
/// `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The learner.
    pub agent: Ifi,
    /// The registration; none means any.
    pub registration: Option<Uuid>,
    /// The activities, of which each is in reach: a unit of cmi5 has one id of the LMS and one of
    /// its publisher. None means any.
    pub activities: Vec<ActivityId>,
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
        let related = context.into_iter().flat_map(|context| context.activities.iter());
        let mut about = object.into_iter().chain(related.map(|activity| &activity.id));
        let is_within = self.activities.is_empty() || about.any(|activity| self.reaches(activity));
        if is_within { Ok(()) } else { Err(Restriction::Activity) }
    }

    /// Whether `activity` is bound or below a bound one, or if none is bound.
    pub(super) fn reaches(&self, activity: &ActivityId) -> bool {
        let is_within = |bound| is_at_or_below(activity, bound);
        self.activities.is_empty() || self.activities.iter().any(is_within)
    }

    /// Whether an actor is exactly the agent: a group would also speak for its members.
    fn is_agent(&self, actor: &Actor) -> bool {
        actor.ifi.as_ref() == Some(&self.agent) && actor.members.is_empty()
    }
}

/// Whether `activity` is `bound` or below it.
fn is_at_or_below(activity: &ActivityId, bound: &ActivityId) -> bool {
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
