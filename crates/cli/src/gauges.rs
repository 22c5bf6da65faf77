//! What the engine tells about itself, for `/metrics`.

use std::sync::Arc;

use acta_http::{GaugeReading, Gauges};
use acta_storage_embedded::EmbeddedStorage;

/// Reads the engine's statistics.
#[derive(Debug)]
pub(crate) struct EngineGauges(pub(crate) Arc<EmbeddedStorage>);

impl Gauges for EngineGauges {
    #[expect(clippy::cast_precision_loss, reason = "numbers for people")]
    fn read(&self) -> Vec<GaugeReading> {
        let now = self.0.statistics();
        let readings = [
            ("acta_statements", "Statements in the store", now.statement_count as f64),
            ("acta_log_bytes", "Bytes of the statement log", now.log_bytes as f64),
            ("acta_log_segments", "Segments of the statement log", now.segment_count as f64),
            ("acta_index_runs", "Runs of the index", now.run_count as f64),
            ("acta_queue_batches", "Batches that wait to be written", now.waiting_count as f64),
            ("acta_groups", "Groups written and synced", now.group_count as f64),
            (
                "acta_group_statements",
                "Statements in those groups",
                now.group_statement_count as f64,
            ),
            ("acta_syncs", "Syncs of the log", now.sync_count as f64),
            ("acta_sync_seconds", "Time spent in those syncs", now.sync_time.as_secs_f64()),
            ("acta_halted", "1 after a failed sync", f64::from(u8::from(now.is_halted))),
        ];
        let named = readings.into_iter();
        named.map(|(name, help, value)| GaugeReading { name, help, value }).collect()
    }
}
