//! The measurements, in the order in which they are made.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use anyhow::{Context, Result, bail};

use crate::client::{Client, request};
use crate::engine::Engine;
use crate::report::{Latencies, Report, say};
use crate::server::{AUTHORIZATION, Server};
use crate::statements::{self, Generator};
use crate::{Options, machine};

const BULK_CONNECTIONS: u64 = 4;
const SINGLE_CONNECTIONS: u64 = 64;

/// Makes all measurements and prints the table.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = make_folder(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bench = Bench { options: options.clone(), folder, clock: Arc::new(SystemClock::new()) };
    let outcome = runtime.block_on(bench.all());
    // What is left behind is only a folder in a place for temporary files.
    let _ = std::fs::remove_dir_all(&bench.folder);
    let report = outcome?;
    report.print();
    match &options.output {
        Some(file) => Ok(std::fs::write(file, report.markdown())?),
        None => Ok(()),
    }
}

fn make_folder(options: &Options) -> Result<PathBuf> {
    let parent = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = parent.join(format!("acta-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Writes the next body and returns how many statements it holds; 0 ends the load.
type BodyGenerator = Box<dyn FnMut(&mut Vec<u8>) -> u64 + Send>;

struct Bench {
    options: Options,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

/// How a load went.
struct Load {
    count: u64,
    elapsed: Duration,
    latencies: Latencies,
}

impl Load {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

impl Bench {
    async fn all(&self) -> Result<Report> {
        let engine = Engine::new(&self.folder, self.options.postgres);
        let (machine, commit) = (machine::describe(), machine::commit());
        let mut report = Report::new(&machine, &commit, self.clock.now(), engine.targets());
        report.note(&self.sync_latency()?);
        if let Some(note) = engine.note() {
            report.note(&note);
        }
        let (baseline_bulk, baseline_single) = self.baseline().await?;

        let server = Server::acta(&self.options.binary, &engine)?;
        server.wait_until_ready("/ready", &*self.clock).await?;
        let cpu_before = machine::cpu_time(server.pid());
        say("bulk ingest");
        let bulk = self.bulk(&server.address, "/xapi/statements", self.options.statements).await?;
        let cpu = machine::cpu_time(server.pid()).saturating_sub(cpu_before);
        report.bulk(bulk.rate(), bulk.rate() / baseline_bulk.rate());
        report.cpu("bulk", cpu, bulk.count);
        say("single statements");
        let cpu_before = machine::cpu_time(server.pid());
        let single = self.single(&server.address, "/xapi/statements").await?;
        let cpu = machine::cpu_time(server.pid()).saturating_sub(cpu_before);
        report.single(single.rate(), &single.latencies, single.rate() / baseline_single.rate());
        report.cpu("single POST", cpu, single.count);
        let stored = bulk.count + single.count;
        self.stored(server, &engine, stored, &mut report).await?;
        if self.options.then > stored {
            let server = Server::acta(&self.options.binary, &engine)?;
            server.wait_until_ready("/ready", &*self.clock).await?;
            say(&format!("more statements, up to {}", self.options.then));
            let more = self.options.then - stored;
            let bulk = self.bulk(&server.address, "/xapi/statements", more).await?;
            report.bulk_later(bulk.rate(), self.options.then);
            self.stored(server, &engine, stored + bulk.count, &mut report).await?;
        }
        Ok(report)
    }

    /// Everything that depends on how much is stored: queries, disk, memory, start.
    async fn stored(
        &self,
        server: Server,
        engine: &Engine,
        stored: u64,
        report: &mut Report,
    ) -> Result<()> {
        report.stored(stored);
        engine.quiesce();
        for (name, query) in QUERIES {
            say(&format!("query: {name}"));
            let latencies = self.query(&server.address, *query).await?;
            report.query(name, &latencies);
        }
        let (peak, now) = machine::memory_bytes(server.pid());
        report.memory(peak, now);
        report.disk(engine.bytes()?, stored);
        server.kill();
        say("start after a crash");
        let server = Server::acta(&self.options.binary, engine)?;
        report.start(server.wait_until_ready("/ready", &*self.clock).await?);
        Ok(())
    }

    /// What one small append with a sync costs on this disk.
    fn sync_latency(&self) -> Result<String> {
        use std::io::Write;

        let mut file = std::fs::File::create(self.folder.join("sync"))?;
        let mut latencies = Latencies::default();
        for _ in 0..1000 {
            let started = self.clock.elapsed();
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
            latencies.add(self.since(started));
        }
        Ok(format!(
            "A bare append of 4 KiB with fdatasync takes {:.2} ms (median) and {:.2} ms (99 of 100).",
            latencies.millis(50),
            latencies.millis(99)
        ))
    }

    async fn baseline(&self) -> Result<(Load, Load)> {
        say("baseline: append and sync only");
        let file = self.folder.join("baseline");
        let server = Server::baseline(&file)?;
        server.wait_until_ready("/", &*self.clock).await?;
        let bulk = self.bulk(&server.address, "/", self.options.statements.min(500_000)).await?;
        let single = self.single(&server.address, "/").await?;
        std::fs::remove_file(&file)?;
        Ok((bulk, single))
    }

    async fn bulk(&self, address: &str, path: &str, total: u64) -> Result<Load> {
        let left = Arc::new(AtomicU64::new(total.div_ceil(self.options.batch as u64)));
        let (batch, seed) = (self.options.batch, self.seed());
        let make =
            |connection| batches(Arc::clone(&left), batch, Generator::new(seed + connection));
        self.load(address, path, BULK_CONNECTIONS, make).await
    }

    async fn single(&self, address: &str, path: &str) -> Result<Load> {
        let end = self.clock.elapsed() + Duration::from_secs(self.options.seconds);
        let seed = self.seed() + 1000;
        let make =
            |connection| singles(Arc::clone(&self.clock), end, Generator::new(seed + connection));
        self.load(address, path, SINGLE_CONNECTIONS, make).await
    }

    fn since(&self, started: Duration) -> Duration {
        self.clock.elapsed().saturating_sub(started)
    }

    /// A seed that no earlier load had, so that no id comes twice.
    fn seed(&self) -> u64 {
        u64::try_from(self.clock.now().unix_micros()).unwrap_or(0)
    }

    async fn load(
        &self,
        address: &str,
        path: &str,
        connections: u64,
        make: impl Fn(u64) -> BodyGenerator,
    ) -> Result<Load> {
        let started = self.clock.elapsed();
        let mut tasks = tokio::task::JoinSet::new();
        for connection in 0..connections {
            let next = make(connection);
            let (address, line) = (address.to_owned(), format!("POST {path}"));
            let clock = Arc::clone(&self.clock);
            tasks.spawn(async move { drive(&address, &line, next, &*clock).await });
        }
        let mut load = Load { count: 0, elapsed: Duration::ZERO, latencies: Latencies::default() };
        while let Some(finished) = tasks.join_next().await {
            let (count, latencies) = finished??;
            load.count += count;
            load.latencies.append(latencies);
        }
        load.elapsed = self.since(started);
        Ok(load)
    }

    async fn query(&self, address: &str, query: fn(&mut Generator) -> String) -> Result<Latencies> {
        let mut client = Client::connect(address).await?;
        let mut generator = Generator::new(7);
        let mut latencies = Latencies::default();
        for _ in 0..1000 {
            let line = format!("GET /xapi/statements?limit=100{}", query(&mut generator));
            let asked = request(&line, address, AUTHORIZATION, None);
            let started = self.clock.elapsed();
            let answer = client.send(&asked).await?;
            latencies.add(self.since(started));
            if answer.status != 200 || !answer.body.starts_with(b"{\"statements\":[") {
                bail!("{line}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
            }
        }
        Ok(latencies)
    }
}

/// Batches until `left` of them are taken, by this connection or another.
fn batches(left: Arc<AtomicU64>, batch: usize, mut generator: Generator) -> BodyGenerator {
    Box::new(move |body| {
        let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        taken.map_or(0, |_| generator.batch(batch, body))
    })
}

/// Single statements until `end`.
fn singles(clock: Arc<dyn Clock>, end: Duration, mut generator: Generator) -> BodyGenerator {
    Box::new(move |body| if clock.elapsed() >= end { 0 } else { generator.statement(body) })
}

async fn drive(
    address: &str,
    line: &str,
    mut next: BodyGenerator,
    clock: &dyn Clock,
) -> Result<(u64, Latencies)> {
    let mut client = Client::connect(address).await?;
    let (mut count, mut latencies) = (0, Latencies::default());
    let mut body = Vec::new();
    loop {
        body.clear();
        let statements = next(&mut body);
        if statements == 0 {
            return Ok((count, latencies));
        }
        let asked = request(line, address, AUTHORIZATION, Some(&body));
        let started = clock.elapsed();
        let answer = client.send(&asked).await?;
        latencies.add(clock.elapsed().saturating_sub(started));
        if answer.status != 200 {
            bail!("{line}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        count += statements;
    }
}

type Query = fn(&mut Generator) -> String;

/// The filters of the queries, each with values that occur.
const QUERIES: &[(&str, Query)] = &[
    ("no filter", |_| String::new()),
    ("verb", |g| format!("&verb={}", statements::verb_id(g.subject().verb))),
    ("agent", |g| format!("&agent={}", agent(g.subject().learner))),
    ("activity", |g| {
        let subject = g.subject();
        format!("&activity={}", statements::activity_id(subject.course, subject.activity))
    }),
    ("registration", |g| {
        let subject = g.subject();
        format!("&registration={}", statements::registration(subject.learner, subject.course))
    }),
    ("agent and verb", |g| {
        let subject = g.subject();
        format!("&agent={}&verb={}", agent(subject.learner), statements::verb_id(subject.verb))
    }),
    ("course (related) and verb", |g| {
        let subject = g.subject();
        let course = statements::course_id(subject.course);
        let verb = statements::verb_id(subject.verb);
        format!("&activity={course}&related_activities=true&verb={verb}")
    }),
    ("course (related), oldest first", |g| {
        let course = statements::course_id(g.subject().course);
        format!("&activity={course}&related_activities=true&ascending=true")
    }),
    ("no match", |g| format!("&agent={}", agent(statements::LEARNERS + g.below(1000)))),
];

fn agent(learner: u64) -> String {
    let account = statements::account(learner);
    let json =
        format!(r#"{{"account":{{"homePage":"https://lms.example.org","name":"{account}"}}}}"#);
    let mut encoded = String::new();
    for byte in json.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => encoded.push(char::from(byte)),
            other => encoded.extend(["%", &format!("{other:02X}")]),
        }
    }
    encoded
}
