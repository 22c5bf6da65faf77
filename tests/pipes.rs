//! Output that nobody reads any more, as behind `| head -1`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

use std::io::{Read, pipe};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Server, Version, acta, commands_without, run};
use tempfile::TempDir;

/// The exit code when nobody reads the results.
const READER_GONE: i32 = 141;

/// A pipe whose reader is gone.
fn closed() -> Stdio {
    let (_, writer) = pipe().expect("a pipe can be made");
    writer.into()
}

/// The exit code of a command with a closed standard output and error.
fn run_closed(command: &mut Command) -> Option<i32> {
    command.stdin(Stdio::null()).stdout(closed()).stderr(closed());
    command.status().expect("the binary can be started").code()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_command_ends_in_order_when_nobody_reads_its_output() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let bad = folder.path().join("bad.jsonl");
    std::fs::write(&bad, "{}\n".repeat(2000)).unwrap();
    let good = folder.path().join("good.jsonl");
    let (id, statement) = acta_tests::make::statement_with_id();
    std::fs::write(&good, format!("{statement}\n")).unwrap();
    let made = run(acta().args(["init", "--data"]).arg(&data));
    assert_eq!(made.code, Some(0), "{}", made.err);
    let imported = run(acta().arg("import").arg(&good).arg("--data").arg(&data));
    assert_eq!(imported.code, Some(0), "{}", imported.err);

    let renamed = run(acta().args(["tenant", "rename", "1", "first", "--data"]).arg(&data));
    assert_eq!(renamed.code, Some(0), "{}", renamed.err);
    let [bad, good, data] = [&bad, &good, &data].map(|path| path.to_str().unwrap());
    let [copied, facts, backup] =
        ["copied", "facts", "backup"].map(|name| folder.path().join(name).display().to_string());
    let activity = "http://example.org/it";
    let table: [(&[&str], i32); 45] = [
        (&["check", bad], READER_GONE),
        (&["check", "--json", bad], READER_GONE),
        (&["config", "show"], READER_GONE),
        (&["config", "show", "--json"], READER_GONE),
        (&["config", "check"], 0),
        (&["export", "--data", data], READER_GONE),
        (&["export", "--data", "no-such-store"], 2),
        (&["simulate", "--statements", "5000"], READER_GONE),
        (&["import", "--data", data, bad], 1),
        (&["import", "--json", "--data", data, good], READER_GONE),
        (&["status", "--data", data], READER_GONE),
        (&["tenant", "list", "--data", data], READER_GONE),
        (&["credential", "list", "--data", data], READER_GONE),
        (&["account", "list", "--data", data], READER_GONE),
        (&["person", "list", "--data", data], READER_GONE),
        (&["person", "export", "--data", data], READER_GONE),
        (&["person", "rules", "--data", data], READER_GONE),
        (&["group", "list", "--data", data], READER_GONE),
        (&["question", "list", "--data", data], READER_GONE),
        (&["dashboard", "list", "--data", data], READER_GONE),
        (&["group", "export", "--data", data], READER_GONE),
        (&["audit", "list", "--server", "--data", data], READER_GONE),
        (&["audit", "verify", "--server", "--data", data], READER_GONE),
        (&["audit", "export", "--server", "--data", data], READER_GONE),
        (&["follower", "list", "--data", data], READER_GONE),
        (&["query", "--data", data], READER_GONE),
        (&["sql", "SELECT count(*) FROM facts", "--data", data], READER_GONE),
        (&["facts", "status", "--data", data], READER_GONE),
        (&["facts", "rebuild", "--all-tenants", "--data", data], READER_GONE),
        (&["facts", "export", &facts, "--data", data], READER_GONE),
        (&["analyse", "activity", "--data", data], READER_GONE),
        (&["analyse", "items", "--activity", activity, "--data", data], READER_GONE),
        (&["statement", "tail", "--data", data], 2),
        (&["statement", "attachment", &id, "--data", data], READER_GONE),
        (&["statement", "void", &id, "--reason", "twice", "--data", data], READER_GONE),
        // Proofs are not enabled.
        (&["proof", "key", "--data", data], 1),
        (&["verify", "--data", data], 0),
        (&["verify", "--json", "--data", data], READER_GONE),
        (&["backup", "--json", "--data", data, "--to", &backup], READER_GONE),
        (&["restore", "--check", "--json", "--from", &backup], READER_GONE),
        (&["copy", "--json", "--from", data, "--to", &copied], READER_GONE),
        (&["init", "--data", data], 1),
        (&["migrate"], 2),
        (&["reindex", "--data", data], 0),
        (&["no-such-command"], 2),
    ];
    for (arguments, expected) in table {
        let code = run_closed(acta().args(arguments));
        assert_eq!(code, Some(expected), "{arguments:?}");
    }
    // The log of a server has a test of its own.
    let left = commands_without(table.iter().map(|(arguments, _)| arguments[0]).chain(["serve"]));
    assert!(left.is_empty(), "without a row: {left:?}");
    let help = run_closed(acta().arg("--help"));
    assert_ne!(help, Some(101), "a panic");
}

/// Waits until something listens there.
fn wait_for(address: SocketAddr) -> TcpStream {
    let clock = SystemClock::new();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(clock.elapsed() < Duration::from_secs(20), "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A server on a store that has a credential and an account, so that it prints no secret.
fn serve_closed(data: &Path) -> Option<i32> {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = acta();
    command.args(["serve", "--listen", &address.to_string(), "--data"]).arg(data);
    command.env("ACTA_LOG_LEVEL", "debug").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::null()).stderr(closed()).spawn().unwrap();
    drop(wait_for(address));
    let mut answer = Vec::new();
    let mut stream = wait_for(address);
    let request = format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    let process = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    child.wait().unwrap().code()
}

#[test]
fn a_server_whose_log_nobody_reads_goes_on() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    drop(Server::start_in(&data, Version::V2_0_0));
    assert_eq!(serve_closed(&data), Some(0));
}
