//! Terms: the keys of the statement index.
//!
//! A term is a keyed hash of tenant, kind and value, for the index of an engine. Which
//! property of a statement matches which filter is decided only here.

use std::collections::HashSet;

use acta_access::TenantId;
use acta_xapi::{Activity, Actor, Context, Ifi, Object, Statement, SubStatement};
use siphasher::sip::SipHasher24;

use crate::StatementQuery;

/// A keyed 64-bit hash of a filter value (a verb, an agent, an activity and so on), its kind
/// and the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term(pub u64);

/// The kind of a term. The numbers are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// The verb.
    Verb = 1,
    /// Actor, object, or a member of either.
    Agent = 2,
    /// Any other agent or group that `related_agents` matches, except the authority.
    RelatedAgent = 3,
    /// The activity that is the object.
    Activity = 4,
    /// Any other activity that `related_activities` matches.
    RelatedActivity = 5,
    /// The registration.
    Registration = 6,
    /// The authority.
    Authority = 7,
}

/// Identifies the rules for computing terms. To be changed whenever the rules change.
const RULES: &[u8] = b"acta terms 1";

/// Computes the terms of one store.
#[derive(Clone)]
pub struct TermHasher {
    key: [u8; 16],
}

impl std::fmt::Debug for TermHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TermHasher")
    }
}

impl TermHasher {
    /// A hasher with the key of a store.
    pub const fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// Identifies the key and the current rules: terms with another fingerprint are outdated.
    pub fn fingerprint(&self) -> u64 {
        SipHasher24::new_with_key(&self.key).hash(RULES)
    }

    /// The term for `value`.
    pub fn term(&self, tenant: TenantId, kind: TermKind, value: &str) -> Term {
        let mut input = Vec::with_capacity(5 + value.len());
        self.term_with(&mut input, tenant, (kind, value))
    }

    fn term_with(&self, input: &mut Vec<u8>, tenant: TenantId, of: (TermKind, &str)) -> Term {
        input.clear();
        input.extend_from_slice(&tenant.number().to_le_bytes());
        input.push(of.0 as u8);
        input.extend_from_slice(of.1.as_bytes());
        Term(SipHasher24::new_with_key(&self.key).hash(input))
    }

    /// All terms of a statement with this authority, without duplicates. Statements that refer
    /// to it inherit them.
    pub fn terms_of(&self, tenant: TenantId, statement: &Statement, authority: &Ifi) -> Vec<Term> {
        let mut terms = Terms {
            hasher: self,
            tenant,
            input: Vec::with_capacity(128),
            found: TermSet::default(),
        };
        terms.add_statement(statement, authority);
        terms.found.terms
    }

    /// The terms that a statement must have to match `query`: at least one of each group.
    pub fn filters_of(&self, tenant: TenantId, query: &StatementQuery) -> Filters {
        let mut shared = Vec::new();
        let term = |kind, value: &str| self.term(tenant, kind, value);
        if let Some(verb) = &query.verb {
            shared.push(vec![term(TermKind::Verb, verb.as_str())]);
        }
        if let Some(agent) = &query.agent {
            let key = agent.ifi.to_key();
            let mut group = vec![term(TermKind::Agent, &key)];
            if agent.is_related {
                group.push(term(TermKind::RelatedAgent, &key));
                group.push(term(TermKind::Authority, &key));
            }
            shared.push(group);
        }
        if let Some(activity) = &query.activity {
            let mut group = vec![term(TermKind::Activity, activity.as_str())];
            if query.is_activity_related {
                group.push(term(TermKind::RelatedActivity, activity.as_str()));
            }
            shared.push(group);
        }
        if let Some(registration) = query.registration {
            shared.push(vec![term(TermKind::Registration, &registration.to_string())]);
        }
        let authority = |ifi: &Ifi| term(TermKind::Authority, &ifi.to_key());
        let own = query.authorities.as_ref().map(|own| own.iter().map(authority).collect());
        Filters { shared, own }
    }
}

/// A query's filters as terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Groups of terms. A statement matches if it, or one that it refers to, has a term of each
    /// group.
    pub shared: Vec<Vec<Term>>,
    /// A group of terms, of which the statement itself must have one.
    pub own: Option<Vec<Term>>,
}

impl Filters {
    /// Whether every statement matches.
    pub const fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.own.is_none()
    }

    /// All groups, with that of the statement itself.
    pub fn all_of(&self) -> Vec<Vec<Term>> {
        self.shared.iter().chain(&self.own).cloned().collect()
    }

    /// Whether a statement with these terms has one of every shared group.
    pub fn are_shared_in(&self, terms: &[Term]) -> bool {
        self.shared.iter().all(|group| group.iter().any(|term| terms.contains(term)))
    }

    /// Whether a statement with these terms has one of the group of its own.
    pub fn is_own_in(&self, terms: &[Term]) -> bool {
        self.own.as_ref().is_none_or(|group| group.iter().any(|term| terms.contains(term)))
    }
}

/// Terms in the order in which they were added, each once.
#[derive(Debug, Default)]
struct TermSet {
    terms: Vec<Term>,
    /// The same terms, once there are more than [`TermSet::SCANNED_MAX`].
    lookup: HashSet<Term>,
}

impl TermSet {
    /// Up to this many terms are scanned: most statements have fewer, and a scan of so few is
    /// quicker than a hash table. More are looked up, so that the cost stays in proportion to
    /// the length of the statement.
    const SCANNED_MAX: usize = 32;

    fn contains(&self, term: Term) -> bool {
        if self.lookup.is_empty() {
            self.terms.contains(&term)
        } else {
            self.lookup.contains(&term)
        }
    }

    fn insert(&mut self, term: Term) {
        if self.contains(term) {
            return;
        }
        self.terms.push(term);
        if !self.lookup.is_empty() {
            self.lookup.insert(term);
        } else if Self::SCANNED_MAX < self.terms.len() {
            self.lookup.extend(&self.terms);
        }
    }
}

struct Terms<'a> {
    hasher: &'a TermHasher,
    tenant: TenantId,
    input: Vec<u8>,
    found: TermSet,
}

impl Terms<'_> {
    fn add(&mut self, kind: TermKind, value: &str) {
        let term = self.hasher.term_with(&mut self.input, self.tenant, (kind, value));
        self.found.insert(term);
    }

    /// Adds an agent with `kind`, unless a related query finds it anyway.
    fn add_ifi(&mut self, kind: TermKind, ifi: &Ifi) {
        let key = ifi.to_key();
        if kind == TermKind::RelatedAgent {
            let agent = (TermKind::Agent, key.as_str());
            let agent = self.hasher.term_with(&mut self.input, self.tenant, agent);
            if self.found.contains(agent) {
                return;
            }
        }
        self.add(kind, &key);
    }

    fn add_actor(&mut self, kind: TermKind, actor: &Actor) {
        if let Some(ifi) = &actor.ifi {
            self.add_ifi(kind, ifi);
        }
        for member in &actor.members {
            if let Some(ifi) = &member.ifi {
                self.add_ifi(kind, ifi);
            }
        }
    }

    fn add_related_activity(&mut self, activity: &Activity) {
        let id = activity.id.as_str();
        let direct = (TermKind::Activity, id);
        let direct = self.hasher.term_with(&mut self.input, self.tenant, direct);
        if !self.found.contains(direct) {
            self.add(TermKind::RelatedActivity, id);
        }
    }

    /// Spec: xAPI 1.0.3, Part Three, 2.1.3; IEEE 9274.1.1, statement resource.
    fn add_statement(&mut self, statement: &Statement, authority: &Ifi) {
        self.add(TermKind::Verb, statement.verb.id.as_str());
        self.add_actor(TermKind::Agent, &statement.actor);
        match &statement.object {
            Object::Activity(activity) => self.add(TermKind::Activity, activity.id.as_str()),
            Object::Actor(actor) => self.add_actor(TermKind::Agent, actor),
            Object::StatementRef(_) => {}
            Object::SubStatement(inner) => self.add_substatement(inner),
        }
        if let Some(context) = &statement.context {
            if let Some(registration) = context.registration {
                self.add(TermKind::Registration, &registration.to_string());
            }
            self.add_context(context);
        }
        self.add(TermKind::Authority, &authority.to_key());
    }

    fn add_context(&mut self, context: &Context) {
        let roles = context.instructor.iter().chain(&context.team);
        for actor in roles.chain(&context.agents).chain(&context.groups) {
            self.add_actor(TermKind::RelatedAgent, actor);
        }
        for activity in context.activities.iter() {
            self.add_related_activity(activity);
        }
    }

    fn add_substatement(&mut self, inner: &SubStatement) {
        self.add_actor(TermKind::RelatedAgent, &inner.actor);
        match &inner.object {
            Object::Activity(activity) => self.add_related_activity(activity),
            Object::Actor(actor) => self.add_actor(TermKind::RelatedAgent, actor),
            Object::StatementRef(_) | Object::SubStatement(_) => {}
        }
        if let Some(context) = &inner.context {
            self.add_context(context);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_set_keeps_each_term_once_in_order_of_arrival() {
        for count in [1, TermSet::SCANNED_MAX as u64, 5 * TermSet::SCANNED_MAX as u64] {
            let mut set = TermSet::default();
            let terms: Vec<Term> = (0..count).map(|number| Term(number.wrapping_mul(7))).collect();
            for term in terms.iter().chain(&terms) {
                set.insert(*term);
            }
            assert_eq!(set.terms, terms);
            assert!(terms.iter().all(|term| set.contains(*term)) && !set.contains(Term(1)));
        }
    }
}
