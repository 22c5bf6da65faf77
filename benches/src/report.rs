//! The table in the end.

use std::fmt::Write;
use std::time::Duration;

use acta_ambient::Timestamp;

/// Says what is being done.
#[expect(clippy::print_stderr, reason = "a long run shows its progress")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// How long requests took.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    micros: Vec<u64>,
}

impl Latencies {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.micros.push(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.micros.append(&mut other.micros);
    }

    /// The latency in milliseconds that `percent` of 100 requests did not exceed.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn millis(&self, percent: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or(0) as f64 / 1000.0
    }
}

/// What must be reached.
#[derive(Debug)]
pub(crate) struct Targets {
    bulk: &'static str,
    bulk_later: &'static str,
    single: &'static str,
    query: &'static str,
    memory: &'static str,
    disk: &'static str,
    start: &'static str,
}

/// The targets of the embedded engine.
pub(crate) const EMBEDDED: Targets = Targets {
    bulk: "≥ 50,000/s, ≥ 0.5",
    bulk_later: "≥ 50,000/s",
    single: "≥ 10,000/s, p99 < 25 ms",
    query: "p50 < 2 ms, p99 < 10 ms",
    memory: "< 300 MB",
    disk: "≤ 400 bytes",
    start: "< 3 s",
};

/// The targets of the engine on PostgreSQL.
pub(crate) const POSTGRES: Targets = Targets {
    bulk: "≥ 5,000/s",
    bulk_later: "≥ 5,000/s",
    single: "≥ 2,000/s",
    query: "p50 < 5 ms",
    memory: "",
    disk: "",
    start: "",
};

#[derive(Debug)]
pub(crate) struct Report {
    targets: &'static Targets,
    head: String,
    rows: Vec<[String; 3]>,
    size: String,
}

impl Report {
    pub(crate) fn new(
        machine: &str,
        commit: &str,
        now: Timestamp,
        targets: &'static Targets,
    ) -> Self {
        let (year, month, day) = now.date();
        let head = format!(
            "Measured on {year:04}-{month:02}-{day:02} at commit {commit} on {machine}; server and \
             load generator together on this machine, every acknowledged statement synced.\n"
        );
        Self { targets, head, rows: Vec::new(), size: String::new() }
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.head.push_str(text);
        self.head.push('\n');
    }

    fn row(&mut self, what: &str, measured: String, target: &str) {
        say(&format!("  {what}: {measured}"));
        self.rows.push([what.to_owned(), measured, target.to_owned()]);
    }

    pub(crate) fn bulk(&mut self, rate: f64, ratio: f64) {
        let measured = format!("{rate:.0} statements/s, {ratio:.2} of the baseline");
        self.row("bulk ingest, batches of 500", measured, self.targets.bulk);
    }

    pub(crate) fn bulk_later(&mut self, rate: f64, total: u64) {
        let what = format!("bulk ingest on the way to {}", millions(total));
        self.row(&what, format!("{rate:.0} statements/s"), self.targets.bulk_later);
    }

    /// The processor time that the server spent on `count` statements of a load.
    pub(crate) fn cpu(&mut self, load: &str, cpu: Duration, count: u64) {
        let micros = cpu.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let what = format!("processor time of the server, {load}");
        self.row(&what, format!("{micros:.1} µs a statement"), "");
    }

    pub(crate) fn single(&mut self, rate: f64, latencies: &Latencies, ratio: f64) {
        let (p50, p99) = (latencies.millis(50), latencies.millis(99));
        let measured =
            format!("{rate:.0}/s, p50 {p50:.1} ms, p99 {p99:.1} ms, {ratio:.2} of the baseline");
        self.row("single POST, 64 connections", measured, self.targets.single);
    }

    /// The rows that follow hold for this many statements.
    pub(crate) fn stored(&mut self, count: u64) {
        self.size = millions(count);
    }

    pub(crate) fn query(&mut self, name: &str, latencies: &Latencies) {
        let (p50, p99) = (latencies.millis(50), latencies.millis(99));
        let what = format!("GET limit 100 at {}: {name}", self.size);
        self.row(&what, format!("p50 {p50:.2} ms, p99 {p99:.2} ms"), self.targets.query);
    }

    pub(crate) fn memory(&mut self, peak: u64, now: u64) {
        let what = format!("memory at {}", self.size);
        let measured = format!("{} MB, {} MB at most", now / 1_000_000, peak / 1_000_000);
        self.row(&what, measured, self.targets.memory);
    }

    pub(crate) fn disk(&mut self, bytes: u64, count: u64) {
        let what = format!("disk at {}", self.size);
        self.row(&what, format!("{} bytes a statement", bytes / count.max(1)), self.targets.disk);
    }

    pub(crate) fn start(&mut self, duration: Duration) {
        let what = format!("start after a crash at {}", self.size);
        self.row(&what, format!("{:.2} s", duration.as_secs_f64()), self.targets.start);
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text =
            format!("{}\n| what | measured | target |\n| --- | --- | --- |\n", self.head);
        for [what, measured, target] in &self.rows {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {what} | {measured} | {target} |");
        }
        text
    }

    #[expect(clippy::print_stdout, reason = "the table is what was asked for")]
    pub(crate) fn print(&self) {
        println!("{}", self.markdown());
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn millions(count: u64) -> String {
    format!("{:.1} M", count as f64 / 1e6)
}
