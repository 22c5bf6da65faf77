//! What is reported of a refusal.

use acta_access::Scope;
use acta_xapi::Rule;

use super::place::{known_name, known_pointer};
use crate::problem::{FaultView, Problem};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the response.
    pub status: u16,
    /// The last part of the type of the problem.
    pub problem: &'static str,
    /// The method of the request.
    pub method: &'static str,
    /// The name of the route.
    pub route: &'static str,
    /// The first faults, if the request breaks rules.
    pub faults: Vec<RefusedFault>,
    /// The restriction of the credential that forbids it.
    pub restriction: Option<&'static str>,
    /// The scopes of which each would permit it, if the credential has none of them.
    pub scopes: &'static [Scope],
}

/// A fault of a request, without what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFault {
    /// The rule that is broken; none outside of xAPI.
    pub rule: Option<Rule>,
    /// The parameter in which it is; `*` for one that xAPI does not know.
    pub parameter: Option<String>,
    /// The place as a JSON Pointer, with `*` for names that xAPI does not know.
    pub pointer: Option<String>,
}

impl Refusal {
    /// Most faults of a request that are reported.
    pub const FAULTS_MAX: usize = 3;

    /// What is reported of a problem; `method` and `route` are those of the request.
    pub(crate) fn of(problem: &Problem, (method, route): (&'static str, &'static str)) -> Self {
        Self {
            status: problem.status.as_u16(),
            problem: problem.slug(),
            method,
            route,
            faults: problem.faults().iter().take(Self::FAULTS_MAX).map(RefusedFault::of).collect(),
            restriction: problem.restriction(),
            scopes: problem.sufficient_scopes(),
        }
    }

    /// The ids of the rules, for the log; none if there are none.
    pub(crate) fn rules(&self) -> Option<String> {
        let rules = self.faults.iter().filter_map(|fault| fault.rule).map(Rule::id);
        joined(rules.map(str::to_owned))
    }

    /// The places of the faults, for the log; none if there are none.
    pub(crate) fn pointers(&self) -> Option<String> {
        joined(self.faults.iter().map(RefusedFault::place))
    }

    /// The sufficient scopes, for the log; none if others than scopes are missing.
    pub(crate) fn scope_names(&self) -> Option<String> {
        joined(self.scopes.iter().map(|scope| scope.as_str().to_owned()))
    }
}

impl RefusedFault {
    fn of(fault: &FaultView) -> Self {
        let (parameter, pointer) = fault.location();
        Self {
            rule: fault.rule(),
            parameter: parameter.map(|name| known_name(name).to_owned()),
            pointer: pointer.map(known_pointer),
        }
    }

    /// The place in one word.
    fn place(&self) -> String {
        let parameter = self.parameter.as_deref().map(|name| format!("?{name}"));
        format!("{}{}", parameter.unwrap_or_default(), self.pointer.as_deref().unwrap_or_default())
    }
}

/// The words with blanks between them; none if they say nothing.
fn joined(words: impl Iterator<Item = String>) -> Option<String> {
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use acta_access::{Act, Denied};
    use acta_xapi::Fault;

    #[test]
    fn a_refusal_tells_rules_and_places_and_nothing_that_was_sent() {
        let faults = [
            FaultView::from(Fault::new("/0/actor/mbox", Rule::Mbox, "mailto:ada")),
            FaultView::in_parameter("ada", Rule::ParameterUnknown, "of Ada", "Ada"),
            FaultView::from(Fault::new("", Rule::Json, "Ada")),
            FaultView::from(Fault::new("/1/id", Rule::Json, "Ada")),
        ];
        let refusal = Refusal::of(&Problem::faulty(faults.to_vec()), ("POST", "statements"));
        assert_eq!((refusal.status, refusal.problem), (400, "faults"));
        let ids = [Rule::Mbox, Rule::ParameterUnknown, Rule::Json].map(Rule::id).join(" ");
        assert_eq!(refusal.rules(), Some(ids));
        assert_eq!(refusal.pointers().as_deref(), Some("/0/actor/mbox ?*"));
        assert!(!format!("{refusal:?}").to_lowercase().contains("ada"), "{refusal:?}");
    }

    #[test]
    fn a_refusal_names_the_scopes_that_would_suffice() {
        let denied = Problem::from(Denied::Scopes { sufficient: Act::WriteState.sufficient() });
        let refusal = Refusal::of(&denied, ("PUT", "activities/state"));
        assert_eq!(refusal.scope_names().as_deref(), Some("state all"));
        assert_eq!((refusal.rules(), refusal.pointers()), (None, None));
    }
}
