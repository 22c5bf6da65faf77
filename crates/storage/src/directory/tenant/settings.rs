//! What a tenant has set for questions: time zone, language, smallest group, courses.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use acta_xapi::Iri;
use acta_xapi::scalar::is_language_tag;
use serde::{Deserialize, Serialize};

/// The settings of a tenant for questions about its statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantSettings {
    /// The time zone of days and dates where a question names none, such as `Europe/Zurich`; UTC
    /// without one.
    pub zone: Option<String>,
    /// The language of names where there are several, as a language tag; English without one.
    pub language: Option<LanguageTag>,
    /// Figures about fewer learners are withheld from answers; none if all are shown.
    pub smallest_group: Option<NonZeroU32>,
    /// What the course of a statement is.
    pub course: CourseRule,
}

/// A language tag.
///
/// Spec: RFC 5646.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LanguageTag(Box<str>);

/// The text is not a language tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a language tag such as `de` or `en-GB`")]
pub struct NotALanguageTag;

impl LanguageTag {
    /// Longest tag, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LanguageTag {
    type Err = NotALanguageTag;

    fn from_str(text: &str) -> Result<Self, NotALanguageTag> {
        let is_tag = text.len() <= Self::BYTES_MAX && is_language_tag(text);
        if is_tag { Ok(Self(text.into())) } else { Err(NotALanguageTag) }
    }
}

/// What the course of a statement is: what the first of several steps finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseRule {
    steps: Vec<CourseStep>,
    types: Vec<String>,
}

/// Where a step of a rule looks for a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoursePlace {
    /// Among the parents.
    Parent,
    /// Among the groupings.
    Grouping,
    /// Among the categories.
    Category,
    /// Among the other activities of the context.
    Other,
    /// The object.
    Object,
}

/// A step of a rule for courses: the first activity of a place that is a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CourseStep {
    /// Where it looks.
    pub place: CoursePlace,
    /// Whether any activity there is a course, whatever its type.
    pub takes_any: bool,
}

/// The rule for courses cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACourseRule {
    /// A step has no known name.
    #[error(
        "`{0}` is not a step: expected parent, grouping, category, other or object, or one of them \
         after any_"
    )]
    Step(String),
    /// There is no step, or one comes twice.
    #[error("expected 1 to 10 different steps")]
    Steps,
    /// There are no types, too many, or one is not an IRI.
    #[error("expected 1 to {} different IRIs of activity types", CourseRule::TYPES_MAX)]
    Types,
}

impl CoursePlace {
    /// All of them.
    pub const EVERY: [Self; 5] =
        [Self::Parent, Self::Grouping, Self::Category, Self::Other, Self::Object];

    /// The name, such as `parent`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Grouping => "grouping",
            Self::Category => "category",
            Self::Other => "other",
            Self::Object => "object",
        }
    }
}

/// What a step that takes any activity has before the name of its place.
const ANY: &str = "any_";

impl fmt::Display for CourseStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.takes_any { ANY } else { "" })?;
        f.write_str(self.place.as_str())
    }
}

impl FromStr for CourseStep {
    type Err = NotACourseRule;

    fn from_str(text: &str) -> Result<Self, NotACourseRule> {
        let (takes_any, name) = text.strip_prefix(ANY).map_or((false, text), |name| (true, name));
        let place = CoursePlace::EVERY.into_iter().find(|place| place.as_str() == name);
        let place = place.ok_or_else(|| NotACourseRule::Step(text.chars().take(40).collect()))?;
        Ok(Self { place, takes_any })
    }
}

impl CourseRule {
    /// Most types of activities that are courses.
    pub const TYPES_MAX: usize = 20;

    /// Longest IRI of a type, in bytes.
    pub const TYPE_BYTES_MAX: usize = 1_024;

    /// The types of activities that are courses if a tenant has set nothing else.
    pub const USUAL_TYPES: [&str; 2] = [
        "http://adlnet.gov/expapi/activities/course",
        "https://w3id.org/xapi/cmi5/activitytype/course",
    ];

    /// A rule with these steps, for which activities of these types are courses.
    ///
    /// # Errors
    ///
    /// [`NotACourseRule`] if there are too few or too many of either, if one comes twice, or if a
    /// type is not an IRI.
    pub fn new(steps: Vec<CourseStep>, types: Vec<String>) -> Result<Self, NotACourseRule> {
        let has_steps = !steps.is_empty() && are_different(&steps);
        if !has_steps {
            return Err(NotACourseRule::Steps);
        }
        let is_type =
            |text: &String| text.len() <= Self::TYPE_BYTES_MAX && text.parse::<Iri>().is_ok();
        let has_types = (1..=Self::TYPES_MAX).contains(&types.len())
            && are_different(&types)
            && types.iter().all(is_type);
        if has_types { Ok(Self { steps, types }) } else { Err(NotACourseRule::Types) }
    }

    /// The steps, in their order.
    pub fn steps(&self) -> &[CourseStep] {
        &self.steps
    }

    /// The types of activities that are courses.
    pub fn types(&self) -> &[String] {
        &self.types
    }
}

fn are_different<T: Eq + std::hash::Hash>(items: &[T]) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| seen.insert(item))
}

impl Default for CourseRule {
    /// The first parent that is a course, or else the first grouping, or else the object.
    fn default() -> Self {
        let places = [CoursePlace::Parent, CoursePlace::Grouping, CoursePlace::Object];
        let step = |place| CourseStep { place, takes_any: false };
        Self {
            steps: places.map(step).to_vec(),
            types: Self::USUAL_TYPES.map(str::to_owned).to_vec(),
        }
    }
}

/// The JSON form of settings, as part of the record of a tenant.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SettingsBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest_group: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    course: Option<CourseBody>,
}

#[derive(Serialize, Deserialize)]
struct CourseBody {
    steps: Vec<String>,
    types: Vec<String>,
}

impl SettingsBody {
    pub(super) fn of(settings: &TenantSettings) -> Option<Self> {
        let TenantSettings { zone, language, smallest_group, course } = settings;
        let body = |course: &CourseRule| CourseBody {
            steps: course.steps.iter().map(CourseStep::to_string).collect(),
            types: course.types.clone(),
        };
        let course = Some(course).filter(|course| **course != CourseRule::default()).map(body);
        let language = language.as_ref().map(|language| language.as_str().to_owned());
        let body = Self { zone: zone.clone(), language, smallest_group: *smallest_group, course };
        (*settings != TenantSettings::default()).then_some(body)
    }

    /// The settings; none if they cannot be read.
    pub(super) fn read(self) -> Option<TenantSettings> {
        let course = match self.course {
            Some(CourseBody { steps, types }) => {
                let steps = steps.iter().map(|step| step.parse()).collect::<Result<_, _>>();
                CourseRule::new(steps.ok()?, types).ok()?
            }
            None => CourseRule::default(),
        };
        let language = match self.language {
            Some(language) => Some(language.parse().ok()?),
            None => None,
        };
        let (zone, smallest_group) = (self.zone, self.smallest_group);
        Some(TenantSettings { zone, language, smallest_group, course })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_print_and_parse_alike() {
        for place in CoursePlace::EVERY {
            for takes_any in [false, true] {
                let step = CourseStep { place, takes_any };
                assert_eq!(step.to_string().parse(), Ok(step));
            }
        }
        let fault = "any_thing".parse::<CourseStep>().unwrap_err();
        assert_eq!(fault, NotACourseRule::Step("any_thing".to_owned()));
    }

    #[test]
    fn a_rule_has_different_steps_and_types() {
        let steps = |text: &str| -> Vec<CourseStep> {
            text.split_whitespace().map(|step| step.parse().unwrap()).collect()
        };
        let types = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let table = [
            ("parent any_parent object", "http://t.example/a", None),
            ("", "http://t.example/a", Some(NotACourseRule::Steps)),
            ("parent parent", "http://t.example/a", Some(NotACourseRule::Steps)),
            ("parent", "", Some(NotACourseRule::Types)),
            ("parent", "course", Some(NotACourseRule::Types)),
            ("parent", "http://t.example/a http://t.example/a", Some(NotACourseRule::Types)),
        ];
        for (steps_text, types_text, fault) in table {
            let rule = CourseRule::new(steps(steps_text), types(types_text));
            assert_eq!(rule.err(), fault, "{steps_text}, {types_text}");
        }
    }

    #[test]
    fn language_tags_are_distinguished_from_other_texts() {
        for text in ["de", "en-GB", "zh-Hant-TW"] {
            assert_eq!(text.parse::<LanguageTag>().unwrap().as_str(), text);
        }
        let long = format!("en-x-{}", "abcdefgh-".repeat(8));
        for text in ["", "d", "de_CH", "deutsch!", &long] {
            assert_eq!(text.parse::<LanguageTag>(), Err(NotALanguageTag), "{text:?}");
        }
    }
}
