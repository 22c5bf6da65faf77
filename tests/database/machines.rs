//! `acta serve` on a cluster of Citus, for which a database stands in: a machine that is away, and
//! one that does not wait for its disk.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Absence, CitusStandIn};
use acta_tests::{Client, CommandOutput, Response, Server, Version, acta, basic, make, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serving::{check_logged_once, check_unavailable, ready, start, wait_for};
use crate::{check_refused, migrate};

/// Nodes do not own the schema.
const NEVER: (&str, &str) = ("ACTA_STORAGE_MIGRATE", "never");

/// A deleted tenant is due at once.
const NO_WAIT: (&str, &str) = ("ACTA_TENANTS_DELETION_WAIT", "0s");

/// The tenant whose machine goes away, and the other one.
const TENANTS: [u32; 2] = [1, 2];

/// How long a machine is waited for.
const WAITED: Duration = Duration::from_secs(3);

/// Longest wait for work in the background.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// How often everything is asked while a machine is away.
const ROUND_COUNT: usize = 15;

/// Most lines of the log about an outage: one of each part of the server that notices it, not one
/// of each request.
const ALARMS_MAX: usize = 8;

/// A cluster with the schema.
fn cluster() -> CitusStandIn {
    let cluster = CitusStandIn::fresh();
    assert_eq!(migrate(&cluster.database().url(), &[]).code, Some(0));
    cluster.distribute();
    cluster
}

/// Runs a command of an administrator beside the server, which must succeed.
fn command(cluster: &CitusStandIn, arguments: &[&str]) -> CommandOutput {
    let mut command = acta();
    command.args(arguments).env("ACTA_STORAGE_URL", cluster.url());
    let output = run(command.envs([NEVER, NO_WAIT]));
    assert_eq!(output.code, Some(0), "{arguments:?}: {} {}", output.out, output.err);
    output
}

/// The same, of a command that prints JSON.
fn administer(cluster: &CitusStandIn, arguments: &[&str]) -> Value {
    let output = command(cluster, &[arguments, &["--json"]].concat());
    serde_json::from_str(&output.out).unwrap()
}

/// A server, a client of each tenant, and the machine that goes away.
struct World {
    server: Server,
    cluster: CitusStandIn,
    away: Client,
    here: Client,
    machine: String,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let cluster = cluster();
        let (server, folder) = start(&cluster.url(), &[NEVER]);
        let away = server.client(Version::V2_0_0);
        let tenant = administer(&cluster, &["tenant", "create", "second"])["id"].to_string();
        assert_eq!(tenant, TENANTS[1].to_string());
        let create = ["credential", "create", "--label", "one", "--scope", "all"];
        let created = administer(&cluster, &[&create[..], &["--tenant", &tenant]].concat());
        let [key, secret] = ["key", "secret"].map(|name| created[name].as_str().unwrap());
        let here = away.clone().with("Authorization", &basic(key, secret));
        let [machine, other] = TENANTS.map(CitusStandIn::machine_of);
        assert_ne!(machine, other);
        Self { server, cluster, away, here, machine, _folder: folder }
    }

    /// How many lines of the log have a level that somebody should look at, but for the one that
    /// each failed request has.
    fn alarm_count(&self) -> usize {
        let log = self.server.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let alarms = lines.filter(|line| line["level"] == "WARN" || line["level"] == "ERROR");
        alarms.filter(|line| line.get("status").is_none()).count()
    }

    /// Waits until followers have read everything of the tenant that is there.
    fn wait_for_followers(&self) {
        let read = "SELECT count(*) FROM acta.counters c JOIN acta.followers f \
             ON f.tenant_id = c.tenant_id WHERE c.tenant_id = 2 AND f.name = 'entities' \
             AND f.sequence = c.last_sequence";
        wait_for_one(&self.cluster, read);
    }
}

/// Waits until a query counts one.
#[track_caller]
fn wait_for_one(cluster: &CitusStandIn, sql: &str) {
    let clock = SystemClock::new();
    while cluster.database().sql(sql) != "1" {
        assert!(clock.elapsed() < WAIT_MAX, "waited in vain for {sql}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn post(client: &Client) -> Response {
    client.post("/statements").json(&json!([make::statement()])).send()
}

fn put_state(client: &Client) -> Response {
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.put("/activities/state").query("activityId", &make::activity_id());
    let call = call.query("agent", &agent).query("stateId", "one").header("If-None-Match", "*");
    call.body("text/plain", "content").send()
}

/// Everything that a tenant may ask, each with the status if its machine is there.
fn ask(client: &Client) -> [(Response, u16); 4] {
    [
        (post(client), 200),
        (client.get("/statements").query("limit", "1").send(), 200),
        (client.get("/statements").query("statementId", &make::id()).send(), 404),
        (put_state(client), 204),
    ]
}

#[track_caller]
fn check_served(client: &Client) {
    for (answer, status) in ask(client) {
        answer.expect(status);
    }
}

#[test]
fn a_machine_that_is_away_is_an_outage_of_its_tenants() {
    for absence in [Absence::Refused, Absence::Silent] {
        let world = World::new();
        let World { server, cluster, away, here, machine, .. } = &world;
        check_served(away);
        check_served(here);
        let alarms_before = world.alarm_count();
        cluster.take_away(machine, absence);
        check_unavailable(post(away));
        // From then on, nobody waits for the machine.
        thread::sleep(WAITED);
        let clock = SystemClock::new();
        for _ in 0..ROUND_COUNT {
            for (answer, _) in ask(away) {
                check_unavailable(answer);
            }
            check_served(here);
        }
        assert!(clock.elapsed() < Duration::from_secs(10), "{:?}", clock.elapsed());
        world.wait_for_followers();
        ready(here).expect(200);
        // Access is of the directory, so it can be revoked.
        administer(cluster, &["tenant", "suspend", "1"]);
        administer(cluster, &["tenant", "resume", "1"]);
        let outage = "a machine of the database cannot be reached: the tenants on it are not";
        check_logged_once(server, outage);
        assert_eq!(server.logged(outage)["machine"], machine.as_str());
        let alarm_count = world.alarm_count() - alarms_before;
        assert!(alarm_count <= ALARMS_MAX, "{alarm_count}: {}", server.log());
        assert!(!server.log().contains("a connection to the database was lost"));

        cluster.bring_back(machine);
        wait_for(200, || post(away));
        check_served(away);
    }
}

#[test]
fn a_machine_that_does_not_wait_for_its_disk_is_refused() {
    let cluster = cluster();
    let [machine, other] = TENANTS.map(CitusStandIn::machine_of);
    let mut serve = acta();
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    serve.env("ACTA_STORAGE_URL", cluster.url()).env(NEVER.0, NEVER.1);
    cluster.set_commit(&other, "off");
    let refused = format!(
        "the machine {other} of the database commits before its disk has it, so a loss of power \
         would lose what was acknowledged"
    );
    check_refused(&run(&mut serve), &refused);
    // Not even the schema is touched.
    check_refused(&migrate(&cluster.database().url(), &[]), &refused);

    // Whatever waits for a disk will do.
    cluster.set_commit(&machine, "local");
    cluster.set_commit(&other, "remote_apply");
    let (server, _folder) = start(&cluster.url(), &[NEVER]);
    post(&server.client(Version::V2_0_0)).expect(200);
    assert!(!server.log().contains("a machine of the database"), "{}", server.log());
}

#[test]
fn a_start_while_a_machine_is_away_warns_and_names_it() {
    let cluster = cluster();
    let [own, other] = TENANTS.map(CitusStandIn::machine_of);
    // The first tenant is made by the first start.
    drop(start(&cluster.url(), &[NEVER]));
    cluster.take_away(&other, Absence::Refused);
    let (server, _folder) = start(&cluster.url(), &[NEVER]);
    post(&server.client(Version::V2_0_0)).expect(200);
    let warned = "a machine of the database cannot be asked whether it commits durably";
    let line = server.logged(warned);
    assert_eq!((&line["level"], &line["machine"]), (&json!("WARN"), &json!(other)));
    assert!(!server.log().contains(&own), "{}", server.log());
}

#[test]
fn a_deleted_tenant_is_removed_while_the_machine_of_another_is_away() {
    let cluster = cluster();
    // The first tenant is made by the first start.
    drop(start(&cluster.url(), &[NEVER]));
    for (name, tenant) in [("second", "2"), ("third", "3")] {
        let created = administer(&cluster, &["tenant", "create", name]);
        assert_eq!(created["id"].to_string(), tenant);
        command(&cluster, &["tenant", "delete", tenant, "--yes"]);
    }
    cluster.take_away(&CitusStandIn::machine_of(2), Absence::Refused);
    let (_server, _folder) = start(&cluster.url(), &[NEVER, NO_WAIT]);
    let removed = |target: &str| {
        format!(
            "SELECT count(*) FROM acta.audit WHERE tenant_id = 0 AND act = 'tenant.purged' \
             AND target = '{target}'"
        )
    };
    // It comes behind the other one.
    wait_for_one(&cluster, &removed("tenant:3"));
    assert_eq!(cluster.database().sql(&removed("tenant:2")), "0");
}
