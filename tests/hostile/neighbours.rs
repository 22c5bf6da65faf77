//! A client does the worst that it can within its limits: a tenant, or somebody who may do less.
//! Another tenant works beside it, or another credential of the same tenant, and must be served,
//! soon and always.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, Entropy as _, SystemClock, SystemEntropy};
use acta_tests::server::{Launch, basic};
use acta_tests::{Call, Client, Engine, Server, Store, Version, make};
use serde_json::json;

use crate::attacks::{
    Attack, AttackerKind, REQUESTS_MAX, Sender, Surface, TENANT, attacks, silent_provider,
    status_and_reason,
};
use crate::bodies::{id, statement};
use crate::bombs::resident_kib;
use crate::cgroup::Cgroup;
use crate::grammar::{Drawn, Grammar, administration_pool, pool};

/// Clients of the tenant that works beside.
const CLIENTS: usize = 4;

/// How long each attack lasts, unless `TEST_ATTACK_SECONDS` says it.
const ATTACK_SECONDS: u64 = 2;

/// The attacks that are drawn at random, against a server whose memory is bounded.
const RANDOM: &str = "random requests";
const RANDOM_ADMINISTRATION: &str = "random requests to the admin API";

/// How long it lasts, unless `TEST_ATTACK_SECONDS` says it.
const RANDOM_SECONDS: u64 = 10;

/// How often an attack is tried when the neighbour waited too long: other work of the machine makes
/// waits longer, and nothing makes them shorter.
const ATTEMPTS: usize = 6;

/// How long two tenants of different weights send as much as they can.
const WEIGHED_SECONDS: u64 = 6;

/// What the slowest of a hundred requests may take, as long as the generator of the load and the
/// server share two processors.
const P99_MAX: Duration = Duration::from_millis(100);

/// The same for a credential beside another one of its tenant, which gets no more than the tenant.
const COLLEAGUE_P99_MAX: Duration = Duration::from_millis(250);

/// How long each attack beside another credential of the tenant lasts.
const COLLEAGUE_SECONDS: u64 = 2;

/// What the server may take in memory: the limit for bodies below, and as much again.
const RESIDENT_KIB_MAX: u64 = 1 << 20;

/// Limits that can be reached from here.
fn limits() -> Vec<(&'static str, String)> {
    vec![
        ("ACTA_LIMITS_MEMORY_BYTES_MAX", "384MiB".to_owned()),
        ("ACTA_LIMITS_REQUESTS_MAX", REQUESTS_MAX.to_string()),
    ]
}

/// How the tenant beside was served.
#[derive(Default)]
struct Service {
    /// Which request, and what it took.
    times: Vec<(Duration, &'static str)>,
    /// What did not succeed: which request, its status, what it took, and the answer.
    refused: Vec<(&'static str, u16, Duration, String)>,
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

/// The request that is not small.
const LARGE: &str = "POST of 100 KB";

/// Small requests of all kinds, until it is over.
fn work(client: &Client, number: usize, is_over: &AtomicBool) -> Service {
    let clock = SystemClock::new();
    let mut service = Service::default();
    let own = id(number);
    let large = statement(&format!(r#","result":{{"response":"{}"}}"#, "x".repeat(100 << 10)));
    let document = |method| {
        client
            .call(method, "/activities/profile")
            .query("activityId", "http://example.org/course")
            .query("profileId", &own)
    };
    while !is_over.load(Ordering::Relaxed) {
        let requests: [(&'static str, Call<'_>, u16); 6] = [
            ("POST", client.post("/statements").json(&make::statement()), 200),
            (LARGE, client.post("/statements").json_text(&large), 200),
            ("GET", client.get("/statements").query("limit", "10"), 200),
            ("POST document", document("POST").json_text(r#"{"a":1}"#), 204),
            ("GET document", document("GET"), 200),
            ("about", client.get("/about"), 200),
        ];
        for (name, call, wanted) in requests {
            let started = clock.elapsed();
            let (status, reason) = status_and_reason(call);
            let ended = clock.elapsed();
            // Larger ones may take longer, but are not refused either.
            if name != LARGE {
                service.times.push((ended.saturating_sub(started), name));
            }
            if status != wanted {
                service.refused.push((name, status, ended.saturating_sub(started), reason));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    service
}

/// Works with [`CLIENTS`] connections for some time, and looks at something ten times a second.
fn work_for(client: &Client, length: Duration, mut look: impl FnMut()) -> Service {
    let (is_over, mut service) = (AtomicBool::new(false), Service::default());
    thread::scope(|scope| {
        let is_over = &is_over;
        let clients: Vec<_> =
            (0..CLIENTS).map(|number| scope.spawn(move || work(client, number, is_over))).collect();
        let clock = SystemClock::new();
        while clock.elapsed() < length {
            thread::sleep(Duration::from_millis(100));
            look();
        }
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            let mut one = client.join().unwrap();
            service.times.append(&mut one.times);
            service.refused.append(&mut one.refused);
        }
    });
    service
}

/// A client with a credential of its own for a tenant of its own.
pub(crate) fn tenant(store: &Store, server: &Server, name: &str) -> Client {
    let made = store.administer(&["tenant", "create", name]);
    credential(store, server, &made["id"].to_string(), "all")
}

/// A client with a credential of a tenant.
pub(crate) fn credential(store: &Store, server: &Server, tenant: &str, scopes: &str) -> Client {
    let arguments =
        ["credential", "create", "--tenant", tenant, "--label", "client", "--scope", scopes];
    let made = store.administer(&arguments);
    let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    server.client(Version::V2_0_0).with("Authorization", &basic(key, secret))
}

/// A client with all rights of the attacker's tenant, and the client that attacks.
pub(crate) fn attackers(kind: AttackerKind, store: &Store, server: &Server) -> [Client; 2] {
    let made = store.administer(&["tenant", "create", "Attacker"]);
    assert_eq!(made["id"].to_string(), TENANT);
    let is_administrator = kind == AttackerKind::Administrator;
    let scopes = if is_administrator { "all,admin" } else { "all" };
    let owner = credential(store, server, TENANT, scopes);
    let attacker = match kind {
        AttackerKind::Tenant | AttackerKind::Administrator => owner.clone(),
        AttackerKind::Writer => credential(store, server, TENANT, "statements/write"),
        AttackerKind::Token => {
            let bound = json!({
                "agent": { "mbox": "mailto:ada@example.org" },
                "activity": "http://example.org/a",
            });
            let issued = owner.call_outside("POST", "/api/v1/tokens").json(&bound).send();
            let token = issued.expect(201).json()["token"].as_str().unwrap().to_owned();
            owner.clone().with("Authorization", &format!("Bearer {token}"))
        }
        AttackerKind::Nobody => owner.clone().without("Authorization"),
    };
    [owner, attacker]
}

/// How many requests of an attack there were, and how many of them were served.
#[derive(Default)]
pub(crate) struct Counts {
    sent: AtomicU64,
    served: AtomicU64,
    /// An answer that the attack does not expect, or 0.
    unexpected: AtomicU16,
}

impl Counts {
    fn add(&self, attack: &Attack, status: u16) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let is_served = attack.answers.contains(&status);
        self.served.fetch_add(u64::from(is_served), Ordering::Relaxed);
        if !is_served && !attack.refusals.contains(&status) {
            self.unexpected.store(status, Ordering::Relaxed);
        }
    }
}

/// Every right answer to a request that was drawn.
const RIGHT: &[u16] = &[
    200, 201, 204, 303, 400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 414, 415, 422, 428, 431,
];

/// What the attacking tenant sends at random: the worst of the grammar, from a seed.
fn random_attack() -> Attack {
    Attack {
        name: RANDOM,
        // Each request says itself which answers to it are right.
        answers: RIGHT,
        refusals: &[0, 408, 429, 503],
        prepare: |_| _ = pool(seed()),
        open: |connection| send_from(pool(seed()), connection),
        ..Attack::OF_TENANT
    }
}

/// The same for the administration of the tenant.
fn random_administration() -> Attack {
    Attack {
        name: RANDOM_ADMINISTRATION,
        attacker: AttackerKind::Administrator,
        answers: RIGHT,
        refusals: &[0, 408, 429, 503],
        settings: silent_provider,
        prepare: |_| _ = administration_pool(seed()),
        open: |connection| send_from(administration_pool(seed()), connection),
        ..Attack::OF_TENANT
    }
}

/// Sends requests of a pool in an order that the seed and the connection decide.
fn send_from(pool: &'static [Drawn], connection: usize) -> Sender {
    let grammar = Grammar::new(seed().wrapping_add(connection as u64));
    Box::new(move |client| pool[grammar.below(pool.len())].send_from_crowd(client))
}

/// The seed of random requests: `TEST_ATTACK_SEED`, or a fresh one in a long run, which is printed,
/// or 1.
pub(crate) fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        if let Some(seed) = setting("TEST_ATTACK_SEED") {
            return seed.parse().unwrap();
        }
        if setting("TEST_ATTACK_SECONDS").is_none() {
            return 1;
        }
        let mut bytes = [0; 8];
        SystemEntropy.fill(&mut bytes);
        let seed = u64::from_le_bytes(bytes);
        println!("TEST_ATTACK_SEED={seed}");
        seed
    })
}

/// What half of the small requests take at most when nobody works beside, on the machine for which
/// the longest waits are promised.
fn usual_median(engine: Engine) -> Duration {
    match engine {
        Engine::Embedded => Duration::from_micros(750),
        Engine::Postgres => Duration::from_micros(1_250),
    }
}

/// How much longer waits may be at most, however slow the machine is.
const SLOWNESS_MAX: f64 = 3.0;

/// How long a tenant works alone to find out how fast the machine is.
const ALONE: Duration = Duration::from_secs(2);

/// How many times longer small requests take on this machine than is usual, with nobody beside:
/// from 1 to [`SLOWNESS_MAX`]. Measured once for an engine.
fn slowness_of_machine(engine: Engine) -> f64 {
    static MEASURED: [OnceLock<f64>; 2] = [OnceLock::new(), OnceLock::new()];
    let [embedded, postgres] = &MEASURED;
    let measured = match engine {
        Engine::Embedded => embedded,
        Engine::Postgres => postgres,
    };
    *measured.get_or_init(|| {
        let store = Store::new(engine);
        let settings = store.settings();
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let data = store.data();
        let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
        let service = work_for(&tenant(&store, &server, "Alone"), ALONE, || ());
        let median = service.percentile(50);
        let times = median.as_secs_f64() / usual_median(engine).as_secs_f64();
        println!("alone: median {median:?}, {times:.2} times the usual on {engine:?}");
        times.clamp(1.0, SLOWNESS_MAX)
    })
}

/// Who works beside the attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// Another tenant.
    Tenant,
    /// Another credential of the attacker's tenant.
    Credential,
}

impl Beside {
    /// What 99 of 100 of its requests may take.
    fn p99_max(self, engine: Engine) -> Duration {
        let most = match self {
            Self::Tenant => P99_MAX,
            Self::Credential => COLLEAGUE_P99_MAX,
        };
        most.mul_f64(slowness_of_machine(engine))
    }

    /// A client with a credential of its own.
    fn client(self, store: &Store, server: &Server) -> Client {
        match self {
            Self::Tenant => tenant(store, server, "Neighbour"),
            Self::Credential => credential(store, server, TENANT, "all"),
        }
    }
}

/// Runs one attack against a fresh server, and returns what came of it.
fn run(engine: Engine, attack: &Attack, beside: Beside, length: Duration) -> Outcome {
    let store = Store::new(engine);
    let settings = [store.settings(), limits(), (attack.settings)()].concat();
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let data = store.data();
    let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
    let [owner, attacker] = attackers(attack.attacker, &store, &server);
    let neighbour = beside.client(&store, &server);
    (attack.prepare)(&owner);

    // What is read and written of files counts there too, and is given back when it is needed.
    let is_random = attack.name.starts_with(RANDOM);
    let group = is_random.then(|| Cgroup::bound(&server, RESIDENT_KIB_MAX << 10)).flatten();
    let outcome = attack_beside_work(&server, attack, [&attacker, &neighbour], length);
    outcome.print(attack);
    // A group can be removed when its processes have ended.
    drop((server, group));
    outcome
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
        service = work_for(neighbour, length, || peak_kib = peak_kib.max(resident_kib(server)));
        is_over.store(true, Ordering::Relaxed);
    });
    Outcome { service, counts, peak_kib }
}

/// How much lower the priority of the attacker's threads is.
const ATTACKER_NICE: i32 = 10;

pub(crate) fn send_until(
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
        counts.add(attack, request(attacker));
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

    /// What must never be, however busy the machine is.
    fn faults(&self, attack: &Attack) -> Vec<String> {
        let unexpected = self.counts.unexpected.load(Ordering::Relaxed);
        let is_served = self.counts.served.load(Ordering::Relaxed) != 0;
        let refused = &self.service.refused;
        let faults = [
            (!is_served && !attack.answers.is_empty())
                .then(|| "no request of the attack was served".to_owned()),
            (unexpected != 0).then(|| format!("answered {unexpected}")),
            self.service.times.is_empty().then(|| "the neighbour sent nothing".to_owned()),
            (!refused.is_empty()).then(|| format!("refused {refused:?}")),
            (RESIDENT_KIB_MAX < self.peak_kib).then(|| format!("{} KiB", self.peak_kib)),
        ];
        faults.into_iter().flatten().map(|fault| format!("{}: {fault}", attack.name)).collect()
    }

    /// That the neighbour waited too long.
    fn slowness(&self, engine: Engine, attack: &Attack, beside: Beside) -> Option<String> {
        let p99 = self.service.percentile(99);
        (attack.timed_on.contains(&engine) && beside.p99_max(engine) < p99)
            .then(|| format!("{}: p99 {p99:?}", attack.name))
    }
}

/// A number from the environment, for long runs.
fn setting(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is no configuration")]
    std::env::var(name).ok()
}

/// Runs an attack, again if the neighbour only waited too long, and returns what went wrong.
fn try_attack(engine: Engine, attack: &Attack, beside: Beside, seconds: u64) -> Vec<String> {
    let seconds = setting("TEST_ATTACK_SECONDS").map_or(seconds, |text| text.parse().unwrap());
    let mut slow = None;
    for _ in 0..ATTEMPTS {
        let outcome = run(engine, attack, beside, Duration::from_secs(seconds));
        let faults = outcome.faults(attack);
        slow = outcome.slowness(engine, attack, beside);
        if !faults.is_empty() || slow.is_none() {
            return faults;
        }
    }
    slow.into_iter().collect()
}

/// Runs all attacks on a surface, or those that `TEST_ATTACK` names, one after the other.
fn check(engine: Engine, surface: Surface) {
    let wanted = setting("TEST_ATTACK").unwrap_or_default();
    let attacks = attacks(surface);
    let attacks = attacks.iter().filter(|attack| attack.name.contains(&wanted));
    let faults: Vec<String> = attacks
        .flat_map(|attack| try_attack(engine, attack, Beside::Tenant, ATTACK_SECONDS))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn check_at_random(engine: Engine, attack: &Attack) {
    let faults = try_attack(engine, attack, Beside::Tenant, RANDOM_SECONDS);
    assert!(faults.is_empty(), "TEST_ATTACK_SEED={}: {faults:#?}", seed());
}

/// What a credential does while another one of its tenant works: it keeps processors and the writer
/// busy, and takes all requests in progress.
const OF_COLLEAGUES: [&str; 2] =
    ["batches of wide statements", "more pages than requests in progress"];

#[test]
fn a_credential_is_served_while_another_of_its_tenant_does_its_worst() {
    let attacks = attacks(Surface::Xapi);
    let attacks = attacks.iter().filter(|attack| OF_COLLEAGUES.contains(&attack.name));
    let outcomes: Vec<Vec<String>> = attacks
        .map(|attack| try_attack(Engine::Embedded, attack, Beside::Credential, COLLEAGUE_SECONDS))
        .collect();
    assert_eq!(outcomes.len(), OF_COLLEAGUES.len());
    assert!(outcomes.concat().is_empty(), "{outcomes:#?}");
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst() {
    check(Engine::Embedded, Surface::Xapi);
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst_on_postgres() {
    check(Engine::Postgres, Surface::Xapi);
}

#[test]
fn a_tenant_is_served_while_clients_without_a_credential_do_their_worst() {
    check(Engine::Embedded, Surface::Anonymous);
}

#[test]
fn a_tenant_is_served_while_clients_without_a_credential_do_their_worst_on_postgres() {
    check(Engine::Postgres, Surface::Anonymous);
}

#[test]
fn a_tenant_is_served_while_clients_with_few_rights_do_their_worst() {
    check(Engine::Embedded, Surface::Restricted);
}

#[test]
fn a_tenant_is_served_while_clients_with_few_rights_do_their_worst_on_postgres() {
    check(Engine::Postgres, Surface::Restricted);
}

#[test]
fn a_tenant_is_served_while_another_asks_for_most() {
    check(Engine::Embedded, Surface::Questions);
}

#[test]
fn a_tenant_is_served_while_another_asks_for_most_on_postgres() {
    check(Engine::Postgres, Surface::Questions);
}

#[test]
fn a_tenant_is_served_while_another_is_administered_at_its_worst() {
    check(Engine::Embedded, Surface::Administration);
}

#[test]
fn a_tenant_is_served_while_another_is_administered_at_its_worst_on_postgres() {
    check(Engine::Postgres, Surface::Administration);
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst_at_random() {
    check_at_random(Engine::Embedded, &random_attack());
}

#[test]
fn a_tenant_is_served_while_another_does_its_worst_at_random_on_postgres() {
    check_at_random(Engine::Postgres, &random_attack());
}

#[test]
fn a_tenant_is_served_while_an_administrator_does_its_worst_at_random() {
    check_at_random(Engine::Embedded, &random_administration());
}

#[test]
fn a_tenant_is_served_while_an_administrator_does_its_worst_at_random_on_postgres() {
    check_at_random(Engine::Postgres, &random_administration());
}

/// How many requests of two tenants with these weights are served while both send as much as they
/// can.
fn served_by_weight(weights: [&str; 2]) -> [u64; 2] {
    let store = Store::new(Engine::Embedded);
    let data = store.data();
    let server = Launch::new(&data, Version::V2_0_0).start();
    let clients = ["First", "Second"].map(|name| tenant(&store, &server, name));
    for (number, weight) in (2..).zip(weights) {
        store.administer(&["tenant", "limit", &number.to_string(), "--weight", weight]);
    }
    let attacks = attacks(Surface::Xapi);
    let attack = attacks.iter().find(|attack| attack.name == "batches of wide statements").unwrap();
    let (is_over, counts) = (AtomicBool::new(false), [Counts::default(), Counts::default()]);
    thread::scope(|scope| {
        for (client, counts) in clients.iter().zip(&counts) {
            for connection in 0..attack.connections {
                let shared = (&is_over, counts);
                scope.spawn(move || send_until(attack, client, connection, shared));
            }
        }
        thread::sleep(Duration::from_secs(WEIGHED_SECONDS));
        is_over.store(true, Ordering::Relaxed);
    });
    counts.map(|counts| counts.served.load(Ordering::Relaxed))
}

// On PostgreSQL the database does most of the work for such batches, and knows no weights.
#[test]
fn a_tenant_is_served_by_its_weight() {
    let [light, heavy] = served_by_weight(["1", "4"]);
    println!("weight 1: {light} served, weight 4: {heavy}");
    assert!(2 * light < heavy, "{heavy} to {light}");
}
