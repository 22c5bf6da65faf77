//! How the embedded engine is opened.

use std::sync::Arc;

use acta_ambient::{Clock, Entropy};
use acta_config::Config;
use acta_storage_embedded::{OnProgress, Options, Progress, SystemDisk};

use crate::terminal;

/// Shows the progress of reading a store on a terminal.
pub(super) fn progress() -> OnProgress {
    let bar = terminal::progress_bar(0, terminal::Unit::Bytes);
    Arc::new(move |progress: Progress| {
        if bar.is_finished() && progress.done_bytes < progress.total_bytes {
            // One reading follows another.
            bar.reset();
        }
        bar.set_length(progress.total_bytes);
        bar.set_position(progress.done_bytes);
        if progress.done_bytes >= progress.total_bytes {
            bar.finish_and_clear();
        }
    })
}

/// The options of the engine.
pub(super) fn options(
    config: &Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Options {
    Options {
        directory: config.data.clone(),
        clock,
        entropy,
        disk: Arc::new(SystemDisk),
        segment_bytes: config.storage.segment_bytes,
        run_entries: config.storage.run_entries,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: Options::DICTIONARY_SAMPLES,
        reserve_bytes: config.storage.reserve_bytes,
        on_progress: Some(progress()),
    }
}
