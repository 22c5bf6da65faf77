//! Restrictions of credentials, in addition to their scopes.
//!
//! One rule decides which statements are in reach, for writing and for reading: a credential does
//! not find statements that it may not write.

mod binding;
mod origin;
mod prefix;

use acta_xapi::{ActivityId, Ifi, Object, Statement, Uuid};

pub use binding::Binding;
pub use origin::{NotAnOrigin, Origin};
pub use prefix::{ActivityPrefix, NotAPrefix};

/// The restrictions of a credential, in addition to its scopes. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Whether it is read-only.
    pub is_read_only: bool,
    /// The allowed prefixes of activity ids; all if empty.
    pub activity_prefixes: Vec<ActivityPrefix>,
    /// The allowed origins of pages; all if empty.
    pub origins: Vec<Origin>,
    /// The agent that it acts for, with further bounds.
    pub binding: Option<Binding>,
}

/// A restriction that forbids a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Restriction {
    /// It changes something.
    #[error("the credential is read-only")]
    ReadOnly,
    /// It does not come from a page of an allowed origin.
    #[error("the credential may be used only by pages of its allowed origins, which send `Origin`")]
    Origin,
    /// It is not about activities with an allowed prefix.
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
        "the credential may be used only for the activities that it is bound to and those below \
         them: as the object of a statement, or in its context activities"
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
    /// It is a token, and requests another one.
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

    /// The name, such as `activity-prefix`.
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

    /// Whether it restricts the content of requests. If not, only the origin has to be checked.
    pub const fn narrows_content(&self) -> bool {
        !self.activity_prefixes.is_empty() || self.binding.is_some()
    }

    /// Permits a request with this value of the header `Origin`.
    ///
    /// # Errors
    ///
    /// [`Restriction::Origin`] if origins are listed and the header is absent or none of them.
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

    /// The agent to which a query is narrowed that requests `asked`.
    ///
    /// # Errors
    ///
    /// [`Restriction::Agent`] if it requests another one.
    pub fn narrow_agent<'a>(
        &'a self,
        asked: Option<&'a Ifi>,
    ) -> Result<Option<&'a Ifi>, Restriction> {
        let bound = self.binding.as_ref().map(|binding| &binding.agent);
        narrow(bound, asked, Restriction::Agent)
    }

    /// The registration to which a query, or a list of states, is narrowed.
    ///
    /// # Errors
    ///
    /// [`Restriction::Registration`] if it requests another one.
    pub fn narrow_registration(&self, asked: Option<Uuid>) -> Result<Option<Uuid>, Restriction> {
        let bound = self.binding.as_ref().and_then(|binding| binding.registration);
        narrow(bound, asked, Restriction::Registration)
    }

    /// Permits a query for statements with this activity, or with any.
    ///
    /// With prefixes, it must name an activity with an allowed prefix, so that it does not search
    /// statements out of reach; with a binding, the agent already narrows it.
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

    /// Permits reading an activity and its profiles.
    ///
    /// # Errors
    ///
    /// [`Restriction::ActivityPrefix`] or [`Restriction::Activity`].
    pub fn permit_activity(&self, activity: &ActivityId) -> Result<(), Restriction> {
        if !self.is_within_prefixes(activity) {
            return Err(Restriction::ActivityPrefix);
        }
        let is_within = self.binding.as_ref().is_none_or(|binding| binding.reaches(activity));
        if is_within { Ok(()) } else { Err(Restriction::Activity) }
    }

    /// Permits writing a profile of an activity.
    ///
    /// All learners share it, so a token for one learner must be bound to the activity too.
    ///
    /// # Errors
    ///
    /// As [`Restrictions::permit_activity`].
    pub fn permit_writing_activity(&self, activity: &ActivityId) -> Result<(), Restriction> {
        let is_adrift = self.binding.as_ref().is_some_and(|binding| binding.activities.is_empty());
        if is_adrift { Err(Restriction::Activity) } else { self.permit_activity(activity) }
    }

    /// Permits reading an agent, and reading and writing its profiles.
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
        activity: &ActivityId,
        agent: &Ifi,
        registration: Option<Uuid>,
    ) -> Result<(), Restriction> {
        self.permit_activity(activity)?;
        self.narrow_agent(Some(agent))?;
        self.narrow_registration(registration).map(drop)
    }

    /// The restrictions of a browser token that acts for `binding`, issued for a credential with
    /// these restrictions, and used by pages of `origin` if one is given. They are never wider.
    ///
    /// # Errors
    ///
    /// - [`Restriction::Exchange`]: these are the restrictions of a token.
    /// - [`Restriction::ActivityPrefix`]: an activity is out of reach.
    /// - [`Restriction::Origin`]: the origin is not one of those listed.
    pub fn bind(&self, binding: Binding, origin: Option<Origin>) -> Result<Self, Restriction> {
        if self.binding.is_some() {
            return Err(Restriction::Exchange);
        }
        for activity in &binding.activities {
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

/// The value to query for, from the bound and the requested value; refused if they differ.
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
