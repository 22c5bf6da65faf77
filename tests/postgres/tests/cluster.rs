//! Servers are really started, killed and left behind.

#![expect(clippy::unwrap_used, reason = "this is a test")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS, SHARED_URL, Superuser};

const COUNT_ROWS: &str = "SELECT count(*) FROM pupil";

#[track_caller]
fn becomes_true(what: &str, mut is_true: impl FnMut() -> bool) {
    let clock = SystemClock::new();
    while !is_true() {
        assert!(clock.elapsed() < Duration::from_secs(20), "not in time: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn databases_are_separate_and_vanish() {
    let server = Cluster::running(SHARED_SETTINGS);
    let names = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname";
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let one = Database::fresh_on(server.superuser());
                one.sql("CREATE TABLE pupil (id int); INSERT INTO pupil VALUES (1), (2)");
                let copy = one.copy();
                one.sql("INSERT INTO pupil VALUES (3)");
                assert_eq!((one.sql(COUNT_ROWS), copy.sql(COUNT_ROWS)), ("3".into(), "2".into()));
            });
        }
    });
    assert_eq!(server.superuser().sql(names), "postgres");
}

#[test]
fn the_shared_server_gives_databases_with_names_of_their_own() {
    let databases = [Database::fresh(), Database::fresh(), Database::fresh()];
    let names: BTreeSet<&str> = databases.iter().map(Database::name).collect();
    assert_eq!(names.len(), databases.len());
    for database in &databases {
        let found = database.sql(
            "SELECT current_database(), getdatabaseencoding(), datcollate, \
             current_setting('max_connections'), \
             (SELECT count(*) FROM pg_stat_user_tables) \
             FROM pg_database WHERE datname = current_database()",
        );
        assert_eq!(found, format!("{}|UTF8|C|200|0", database.name()));
    }
}

#[test]
fn a_killed_server_comes_back_on_its_port_with_its_data() {
    let mut server = Cluster::running(&[]);
    let (address, url) = (server.address(), server.url("school"));
    server.superuser().create("school");
    server.superuser().sql_in("school", "CREATE TABLE pupil (id int)");
    for count in 1..=3 {
        server.superuser().sql_in("school", "INSERT INTO pupil VALUES (1)");
        server.kill();
        assert!(TcpStream::connect(address).is_err(), "a killed server takes no connections");
        server.start();
        assert_eq!((server.address(), server.url("school")), (address, url.clone()));
        assert_eq!(server.superuser().sql_in("school", COUNT_ROWS), count.to_string());
        assert_eq!(recoveries(&server), count);
    }
    server.restart();
    assert_eq!(server.superuser().sql_in("school", COUNT_ROWS), "3");
    assert_eq!(recoveries(&server), 3, "an orderly stop leaves nothing to recover");
}

fn recoveries(server: &Cluster) -> usize {
    server.log().matches("was not properly shut down").count()
}

#[test]
fn a_kill_takes_every_process_of_the_server() {
    let mut server = Cluster::running(&[]);
    let session = server.superuser().clone();
    let busy = thread::spawn(move || session.try_sql_in("postgres", "SELECT pg_sleep(60)"));
    let of_server = "SELECT pid FROM pg_stat_activity";
    let is_busy = || {
        server.superuser().sql("SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'")
            == "1"
    };
    becomes_true("a session is busy", is_busy);
    let processes = server.superuser().sql(of_server);
    assert!(processes.lines().count() > 3, "background processes and a session: {processes}");
    server.kill();
    assert!(busy.join().unwrap().is_err(), "the session was cut");
    let is_alive = |process: &&str| state(process).is_some_and(|state| state != 'Z');
    becomes_true("every process is gone", || !processes.lines().any(|process| is_alive(&process)));

    let file = std::fs::read_to_string(server.data().join("postmaster.pid")).unwrap();
    let memory = file.lines().nth(6).unwrap().split_whitespace().next_back().unwrap();
    assert!(shared_memory().contains(memory), "a killed server leaves it to the next start");
    drop(server);
    assert!(!shared_memory().contains(memory), "nothing is left when the server goes for good");
}

/// The ids of all shared memory of the older kind.
fn shared_memory() -> BTreeSet<String> {
    let list = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let ids = list.lines().filter_map(|line| line.split_whitespace().nth(1));
    ids.map(str::to_owned).collect()
}

fn state(process: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn runs_under_an_unprivileged_account() {
    let server = Cluster::running(&[]);
    let process = format!("/proc/{}", server.process_id().unwrap());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    for key in ["Uid:", "Gid:", "Groups:"] {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        assert!(!line.split_whitespace().any(|id| id == "0"), "{key} {line}");
    }
    let data = std::fs::metadata(server.data()).unwrap();
    assert_ne!(data.uid(), 0);
    assert_eq!(data.mode() & 0o077, 0, "nobody else may read the data");
}

#[test]
fn settings_and_files_count_from_the_next_start() {
    let mut server = Cluster::stopped(&[("cluster_name", "it's"), ("fsync", "off")]);
    let shown = "SELECT current_setting('cluster_name'), current_setting('fsync')";
    server.start();
    assert_eq!(server.superuser().sql(shown), "it's|off");
    server.configure(&[("fsync", "on")]);
    assert_eq!(server.superuser().sql(shown), "it's|off");
    server.put("pg_hba.conf", "host postgres all 127.0.0.1/32 scram-sha-256\n");
    server.restart();
    assert_eq!(server.superuser().sql(shown), "it's|on");
    let refusal = server.superuser().try_sql_in("template1", "SELECT 1").unwrap_err();
    assert!(refusal.contains("no pg_hba.conf entry"), "{refusal}");
}

#[test]
fn asks_for_the_password() {
    let server = Cluster::running(SHARED_SETTINGS);
    let url = format!("postgres://postgres:guess@{}/postgres", server.address());
    let refusal = Superuser::new(&url).try_sql_in("postgres", "SELECT 1").unwrap_err();
    assert!(refusal.contains("password authentication failed"), "{refusal}");
}

#[test]
fn stops_at_the_first_command_that_fails() {
    let database = Database::fresh();
    let superuser = Superuser::new(&database.url());
    let commands = "CREATE TABLE pupil (id int); SELECT 1 / 0; DROP TABLE pupil";
    let error = superuser.try_sql_in(database.name(), commands).unwrap_err();
    assert!(error.contains("division by zero"), "{error}");
    assert_eq!(database.sql(COUNT_ROWS), "0");
}

#[test]
fn takes_another_port_when_one_is_taken_before_the_first_start() {
    let mut server = Cluster::stopped(SHARED_SETTINGS);
    let taken = TcpListener::bind(server.address()).unwrap();
    server.start();
    assert_ne!(server.address(), taken.local_addr().unwrap());
    assert_eq!(server.superuser().sql("SHOW port"), server.address().port().to_string());
}

#[test]
fn nothing_outlives_a_process_that_is_killed() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_hold"));
    holder.env_remove(SHARED_URL).stdout(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let superuser = Superuser::new(url.trim());
    let data = PathBuf::from(superuser.sql("SHOW data_directory"));
    let process = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let process = process.lines().next().unwrap();
    assert!(state(process).is_some());

    holder.kill().unwrap();
    holder.wait().unwrap();

    becomes_true("the server is gone", || state(process).is_none_or(|state| state == 'Z'));
    becomes_true("its directory is gone", || !data.parent().is_some_and(Path::exists));
    assert!(superuser.try_sql_in("postgres", "SELECT 1").is_err());
}
