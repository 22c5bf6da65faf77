//! The official conformance suite, run against the release binary.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use acta_test_postgres::{Cluster, Database};
use anyhow::{Context, Result, bail};

use crate::shell::{cargo, root, run as run_command, say};

/// Versions, and how many tests the suite has for each.
const VERSIONS: [(&str, u64); 2] = [("1.0.3", 1365), ("2.0.0", 1442)];
const KEY: &str = "conformance";
const SECRET: &str = "conformance-secret";

/// Says that the server is to keep its statements in PostgreSQL.
const POSTGRES_FLAG: &str = "--postgres";

/// Runs the suite for both versions, or the one named behind the folder.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let cluster = arguments.iter().any(|argument| argument == POSTGRES_FLAG);
    let cluster = cluster.then(|| Cluster::running(&[]));
    let arguments: Vec<&String> =
        arguments.iter().filter(|argument| *argument != POSTGRES_FLAG).collect();
    let Some(suite) = arguments.first() else {
        bail!("name the folder in which the suite is checked out and `npm install` was run");
    };
    let wanted = arguments.get(1).map(|version| version.as_str());
    run_command(cargo().args(["build", "--release", "-p", "acta-cli"]))?;
    let mut missed = Vec::new();
    for (version, expected) in VERSIONS {
        if wanted.is_some_and(|wanted| wanted != version) {
            continue;
        }
        let database = cluster.as_ref().map(|it| Database::fresh_on(it.superuser()));
        let passed = run_version(Path::new(suite), version, database.as_ref())?;
        say(&format!("{version}: {passed} of {expected} passed"));
        if passed != expected {
            missed.push(version);
        }
    }
    if missed.is_empty() { Ok(()) } else { bail!("not conformant: {}", missed.join(", ")) }
}

/// A server with a store of its own, stopped and removed in the end.
struct Server {
    child: Child,
    data: PathBuf,
    endpoint: String,
}

impl Server {
    fn start(version: &str, database: Option<&Database>) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let data = std::env::temp_dir().join(format!("acta-conform-{}", std::process::id()));
        let child = Command::new(root().join("target/release/acta"))
            .args(["serve", "--listen", &address, "--default-version", version])
            .env("ACTA_SEED_KEY", KEY)
            .env("ACTA_SEED_SECRET", SECRET)
            // The suite refuses a server that takes a new profile without a precondition.
            .env("ACTA_XAPI_PROFILE_PRECONDITION", "required")
            .envs(match database {
                Some(database) => [("ACTA_STORAGE_URL", database.url())],
                None => [("ACTA_DATA", data.display().to_string())],
            })
            .spawn()
            .context("cannot start the server")?;
        for _ in 0..100 {
            std::thread::sleep(std::time::Duration::from_millis(50));
            if std::net::TcpStream::connect(&address).is_ok() {
                break;
            }
        }
        Ok(Self { child, data, endpoint: format!("http://{address}/xapi") })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing more can be done here if the server is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn run_version(suite: &Path, version: &str, database: Option<&Database>) -> Result<u64> {
    let server = Server::start(version, database)?;
    let mut runner = Command::new("node")
        .current_dir(suite)
        .args(["bin/console_runner.js", "-a", "-z", "-x", version, "-e", &server.endpoint])
        .args(["-u", KEY, "-p", SECRET])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the suite: is Node installed?")?;
    let output = runner.stdout.take().context("the suite has no output")?;
    let mut last_summary = String::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        if line.starts_with('{') && line.contains("\"passed\"") {
            last_summary = line;
        } else if line.starts_with("Tests completed") {
            break;
        }
    }
    interrupt(&mut runner)?;
    say(&format!("{version}: {last_summary}"));
    count(&last_summary, "passed").context("the suite gave no counts")
}

/// The suite ends in an orderly way on SIGINT only.
fn interrupt(runner: &mut Child) -> Result<()> {
    Command::new("kill").args(["-INT", &runner.id().to_string()]).status()?;
    runner.wait()?;
    Ok(())
}

fn count(summary: &str, name: &str) -> Option<u64> {
    let behind = summary.split(&format!("\"{name}\":")).nth(1)?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
