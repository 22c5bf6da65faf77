//! Videos: which seconds were watched, by the played segments of the xAPI video profile.
//!
//! A statement carries all segments that were played since the video was opened, such as
//! `0[.]12.5[,]12.5[.]30`. So the statements of one session are one view, of which the last says
//! all; to unite the segments of all of them gives the same, in any order.
//!
//! Spec: xAPI Video Profile 1.0, `https://w3id.org/xapi/video/extensions/played-segments`.

use crate::number::number_of;

/// Most segments of one statement that are read.
pub const SEGMENTS_MAX: usize = 10_000;
/// Longest video whose seconds are counted: 12 hours.
pub const SECONDS_MAX: usize = 12 * 60 * 60;
/// A view of this share of the video, in percent, has watched it.
pub const WATCHED: f64 = 95.0;

/// A part of a video that was played, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
}

/// Reads played segments. Those that are no two numbers in their order are left out.
pub fn parse_segments(text: &str) -> Vec<Segment> {
    let segment = |text: &str| {
        let (start, end) = text.split_once("[.]")?;
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        let (start, end) = (number(start)?.max(0.0), number(end)?);
        (start < end).then_some(Segment { start, end })
    };
    text.split("[,]").take(SEGMENTS_MAX).filter_map(segment).collect()
}

/// One view: the segments that were played in one session, in any order, each as often as it was
/// reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Apart from each other, in their order.
    segments: Vec<Segment>,
}

impl View {
    /// Unites the segments of all statements of a session.
    pub fn of(segments: impl IntoIterator<Item = Segment>) -> Self {
        let mut sorted: Vec<Segment> = segments.into_iter().collect();
        sorted.sort_by(|one, other| {
            one.start.total_cmp(&other.start).then(one.end.total_cmp(&other.end))
        });
        let mut segments: Vec<Segment> = Vec::new();
        for segment in sorted {
            match segments.last_mut() {
                Some(last) if segment.start <= last.end => last.end = last.end.max(segment.end),
                Some(_) | None => segments.push(segment),
            }
        }
        Self { segments }
    }

    /// How many different seconds were played.
    pub fn distinct_seconds(&self) -> f64 {
        self.segments.iter().map(|it| it.end - it.start).sum()
    }

    /// Where the last segment ends; none if nothing was played.
    pub fn last_second(&self) -> Option<f64> {
        self.segments.last().map(|segment| segment.end)
    }

    /// How much of a video of this length was played, in percent, at most 100; none if it has no
    /// length.
    pub fn progress(&self, length: f64) -> Option<f64> {
        let within = self.segments.iter().map(|it| it.end.min(length) - it.start.min(length));
        (length > 0.0).then(|| (100.0 * within.sum::<f64>() / length).min(100.0))
    }
}

/// The figures of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFigures {
    /// How many views there were.
    pub views: usize,
    /// In how many of them at least 95 % were played.
    pub watched: usize,
    /// The mean share of the video that was played, in percent.
    pub mean_progress: Option<f64>,
    /// For each second, in how many views it was played, if at least half of it was.
    pub curve: Vec<usize>,
    /// For each second, how many percent of the views had played something there or later.
    pub remaining: Vec<f64>,
}

/// Counts views of a video of this length in seconds.
pub fn video_figures(views: &[View], length: f64) -> VideoFigures {
    let seconds = (0..SECONDS_MAX).take_while(|second| number_of(*second) < length).count();
    let (mut curve, mut ends) = (vec![0; seconds + 1], vec![0; seconds + 1]);
    for view in views {
        for segment in &view.segments {
            let (from, to) = (second(segment.start, seconds), second(segment.end, seconds));
            if from < to {
                curve[from] += 1_i64;
                curve[to] -= 1;
            }
        }
        ends[view.last_second().map_or(0, |last| second(last, seconds))] += 1_usize;
    }
    let mut playing = 0_i64;
    let curve = curve.iter().take(seconds).map(|step| {
        playing += step;
        usize::try_from(playing).unwrap_or_default()
    });
    let curve = curve.collect();
    let mut left = views.len();
    let remaining = ends.iter().take(seconds).map(|ended| {
        left -= ended;
        100.0 * number_of(left) / number_of(views.len().max(1))
    });
    let remaining = remaining.collect();
    let progress: Vec<f64> = views.iter().filter_map(|view| view.progress(length)).collect();
    let watched = progress.iter().filter(|it| WATCHED <= **it).count();
    let mean_progress = crate::number::mean(&progress);
    VideoFigures { views: views.len(), watched, mean_progress, curve, remaining }
}

/// The second that is nearest to a place, at most `last`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the place is not negative, and is cut to a small number"
)]
fn second(place: f64, last: usize) -> usize {
    (place.max(0.0).round().min(number_of(SECONDS_MAX)) as usize).min(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn view(text: &str) -> View {
        View::of(parse_segments(text))
    }

    #[test]
    fn segments_are_read_as_the_profile_writes_them() {
        let of = |start, end| Segment { start, end };
        let found = parse_segments("0[.]12.5[,]12.5[.]30[,]x[.]1[,]9[.]8[,]7[,]-3[.]2");
        assert_eq!(found, [of(0.0, 12.5), of(12.5, 30.0), of(0.0, 2.0)]);
        assert_eq!(parse_segments(""), []);
    }

    #[test]
    fn a_second_that_is_played_twice_counts_once() {
        let seen = view("0[.]10[,]5[.]15[,]20[.]30");
        assert_eq!((seen.distinct_seconds(), seen.last_second()), (25.0, Some(30.0)));
        assert_eq!((seen.progress(50.0), seen.progress(25.0)), (Some(50.0), Some(80.0)));
        assert_eq!((seen.progress(0.0), view("").last_second()), (None, None));
    }

    #[test]
    fn curves_say_what_is_played_and_where_viewers_stop() {
        let views = [view("0[.]4"), view("0[.]2[,]1[.]2"), view("2[.]4"), view("")];
        let found = video_figures(&views, 4.0);
        assert_eq!((found.views, found.watched), (4, 1));
        assert_eq!(found.curve, [2, 2, 2, 2]);
        assert_eq!(found.remaining, [75.0, 75.0, 50.0, 50.0]);
        assert_eq!(found.mean_progress, Some(50.0));
        assert_eq!(video_figures(&[], 2.0).remaining, [0.0, 0.0]);
        assert_eq!(video_figures(&[view("0[.]1")], f64::INFINITY).curve.len(), SECONDS_MAX);
    }

    #[test]
    fn a_view_of_95_percent_has_watched_the_video() {
        let watched =
            |end: f64| video_figures(&[View::of([Segment { start: 0.0, end }])], 100.0).watched;
        assert_eq!((watched(94.9), watched(95.0)), (0, 1));
    }

    fn segments() -> impl Strategy<Value = Vec<Segment>> {
        let one = (0..100_u32, 1..30_u32);
        let segment = one.prop_map(|(start, length)| Segment {
            start: f64::from(start),
            end: f64::from(start + length),
        });
        prop::collection::vec(segment, 0..20)
    }

    proptest! {
        #[test]
        fn distinct_seconds_are_those_of_a_plain_count(segments in segments()) {
            let played = |second: u32| {
                let middle = f64::from(second) + 0.5;
                segments.iter().any(|it| it.start < middle && middle < it.end)
            };
            let count = (0..200).filter(|second| played(*second)).count();
            let distinct = View::of(segments.clone()).distinct_seconds();
            prop_assert!((distinct - number_of(count)).abs() < 1e-9);
        }

        #[test]
        fn neither_order_nor_repetition_of_statements_matters(segments in segments()) {
            let mut late = segments.clone();
            late.reverse();
            late.extend(segments.iter().take(5));
            prop_assert_eq!(View::of(segments), View::of(late));
        }

        #[test]
        fn the_curve_adds_up_to_the_seconds_of_all_views(
            one in segments(), other in segments(),
        ) {
            let views = [View::of(one), View::of(other)];
            let seconds: f64 = views.iter().map(View::distinct_seconds).sum();
            let found = video_figures(&views, 200.0);
            prop_assert!((number_of(found.curve.iter().sum()) - seconds).abs() < 1e-9);
        }
    }
}
