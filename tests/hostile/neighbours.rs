//! One tenant does the worst that it can within its limits; another one works beside it, and must
//! be served, soon and always.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::{Launch, basic};
use acta_tests::{Call, Client, Engine, Server, Store, Version, make, multipart};
use serde_json::json;

use crate::bodies::{
    id, list, post, reference, signature, statement, with_attachments, with_signature,
};
use crate::bombs::resident_kib;
use crate::cgroup::Cgroup;
use crate::grammar::{Grammar, pool};

/// Clients of the tenant that works beside.
const CLIENTS: usize = 4;

/// How long each attack lasts, unless `TEST_ATTACK_SECONDS` says it.
const ATTACK_SECONDS: u64 = 3;

/// The attack that is drawn at random, against a server whose memory is bounded.
const RANDOM: &str = "random requests";

/// How long it lasts, unless `TEST_ATTACK_SECONDS` says it.
const RANDOM_SECONDS: u64 = 15;

/// How often an attack is tried when the neighbour waited too long: other work of the machine makes
/// waits longer, and nothing makes them shorter.
const ATTEMPTS: usize = 6;

/// What the slowest of a hundred requests may take, as long as the generator of the load and the
/// server share two processors.
const P99_MAX: Duration = Duration::from_millis(100);

/// What the server may take in memory: the limit for bodies below, and as much again.
const RESIDENT_KIB_MAX: u64 = 1 << 20;

const SETTINGS: &[(&str, &str)] = &[("ACTA_LIMITS_MEMORY_BYTES_MAX", "384MiB")];

/// Sends a request and returns the status of the answer.
type Sender = Box<dyn FnMut(&Client) -> u16>;

/// What a tenant can do to the others.
struct Attack {
    name: &'static str,
    connections: usize,
    /// What is stored before, without being measured.
    prepare: fn(&Client),
    /// What each connection sends again and again: it makes what it needs once.
    open: fn(usize) -> Sender,
}

fn nothing(_: &Client) {}

fn state<'a>(client: &'a Client, method: &str) -> Call<'a> {
    client
        .call(method, "/activities/state")
        .query("activityId", "http://example.org/a")
        .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
        .query("stateId", "state")
}

/// A statement with 1,000 context activities, which are all that a statement may have.
fn wide(seed: usize) -> String {
    let activities =
        list(1_000, |number| format!(r#"{{"id":"http://example.org/{seed}/{number}"}}"#));
    statement(&format!(r#","context":{{"contextActivities":{{"other":[{activities}]}}}}"#))
}

/// Stores 250 wide statements, which are some pages.
fn store_wide(client: &Client) {
    for seed in 0..10 {
        post(client, &format!("[{}]", list(25, |number| wide(seed * 25 + number))), 200);
    }
}

fn send_text(text: String) -> Sender {
    Box::new(move |client| status(client.post("/statements").json_text(&text)))
}

/// The status of the answer; 0 if there is none, because the server closed the connection.
fn status(call: Call<'_>) -> u16 {
    call.try_send().map_or(0, |response| response.status)
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn attacks() -> Vec<Attack> {
    vec![
        Attack {
            name: "batches of small statements",
            connections: 32,
            prepare: nothing,
            open: |_| send_text(format!("[{}]", list(500, |_| statement("")))),
        },
        Attack {
            name: "batches of 16 MB",
            connections: 8,
            prepare: nothing,
            open: |_| send_text(format!("[{}]", list(100_000, |_| statement("")))),
        },
        Attack {
            name: "wide statements",
            connections: 64,
            prepare: nothing,
            open: |connection| send_text(wide(connection)),
        },
        Attack {
            name: "batches of wide statements",
            connections: 16,
            prepare: nothing,
            open: |connection| {
                send_text(format!("[{}]", list(50, |number| wide(connection * 50 + number))))
            },
        },
        Attack {
            name: "a long list of faults",
            connections: 32,
            prepare: nothing,
            open: |_| send_text(format!("[{}]", list(100_000, |_| "{}".to_owned()))),
        },
        Attack {
            name: "definitions of 60 KB",
            connections: 32,
            prepare: nothing,
            open: |connection| {
                let text = "x".repeat(60 << 10);
                let mut number = 0;
                Box::new(move |client| {
                    number += 1;
                    let one = |n| {
                        let id = format!("http://example.org/{connection}/{n}");
                        let name = format!(r#"{{"en":"{text}{number}"}}"#);
                        statement(&format!(
                            r#","object":{{"id":"{id}","definition":{{"name":{name}}}}}"#
                        ))
                    };
                    let text = format!("[{}]", list(20, one));
                    status(client.post("/statements").json_text(&text))
                })
            },
        },
        Attack {
            name: "chains of references",
            connections: 16,
            prepare: nothing,
            open: |connection| {
                let mut next = connection * 10_000_000;
                Box::new(move |client| {
                    let first = next;
                    next += 500;
                    let chain = list(500, |number| reference(first + number + 1, first + number));
                    status(client.post("/statements").json_text(&format!("[{chain}]")))
                })
            },
        },
        Attack {
            name: "small merges into a document of 12 MB",
            connections: 16,
            prepare: |client| {
                let members =
                    list(400_000, |number| format!(r#""member-{number}":"{number:012}""#));
                state(client, "PUT").json_text(&format!("{{{members}}}")).send().expect(204);
            },
            open: |connection| {
                let text = format!(r#"{{"a{connection}":1}}"#);
                Box::new(move |client| status(state(client, "POST").json_text(&text)))
            },
        },
        Attack {
            name: "documents of 12 MB",
            connections: 16,
            prepare: nothing,
            open: |connection| {
                let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(12 << 20));
                Box::new(move |client| {
                    let put = client
                        .call("PUT", "/activities/state")
                        .query("activityId", "http://example.org/a")
                        .query("agent", r#"{"mbox":"mailto:ada@example.org"}"#)
                        .query("stateId", &format!("{connection}"));
                    status(put.json_text(&text))
                })
            },
        },
        Attack {
            name: "reading a document of 12 MB",
            connections: 16,
            prepare: |client| {
                let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(12 << 20));
                state(client, "PUT").json_text(&text).send().expect(204);
            },
            open: |_| Box::new(|client| status(state(client, "GET"))),
        },
        Attack {
            name: "canonical pages",
            connections: 16,
            prepare: store_wide,
            open: |_| {
                Box::new(|client| {
                    let call = client.get("/statements").query("format", "canonical");
                    status(call.query("limit", "0"))
                })
            },
        },
        Attack {
            name: "packed pages",
            connections: 32,
            prepare: store_wide,
            open: |_| {
                Box::new(|client| {
                    let call = client.get("/statements").header("Accept-Encoding", "gzip");
                    status(call.query("limit", "0"))
                })
            },
        },
        Attack {
            name: "queries that find nothing",
            connections: 64,
            prepare: |client| {
                for _ in 0..20 {
                    post(client, &format!("[{}]", list(5_000, |_| statement(""))), 200);
                }
            },
            open: |_| {
                Box::new(|client| {
                    let call = client.get("/statements").query("activity", "http://example.org/a");
                    let call = call.query("agent", r#"{"mbox":"mailto:ada@example.org"}"#);
                    let call = call.query("related_activities", "true");
                    let call = call.query("until", "2001-01-01T00:00:00Z");
                    status(call.query("registration", &id(7)))
                })
            },
        },
        Attack {
            name: "signatures",
            connections: 16,
            prepare: nothing,
            open: |_| {
                let (signature, attachment) = signature(500_000);
                let mut value = make::statement();
                value["attachments"] = json!([attachment]);
                let body = with_signature(&value.to_string(), &signature);
                Box::new(move |client| {
                    let call = client.post("/statements");
                    status(call.body(&multipart::content_type(), body.clone()))
                })
            },
        },
        Attack {
            name: "many parts",
            connections: 16,
            prepare: nothing,
            open: |connection| {
                let texts = (0..100).map(|number| format!("{connection}/{number}"));
                let body = with_attachments(texts);
                Box::new(move |client| {
                    let call = client.post("/statements");
                    status(call.body(&multipart::content_type(), body.clone()))
                })
            },
        },
    ]
}

/// How the tenant beside was served.
#[derive(Default)]
struct Service {
    /// Which request, and what it took.
    times: Vec<(Duration, &'static str)>,
    /// What did not succeed: which request, and its status.
    refused: Vec<(&'static str, u16)>,
}

impl Service {
    /// What `percent` of 100 requests did not exceed.
    fn percentile(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.times.iter().map(|(time, _)| *time).collect();
        times.sort_unstable();
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or_default()
    }
}

/// Small requests of all kinds, until it is over.
fn work(client: &Client, number: usize, is_over: &AtomicBool) -> Service {
    let clock = SystemClock::new();
    let mut service = Service::default();
    let own = id(number);
    let document = |method| {
        client
            .call(method, "/activities/profile")
            .query("activityId", "http://example.org/course")
            .query("profileId", &own)
    };
    while !is_over.load(Ordering::Relaxed) {
        let requests: [(&'static str, Call<'_>, u16); 5] = [
            ("POST", client.post("/statements").json(&make::statement()), 200),
            ("GET", client.get("/statements").query("limit", "10"), 200),
            ("POST document", document("POST").json_text(r#"{"a":1}"#), 204),
            ("GET document", document("GET"), 200),
            ("about", client.get("/about"), 200),
        ];
        for (name, call, wanted) in requests {
            let started = clock.elapsed();
            let status = status(call);
            service.times.push((clock.elapsed().saturating_sub(started), name));
            if status != wanted {
                service.refused.push((name, status));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    service
}

/// A client with a credential of its own for a tenant of its own.
fn tenant(store: &Store, server: &Server, name: &str) -> Client {
    let made = store.administer(&["tenant", "create", name]);
    let tenant = made["id"].to_string();
    let arguments =
        ["credential", "create", "--tenant", &tenant, "--label", name, "--scope", "all"];
    let made = store.administer(&arguments);
    let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    server.client(Version::V2_0_0).with("Authorization", &basic(key, secret))
}

/// How many requests of an attack there were, and how many of them were served.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    served: AtomicU64,
    /// Answers 500: the server's own mistake, whatever was sent.
    failed: AtomicU64,
}

impl Counts {
    fn add(&self, status: u16) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let is_served = [200, 204, 400].contains(&status);
        self.served.fetch_add(u64::from(is_served), Ordering::Relaxed);
        self.failed.fetch_add(u64::from(status == 500), Ordering::Relaxed);
    }
}

/// What the attacking tenant sends at random: the worst of the grammar, from a seed.
fn random_attack() -> Attack {
    Attack {
        name: RANDOM,
        connections: 16,
        prepare: |_| _ = pool(seed()),
        open: |connection| {
            let (grammar, pool) = (Grammar::new(connection as u64), pool(seed()));
            Box::new(move |client| status(pool[grammar.below(pool.len())].call(client)))
        },
    }
}

/// The seed of random requests.
fn seed() -> u64 {
    setting("TEST_ATTACK_SEED").map_or(1, |seed| seed.parse().unwrap())
}

/// Runs one attack against a fresh server, and returns what went wrong.
fn run(engine: Engine, attack: &Attack, length: Duration) -> Vec<String> {
    let store = Store::new(engine);
    let settings = store.settings();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain(SETTINGS.iter().copied())
        .collect();
    let data = store.data();
    let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
    let attacker = tenant(&store, &server, "Attacker");
    let neighbour = tenant(&store, &server, "Neighbour");
    (attack.prepare)(&attacker);

    // What is read and written of files counts there too, and is given back when it is needed.
    let is_random = attack.name == RANDOM;
    let group = is_random.then(|| Cgroup::bound(&server, RESIDENT_KIB_MAX << 10)).flatten();
    let outcome = attack_beside_work(&server, attack, [&attacker, &neighbour], length);
    outcome.print(attack);
    // A group can be removed when its processes have ended.
    drop((server, group));
    outcome.faults(attack)
}

/// Attacks while the neighbour works.
fn attack_beside_work(
    server: &Server,
    attack: &Attack,
    [attacker, neighbour]: [&Client; 2],
    length: Duration,
) -> Outcome {
    let (is_over, counts) = (AtomicBool::new(false), Counts::default());
    let (mut service, mut peak_kib) = (Service::default(), 0);
    thread::scope(|scope| {
        let (is_over, counts) = (&is_over, &counts);
        for connection in 0..attack.connections {
            scope.spawn(move || send_until(attack, attacker, connection, (is_over, counts)));
        }
        // The attack is under way.
        thread::sleep(Duration::from_secs(1));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| scope.spawn(move || work(neighbour, number, is_over)))
            .collect();
        let clock = SystemClock::new();
        while clock.elapsed() < length {
            thread::sleep(Duration::from_millis(100));
            peak_kib = peak_kib.max(resident_kib(server));
        }
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            let mut one = client.join().unwrap();
            service.times.append(&mut one.times);
            service.refused.append(&mut one.refused);
        }
    });
    Outcome { service, counts, peak_kib }
}

/// How much lower the priority of the attacker's threads is.
const ATTACKER_NICE: i32 = 10;

fn send_until(
    attack: &Attack,
    attacker: &Client,
    connection: usize,
    (is_over, counts): (&AtomicBool, &Counts),
) {
    // An attacker has a machine of its own: what it needs to make its requests is not taken from
    // the server and the neighbour. The server is busy all the same.
    rustix::process::nice(ATTACKER_NICE).unwrap();
    let mut request = (attack.open)(connection);
    while !is_over.load(Ordering::Relaxed) {
        counts.add(request(attacker));
    }
}

/// What came of an attack.
struct Outcome {
    service: Service,
    counts: Counts,
    /// The most memory that the server had.
    peak_kib: u64,
}

impl Outcome {
    fn print(&self, attack: &Attack) {
        let Self { service, counts, peak_kib } = self;
        let (slowest, which) = service.times.iter().max().copied().unwrap_or_default();
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{:40} {:>7} sent, {:>7} served; beside it {:>6} requests, median {:>6.1} ms, \
             p99 {:>6.1} ms, slowest {:>6.1} ms ({which}), {} refused; {:>4} MiB",
            attack.name,
            counts.sent.load(Ordering::Relaxed),
            counts.served.load(Ordering::Relaxed),
            service.times.len(),
            millis(service.percentile(50)),
            millis(service.percentile(99)),
            millis(slowest),
            service.refused.len(),
            peak_kib >> 10,
        );
    }

    fn faults(&self, attack: &Attack) -> Vec<String> {
        let (p99, refused) = (self.service.percentile(99), &self.service.refused);
        let faults = [
            (self.counts.served.load(Ordering::Relaxed) == 0)
                .then(|| "no request of the attack was served".to_owned()),
            (self.counts.failed.load(Ordering::Relaxed) != 0)
                .then(|| format!("{} answers 500", self.counts.failed.load(Ordering::Relaxed))),
            self.service.times.is_empty().then(|| "the neighbour sent nothing".to_owned()),
            (P99_MAX < p99).then(|| format!("p99 {p99:?}")),
            (!refused.is_empty()).then(|| format!("refused {refused:?}")),
            (RESIDENT_KIB_MAX < self.peak_kib).then(|| format!("{} KiB", self.peak_kib)),
        ];
        faults.into_iter().flatten().map(|fault| format!("{}: {fault}", attack.name)).collect()
    }
}

/// A number from the environment, for long runs.
fn setting(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is no configuration")]
    std::env::var(name).ok()
}

/// Runs an attack, again if the neighbour waited too long, and returns what went wrong at last.
fn try_attack(engine: Engine, attack: &Attack, seconds: u64) -> Vec<String> {
    let seconds = setting("TEST_ATTACK_SECONDS").map_or(seconds, |text| text.parse().unwrap());
    let mut faults = Vec::new();
    for _ in 0..ATTEMPTS {
        faults = run(engine, attack, Duration::from_secs(seconds));
        if faults.is_empty() {
            break;
        }
    }
    faults
}

/// Runs all attacks, or those that `TEST_ATTACK` names, one after the other.
fn check(engine: Engine) {
    let wanted = setting("TEST_ATTACK").unwrap_or_default();
    let attacks = attacks();
    let attacks = attacks.iter().filter(|attack| attack.name.contains(&wanted));
    let faults: Vec<String> =
        attacks.flat_map(|attack| try_attack(engine, attack, ATTACK_SECONDS)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn check_at_random(engine: Engine) {
    let faults = try_attack(engine, &random_attack(), RANDOM_SECONDS);
    assert!(faults.is_empty(), "TEST_ATTACK_SEED={}: {faults:#?}", seed());
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst() {
    check(Engine::Embedded);
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst_on_postgres() {
    check(Engine::Postgres);
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst_at_random() {
    check_at_random(Engine::Embedded);
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst_at_random_on_postgres() {
    check_at_random(Engine::Postgres);
}
