//! What is counted, in the text format of Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::permit::memory::Memory;

/// Counts kept elsewhere, such as by a storage engine.
pub trait MetricSource: Send + Sync {
    /// The metrics as they are now; those of the same name stand beside each other.
    fn read(&self) -> Vec<MetricReading>;
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricReading {
    /// Its name, as in `acta_log_bytes`. It is a counter if this ends with `_total`, else a gauge.
    pub name: &'static str,
    /// What it says, for people, without a full stop.
    pub help: &'static str,
    /// What tells it from others of the same name, which stand beside it: a label and its
    /// value.
    pub label: Option<(&'static str, &'static str)>,
    /// The number.
    pub value: f64,
}

/// Everything that is counted here.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    statements_stored: Counter,
    in_flight: Gauge,
    connections: Gauge,
    evicted: Counter,
    streams: Gauge,
    streams_dropped: Counter,
    anonymous_refused: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    method: &'static str,
}

/// Counts something up as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    /// Counts one up.
    pub(crate) fn one(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Upper bounds of the buckets of latencies, in seconds.
    const BUCKETS: [f64; 12] =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

    /// Everything at zero.
    pub(crate) fn new(source: Option<Arc<dyn MetricSource>>, memories: [Arc<Memory>; 2]) -> Self {
        let mut registry = Registry::default();
        let requests = Family::<RequestLabels, Counter>::default();
        let histogram: fn() -> Histogram = || Histogram::new(Self::BUCKETS);
        let seconds = Family::<RouteLabels, Histogram>::new_with_constructor(histogram);
        let statements_stored = Counter::default();
        let (in_flight, connections) = (Gauge::default(), Gauge::default());
        registry.register("acta_http_requests", "Requests answered", requests.clone());
        let help = "Time from the request head to the response head";
        registry.register("acta_http_request_duration_seconds", help, seconds.clone());
        let help = "New statements stored";
        registry.register("acta_statements_stored", help, statements_stored.clone());
        let help = "Requests in progress";
        registry.register("acta_http_requests_in_flight", help, in_flight.clone());
        registry.register("acta_http_connections", "Open connections", connections.clone());
        let evicted = Counter::default();
        let help = "Connections closed, or slow requests ended, to make room";
        registry.register("acta_http_connections_evicted", help, evicted.clone());
        let (streams, streams_dropped) = (Gauge::default(), Counter::default());
        registry.register("acta_http_streams", "Open event streams", streams.clone());
        let help = "Event streams dropped because their client did not read on";
        registry.register("acta_http_streams_dropped", help, streams_dropped.clone());
        let anonymous_refused = Counter::default();
        let help = "Requests refused because their address sent too many without a credential";
        registry.register("acta_http_anonymous_refused", help, anonymous_refused.clone());
        registry.register_collector(Box::new(Others(Arc::new(Held(memories)))));
        if let Some(source) = source {
            registry.register_collector(Box::new(Others(source)));
        }
        Self {
            registry,
            requests,
            seconds,
            statements_stored,
            in_flight,
            connections,
            evicted,
            streams,
            streams_dropped,
            anonymous_refused,
        }
    }

    /// Counts a request as being answered.
    pub(crate) fn enter(&self) -> Counted {
        Counted::one(&self.in_flight)
    }

    /// Counts connections that were closed to make room.
    pub(crate) fn evict(&self, count: usize) {
        self.evicted.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Counts a request without a valid credential that was refused for its address.
    pub(crate) fn refuse_anonymous(&self) {
        self.anonymous_refused.inc();
    }

    /// How many event streams are open, and how many were dropped.
    pub(crate) fn streams(&self) -> (Gauge, Counter) {
        (self.streams.clone(), self.streams_dropped.clone())
    }

    /// Counts a connection as open.
    pub(crate) fn connect(&self) -> Counted {
        Counted::one(&self.connections)
    }

    /// Counts an answer.
    pub(crate) fn observe(
        &self,
        (route, method): (&'static str, &'static str),
        status: u16,
        elapsed: Duration,
    ) {
        self.requests.get_or_create(&RequestLabels { route, method, status }).inc();
        self.seconds.get_or_create(&RouteLabels { route, method }).observe(elapsed.as_secs_f64());
    }

    /// Counts statements that are new.
    pub(crate) fn stored(&self, count: usize) {
        self.statements_stored.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Everything, as text.
    pub(crate) fn encode(&self) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// What requests and answers hold in memory.
struct Held([Arc<Memory>; 2]);

impl MetricSource for Held {
    #[expect(clippy::cast_precision_loss, reason = "numbers for people")]
    fn read(&self) -> Vec<MetricReading> {
        let [known, anonymous] = &self.0;
        let reading = |name, help, value: usize| MetricReading {
            name,
            help,
            label: None,
            value: value as f64,
        };
        vec![
            reading(
                "acta_http_memory_bytes",
                "Bytes of request and response bodies in memory",
                known.held(),
            ),
            reading(
                "acta_http_anonymous_memory_bytes",
                "Bytes of forms in memory that are not yet authenticated",
                anonymous.held(),
            ),
        ]
    }
}

/// The numbers of others, read when asked for.
struct Others(Arc<dyn MetricSource>);

impl fmt::Debug for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Others")
    }
}

impl Collector for Others {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for readings in self.0.read().chunk_by(|one, next| one.name == next.name) {
            let Some(first) = readings.first() else { continue };
            // The encoder appends `_total` to the names of counters.
            let counter = first.name.strip_suffix("_total");
            let kind = counter.map_or(MetricType::Gauge, |_| MetricType::Counter);
            let write = |value: f64, metric: MetricEncoder<'_>| match counter {
                Some(_) => ConstCounter::new(value).encode(metric),
                None => ConstGauge::new(value).encode(metric),
            };
            let name = counter.unwrap_or(first.name);
            let mut metric = encoder.encode_descriptor(name, first.help, None, kind)?;
            if first.label.is_none() {
                write(first.value, metric)?;
                continue;
            }
            for reading in readings {
                let labels: Vec<(&str, &str)> = reading.label.into_iter().collect();
                write(reading.value, metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(source: Option<Arc<dyn MetricSource>>) -> Metrics {
        Metrics::new(source, [Memory::new(1), Memory::new(1)])
    }

    #[derive(Debug)]
    struct Two;

    impl MetricSource for Two {
        fn read(&self) -> Vec<MetricReading> {
            let reading =
                |name, label, value| MetricReading { name, help: "A number", label, value };
            vec![
                reading("acta_log_bytes", None, 7.5),
                reading("acta_log_syncs_total", None, 5.0),
                reading("acta_halted", None, 0.0),
                reading("acta_follower_lag", Some(("follower", "one")), 3.0),
                reading("acta_follower_lag", Some(("follower", "two")), 4.0),
            ]
        }
    }

    #[test]
    fn metrics_of_a_source_are_read_on_each_scrape() {
        let text = metrics(Some(Arc::new(Two))).encode();
        for line in [
            "# TYPE acta_log_bytes gauge",
            "acta_log_bytes 7.5",
            "# TYPE acta_log_syncs counter",
            "acta_log_syncs_total 5.0",
            "acta_halted 0.0",
            r#"acta_follower_lag{follower="one"} 3.0"#,
            r#"acta_follower_lag{follower="two"} 4.0"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn reserved_memory_is_counted_until_it_is_dropped() {
        let metrics = metrics(None);
        let count = || {
            let text = metrics.encode();
            let line = text.lines().find(|line| line.starts_with("acta_http_requests_in_flight"));
            line.map(str::to_owned).unwrap()
        };
        let (first, second) = (metrics.enter(), metrics.enter());
        assert_eq!(count(), "acta_http_requests_in_flight 2");
        drop((first, second));
        assert_eq!(count(), "acta_http_requests_in_flight 0");
    }
}
