//! `acta analyse video`: how videos are watched.

use serde_json::{Value, json};

use super::format::{duration, list, name, percent, text};
use super::shape::Analyse;
use crate::admin::Table;

/// Arguments of the analysis.
#[derive(Debug, clap::Args)]
pub(super) struct Video {
    /// The only video, of which also is shown where it is watched.
    #[arg(long, value_name = "IRI")]
    video: Option<String>,
}

/// In how many parts a video is shown.
const PARTS: usize = 20;

impl Analyse for Video {
    fn name(&self) -> &'static str {
        "video"
    }

    fn request(&self) -> Value {
        json!({ "video": self.video })
    }

    fn lines(&self, answer: &Value) -> Vec<String> {
        let head = ["VIDEO", "LENGTH", "LEARNERS", "VIEWS", "WATCHED", "SHARE", "MEAN PROGRESS"];
        let mut table = Table::new(&head);
        for video in list(answer, "videos") {
            table.row([
                name(video),
                duration(&video["seconds"]),
                text(&video["learners"]),
                text(&video["views"]),
                text(&video["watched"]),
                percent(&video["watched_share"]),
                percent(&video["mean_progress"]),
            ]);
        }
        let mut lines = table.lines();
        for video in list(answer, "videos").filter(|_| self.video.is_some()) {
            lines.push(String::new());
            lines.extend(curves(video));
        }
        lines
    }
}

/// The curves at the beginning of each part of the video.
fn curves(video: &Value) -> Vec<String> {
    let curves: Vec<(&Value, &Value)> =
        list(video, "curve").zip(list(video, "remaining")).collect();
    let step = curves.len().div_ceil(PARTS).max(1);
    let mut table = Table::new(&["AT", "VIEWS", "STILL WATCHING"]);
    for (second, (views, remaining)) in curves.iter().enumerate().step_by(step) {
        table.row([duration(&json!(second)), text(views), percent(remaining)]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_is_shown_in_parts() {
        let video = json!({"curve": vec![3; 45], "remaining": vec![75.0; 45]});
        let lines = curves(&video);
        assert_eq!(lines.len(), 16);
        assert_eq!(lines[2], "0:00:03  3      75.0 %");
    }
}
