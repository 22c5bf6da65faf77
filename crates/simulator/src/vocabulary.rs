//! Verbs, types and extensions, by the profiles that define them.

/// A verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Registered,
    Launched,
    Initialized,
    Experienced,
    Answered,
    Progressed,
    Completed,
    Passed,
    Failed,
    Satisfied,
    Terminated,
    Played,
    Paused,
    Seeked,
    Attended,
    Voided,
}

impl Verb {
    /// All of them, in the order of their declaration.
    pub(crate) const ALL: [Self; 16] = [
        Self::Registered,
        Self::Launched,
        Self::Initialized,
        Self::Experienced,
        Self::Answered,
        Self::Progressed,
        Self::Completed,
        Self::Passed,
        Self::Failed,
        Self::Satisfied,
        Self::Terminated,
        Self::Played,
        Self::Paused,
        Self::Seeked,
        Self::Attended,
        Self::Voided,
    ];

    /// Its IRI and its name in English.
    pub(crate) fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Registered => ("http://adlnet.gov/expapi/verbs/registered", "registered for"),
            Self::Launched => ("http://adlnet.gov/expapi/verbs/launched", "launched"),
            Self::Initialized => ("http://adlnet.gov/expapi/verbs/initialized", "initialized"),
            Self::Experienced => ("http://adlnet.gov/expapi/verbs/experienced", "experienced"),
            Self::Answered => ("http://adlnet.gov/expapi/verbs/answered", "answered"),
            Self::Progressed => ("http://adlnet.gov/expapi/verbs/progressed", "progressed in"),
            Self::Completed => ("http://adlnet.gov/expapi/verbs/completed", "completed"),
            Self::Passed => ("http://adlnet.gov/expapi/verbs/passed", "passed"),
            Self::Failed => ("http://adlnet.gov/expapi/verbs/failed", "failed"),
            Self::Satisfied => ("https://w3id.org/xapi/adl/verbs/satisfied", "satisfied"),
            Self::Terminated => ("http://adlnet.gov/expapi/verbs/terminated", "terminated"),
            Self::Played => ("https://w3id.org/xapi/video/verbs/played", "played"),
            Self::Paused => ("https://w3id.org/xapi/video/verbs/paused", "paused"),
            Self::Seeked => ("https://w3id.org/xapi/video/verbs/seeked", "seeked"),
            Self::Attended => ("http://adlnet.gov/expapi/verbs/attended", "attended"),
            Self::Voided => ("http://adlnet.gov/expapi/verbs/voided", "voided"),
        }
    }
}

/// The profile that a statement follows, by its category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// None.
    None,
    /// cmi5, for the statements that it defines.
    Cmi5,
    /// cmi5, for those among them by which a unit is moved on from.
    Cmi5MoveOn,
    /// The video profile.
    Video,
}

impl Category {
    /// The property of `contextActivities`, with a comma before it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Cmi5 => {
                r#","category":[{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}]"#
            }
            Self::Cmi5MoveOn => {
                r#","category":[{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"},{"id":"https://w3id.org/xapi/cmi5/context/categories/moveon"}]"#
            }
            Self::Video => r#","category":[{"id":"https://w3id.org/xapi/video"}]"#,
        }
    }
}

/// Types of activities.
pub(crate) mod activity_type {
    pub(crate) const COURSE: &str = "http://adlnet.gov/expapi/activities/course";
    pub(crate) const MODULE: &str = "http://adlnet.gov/expapi/activities/module";
    pub(crate) const ASSESSMENT: &str = "http://adlnet.gov/expapi/activities/assessment";
    pub(crate) const INTERACTION: &str = "http://adlnet.gov/expapi/activities/cmi.interaction";
    pub(crate) const MEETING: &str = "http://adlnet.gov/expapi/activities/meeting";
    pub(crate) const PAGE: &str = "http://activitystrea.ms/schema/1.0/page";
    pub(crate) const VIDEO: &str = "https://w3id.org/xapi/video/activity-type/video";
}

/// Names of extensions, each as JSON text up to its value.
pub(crate) mod extension {
    pub(crate) const SESSION: &str =
        r#""https://w3id.org/xapi/cmi5/context/extensions/sessionid":"#;
    pub(crate) const MASTERY: &str =
        r#""https://w3id.org/xapi/cmi5/context/extensions/masteryscore":"#;
    pub(crate) const LAUNCH_MODE: &str =
        r#""https://w3id.org/xapi/cmi5/context/extensions/launchmode":"#;
    pub(crate) const LAUNCH_URL: &str =
        r#""https://w3id.org/xapi/cmi5/context/extensions/launchurl":"#;
    pub(crate) const MOVE_ON: &str = r#""https://w3id.org/xapi/cmi5/context/extensions/moveon":"#;
    pub(crate) const PROGRESS: &str = r#""https://w3id.org/xapi/cmi5/result/extensions/progress":"#;
    pub(crate) const VIDEO_SESSION: &str =
        r#""https://w3id.org/xapi/video/extensions/session-id":"#;
    pub(crate) const VIDEO_LENGTH: &str = r#""https://w3id.org/xapi/video/extensions/length":"#;
    pub(crate) const TIME: &str = r#""https://w3id.org/xapi/video/extensions/time":"#;
    pub(crate) const TIME_FROM: &str = r#""https://w3id.org/xapi/video/extensions/time-from":"#;
    pub(crate) const TIME_TO: &str = r#""https://w3id.org/xapi/video/extensions/time-to":"#;
    pub(crate) const VIDEO_PROGRESS: &str = r#""https://w3id.org/xapi/video/extensions/progress":"#;
    pub(crate) const SEGMENTS: &str =
        r#""https://w3id.org/xapi/video/extensions/played-segments":"#;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_listed_in_the_order_of_their_declaration() {
        for (index, verb) in Verb::ALL.into_iter().enumerate() {
            assert_eq!(verb as usize, index);
        }
    }
}
