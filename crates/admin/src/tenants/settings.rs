//! The settings of a tenant for questions.

use std::num::NonZeroU32;

use acta_storage::directory::{CourseRule, LanguageTag, TenantSettings};
use jiff::tz::TimeZone;

use crate::AdminError;

/// Largest smallest group.
const SMALLEST_GROUP_MAX: u32 = 1_000;

/// Changes to the settings of a tenant; the inner none removes a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingChanges {
    /// The time zone.
    pub zone: Option<Option<String>>,
    /// The language.
    pub language: Option<Option<LanguageTag>>,
    /// The smallest group that is shown.
    pub smallest_group: Option<Option<NonZeroU32>>,
    /// The rule for courses.
    pub course: Option<Option<CourseRule>>,
}

impl SettingChanges {
    /// Whether anything but the smallest group changes.
    pub(super) const fn has_conventions(&self) -> bool {
        self.zone.is_some() || self.language.is_some() || self.course.is_some()
    }

    pub(super) fn check(&self) -> Result<(), AdminError> {
        if let Some(Some(zone)) = &self.zone
            && TimeZone::get(zone).is_err()
        {
            let message = "expected a time zone such as `Europe/Zurich`".to_owned();
            return Err(AdminError::fault("/settings/zone", message));
        }
        let smallest = self.smallest_group.flatten();
        if smallest.is_some_and(|smallest| SMALLEST_GROUP_MAX < smallest.get()) {
            let message = format!("expected a number from 1 to {SMALLEST_GROUP_MAX}");
            return Err(AdminError::fault("/settings/smallest_group", message));
        }
        Ok(())
    }

    pub(super) fn apply(self, before: TenantSettings) -> TenantSettings {
        let shown_from = |smallest: &NonZeroU32| 1 < smallest.get();
        TenantSettings {
            zone: self.zone.unwrap_or(before.zone),
            language: self.language.unwrap_or(before.language),
            // A group of one is any group.
            smallest_group: self.smallest_group.unwrap_or(before.smallest_group).filter(shown_from),
            course: self.course.map_or(before.course, Option::unwrap_or_default),
        }
    }
}
