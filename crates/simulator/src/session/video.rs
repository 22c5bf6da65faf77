//! A view of a video, by the xAPI video profile.

use super::Session;
use crate::text::{push_decimal, push_uuid};
use crate::vocabulary::{Category, Verb, extension};
use crate::world::catalogue::{Module, Video};
use crate::world::source::VIDEOS;

/// Most interruptions of a view.
const INTERRUPTIONS_MAX: usize = 4;

/// How much of a video must be seen to complete it, in thousandths.
const COMPLETION: i64 = 950;

/// A view in progress. Positions are in milliseconds from the start of the video.
struct View<'a> {
    video: &'a Video,
    /// The extensions of every statement.
    extensions: String,
    position_ms: i64,
    /// What was played, in the order in which it was.
    segments: Vec<(i64, i64)>,
}

impl View<'_> {
    /// How much was seen, without what was seen twice.
    fn distinct_ms(&self) -> i64 {
        let mut sorted = self.segments.clone();
        sorted.sort_unstable();
        let mut reached = 0;
        let mut sum = 0;
        for (from, to) in sorted {
            sum += (to - from.max(reached)).max(0);
            reached = reached.max(to);
        }
        sum
    }
}

impl Session<'_> {
    /// Watches the video of a module.
    pub(super) fn watch(&mut self, module: &Module) {
        let Some(video) = &module.video else { return };
        self.pass(4_000, 0.5);
        let mut extensions = format!("{}\"", extension::VIDEO_SESSION);
        let random = &mut self.recorder.random;
        push_uuid(&mut extensions, [random.any(), random.any()]);
        extensions.push_str("\",");
        extensions.push_str(extension::VIDEO_LENGTH);
        push_decimal(&mut extensions, video.length_ms, 3);
        let mut view = View { video, extensions, position_ms: 0, segments: Vec::new() };
        self.record_view(&view, Verb::Initialized);
        self.pass(1_500, 0.5);
        self.play(&view);
        let interruptions = self.recorder.random.index(INTERRUPTIONS_MAX);
        for _ in 0..interruptions {
            self.interrupt(&mut view);
        }
        let is_left = self.recorder.random.chance(0.2);
        let end_ms = if is_left { self.later(&view) } else { video.length_ms };
        self.play_until(&mut view, end_ms);
        let distinct_ms = view.distinct_ms();
        let is_completed = distinct_ms * 1000 >= COMPLETION * video.length_ms;
        if is_completed {
            self.result.push_str(r#""completion":true,"#);
            self.push_state(&view);
            self.record_view(&view, Verb::Completed);
        }
        self.push_state(&view);
        self.record_view(&view, Verb::Terminated);
        let counts = &mut self.recorder.ledger.modules[module.index];
        counts.views += 1;
        counts.views_completed += u64::from(is_completed);
        counts.distinct_ms += distinct_ms;
    }

    /// Pauses, then plays on, perhaps from elsewhere.
    fn interrupt(&mut self, view: &mut View<'_>) {
        let until_ms = self.later(view);
        self.play_until(view, until_ms);
        self.push_state(view);
        self.record_view(view, Verb::Paused);
        self.pass(15_000, 1.0);
        if self.recorder.random.chance(0.4) {
            let from_ms = view.position_ms;
            // Back to something unclear more often than forward.
            let is_back = self.recorder.random.chance(0.7);
            let (low, high) =
                if is_back { (from_ms / 2, from_ms) } else { (from_ms, view.video.length_ms) };
            view.position_ms = self.recorder.random.between(low, high);
            self.result.push_str(r#""extensions":{"#);
            push_time(&mut self.result, extension::TIME_FROM, from_ms);
            self.result.push(',');
            push_time(&mut self.result, extension::TIME_TO, view.position_ms);
            self.result.push('}');
            self.record_view(view, Verb::Seeked);
            self.pass(1_000, 0.5);
        }
        self.play(view);
    }

    /// A position after the current one.
    fn later(&mut self, view: &View<'_>) -> i64 {
        self.recorder.random.between(view.position_ms, view.video.length_ms)
    }

    fn play(&mut self, view: &View<'_>) {
        self.result.push_str(r#""extensions":{"#);
        push_time(&mut self.result, extension::TIME, view.position_ms);
        self.result.push('}');
        self.record_view(view, Verb::Played);
    }

    fn play_until(&mut self, view: &mut View<'_>, end_ms: i64) {
        self.now_ms += end_ms - view.position_ms;
        view.segments.push((view.position_ms, end_ms));
        view.position_ms = end_ms;
    }

    /// Appends the extensions of a result that say what was seen.
    fn push_state(&mut self, view: &View<'_>) {
        let out = &mut self.result;
        out.push_str(r#""extensions":{"#);
        push_time(out, extension::TIME, view.position_ms);
        out.push(',');
        out.push_str(extension::VIDEO_PROGRESS);
        push_decimal(out, view.distinct_ms() * 1000 / view.video.length_ms, 3);
        out.push(',');
        out.push_str(extension::SEGMENTS);
        out.push('"');
        for (index, (from, to)) in view.segments.iter().enumerate() {
            out.push_str(if index > 0 { "[,]" } else { "" });
            push_decimal(out, *from, 3);
            out.push_str("[.]");
            push_decimal(out, *to, 3);
        }
        out.push_str("\"}");
    }

    fn record_view(&mut self, view: &View<'_>, verb: Verb) {
        self.send_by(VIDEOS);
        self.extensions.push_str(&view.extensions);
        self.record(verb, &view.video.activity, Category::Video);
    }
}

fn push_time(out: &mut String, name: &str, position_ms: i64) {
    out.push_str(name);
    push_decimal(out, position_ms, 3);
}
