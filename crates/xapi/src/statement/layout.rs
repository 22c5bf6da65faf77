//! The spans of a statement's text that the store may replace.

use std::ops::Range;

/// Where in the sender's text the properties are that a store may set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Value of `id`.
    pub(crate) id: Option<Range<usize>>,
    /// From the opening quote of the key `stored` to the end of its value.
    pub(crate) stored: Option<Range<usize>>,
    /// Value of `authority`.
    pub(crate) authority: Option<Range<usize>>,
    /// Value of `version`.
    pub(crate) version: Option<Range<usize>>,
    /// Values in `contextActivities` that are single objects, in order of appearance, the
    /// substatement's included: to be wrapped in an array.
    pub(crate) single_context_activities: Vec<Range<usize>>,
    /// Texts of timestamps, without their quotes, that are to be converted to UTC, the
    /// substatement's included.
    pub(crate) timestamps_to_convert: Vec<(Range<usize>, Box<str>)>,
}
