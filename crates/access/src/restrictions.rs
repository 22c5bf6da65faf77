//! Within which bounds a credential may be used, whatever its scopes.
//!
//! One rule tells which statements are in reach, and it holds for writing and for reading
//! alike: what a credential may not write, it does not find either.

mod binding;
mod origin;
mod prefix;

use acta_xapi::{ActivityId, Ifi, Object, Statement, Uuid};

pub use binding::Binding;
pub use origin::{NotAnOrigin, Origin};
pub use prefix::{ActivityPrefix, NotAPrefix};

/// Within which bounds a credential may be used, whatever its scopes. By default without any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Whether it may change nothing.
    pub is_read_only: bool,
    /// Where activities must begin, if there are any: with one of these.
    pub activity_prefixes: Vec<ActivityPrefix>,
    /// The origins of the pages that may use it, if there are any.
    pub origins: Vec<Origin>,
    /// The agent that it acts for, and where.
    pub binding: Option<Binding>,
}

/// A bound that is in the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Restriction {
    /// It changes something.
    #[error("the credential is read-only")]
    ReadOnly,
    /// It comes from no page, or from one of another origin.
    #[error("the credential may be used only by pages of its allowed origins, which send `Origin`")]
    Origin,
    /// It is not about activities that begin with a prefix.
    #[error(
        "the credential may be used only for activities whose id begins with one of its prefixes: \
         the object of a statement, the `activity` of a query, the `activityId` of a document"
    )]
    ActivityPrefix,
    /// It is about persons.
    #[error(
        "a credential that is restricted to activities may not be used for persons and agent \
         profiles"
    )]
    Persons,
    /// It is about another agent.
    #[error("the credential may be used only for the agent that it is bound to")]
    Agent,
    /// It is about another registration, or none.
    #[error("the credential may be used only for the registration that it is bound to")]
    Registration,
    /// It is about another activity.
    #[error(
        "the credential may be used only for the activity that it is bound to and activities below \
         it: as the object of a statement, or in its context activities"
    )]
    Activity,
    /// It voids a statement.
    #[error("a credential that is restricted to activities or bound to an agent may not void")]
    Voiding,
    /// It administers.
    #[error(
        "a credential that is restricted to activities or bound to an agent may not \
             administer"
    )]
    Administration,
    /// It asks for a token, and is one.
    #[error("a browser token may not be exchanged for another token")]
    Exchange,
}

impl Restriction {
    /// Every restriction.
    pub const EVERY: [Self; 10] = [
        Self::ReadOnly,
        Self::Origin,
        Self::ActivityPrefix,
        Self::Persons,
        Self::Agent,
        Self::Registration,
        Self::Activity,
        Self::Voiding,
        Self::Administration,
        Self::Exchange,
    ];

    /// The name, as in `activity-prefix`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Origin => "origin",
            Self::ActivityPrefix => "activity-prefix",
            Self::Persons => "persons",
            Self::Agent => "agent",
            Self::Registration => "registration",
            Self::Activity => "activity",
            Self::Voiding => "voiding",
            Self::Administration => "administration",
            Self::Exchange => "exchange",
        }
    }
}

impl Restrictions {
    /// Most prefixes of one credential.
    pub const PREFIXES_MAX: usize = 100;

    /// Most origins of one credential.
    pub const ORIGINS_MAX: usize = 100;

    /// Whether it depends on what a request is about. If not, everything here but the origin
    /// is permitted, and nothing has to be looked at.
    pub const fn narrows_content(&self) -> bool {
        !self.activity_prefixes.is_empty() || self.binding.is_some()
    }

    /// Permits a request with this value of the header `Origin`.
    ///
    /// # Errors
    ///
    /// [`Restriction::Origin`] where origins are listed and it is none of them, or absent.
    pub fn permit_origin(&self, header: Option<&str>) -> Result<(), Restriction> {
        let is_listed =
            || header.is_some_and(|header| self.origins.iter().any(|one| one.is_named_by(header)));
        if self.origins.is_empty() || is_listed() { Ok(()) } else { Err(Restriction::Origin) }
    }

    /// Permits a statement to be written, or to be read.
    ///
    /// With prefixes, its object must be an activity that begins with one, or a substatement
    /// with such an object. With a binding, see [`Binding`]. With either, it must not void.
    ///
    /// # Errors
    ///
    /// [`Restriction::Voiding`], [`Restriction::ActivityPrefix`], [`Restriction::Agent`],
    /// [`Restriction::Registration`] or [`Restriction::Activity`].
    pub fn permit_statement(&self, statement: &Statement) -> Result<(), Restriction> {
        if !self.narrows_content() {
            return Ok(());
        }
        if statement.voids().is_some() {
            return Err(Restriction::Voiding);
        }
        let object = activity_of(&statement.object);
        let is_within = object.is_some_and(|activity| self.is_within_prefixes(activity));
        if !self.activity_prefixes.is_empty() && !is_within {
            return Err(Restriction::ActivityPrefix);
        }
        let binding = self.binding.as_ref();
        binding.map_or(Ok(()), |binding| binding.permit_statement(statement, object))
    }

    /// The agent that a query is to be narrowed to, of one that asks for `asked`.
    ///
    /// # Errors
    ///
    /// [`Restriction::Agent`] where it asks for another one.
    pub fn narrow_agent<'a>(
        &'a self,
        asked: Option<&'a Ifi>,
    ) -> Result<Option<&'a Ifi>, Restriction> {
        let bound = self.binding.as_ref().map(|binding| &binding.agent);
        narrow(bound, asked, Restriction::Agent)
    }

    /// The registration that a query, or a list of states, is to be narrowed to.
    ///
    /// # Errors
    ///
    /// [`Restriction::Registration`] where it asks for another one.
    pub fn narrow_registration(&self, asked: Option<Uuid>) -> Result<Option<Uuid>, Restriction> {
        let bound = self.binding.as_ref().and_then(|binding| binding.registration);
        narrow(bound, asked, Restriction::Registration)
    }

    /// Permits a query for statements with this activity, or with any.
    ///
    /// With prefixes it must name one that begins with one, so that nobody searches through
    /// what they may not find; with a binding the agent narrows it already.
    ///
    /// # Errors
    ///
    /// [`Restriction::ActivityPrefix`].
    pub fn permit_query(&self, asked: Option<&ActivityId>) -> Result<(), Restriction> {
        let is_permitted = match asked {
            Some(activity) => self.is_within_prefixes(activity),
            None => self.activity_prefixes.is_empty() || self.binding.is_some(),
        };
        if is_permitted { Ok(()) } else { Err(Restriction::ActivityPrefix) }
    }

    /// Permits reading what is known of an activity, its profiles included.
    ///
    /// # Errors
    ///
    /// [`Restriction::ActivityPrefix`] or [`Restriction::Activity`].
    pub fn permit_activity(&self, activity: &ActivityId) -> Result<(), Restriction> {
        if !self.is_within_prefixes(activity) {
            return Err(Restriction::ActivityPrefix);
        }
        let bound = self.binding.as_ref().and_then(|binding| binding.activity.as_ref());
        match bound {
            Some(bound) if !binding::is_at_or_below(activity, bound) => Err(Restriction::Activity),
            Some(_) | None => Ok(()),
        }
    }

    /// Permits writing a profile of an activity.
    ///
    /// All learners share it, so whoever acts for one of them needs to be bound to the
    /// activity too.
    ///
    /// # Errors
    ///
    /// As [`Restrictions::permit_activity`].
    pub fn permit_writing_activity(&self, activity: &ActivityId) -> Result<(), Restriction> {
        let is_adrift = self.binding.as_ref().is_some_and(|binding| binding.activity.is_none());
        if is_adrift { Err(Restriction::Activity) } else { self.permit_activity(activity) }
    }

    /// Permits reading what is known of an agent, and reading and writing its profiles.
    ///
    /// # Errors
    ///
    /// [`Restriction::Agent`]; [`Restriction::Persons`] with prefixes and no binding.
    pub fn permit_agent(&self, agent: &Ifi) -> Result<(), Restriction> {
        match &self.binding {
            Some(binding) if binding.agent == *agent => Ok(()),
            Some(_) => Err(Restriction::Agent),
            None if self.activity_prefixes.is_empty() => Ok(()),
            None => Err(Restriction::Persons),
        }
    }

    /// Permits reading and writing one state of an agent in an activity. A state without
    /// registration belongs to all of them.
    ///
    /// # Errors
    ///
    /// [`Restriction::ActivityPrefix`], [`Restriction::Activity`], [`Restriction::Agent`] or
    /// [`Restriction::Registration`].
    pub fn permit_state(
        &self,
        (activity, agent): (&ActivityId, &Ifi),
        registration: Option<Uuid>,
    ) -> Result<(), Restriction> {
        self.permit_activity(activity)?;
        self.narrow_agent(Some(agent))?;
        self.narrow_registration(registration).map(drop)
    }

    /// The restrictions of a browser token that acts for `binding` in the place of a
    /// credential with these, used by pages of `origin` if one is given: never wider.
    ///
    /// # Errors
    ///
    /// - [`Restriction::Exchange`]: they are a token's themselves.
    /// - [`Restriction::ActivityPrefix`]: the activity is out of reach.
    /// - [`Restriction::Origin`]: the origin is none of those listed.
    pub fn bind(&self, binding: Binding, origin: Option<Origin>) -> Result<Self, Restriction> {
        if self.binding.is_some() {
            return Err(Restriction::Exchange);
        }
        if let Some(activity) = &binding.activity {
            self.permit_activity(activity)?;
        }
        let origins = match origin {
            None => self.origins.clone(),
            Some(origin) => {
                self.permit_origin(Some(origin.as_str()))?;
                vec![origin]
            }
        };
        let activity_prefixes = self.activity_prefixes.clone();
        let is_read_only = self.is_read_only;
        Ok(Self { is_read_only, activity_prefixes, origins, binding: Some(binding) })
    }

    fn is_within_prefixes(&self, activity: &ActivityId) -> bool {
        let prefixes = &self.activity_prefixes;
        prefixes.is_empty() || prefixes.iter().any(|prefix| prefix.admits(activity))
    }
}

/// What to ask for, of what is bound and what is asked for; refused where these differ.
fn narrow<T: PartialEq>(
    bound: Option<T>,
    asked: Option<T>,
    refusal: Restriction,
) -> Result<Option<T>, Restriction> {
    match (bound, asked) {
        (Some(bound), Some(asked)) if bound != asked => Err(refusal),
        (bound, asked) => Ok(bound.or(asked)),
    }
}

/// The activity that a statement, or the substatement in it, is about.
fn activity_of(object: &Object) -> Option<&ActivityId> {
    match object {
        Object::Activity(activity) => Some(&activity.id),
        // There are no substatements in substatements.
        Object::SubStatement(sub) => activity_of(&sub.object),
        Object::Actor(_) | Object::StatementRef(_) => None,
    }
}

#[cfg(test)]
mod tests;
