//! `acta status` finds its store, whatever became of the server.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, SHARED_SETTINGS};
use acta_tests::{CommandOutput, Engine, Launch, Server, Store, Version, acta, make, run};
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for a server that was killed to be forgotten, which takes about 15 s.
const NODES_TIMEOUT: Duration = Duration::from_secs(40);

fn status(data: &Path) -> CommandOutput {
    run(acta().args(["status", "--json", "--data"]).arg(data))
}

#[track_caller]
fn check_engine(output: &CommandOutput, engine: &str) {
    assert_eq!(output.code, Some(0), "{}", output.err);
    let told: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(told["engine"], engine, "{told}");
}

#[test]
fn commands_work_with_and_without_a_running_server() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let missing = status(&data);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("there is no store in"), "{}", missing.err);

    let mut server = Server::start_in(&data, Version::V2_0_0);
    check_engine(&status(&data), "embedded");
    let shown = run(acta().args(["status", "--data"]).arg(&data));
    let row =
        |name: &str| shown.out.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(row("engine").ends_with("embedded"), "{}", shown.out);
    assert!(row("server").contains("running since 20"), "{}", shown.out);
    assert!(row("last backup").ends_with("none by `acta backup`"), "{}", shown.out);
    let backup = folder.path().join("backup");
    let taken = run(acta().args(["backup", "--data"]).arg(&data).arg("--to").arg(&backup));
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let told: Value = serde_json::from_str(&status(&data).out).unwrap();
    assert_eq!(told["is_running"], true);
    assert_eq!(told["last_backup"]["to"], backup.canonicalize().unwrap().to_str().unwrap());
    assert!(told["last_backup"]["age_seconds"].as_u64().unwrap() < 60, "{told}");
    assert!(told["data_bytes"].as_u64() < told["disk_bytes"].as_u64(), "{told}");
    // As by `kill -9`: the socket stays, and nobody is behind it.
    server.kill();
    assert!(data.join("control.sock").exists());
    check_engine(&status(&data), "embedded");
    let told: Value = serde_json::from_str(&status(&data).out).unwrap();
    assert_eq!((&told["is_running"], &told["statements"]), (&Value::Bool(false), &0.into()));
    let _next = Server::start_in(&data, Version::V2_0_0);
    check_engine(&status(&data), "embedded");
}

/// What the status of a store in a database says.
fn status_of(store: &Store) -> Value {
    let output = run(acta().args(["status", "--json"]).envs(store.settings()));
    check_engine(&output, "postgres");
    serde_json::from_str(&output.out).unwrap()
}

/// Waits until this many servers are listed.
fn wait_for_nodes(store: &Store, count: usize) -> Value {
    let clock = SystemClock::new();
    loop {
        let told = status_of(store);
        if told["nodes"].as_array().unwrap().len() == count {
            return told;
        }
        assert!(clock.elapsed() < NODES_TIMEOUT, "{count} nodes: {told}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn commands_open_a_database_while_servers_use_it() {
    let store = Store::new(Engine::Postgres);
    let mut first = Server::start_on(&store, Version::V2_0_0);
    let alone = wait_for_nodes(&store, 1);
    assert_eq!((&alone["is_running"], &alone["archive"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(alone["running_since"], alone["nodes"][0]["since"]);
    assert_eq!(alone["nodes"][0]["version"], alone["version"]);
    first.client(Version::V2_0_0).store(&make::statement());
    let mut second = Server::start_on(&store, Version::V2_0_0);
    let both = wait_for_nodes(&store, 2);
    assert_eq!((&both["nodes"][0], &both["statements"]), (&alone["nodes"][0], &1.into()));
    assert!(both["data_bytes"].as_u64() > both["reserve_bytes"].as_u64(), "{both}");
    assert_eq!(both["is_reserve_complete"], true, "since something is stored");
    let shown = run(acta().arg("status").envs(store.settings()));
    assert!(shown.out.contains("2 nodes, the first running since 20"), "{}", shown.out);

    first.ask_to_stop();
    assert!(first.wait(NODES_TIMEOUT).unwrap().success());
    assert_eq!(status_of(&store)["nodes"].as_array().unwrap().len(), 1, "it has left");
    second.kill();
    assert_eq!(wait_for_nodes(&store, 0)["is_running"], false);
}

#[test]
fn the_status_of_a_database_tells_when_its_log_was_archived() {
    let archiving = [("archive_mode", "on"), ("archive_command", "true")];
    let cluster = Cluster::running(&[SHARED_SETTINGS, &archiving].concat());
    let command = |arguments: &[&str]| {
        let ran = run(acta().args(arguments).env("ACTA_STORAGE_URL", cluster.url("postgres")));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    let archive = || {
        let status: Value = serde_json::from_str(&command(&["status", "--json"])).unwrap();
        status["archive"].clone()
    };
    command(&["init"]);
    assert!(archive().is_object(), "it is known that the log is archived");
    cluster.superuser().sql("SELECT pg_switch_wal()");
    let clock = SystemClock::new();
    while archive()["age_seconds"].is_null() {
        assert!(clock.elapsed() < NODES_TIMEOUT, "nothing was archived");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(command(&["status"]).contains("the log of the database is archived up to 20"));
}

#[test]
fn a_directory_with_a_long_name_is_reached_too() {
    let folder = TempDir::new().unwrap();
    let parent = folder.path().join("d".repeat(120));
    std::fs::create_dir(&parent).unwrap();
    let data = parent.join("data");
    let _server = Server::start_in(&data, Version::V2_0_0);
    check_engine(&status(&data), "embedded");
}

#[test]
fn a_second_server_leaves_the_socket_of_the_first_alone() {
    let first = Server::start(Version::V2_0_0);
    let mut second = acta();
    second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(first.data());
    let second = run(&mut second);
    assert_eq!(second.code, Some(2));
    assert!(second.err.contains("in use by another process"), "{}", second.err);
    check_engine(&status(first.data()), "embedded");
}

#[test]
fn a_locked_store_without_a_socket_reports_what_to_do() {
    let server = Server::start(Version::V2_0_0);
    std::fs::remove_file(server.data().join("control.sock")).unwrap();
    let output = status(server.data());
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("try again") && output.err.contains("in use by"), "{}", output.err);
}

#[test]
fn other_users_of_the_machine_are_refused() {
    /// The account `nobody`.
    const TOMBSTONE: u32 = 65534;

    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can become another user: nothing is tried");
        return;
    }
    // Others can read the folder and run the binary in it.
    let folder = TempDir::new().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let binary = folder.path().join("acta");
    std::fs::copy(acta().get_program(), &binary).unwrap();
    let data = folder.path().join("data");
    let server = Launch::new(&data, Version::V2_0_0).start();
    let as_nobody = || {
        let mut command = Command::new(&binary);
        command.args(["status", "--data"]).arg(&data).current_dir(folder.path());
        run(command.env_clear().uid(TOMBSTONE).gid(TOMBSTONE))
    };
    let refused = as_nobody();
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{}", refused.err);
    assert!(refused.err.contains("only from its own user and from root"), "{}", refused.err);
    // Even if somebody opens the directory and the socket to all, the server checks who connects.
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(data.join("control.sock"), open).unwrap();
    let refused = as_nobody();
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{}", refused.err);
    assert!(server.log().contains("refused a local user"), "{}", server.log());
}
