//! Videos: how much of them is watched, and where viewers stop.

use std::collections::{BTreeMap, HashMap};

use acta_analyses::video::{Segment, View, parse_segments, video_figures};
use acta_analyses::{SessionEvent, sessions};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::columns::Columns;
use super::rows::condition::{exists, is, one_of};
use super::rows::spread::share;
use super::rows::{FactReader, measure};

/// The fields of the rows, in the order in which they are taken.
const FIELDS: [&str; 6] = [
    "object",
    "object.name",
    "person",
    "timestamp",
    "context.extensions.https://w3id.org/xapi/video/extensions/session-id",
    "result.extensions.https://w3id.org/xapi/video/extensions/played-segments",
];
/// The length of a video, in seconds.
const LENGTH: &str = "context.extensions.https://w3id.org/xapi/video/extensions/length";
/// The category and the type of activities by which the profile is recognised.
const CATEGORY: &str = "https://w3id.org/xapi/video";
const TYPE: &str = "https://w3id.org/xapi/video/activity-type/video";
/// Facts keep only the beginning of longer texts.
const TEXT_BYTES_MAX: usize = 512;
/// What ends a view that names no session: half an hour, in microseconds.
const GAP: i64 = 30 * 60 * 1_000_000;

/// The videos, and how they are watched.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VideoAnalysis {
    /// The videos, the one with the most views first.
    videos: Vec<VideoView>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A video.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VideoView {
    /// The id of the activity.
    id: String,
    /// Its name, if it is known.
    name: Option<String>,
    /// Its length in seconds: the median of what statements say, or else the last second that
    /// anybody has played.
    seconds: f64,
    /// How many learners have opened it.
    learners: usize,
    /// How many views there were: all that one learner plays in one session is one view.
    views: usize,
    /// In how many of them at least 95 % were played.
    watched: usize,
    /// How many percent of the views those are.
    watched_share: Option<f64>,
    /// The mean share of the video that a view has played, in percent.
    mean_progress: Option<f64>,
    /// How many seconds the views have played, each second of a view once.
    seconds_played: f64,
    /// How many views have played so many parts that facts do not have all of them.
    cut: usize,
    /// For each second, how many views have played it; if one video was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    curve: Option<Vec<usize>>,
    /// For each second, how many percent of the views have played something there or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<Vec<f64>>,
}

/// What one learner has played of a video.
#[derive(Debug, Default)]
struct Viewer {
    /// By the session that statements name.
    named: HashMap<u32, Played>,
    /// Those that name none, in the order of time.
    unnamed: Vec<(i64, Played)>,
}

/// What statements say was played.
#[derive(Debug, Default)]
struct Played {
    segments: Vec<Segment>,
    is_cut: bool,
}

/// A video with its viewers, by their places.
#[derive(Debug, Default)]
struct Video {
    name: Option<String>,
    viewers: BTreeMap<u32, Viewer>,
}

/// Computes how videos are watched: all of them, or one with its curves.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(reader: FactReader<'_>, video: Option<&str>) -> Result<VideoAnalysis, QueryError> {
    let is_video =
        one_of(vec![is("category", CATEGORY), is("object.type", TYPE), exists(FIELDS[5])]);
    let mut conditions = vec![is_video];
    conditions.extend(video.map(|video| is("object", video)));
    let lengths = reader.count(
        &["object"],
        vec![measure("median", LENGTH, None, "length")],
        conditions.clone(),
    )?;
    let length = |row: &Vec<serde_json::Value>| {
        Some((row.first()?.as_str()?.to_owned(), row.get(1)?.as_f64()?))
    };
    let lengths: HashMap<String, f64> = lengths.rows.iter().filter_map(length).collect();
    let rows = reader.rows(&FIELDS, conditions)?;
    let sequence = rows.sequence;
    let videos = read(rows).into_iter();
    let mut videos: Vec<VideoView> = videos
        .map(|(id, found)| {
            let length = lengths.get(&id).copied();
            found.figures(id, length, video.is_some())
        })
        .collect();
    videos.sort_by(|one, other| other.views.cmp(&one.views).then(one.id.cmp(&other.id)));
    Ok(VideoAnalysis { videos, sequence, is_rebuilding: reader.is_rebuilding() })
}

fn read(mut rows: Columns) -> BTreeMap<String, Video> {
    let count = rows.count;
    let (objects, names, persons) = (rows.texts(), rows.texts(), rows.texts());
    let (times, session_ids, played) = (rows.times(), rows.texts(), rows.texts());
    let segments: Vec<Played> = played.texts.iter().map(|text| Played::of(text)).collect();
    let mut videos: BTreeMap<String, Video> = BTreeMap::new();
    for row in (0..count).filter(|row| persons.places[*row] != 0) {
        let Some(id) = objects.get(row) else { continue };
        if !videos.contains_key(id) {
            videos.insert(id.to_owned(), Video::default());
        }
        let Some(video) = videos.get_mut(id) else { continue };
        if video.name.is_none() {
            video.name = names.get(row).map(str::to_owned);
        }
        let viewer = video.viewers.entry(persons.places[row]).or_default();
        let played = &segments[played.places[row] as usize];
        match session_ids.places[row] {
            0 => {
                let mut own = Played::default();
                own.add(played);
                viewer.unnamed.push((times[row], own));
            }
            session => viewer.named.entry(session).or_default().add(played),
        }
    }
    videos
}

impl Played {
    fn of(text: &str) -> Self {
        // A few bytes less, if it was cut between the bytes of a character.
        let is_cut = TEXT_BYTES_MAX < text.len() + 4;
        let whole = if is_cut { text.rfind("[,]").map_or("", |end| &text[..end]) } else { text };
        Self { segments: parse_segments(whole), is_cut }
    }

    fn add(&mut self, other: &Self) {
        self.segments.extend_from_slice(&other.segments);
        self.is_cut |= other.is_cut;
    }
}

impl Viewer {
    /// One for each session.
    fn views(self) -> Vec<Played> {
        let mut views: Vec<Played> = self.named.into_values().collect();
        let moment = |(time, _): &(i64, Played)| SessionEvent { time: *time, duration: 0 };
        for session in sessions(self.unnamed.iter().map(moment), GAP) {
            let mut view = Played::default();
            let within = self.unnamed.iter();
            let within = within.filter(|(time, _)| (session.start..=session.end).contains(time));
            within.for_each(|(_, played)| view.add(played));
            views.push(view);
        }
        views
    }
}

impl Video {
    fn figures(self, id: String, length: Option<f64>, has_curves: bool) -> VideoView {
        let learners = self.viewers.len();
        let played: Vec<Played> = self.viewers.into_values().flat_map(Viewer::views).collect();
        let cut = played.iter().filter(|it| it.is_cut).count();
        let views: Vec<View> = played.into_iter().map(|it| View::of(it.segments)).collect();
        let last = || views.iter().filter_map(View::last_second).fold(0.0, f64::max);
        let seconds = length.filter(|it| it.is_finite() && 0.0 < *it).unwrap_or_else(last);
        let figures = video_figures(&views, seconds);
        VideoView {
            id,
            name: self.name,
            seconds,
            learners,
            views: figures.views,
            watched: figures.watched,
            watched_share: share(figures.watched, figures.views),
            mean_progress: figures.mean_progress,
            seconds_played: views.iter().map(View::distinct_seconds).sum(),
            cut,
            curve: has_curves.then_some(figures.curve),
            remaining: has_curves.then_some(figures.remaining),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_was_cut_does_not_count() {
        let whole = Played::of("0[.]10[,]10[.]20");
        assert_eq!((whole.segments.len(), whole.is_cut), (2, false));
        let long = "0[.]10[,]".repeat(60);
        let cut = Played::of(&long[..511]);
        assert!(cut.is_cut && cut.segments.iter().all(|it| (it.start, it.end) == (0.0, 10.0)));
    }

    #[test]
    fn views_without_a_session_end_with_a_gap() {
        let played = |text: &str| Played::of(text);
        let viewer = Viewer {
            named: HashMap::from([(1, played("0[.]5"))]),
            unnamed: vec![(0, played("0[.]1")), (GAP, played("2[.]3")), (3 * GAP, played(""))],
        };
        let mut lengths: Vec<usize> =
            viewer.views().iter().map(|view| view.segments.len()).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [0, 1, 2]);
    }
}
