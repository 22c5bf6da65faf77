//! The systems that send statements, each with its habits.

use crate::date::{DAY_MS, MINUTE_MS};

/// A system that sends statements.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its name in `context.platform`.
    pub(crate) platform: &'static str,
    /// How far its clock is ahead, in milliseconds; negative if it is behind.
    pub(crate) skew_ms: i64,
    /// How far its time zone is ahead of UTC, in minutes.
    pub(crate) offset_minutes: i64,
    /// Which identifier it uses for learners who have two.
    pub(crate) identifier: usize,
    /// Since when it sends nothing any more, in milliseconds since the start of 1970.
    pub(crate) silent_since: Option<i64>,
}

/// The index of the system that launches units and keeps registrations.
pub(crate) const CAMPUS: usize = 0;

/// The index of the app, which is used without a network too, so that statements arrive late.
pub(crate) const APP: usize = 1;

/// The index of the video portal, whose clock is ahead.
pub(crate) const VIDEOS: usize = 2;

/// The index of the register of workshops, which falls silent.
pub(crate) const WORKSHOPS: usize = 3;

/// The index of the portal with the news, which is not a part of any course.
pub(crate) const PORTAL: usize = 4;

/// All of them. The register of workshops falls silent after two thirds of the period.
pub(crate) fn sources(start_ms: i64, end_ms: i64) -> [Source; 5] {
    let silent_since = start_ms + (end_ms - start_ms) / 3 * 2;
    let usual = Source {
        platform: "Campus",
        skew_ms: 0,
        offset_minutes: 0,
        identifier: 0,
        silent_since: None,
    };
    [
        usual.clone(),
        Source { platform: "Campus App", skew_ms: -95_000, identifier: 1, ..usual.clone() },
        Source { platform: "Video Portal", skew_ms: 7 * MINUTE_MS, identifier: 1, ..usual.clone() },
        Source {
            platform: "Workshop Register",
            offset_minutes: 60,
            silent_since: Some(silent_since.div_euclid(DAY_MS) * DAY_MS),
            ..usual.clone()
        },
        Source { platform: "Staff Portal", ..usual },
    ]
}
