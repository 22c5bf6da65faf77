//! Parameters in the query of a request.

use std::borrow::Cow;

use acta_auth::{NotASealedCursor, SealedCursor};
use acta_xapi::{
    Actor, ActorType, Format, Ifi, Iri, IriRule, Rule, StatementTimestamp, Uuid, Version,
    parse_actor_by,
};
use axum::extract::{FromRef, FromRequestParts};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;

use super::xapi_path::is_xapi;
use crate::options::{Bounds, IgnoredParameters, Options};
use crate::problem::{FaultView, Problem};
use crate::state::Shared;

/// How the last parameter of a link to the next page begins.
pub(crate) const CURSOR: &str = "cursor=";

/// The parameters of a request. Each is taken once; all faults are collected.
#[derive(Debug)]
pub struct Params {
    raw: String,
    pairs: Vec<(String, String)>,
    faults: Vec<FaultView>,
    version: Version,
    rules: ParamsRules,
}

/// The rules of parameters.
#[derive(Clone, Debug)]
pub(crate) struct ParamsRules {
    count_max: usize,
    document_id_bytes_max: usize,
    /// Those that are ignored; none if every unknown parameter is refused without mentioning them.
    ignored: Option<IgnoredParameters>,
}

impl ParamsRules {
    /// The rules of requests to `path`.
    fn of(path: &str, options: &Options) -> Self {
        if is_xapi(path) { Self::of_xapi(options) } else { Self::strict(options) }
    }

    /// The rules of requests to xAPI.
    pub(crate) fn of_xapi(options: &Options) -> Self {
        let ignored = Some(options.ignored_parameters.clone());
        Self { ignored, ..Self::strict(options) }
    }

    fn strict(options: &Options) -> Self {
        let Bounds { parameters_count_max, document_id_bytes_max, .. } = options.bounds;
        Self { count_max: parameters_count_max, document_id_bytes_max, ignored: None }
    }

    fn is_ignored(&self, name: &str) -> bool {
        self.ignored.as_ref().is_some_and(|ignored| ignored.contains(name))
    }
}

/// A type that is parsed from parameters.
pub trait FromParams: Sized {
    /// Takes its parameters; none if one was missing or invalid.
    fn from_params(params: &mut Params) -> Option<Self>;
}

/// A request without parameters.
#[derive(Debug)]
pub struct NoParams;

impl FromParams for NoParams {
    fn from_params(_: &mut Params) -> Option<Self> {
        Some(Self)
    }
}

/// The parsed parameters of a request. Unknown parameters are refused.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromParams, S: Send + Sync> FromRequestParts<S> for Query<T>
where
    Shared: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let shared = Shared::from_ref(state);
        let version = parts.extensions.get::<Version>().copied().ok_or_else(Problem::internal)?;
        let rules = ParamsRules::of(parts.uri.path(), &shared.options);
        let mut params = Params::parse(parts.uri.query().unwrap_or_default(), version, rules)?;
        let value = T::from_params(&mut params);
        params.finish(value).map(Self)
    }
}

impl Params {
    /// Most faults that are collected.
    const FAULTS_MAX: usize = 100;

    /// Parses a query. Malformed and repeated parameters are faults.
    ///
    /// # Errors
    ///
    /// 400 if there are too many.
    pub(crate) fn parse(
        query: &str,
        version: Version,
        rules: ParamsRules,
    ) -> Result<Self, Problem> {
        let (raw, pairs, faults) = (query.to_owned(), Vec::new(), Vec::new());
        let mut params = Self { raw, pairs, faults, version, rules };
        // The link to the next page has one parameter more than the first request.
        let is_counted = |pair: &&str| !pair.is_empty() && !pair.starts_with(CURSOR);
        let count = query.split('&').filter(is_counted).count();
        let most = params.rules.count_max;
        if most < count {
            let message = format!(
                "a request may have at most {most} parameters (limits.parameters_count_max)"
            );
            params.fault("", Rule::Parameter, &message, &format!("{count} parameters"));
            return params.finish(None);
        }
        for segment in query.split('&').filter(|segment| !segment.is_empty()) {
            let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
            match (decode(name), decode(value)) {
                (Some(name), _) if params.rules.is_ignored(&name) => {}
                (Some(name), Some(value)) => params.add(name.into_owned(), value.into_owned()),
                _ => params.fault(name, Rule::Parameter, "expected UTF-8, %-encoded", segment),
            }
        }
        Ok(params)
    }

    /// The query as it was sent.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether a parameter was sent and not taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }

    /// Takes the parameters of `names` that were sent, and returns their names.
    pub(crate) fn take_known(&mut self, names: &[&'static str]) -> Vec<&'static str> {
        names.iter().copied().filter(|name| self.text(name).is_some()).collect()
    }

    /// Adds a fault, unless there are too many already.
    pub fn fault(&mut self, name: &str, rule: Rule, message: &str, found: &str) {
        if self.faults.len() < Self::FAULTS_MAX {
            self.faults.push(FaultView::in_parameter(name, rule, message, found));
        }
    }

    /// Takes a parameter as text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let index = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.swap_remove(index).1)
    }

    /// Takes the id of a document, which must not be empty.
    pub(crate) fn document_id(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let most = self.rules.document_id_bytes_max;
        let message =
            format!("expected a text of 1 to {most} bytes (limits.document_id_bytes_max)");
        self.read(name, &text, &message, |text| {
            (1..=most).contains(&text.len()).then(|| text.to_owned())
        })
    }

    /// Takes an IRI.
    pub(crate) fn iri(&mut self, name: &str) -> Option<Iri> {
        let text = self.text(name)?;
        self.read(name, &text, "expected an IRI with a scheme", |text| text.parse().ok())
    }

    /// Takes an IRI by which stored data is found: it may be an old one.
    pub(crate) fn stored_iri(&mut self, name: &str) -> Option<Iri> {
        let text = self.text(name)?;
        self.read(name, &text, "expected an IRI with a scheme", |text| {
            Iri::parse(text, IriRule::Old).ok()
        })
    }

    /// Takes a UUID.
    pub(crate) fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.text(name)?;
        self.read(name, &text, "expected a UUID", |text| text.parse().ok())
    }

    /// Takes a boolean, which is false if it was not sent.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let Some(text) = self.text(name) else { return Some(false) };
        // Some clients write booleans as their language does: `True`.
        self.read(name, &text, "expected true or false", |text| {
            text.to_ascii_lowercase().parse().ok()
        })
    }

    /// Takes a whole number from 0. A number that is too large is clamped.
    pub fn number(&mut self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        self.read(name, &text, "expected a whole number from 0", |text| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().unwrap_or(u64::MAX))
        })
    }

    /// Takes a timestamp, as nanoseconds since 1970 UTC.
    pub(crate) fn nanos(&mut self, name: &str) -> Option<i128> {
        let text = self.text(name)?;
        // An unencoded `+` arrives as a space, and no timestamp contains one.
        let text = text.replace(' ', "+");
        self.read(name, &text, "expected an ISO 8601 timestamp", |text| {
            text.parse::<StatementTimestamp>().ok().map(|timestamp| timestamp.unix_nanos())
        })
    }

    /// Takes the format of statements.
    pub(crate) fn format(&mut self) -> Option<Format> {
        let Some(text) = self.text("format") else { return Some(Format::default()) };
        self.read("format", &text, "expected ids, exact or canonical", |text| match text {
            "ids" => Some(Format::Ids),
            "exact" => Some(Format::Exact),
            "canonical" => Some(Format::Canonical),
            _ => None,
        })
    }

    /// Takes the cursor at which the previous page ended.
    pub(crate) fn cursor(&mut self) -> Option<SealedCursor> {
        let text = self.text("cursor")?;
        self.read("cursor", &text, &NotASealedCursor.to_string(), |text| text.parse().ok())
    }

    /// Takes an agent or an identified group by which stored data is found: it may have an old IRI.
    pub(crate) fn stored_agent(&mut self) -> Option<(Actor, Ifi)> {
        self.agent_by(IriRule::Old)
    }

    fn agent_by(&mut self, iris: IriRule) -> Option<(Actor, Ifi)> {
        let text = self.text("agent")?;
        match parse_actor_by(text.as_bytes(), self.version, iris) {
            Err(faults) => {
                let views =
                    faults.0.into_iter().map(|fault| FaultView::inside_parameter("agent", fault));
                self.faults.extend(views.take(Self::FAULTS_MAX - self.faults.len()));
                None
            }
            Ok(actor) => {
                let ifi = actor.ifi.clone();
                let message = "expected an agent or a group with an identifier";
                let ifi = self.read("agent", "a group without an identifier", message, |_| ifi)?;
                Some((actor, ifi))
            }
        }
    }

    /// Takes an agent, where a group is not one. What was stored with an old IRI is found by it.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.3, 2.4 and 2.6; IEEE 9274.1.1, 4.1.6.2, 4.1.6.3 and 4.1.6.5.
    pub(crate) fn agent_alone(&mut self, iris: IriRule) -> Option<(Actor, Ifi)> {
        let (actor, ifi) = self.agent_by(iris)?;
        if actor.actor_type == ActorType::Group {
            self.fault("agent", Rule::Parameter, "expected an agent, not a group", "a group");
            return None;
        }
        Some((actor, ifi))
    }

    /// Adds a fault if the parameter was not sent. Call it before the parameter is taken.
    pub(crate) fn require(&mut self, name: &str) {
        if !self.has(name) {
            self.fault(name, Rule::ParameterMissing, "the parameter is required", "nothing");
        }
    }

    /// The value if there was no fault and no unknown parameter.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        for (name, value) in std::mem::take(&mut self.pairs) {
            let message = if self.rules.ignored.is_some() {
                "the resource does not support this parameter (xapi.ignored_parameters lists \
                 parameters that are ignored)"
            } else {
                "the resource does not support this parameter"
            };
            self.fault(&name, Rule::ParameterUnknown, message, &value);
        }
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            Some(_) | None => Err(Problem::faulty(self.faults)),
        }
    }

    fn add(&mut self, name: String, value: String) {
        if self.has(&name) {
            self.fault(&name, Rule::Parameter, "the parameter is present twice", &value);
        } else {
            self.pairs.push((name, value));
        }
    }

    /// Parses the value of a taken parameter; it is a fault if `read` returns none.
    pub fn read<T>(
        &mut self,
        name: &str,
        text: &str,
        message: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = read(text);
        if value.is_none() {
            self.fault(name, Rule::Parameter, message, text);
        }
        value
    }
}

/// Decodes form encoding: `%` with two digits, and `+` for a space. None if a `%` has no digits, or
/// if the result is not UTF-8.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let is_encoded = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(is_encoded) {
        return None;
    }
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    Some(Cow::Owned(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(decode(text).as_deref(), expected, "input: {text:?}");
    }

    #[test]
    fn decodes_form_encoding() {
        let table = [
            ("plain", Some("plain")),
            ("a+b%20c%2Bd", Some("a b c+d")),
            ("%c3%A4", Some("ä")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%2%41", None),
            ("%+1", None),
            ("%2b+", Some("+ ")),
            ("%ff", None),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }
}
