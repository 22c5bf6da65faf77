//! The settings of a tenant for questions, as the API reads and writes them.

use std::num::NonZeroU32;

use acta_admin::SettingChanges;
use acta_storage::directory::{CourseRule, CourseStep, LanguageTag, TenantSettings};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::api::values::{Amount, Nullable, Object, Parsed, given};

/// The settings of a tenant for questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TenantSettings)]
pub(crate) struct SettingsView {
    /// The time zone of days and dates where a question names none; null for UTC.
    #[schema(required, example = "Europe/Zurich")]
    zone: Option<String>,
    /// The language of names where there are several; null for English.
    #[schema(required, example = "de")]
    language: Option<String>,
    /// Figures about fewer learners are withheld from answers; null if all are shown.
    #[schema(required, minimum = 2, maximum = 1000, example = 5)]
    smallest_group: Option<u32>,
    /// What the course of a statement is.
    course: CourseView,
}

/// What the course of a statement is: what the first of the steps finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CourseRule)]
pub(crate) struct CourseView {
    /// Where a course is looked for.
    #[schema(example = json!(["parent", "grouping", "object"]))]
    steps: Vec<String>,
    /// The types of activities that are courses.
    #[schema(example = json!(CourseRule::USUAL_TYPES))]
    types: Vec<String>,
}

impl SettingsView {
    pub(super) fn of(settings: &TenantSettings) -> Self {
        let TenantSettings { zone, language, smallest_group, course } = settings;
        Self {
            zone: zone.clone(),
            language: language.as_ref().map(|language| language.as_str().to_owned()),
            smallest_group: smallest_group.map(NonZeroU32::get),
            course: CourseView {
                steps: course.steps().iter().map(CourseStep::to_string).collect(),
                types: course.types().to_vec(),
            },
        }
    }
}

/// Changes to the settings of a tenant. A property that is missing is left unchanged; null removes
/// a setting.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsChange {
    /// The time zone of days and dates where a question names none, such as `Europe/Zurich`; null
    /// for UTC.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Europe/Zurich")]
    zone: Option<Nullable<String>>,
    /// The language of names where there are several, as a language tag; null for English. The
    /// facts of the tenant are made again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "de")]
    language: Option<Nullable<Parsed<LanguageTag>>>,
    /// The smallest group of learners that answers show; null or 1 for all. Only owners of the
    /// tenant may change it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000, example = 5)]
    smallest_group: Option<Amount<NonZeroU32>>,
    /// What the course of a statement is; null for what is usual.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<CourseChange>)]
    course: Option<Nullable<NewCourseRule>>,
}

/// What the course of a statement is: what the first of the steps finds.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CourseChange {
    /// Where a course is looked for, in this order: `parent`, `grouping`, `category`, `other`,
    /// `object`, each for the first activity there that has one of the types; `any_parent` and so
    /// on for the first activity whatever its type.
    #[schema(
        value_type = Vec<String>,
        min_items = 1,
        max_items = 10,
        example = json!(["parent", "grouping", "object"])
    )]
    steps: Vec<Parsed<CourseStep>>,
    /// The types of activities that are courses; those that are usual if absent.
    #[serde(default = "usual_types")]
    #[schema(
        required = false,
        min_items = 1,
        max_items = 20,
        example = json!(CourseRule::USUAL_TYPES)
    )]
    types: Vec<String>,
}

fn usual_types() -> Vec<String> {
    CourseRule::default().types().to_vec()
}

/// A rule for courses that can be used.
#[derive(Clone, Debug)]
struct NewCourseRule(CourseRule);

impl<'de> Deserialize<'de> for NewCourseRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(CourseChange { steps, types }) = Object::deserialize(deserializer)?;
        let steps = steps.into_iter().map(|Parsed(step)| step).collect();
        CourseRule::new(steps, types).map(Self).map_err(D::Error::custom)
    }
}

impl From<SettingsChange> for SettingChanges {
    fn from(change: SettingsChange) -> Self {
        let SettingsChange { zone, language, smallest_group, course } = change;
        Self {
            zone: zone.map(|Nullable(zone)| zone),
            language: language.map(|Nullable(language)| language.map(|Parsed(language)| language)),
            smallest_group: smallest_group.map(|Amount(smallest)| smallest),
            course: course.map(|Nullable(course)| course.map(|NewCourseRule(course)| course)),
        }
    }
}
